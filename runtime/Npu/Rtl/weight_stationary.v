// The weight-stationary matrix array: results = partials + activations x weights, int8 x int8 -> int32, modulo 2^32.
//
// Shapes are given at run time, a command a tile: activations m x k, weights k x n; 1 <= m, 1 <= k <= ROWS, 1 <= n <= COLUMNS. Lane i
// of a port is its bits [WIDTH*i +: WIDTH]. A word moves where valid and ready are set. A result that is not taken
// holds the whole array: all registers have one enable.
//
// Whatever enters the cell of row r and column c is r*HOPS_DOWN + c*HOPS_ACROSS cycles older than at the first cell.
module weight_stationary #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter HOPS_DOWN = 1,    // registers on each hop down, at least 1
    parameter HOPS_ACROSS = 1,  // registers on each hop across, at least 1
    parameter CHAIN = 0         // weights: 0 addressed by row, 1 shifted through the shadows
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
    input  wire                  partials_valid,
    output wire                  partials_ready,
    input  wire [32*COLUMNS-1:0] partials,
    output wire                  results_valid,
    input  wire                  results_ready,
    output wire [32*COLUMNS-1:0] results
);
  localparam DOWN = (ROWS - 1) * HOPS_DOWN;
  localparam ACROSS = (COLUMNS - 1) * HOPS_ACROSS;

  wire enable = ~results_valid | results_ready;

  wire weight_word, activation_word, activation_first;
  wire [15:0] weight_row, weight_n, activation_n, activation_k;
  ws_sequencer #(
      .CHAIN(CHAIN),
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
      .weight_word(weight_word),
      .weight_row(weight_row),
      .weight_n(weight_n),
      .activations_valid(activations_valid),
      .activations_ready(activations_ready),
      .partials_valid(partials_valid),
      .partials_ready(partials_ready),
      .activation_word(activation_word),
      .activation_first(activation_first),
      .activation_n(activation_n),
      .activation_k(activation_k)
  );

  // Between the cells, by row and column: what enters cell (r, c). Row ROWS of the sums is what leaves the last row.
  wire [7:0] activation_at[0:ROWS-1][0:COLUMNS-1];
  wire first_at[0:ROWS-1][0:COLUMNS-1];
  wire [31:0] sum_at[0:ROWS][0:COLUMNS-1];
  wire weight_valid_at[0:ROWS-1][0:COLUMNS-1];
  wire [15:0] weight_row_at[0:ROWS-1][0:COLUMNS-1];
  wire [7:0] weight_at[0:ROWS-1][0:COLUMNS-1];

  genvar r, c;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : left
      wire used = r < activation_k;
      delay_line #(
          .WIDTH (9),
          .LENGTH(r * HOPS_DOWN)
      ) skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({activation_first, used ? activations[8*r+:8] : 8'd0}),
          .out({first_at[r][0], activation_at[r][0]})
      );
    end

    for (c = 0; c < COLUMNS; c = c + 1) begin : top
      wire used = c < activation_n;
      delay_line #(
          .WIDTH (32),
          .LENGTH(c * HOPS_ACROSS)
      ) partial_skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in(used ? partials[32*c+:32] : 32'd0),
          .out(sum_at[0][c])
      );
      delay_line #(
          .WIDTH (25),
          .LENGTH(c * HOPS_ACROSS)
      ) weight_skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({weight_word, weight_row, (c < weight_n) ? weights[8*c+:8] : 8'd0}),
          .out({weight_valid_at[0][c], weight_row_at[0][c], weight_at[0][c]})
      );
    end

    for (r = 0; r < ROWS; r = r + 1) begin : row
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        wire [31:0] sum;
        wire shadow_write;
        wire [7:0] shadow_in, shadow;

        ws_cell cell_ (
            .clock(clock),
            .enable(enable),
            .first(first_at[r][c]),
            .activation(activation_at[r][c]),
            .sum_in(sum_at[r][c]),
            .sum_out(sum),
            .shadow_write(shadow_write),
            .shadow_in(shadow_in),
            .shadow(shadow)
        );

        // The last row's sum leaves through one register, whatever the hops are.
        delay_line #(
            .WIDTH (32),
            .LENGTH(r == ROWS - 1 ? 1 : HOPS_DOWN)
        ) sum_hop (
            .clock(clock),
            .reset(reset),
            .enable(enable),
            .in(sum),
            .out(sum_at[r+1][c])
        );

        if (c + 1 < COLUMNS) begin : across
          delay_line #(
              .WIDTH (9),
              .LENGTH(HOPS_ACROSS)
          ) activation_hop (
              .clock(clock),
              .reset(reset),
              .enable(enable),
              .in({first_at[r][c], activation_at[r][c]}),
              .out({first_at[r][c+1], activation_at[r][c+1]})
          );
        end

        if (CHAIN != 0) begin : chained
          // One enable for all shadows of a column; each takes the one above.
          assign shadow_write = weight_valid_at[0][c];
          assign shadow_in = weight_at[r][c];
          if (r + 1 < ROWS) begin : below
            assign weight_at[r+1][c] = shadow;
          end
        end else begin : addressed
          assign shadow_write = weight_valid_at[r][c] & (weight_row_at[r][c] == r);
          assign shadow_in = weight_at[r][c];
          if (r + 1 < ROWS) begin : below
            delay_line #(
                .WIDTH (25),
                .LENGTH(HOPS_DOWN)
            ) weight_hop (
                .clock(clock),
                .reset(reset),
                .enable(enable),
                .in({weight_valid_at[r][c], weight_row_at[r][c], weight_at[r][c]}),
                .out({weight_valid_at[r+1][c], weight_row_at[r+1][c], weight_at[r+1][c]})
            );
          end
        end
      end
    end

    // The results of a word are aligned to the last column's.
    for (c = 0; c < COLUMNS; c = c + 1) begin : bottom
      wire [31:0] aligned;
      delay_line #(
          .WIDTH (32),
          .LENGTH((COLUMNS - 1 - c) * HOPS_ACROSS)
      ) alignment (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in(sum_at[ROWS][c]),
          .out(aligned)
      );
      assign results[32*c+:32] = results_valid ? aligned : 32'd0;
    end
  endgenerate

  delay_line #(
      .WIDTH (1),
      .LENGTH(DOWN + ACROSS + 1)
  ) valid_line (
      .clock(clock),
      .reset(reset),
      .enable(enable),
      .in(activation_word),
      .out(results_valid)
  );
endmodule
