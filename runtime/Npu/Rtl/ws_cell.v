// A cell of the weight-stationary array: a weight in use, and a shadow of the next one. The tile's first activation takes the
// shadow's weight into use. If weights have groups, each has a place among its group's activations; the one that is selected is
// multiplied a cycle later.
module ws_cell #(
    parameter GROUP = 1,
    parameter PLACE_BITS = 1
) (
    input wire clock,
    input wire enable,
    input wire first,
    input wire [8*GROUP-1:0] activations,
    input wire signed [31:0] sum_in,
    output wire signed [31:0] sum_out,
    input wire shadow_write,
    input wire signed [7:0] shadow_in,
    input wire [PLACE_BITS-1:0] place_in,
    output reg signed [7:0] shadow,
    output reg [PLACE_BITS-1:0] shadow_place
);
  reg signed [7:0] held;
  wire signed [7:0] activation, weight;
  wire signed [15:0] product = activation * weight;
  assign sum_out = sum_in + {{16{product[15]}}, product};

  always @(posedge clock)
    if (enable) begin
      if (first) held <= shadow;
      if (shadow_write) begin
        shadow <= shadow_in;
        shadow_place <= place_in;
      end
    end

  generate
    if (GROUP == 1) begin : all
      assign activation = activations;
      assign weight = first ? shadow : held;
    end else begin : kept
      reg [PLACE_BITS-1:0] held_place;
      reg signed [7:0] selected;
      wire [PLACE_BITS-1:0] place = first ? shadow_place : held_place;
      // A place beyond the group selects nothing.
      wire [8*(1<<PLACE_BITS)-1:0] choices;
      genvar i;
      for (i = 0; i < (1 << PLACE_BITS); i = i + 1) begin : choice
        if (i < GROUP) begin : of_group
          assign choices[8*i+:8] = activations[8*i+:8];
        end else begin : beyond
          assign choices[8*i+:8] = 8'd0;
        end
      end
      always @(posedge clock)
        if (enable) begin
          if (first) held_place <= shadow_place;
          selected <= choices[8*place+:8];
        end
      assign activation = selected;
      assign weight = held;
    end
  endgenerate
endmodule
