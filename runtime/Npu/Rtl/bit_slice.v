// SLICE bits of a number in two's complement, from bit `at` on, and a sign: the top slice has that of the number, the others have none.
// Bits of the operand from `bits` on are not looked at.
module bit_slice #(
    parameter WIDTH = 16,
    parameter SLICE = 4
) (
    input wire [WIDTH-1:0] operand,
    input wire [4:0] bits,
    input wire [4:0] at,
    input wire is_top,
    output wire [SLICE:0] slice
);
  wire [4:0] unused = WIDTH[4:0] - bits;
  wire signed [WIDTH-1:0] raised = operand << unused;
  wire signed [WIDTH-1:0] number = raised >>> unused;
  wire signed [WIDTH-1:0] rest = number >>> at;
  assign slice = {is_top & number[WIDTH-1], rest[SLICE-1:0]};
endmodule
