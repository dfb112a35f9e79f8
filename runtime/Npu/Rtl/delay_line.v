// A word, LENGTH cycles later (cycles in which enable is set). LENGTH 0 is a wire. After reset it is zero.
module delay_line #(
    parameter WIDTH = 1,
    parameter LENGTH = 1
) (
    input wire clock,
    input wire reset,
    input wire enable,
    input wire [WIDTH-1:0] in,
    output wire [WIDTH-1:0] out
);
  generate
    if (LENGTH == 0) begin : wires
      assign out = in;
    end else if (LENGTH == 1) begin : one
      reg [WIDTH-1:0] stage;
      always @(posedge clock)
        if (reset) stage <= {WIDTH{1'b0}};
        else if (enable) stage <= in;
      assign out = stage;
    end else begin : several
      reg [WIDTH*LENGTH-1:0] stages;
      always @(posedge clock)
        if (reset) stages <= {(WIDTH * LENGTH) {1'b0}};
        else if (enable) stages <= {stages[WIDTH*(LENGTH-1)-1:0], in};
      assign out = stages[WIDTH*LENGTH-1-:WIDTH];
    end
  endgenerate
endmodule
