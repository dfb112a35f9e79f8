// Adds what weights look up, plane by plane, and hands the product over to a shadow, in a chain by column. A weight of several bits
// is (sum of its planes as +-1 planes - 1) / 2: half of what is added up less the sum of the activations.
module lut_cell (
    input wire clock,
    input wire enable,
    input wire add,
    input wire clear,
    input wire double,
    input wire single,  // weights of one bit, +1 or -1
    input wire last,
    input wire used,    // the column is one of the tile's
    input wire [16:0] value,
    input wire [32:0] total,
    input wire [31:0] shadow_in,
    output reg [31:0] shadow
);
  reg [32:0] sum;
  wire [32:0] before = clear ? 33'd0 : double ? {sum[31:0], 1'b0} : sum;
  wire [32:0] next = before + {{16{value[16]}}, value};
  wire [32:0] twice = next - total;
  wire [31:0] product = single ? next[31:0] : twice[32:1];

  always @(posedge clock)
    if (enable) begin
      if (add) sum <= next;
      shadow <= last ? (used ? product : 32'd0) : shadow_in;
    end
endmodule
