// The output-stationary matrix array: results = activations x weights, int8 x int8 -> int32, modulo 2^32.
//
// Shapes are given at run time, a command a tile: activations m x k, weights k x n; 1 <= m <= ROWS, 1 <= k, 1 <= n <= COLUMNS. A
// column of the activations and a row of the weights move together; results come as rows, row m-1 first. Lane i of a port is its
// bits [WIDTH*i +: WIDTH]. A word moves where valid and ready are set. A result that is not taken holds the whole array: all
// registers have one enable.
//
// Whatever enters the cell of row r and column c is r*HOPS_DOWN + c*HOPS_ACROSS cycles older than at the first cell.
module output_stationary #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter HOPS_DOWN = 1,   // registers on each hop down, at least 1
    parameter HOPS_ACROSS = 1  // registers on each hop across, at least 1
) (
    input  wire                  clock,
    input  wire                  reset,
    input  wire                  commands_valid,
    output wire                  commands_ready,
    input  wire [          47:0] commands,           // {k, n, m}
    input  wire                  weights_valid,
    output wire                  weights_ready,
    input  wire [ 8*COLUMNS-1:0] weights,
    input  wire                  activations_valid,
    output wire                  activations_ready,
    input  wire [    8*ROWS-1:0] activations,
    output wire                  results_valid,
    input  wire                  results_ready,
    output wire [32*COLUMNS-1:0] results
);
  localparam ACROSS = (COLUMNS - 1) * HOPS_ACROSS;

  wire enable = ~results_valid | results_ready;

  wire pair, pair_first, pair_last, shift, has_result;
  wire [15:0] pair_m, pair_n;
  os_sequencer #(
      .ROWS(ROWS),
      .HOPS_DOWN(HOPS_DOWN)
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
      .activations_valid(activations_valid),
      .activations_ready(activations_ready),
      .pair(pair),
      .pair_first(pair_first),
      .pair_last(pair_last),
      .pair_m(pair_m),
      .pair_n(pair_n),
      .shift(shift),
      .has_result(has_result)
  );

  // Between the cells, by row and column: what enters cell (r, c). Row ROWS of the shadows is what leaves the last row.
  wire [7:0] activation_at[0:ROWS-1][0:COLUMNS-1];
  wire [1:0] flags_at[0:ROWS-1][0:COLUMNS-1];
  wire [7:0] weight_at[0:ROWS-1][0:COLUMNS-1];
  wire [31:0] shadow_at[0:ROWS][0:COLUMNS-1];
  wire shift_at[0:COLUMNS-1];

  genvar r, c;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : left
      // Rows that are not in use leave their shadows to the sums that pass.
      wire last = pair_last & (r < pair_m);
      delay_line #(
          .WIDTH (10),
          .LENGTH(r * HOPS_DOWN)
      ) skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({pair_first, last, activations[8*r+:8]}),
          .out({flags_at[r][0], activation_at[r][0]})
      );
    end

    for (c = 0; c < COLUMNS; c = c + 1) begin : top
      // Without a pair the weights are zero, which adds nothing.
      wire used = pair & (c < pair_n);
      delay_line #(
          .WIDTH (9),
          .LENGTH(c * HOPS_ACROSS)
      ) skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({shift, used ? weights[8*c+:8] : 8'd0}),
          .out({shift_at[c], weight_at[0][c]})
      );
      assign shadow_at[0][c] = 32'd0;
    end

    for (r = 0; r < ROWS; r = r + 1) begin : row
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        os_cell cell_ (
            .clock(clock),
            .enable(enable),
            .first(flags_at[r][c][1]),
            .last(flags_at[r][c][0]),
            .activation(activation_at[r][c]),
            .weight(weight_at[r][c]),
            .shift(shift_at[c]),
            .shadow_in(shadow_at[r][c]),
            .shadow(shadow_at[r+1][c])
        );
        if (r + 1 < ROWS) begin : down
          delay_line #(
              .WIDTH (8),
              .LENGTH(HOPS_DOWN)
          ) weight_hop (
              .clock(clock),
              .reset(reset),
              .enable(enable),
              .in(weight_at[r][c]),
              .out(weight_at[r+1][c])
          );
        end
        if (c + 1 < COLUMNS) begin : across
          delay_line #(
              .WIDTH (10),
              .LENGTH(HOPS_ACROSS)
          ) activation_hop (
              .clock(clock),
              .reset(reset),
              .enable(enable),
              .in({flags_at[r][c], activation_at[r][c]}),
              .out({flags_at[r][c+1], activation_at[r][c+1]})
          );
        end
      end
    end

    // The results of a row are aligned to the last column's.
    for (c = 0; c < COLUMNS; c = c + 1) begin : bottom
      wire [31:0] aligned;
      delay_line #(
          .WIDTH (32),
          .LENGTH((COLUMNS - 1 - c) * HOPS_ACROSS)
      ) alignment (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in(shadow_at[ROWS][c]),
          .out(aligned)
      );
      assign results[32*c+:32] = results_valid ? aligned : 32'd0;
    end
  endgenerate

  delay_line #(
      .WIDTH (1),
      .LENGTH(ACROSS)
  ) valid_line (
      .clock(clock),
      .reset(reset),
      .enable(enable),
      .in(has_result),
      .out(results_valid)
  );
endmodule
