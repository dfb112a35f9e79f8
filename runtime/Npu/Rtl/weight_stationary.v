// The weight-stationary matrix array: results = partials + activations x weights, int8 x int8 -> int32, modulo 2^32.
//
// Shapes are given at run time, a command a tile: activations m x k, weights k x n; 1 <= m, 1 <= k <= ROWS, 1 <= n <= COLUMNS.
// If KEPT of GROUP weights are kept, k counts kept ones, rows i*KEPT to i*KEPT + KEPT-1 multiply lanes i*GROUP to i*GROUP + GROUP-1 of
// ceil(k * GROUP / KEPT) activations. A row of weights is n bytes of weights, then, from the next byte on, a place of PLACE_BITS bits for each.
// Rows of weights and words of activations come in as many words as their ports need. Lane i
// of a port is its bits [WIDTH*i +: WIDTH]. A word moves where valid and ready are set. A result that is not taken
// holds the whole array: all registers have one enable.
//
// Whatever enters the cell of row r and column c is r*HOPS_DOWN + c*HOPS_ACROSS cycles older than at the first cell.
module weight_stationary #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter HOPS_DOWN = 1,    // registers on each hop down, at least 1
    parameter HOPS_ACROSS = 1,  // registers on each hop across, at least 1
    parameter CHAIN = 0,        // weights: 0 addressed by row, 1 shifted through the shadows
    parameter KEPT = 1,
    parameter GROUP = 1,        // KEPT divides ROWS
    parameter WEIGHT_PORT = COLUMNS + (COLUMNS * $clog2(GROUP) + 7) / 8,  // bytes
    parameter ACTIVATION_PORT = ROWS / KEPT * GROUP
) (
    input  wire                  clock,
    input  wire                  reset,
    input  wire                  commands_valid,
    output wire                  commands_ready,
    input  wire [          47:0] commands,           // {k, n, m}
    input  wire                  weights_valid,
    output wire                  weights_ready,
    input  wire [8*WEIGHT_PORT-1:0] weights,
    input  wire                  activations_valid,
    output wire                  activations_ready,
    input  wire [8*ACTIVATION_PORT-1:0] activations,
    input  wire                  partials_valid,
    output wire                  partials_ready,
    input  wire [32*COLUMNS-1:0] partials,
    output wire                  results_valid,
    input  wire                  results_ready,
    output wire [32*COLUMNS-1:0] results
);
  localparam DOWN = (ROWS - 1) * HOPS_DOWN;
  localparam ACROSS = (COLUMNS - 1) * HOPS_ACROSS;
  localparam PLACE_BITS = $clog2(GROUP);
  localparam PLACE = GROUP == 1 ? 1 : PLACE_BITS;  // of the wires
  localparam SELECTED = GROUP == 1 ? 0 : 1;        // registers of selected activations
  localparam LANES = ROWS / KEPT * GROUP;
  localparam ROW_BYTES = COLUMNS + (COLUMNS * PLACE_BITS + 7) / 8;
  localparam WEIGHT_WORDS = (ROW_BYTES + WEIGHT_PORT - 1) / WEIGHT_PORT;
  localparam ACTIVATION_WORDS = (LANES + ACTIVATION_PORT - 1) / ACTIVATION_PORT;

  wire enable = ~results_valid | results_ready;

  wire weight_moves, weight_word, activation_moves, activation_word, activation_first;
  wire [15:0] weight_at, weight_row, weight_n, activation_at, activation_n, activation_k;
  ws_sequencer #(
      .CHAIN(CHAIN),
      .HOPS_DOWN(HOPS_DOWN),
      .KEPT(KEPT),
      .GROUP(GROUP),
      .PLACE_BITS(PLACE_BITS),
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
      .partials_valid(partials_valid),
      .partials_ready(partials_ready),
      .activation_moves(activation_moves),
      .activation_at(activation_at),
      .activation_word(activation_word),
      .activation_first(activation_first),
      .activation_n(activation_n),
      .activation_k(activation_k)
  );

  wire [8*WEIGHT_PORT*WEIGHT_WORDS-1:0] row_bits;
  gather #(
      .BYTES(WEIGHT_PORT),
      .WORDS(WEIGHT_WORDS)
  ) weight_gather (
      .clock(clock),
      .move(weight_moves),
      .at(weight_at),
      .in(weights),
      .out(row_bits)
  );
  wire [8*WEIGHT_PORT*WEIGHT_WORDS-1:0] place_bits = row_bits >> {weight_n, 3'd0};

  wire [8*ACTIVATION_PORT*ACTIVATION_WORDS-1:0] lanes;
  gather #(
      .BYTES(ACTIVATION_PORT),
      .WORDS(ACTIVATION_WORDS)
  ) activation_gather (
      .clock(clock),
      .move(activation_moves),
      .at(activation_at),
      .in(activations),
      .out(lanes)
  );

  // Lanes that are not in use are zero.
  wire [8*LANES-1:0] used_lanes;
  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : lane
      wire used = i * KEPT < {16'd0, activation_k} * GROUP;
      assign used_lanes[8*i+:8] = used ? lanes[8*i+:8] : 8'd0;
    end
  endgenerate

  // Between the cells, by row and column: what enters cell (r, c). Row ROWS of the sums is what leaves the last row.
  wire [8*GROUP-1:0] group_at[0:ROWS-1][0:COLUMNS-1];
  wire first_at[0:ROWS-1][0:COLUMNS-1];
  wire [31:0] sum_at[0:ROWS][0:COLUMNS-1];
  wire weight_valid_at[0:ROWS-1][0:COLUMNS-1];
  wire [15:0] weight_row_at[0:ROWS-1][0:COLUMNS-1];
  wire [PLACE+7:0] kept_at[0:ROWS-1][0:COLUMNS-1];  // {place, weight}

  genvar r, c;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : left
      // Rows that are not in use hold old weights.
      wire used = r < activation_k;
      delay_line #(
          .WIDTH (8 * GROUP + 1),
          .LENGTH(r * HOPS_DOWN)
      ) skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({activation_first, used ? used_lanes[8*GROUP*(r/KEPT)+:8*GROUP] : {8 * GROUP{1'b0}}}),
          .out({first_at[r][0], group_at[r][0]})
      );
    end

    for (c = 0; c < COLUMNS; c = c + 1) begin : top
      wire used = c < activation_n;
      wire [PLACE-1:0] place;
      if (GROUP == 1) begin : none
        assign place = 1'b0;
      end else begin : kept
        assign place = place_bits[PLACE_BITS*c+:PLACE];
      end
      delay_line #(
          .WIDTH (32),
          .LENGTH(c * HOPS_ACROSS + SELECTED)
      ) partial_skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in(used ? partials[32*c+:32] : 32'd0),
          .out(sum_at[0][c])
      );
      delay_line #(
          .WIDTH (25 + PLACE),
          .LENGTH(c * HOPS_ACROSS)
      ) weight_skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({weight_word, weight_row, place, (c < weight_n) ? row_bits[8*c+:8] : 8'd0}),
          .out({weight_valid_at[0][c], weight_row_at[0][c], kept_at[0][c]})
      );
    end

    for (r = 0; r < ROWS; r = r + 1) begin : row
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        wire [31:0] sum;
        wire shadow_write;
        wire [7:0] shadow_in, shadow;
        wire [PLACE-1:0] place_in, shadow_place;

        ws_cell #(
            .GROUP(GROUP),
            .PLACE_BITS(PLACE)
        ) cell_ (
            .clock(clock),
            .enable(enable),
            .first(first_at[r][c]),
            .activations(group_at[r][c]),
            .sum_in(sum_at[r][c]),
            .sum_out(sum),
            .shadow_write(shadow_write),
            .shadow_in(shadow_in),
            .place_in(place_in),
            .shadow(shadow),
            .shadow_place(shadow_place)
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
              .WIDTH (8 * GROUP + 1),
              .LENGTH(HOPS_ACROSS)
          ) activation_hop (
              .clock(clock),
              .reset(reset),
              .enable(enable),
              .in({first_at[r][c], group_at[r][c]}),
              .out({first_at[r][c+1], group_at[r][c+1]})
          );
        end

        if (CHAIN != 0) begin : chained
          // One enable for all shadows of a column; each takes the one above.
          assign shadow_write = weight_valid_at[0][c];
          assign {place_in, shadow_in} = kept_at[r][c];
          if (r + 1 < ROWS) begin : below
            assign kept_at[r+1][c] = {shadow_place, shadow};
          end
        end else begin : addressed
          assign shadow_write = weight_valid_at[r][c] & (weight_row_at[r][c] == r);
          assign {place_in, shadow_in} = kept_at[r][c];
          if (r + 1 < ROWS) begin : below
            delay_line #(
                .WIDTH (25 + PLACE),
                .LENGTH(HOPS_DOWN)
            ) weight_hop (
                .clock(clock),
                .reset(reset),
                .enable(enable),
                .in({weight_valid_at[r][c], weight_row_at[r][c], kept_at[r][c]}),
                .out({weight_valid_at[r+1][c], weight_row_at[r+1][c], kept_at[r+1][c]})
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
      .LENGTH(DOWN + ACROSS + 1 + SELECTED)
  ) valid_line (
      .clock(clock),
      .reset(reset),
      .enable(enable),
      .in(activation_word),
      .out(results_valid)
  );
endmodule
