// A cell of the output-stationary array: the sum that it works on, and a shadow with the last tile's, in a chain by column.
module os_cell #(
    parameter A_BITS = 8,
    parameter W_BITS = 8
) (
    input wire clock,
    input wire enable,
    input wire first,  // this step begins a tile
    input wire last,   // this step ends it
    input wire [4:0] scale,  // the product counts 2^scale
    input wire signed [A_BITS-1:0] activation,
    input wire signed [W_BITS-1:0] weight,
    input wire shift,
    input wire [31:0] shadow_in,
    output reg [31:0] shadow
);
  localparam BITS = A_BITS + W_BITS;
  reg [31:0] sum;
  wire signed [BITS-1:0] product = activation * weight;
  wire [31:0] extended;
  generate
    if (BITS < 32) begin : narrow
      assign extended = {{(32 - BITS) {product[BITS-1]}}, product};
    end else begin : wide
      assign extended = product[31:0];
    end
  endgenerate
  wire [31:0] next = (first ? 32'd0 : sum) + (extended << scale);

  always @(posedge clock)
    if (enable) begin
      sum <= next;
      if (last) shadow <= next;
      else if (shift) shadow <= shadow_in;
    end
endmodule
