// A cell of the output-stationary array: the sum that it works on, and a shadow with the last tile's, in a chain by column.
module os_cell (
    input wire clock,
    input wire enable,
    input wire first,  // this pair begins a tile
    input wire last,   // this pair ends it
    input wire signed [7:0] activation,
    input wire signed [7:0] weight,
    input wire shift,
    input wire [31:0] shadow_in,
    output reg [31:0] shadow
);
  reg [31:0] sum;
  wire signed [15:0] product = activation * weight;
  wire [31:0] next = (first ? 32'd0 : sum) + {{16{product[15]}}, product};

  always @(posedge clock)
    if (enable) begin
      sum <= next;
      if (last) shadow <= next;
      else if (shift) shadow <= shadow_in;
    end
endmodule
