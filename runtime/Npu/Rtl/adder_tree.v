// The sum of INPUTS numbers in two's complement, pairs of pairs, with a register behind each level.
module adder_tree #(
    parameter INPUTS = 4,
    parameter WIDTH = 16
) (
    input wire clock,
    input wire enable,
    input wire [WIDTH*INPUTS-1:0] in,
    output wire [WIDTH+$clog2(INPUTS)-1:0] out
);
  localparam HALF = (INPUTS + 1) / 2;
  genvar i;
  generate
    if (INPUTS == 1) begin : root
      assign out = in;
    end else begin : level
      reg [(WIDTH+1)*HALF-1:0] sums;
      for (i = 0; i < HALF; i = i + 1) begin : pair
        wire [WIDTH-1:0] a = in[WIDTH*2*i+:WIDTH];
        wire [WIDTH-1:0] b;
        if (2 * i + 1 < INPUTS) begin : two
          assign b = in[WIDTH*(2*i+1)+:WIDTH];
        end else begin : one
          assign b = {WIDTH{1'b0}};
        end
        always @(posedge clock)
          if (enable) sums[(WIDTH+1)*i+:WIDTH+1] <= {a[WIDTH-1], a} + {b[WIDTH-1], b};
      end
      adder_tree #(
          .INPUTS(HALF),
          .WIDTH (WIDTH + 1)
      ) above (
          .clock(clock),
          .enable(enable),
          .in(sums),
          .out(out)
      );
    end
  endgenerate
endmodule
