// A lane of the requantiser: clamp(rne(sum * multiplier / 2^shift), low, high), in three registers: product, rounded, clamped.
// The shift and the limits belong to the word in the register before theirs.
module requantizer_lane (
    input wire clock,
    input wire enable,
    input wire signed [31:0] sum,
    input wire signed [31:0] multiplier,
    input wire [5:0] shift_of_product,
    input wire signed [7:0] low_of_rounded,
    input wire signed [7:0] high_of_rounded,
    output reg signed [7:0] code
);
  reg signed [63:0] product;
  reg signed [63:0] rounded;

  // What the shift takes away, from the top down: the first bit is worth one half.
  wire signed [63:0] floor = product >>> shift_of_product;
  wire [63:0] rest = product << (7'd64 - {1'b0, shift_of_product});
  wire up = rest[63] & ((|rest[62:0]) | floor[0]);

  wire signed [63:0] low = {{56{low_of_rounded[7]}}, low_of_rounded};
  wire signed [63:0] high = {{56{high_of_rounded[7]}}, high_of_rounded};

  always @(posedge clock)
    if (enable) begin
      product <= sum * multiplier;
      rounded <= floor + {63'd0, up};
      code <= rounded > high ? high_of_rounded : rounded < low ? low_of_rounded : rounded[7:0];
    end
endmodule
