// Dot products: results = activations x weights, int8 x int8 -> int32, a tree for each column over the products of all rows.
//
// Shapes are given at run time, a command a tile: activations m x k, weights k x n; 1 <= m, 1 <= k <= ROWS, 1 <= n <= COLUMNS. Lane i
// of a port is its bits [8*i +: 8]. A word moves where valid and ready are set; rows of weights and words of activations come in as many
// words as their ports need. A tile's first activations come at least MINIMUM_STRIPE cycles after those of the tile before. A
// result that is not taken holds everything: all registers have one enable.
module dot_product #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter MINIMUM_STRIPE = 1,
    parameter WEIGHT_PORT = COLUMNS,  // bytes
    parameter ACTIVATION_PORT = ROWS
) (
    input  wire                         clock,
    input  wire                         reset,
    input  wire                         commands_valid,
    output wire                         commands_ready,
    input  wire [                 47:0] commands,           // {k, n, m}
    input  wire                         weights_valid,
    output wire                         weights_ready,
    input  wire [    8*WEIGHT_PORT-1:0] weights,
    input  wire                         activations_valid,
    output wire                         activations_ready,
    input  wire [8*ACTIVATION_PORT-1:0] activations,
    output wire                         results_valid,
    input  wire                         results_ready,
    output wire [       32*COLUMNS-1:0] results
);
  localparam LEVELS = $clog2(ROWS);
  localparam SUM = 16 + LEVELS;
  localparam WEIGHT_WORDS = (COLUMNS + WEIGHT_PORT - 1) / WEIGHT_PORT;
  localparam ACTIVATION_WORDS = (ROWS + ACTIVATION_PORT - 1) / ACTIVATION_PORT;

  wire enable = ~results_valid | results_ready;

  wire weight_moves, weight_word, activation_moves, activation_word, activation_first, no_partials;
  wire [15:0] weight_at, weight_row, weight_n, activation_at, activation_n, activation_k;
  ws_sequencer #(
      .MINIMUM_STRIPE(MINIMUM_STRIPE),
      .WEIGHT_PORT(WEIGHT_PORT),
      .ACTIVATION_PORT(ACTIVATION_PORT)
  ) sequencer (
      .clock(clock),
      .reset(reset),
      .enable(enable),
      .command_valid(commands_valid),
      .command_ready(commands_ready),
      .command_m(commands[15:0]),
      .command_n(commands[31:16]),
      .command_k(commands[47:32]),
      .weights_valid(weights_valid),
      .weights_ready(weights_ready),
      .weight_moves(weight_moves),
      .weight_at(weight_at),
      .weight_word(weight_word),
      .weight_row(weight_row),
      .weight_n(weight_n),
      .activations_valid(activations_valid),
      .activations_ready(activations_ready),
      .partials_valid(1'b1),
      .partials_ready(no_partials),
      .activation_moves(activation_moves),
      .activation_at(activation_at),
      .activation_word(activation_word),
      .activation_first(activation_first),
      .activation_n(activation_n),
      .activation_k(activation_k)
  );

  wire [8*WEIGHT_PORT*WEIGHT_WORDS-1:0] weight_lanes;
  gather #(
      .BYTES(WEIGHT_PORT),
      .WORDS(WEIGHT_WORDS)
  ) weight_gather (
      .clock(clock),
      .move(weight_moves),
      .at(weight_at),
      .in(weights),
      .out(weight_lanes)
  );
  wire [8*ACTIVATION_PORT*ACTIVATION_WORDS-1:0] activation_lanes;
  gather #(
      .BYTES(ACTIVATION_PORT),
      .WORDS(ACTIVATION_WORDS)
  ) activation_gather (
      .clock(clock),
      .move(activation_moves),
      .at(activation_at),
      .in(activations),
      .out(activation_lanes)
  );

  genvar r, c;
  generate
    for (c = 0; c < COLUMNS; c = c + 1) begin : column
      reg [16*ROWS-1:0] products;
      for (r = 0; r < ROWS; r = r + 1) begin : row
        // A weight in use, and a shadow of the next tile's, which the tile's first activations take into use.
        reg signed [7:0] shadow, held;
        wire signed [7:0] weight = activation_first ? shadow : held;
        wire signed [7:0] activation = (r < activation_k) ? activation_lanes[8*r+:8] : 8'd0;
        always @(posedge clock)
          if (enable) begin
            if (weight_word & (weight_row == r)) shadow <= (c < weight_n) ? weight_lanes[8*c+:8] : 8'd0;
            if (activation_first) held <= shadow;
            products[16*r+:16] <= activation * weight;
          end
      end
      wire [SUM-1:0] sum;
      adder_tree #(
          .INPUTS(ROWS),
          .WIDTH (16)
      ) tree (
          .clock(clock),
          .enable(enable),
          .in(products),
          .out(sum)
      );
      assign results[32*c+:32] = results_valid ? {{(32 - SUM) {sum[SUM-1]}}, sum} : 32'd0;
    end
  endgenerate

  delay_line #(
      .WIDTH (1),
      .LENGTH(1 + LEVELS)
  ) valid_line (
      .clock(clock),
      .reset(reset),
      .enable(enable),
      .in(activation_word),
      .out(results_valid)
  );
endmodule
