// The requantiser: int32 sums to int8 codes, a multiplier and a shift for each column.
//
// A command a tile, {high, low, m}: its words and its least and greatest code; multipliers and shifts move together with it. Lane i of
// a port is its bits [WIDTH*i +: WIDTH]. A word moves where valid and ready are set. A word of codes that is not taken
// holds everything: all registers have one enable.
module requantizer #(
    parameter COLUMNS = 4
) (
    input  wire                  clock,
    input  wire                  reset,
    input  wire                  commands_valid,
    output wire                  commands_ready,
    input  wire [          47:0] commands,
    input  wire                  multipliers_valid,
    output wire                  multipliers_ready,
    input  wire [32*COLUMNS-1:0] multipliers,
    input  wire                  shifts_valid,
    output wire                  shifts_ready,
    input  wire [ 8*COLUMNS-1:0] shifts,
    input  wire                  sums_valid,
    output wire                  sums_ready,
    input  wire [32*COLUMNS-1:0] sums,
    output wire                  codes_valid,
    input  wire                  codes_ready,
    output wire [ 8*COLUMNS-1:0] codes
);
  wire enable = ~codes_valid | codes_ready;

  // The tile's scales, as words of sums meet them; the last word of sums makes room for the next tile's.
  reg [15:0] left;  // words to come
  reg [32*COLUMNS-1:0] tile_multipliers;
  reg [6*COLUMNS-1:0] tile_shifts;
  reg [7:0] tile_low, tile_high;
  assign sums_ready = enable & (left != 16'd0);
  wire word = sums_valid & sums_ready;
  wire may_load = enable & ((left == 16'd0) | (word & (left == 16'd1)));
  assign commands_ready = may_load & multipliers_valid & shifts_valid;
  assign multipliers_ready = may_load & commands_valid & shifts_valid;
  assign shifts_ready = may_load & commands_valid & multipliers_valid;
  wire load = commands_valid & commands_ready;

  // Shifts and limits follow a word to the register where they are needed.
  reg [6*COLUMNS-1:0] product_shifts;
  reg [7:0] product_low, product_high, rounded_low, rounded_high;
  reg product_valid, rounded_valid, code_valid;

  always @(posedge clock)
    if (reset) begin
      left <= 16'd0;
      product_valid <= 1'b0;
      rounded_valid <= 1'b0;
      code_valid <= 1'b0;
    end else if (enable) begin
      if (load) left <= commands[15:0];
      else if (word) left <= left - 16'd1;
      product_valid <= word;
      rounded_valid <= product_valid;
      code_valid <= rounded_valid;
    end

  always @(posedge clock)
    if (enable) begin
      if (load) begin
        tile_multipliers <= multipliers;
        tile_low <= commands[23:16];
        tile_high <= commands[39:32];
      end
      product_shifts <= tile_shifts;
      product_low <= tile_low;
      product_high <= tile_high;
      rounded_low <= product_low;
      rounded_high <= product_high;
    end

  assign codes_valid = code_valid;

  genvar c;
  generate
    for (c = 0; c < COLUMNS; c = c + 1) begin : column
      always @(posedge clock) if (load) tile_shifts[6*c+:6] <= shifts[8*c+:6];
      wire [7:0] code;
      requantizer_lane lane (
          .clock(clock),
          .enable(enable),
          .sum(sums[32*c+:32]),
          .multiplier(tile_multipliers[32*c+:32]),
          .shift_of_product(product_shifts[6*c+:6]),
          .low_of_rounded(rounded_low),
          .high_of_rounded(rounded_high),
          .code(code)
      );
      assign codes[8*c+:8] = codes_valid ? code : 8'd0;
    end
  endgenerate
endmodule
