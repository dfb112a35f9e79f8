// A cell of the weight-stationary array: a weight in use, and a shadow of the next one. The tile's first activation takes the
// shadow's weight into use.
module ws_cell (
    input wire clock,
    input wire enable,
    input wire first,
    input wire signed [7:0] activation,
    input wire signed [31:0] sum_in,
    output wire signed [31:0] sum_out,
    input wire shadow_write,
    input wire signed [7:0] shadow_in,
    output reg signed [7:0] shadow
);
  reg signed [7:0] held;
  wire signed [7:0] weight = first ? shadow : held;
  wire signed [15:0] product = activation * weight;
  assign sum_out = sum_in + {{16{product[15]}}, product};

  always @(posedge clock)
    if (enable) begin
      if (first) held <= shadow;
      if (shadow_write) shadow <= shadow_in;
    end
endmodule
