// A row of WORDS words of a port, of BYTES bytes each: those that came before, and the one that comes now. One word is a wire.
module gather #(
    parameter BYTES = 4,
    parameter WORDS = 1
) (
    input wire clock,
    input wire move,  // this word moves
    input wire [15:0] at,  // its first byte in the row
    input wire [8*BYTES-1:0] in,
    output wire [8*BYTES*WORDS-1:0] out
);
  genvar i;
  generate
    if (WORDS == 1) begin : wires
      assign out = in;
    end else begin : several
      for (i = 0; i < WORDS; i = i + 1) begin : word
        reg [8*BYTES-1:0] held;
        wire is_now = {16'd0, at} == i * BYTES;
        always @(posedge clock) if (move & is_now) held <= in;
        assign out[8*BYTES*i+:8*BYTES] = is_now ? in : held;
      end
    end
  endgenerate
endmodule
