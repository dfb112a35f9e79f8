// The output-stationary matrix array: results = activations x weights, int8 x int8 -> int32, modulo 2^32. If it is SERIAL, numbers have 1
// to WIDTH bits, which the command says, and cells multiply slices of them; a pair of words is held until all pairs of its slices are done.
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
    parameter HOPS_ACROSS = 1,  // registers on each hop across, at least 1
    parameter SERIAL = 0,
    parameter WIDTH = 8,   // of a port's lanes
    parameter A_SLICE = 8,  // bits of an activation in a step
    parameter W_SLICE = 8   // and of a weight
) (
    input  wire                  clock,
    input  wire                  reset,
    input  wire                  commands_valid,
    output wire                  commands_ready,
    input  wire [16*(SERIAL != 0 ? 5 : 3)-1:0] commands,  // {k, n, m}, SERIAL: {bits of weights, of activations, k, n, m}
    input  wire                  weights_valid,
    output wire                  weights_ready,
    input  wire [WIDTH*COLUMNS-1:0] weights,
    input  wire                  activations_valid,
    output wire                  activations_ready,
    input  wire [WIDTH*ROWS-1:0] activations,
    output wire                  results_valid,
    input  wire                  results_ready,
    output wire [32*COLUMNS-1:0] results
);
  localparam ACROSS = (COLUMNS - 1) * HOPS_ACROSS;
  // What cells multiply: whole operands, or slices with a sign.
  localparam A_BITS = SERIAL != 0 ? A_SLICE + 1 : WIDTH;
  localparam W_BITS = SERIAL != 0 ? W_SLICE + 1 : WIDTH;

  wire enable = ~results_valid | results_ready;

  wire step, step_moves, step_first, step_last, a_top, w_top, shift, has_result;
  wire [15:0] step_m, step_n;
  wire [4:0] command_a, command_w, step_a, step_w, a_at, w_at;
  wire [4:0] scale = a_at + w_at;
  os_sequencer #(
      .ROWS(ROWS),
      .HOPS_DOWN(HOPS_DOWN),
      .A_SLICE(A_SLICE),
      .W_SLICE(W_SLICE)
  ) sequencer (
      .clock(clock),
      .reset(reset),
      .enable(enable),
      .command_valid(commands_valid),
      .command_ready(commands_ready),
      .command_m(commands[15:0]),
      .command_n(commands[31:16]),
      .command_k(commands[47:32]),
      .command_a(command_a),
      .command_w(command_w),
      .weights_valid(weights_valid),
      .weights_ready(weights_ready),
      .activations_valid(activations_valid),
      .activations_ready(activations_ready),
      .step(step),
      .step_moves(step_moves),
      .step_first(step_first),
      .step_last(step_last),
      .step_m(step_m),
      .step_n(step_n),
      .step_a(step_a),
      .step_w(step_w),
      .a_at(a_at),
      .w_at(w_at),
      .a_top(a_top),
      .w_top(w_top),
      .shift(shift),
      .has_result(has_result)
  );

  // What the ports give to this step: their words, or slices of the words that were accepted last.
  wire [A_BITS-1:0] activation_now[0:ROWS-1];
  wire [W_BITS-1:0] weight_now[0:COLUMNS-1];
  genvar r, c;
  generate
    if (SERIAL != 0) begin : serial
      assign command_a = commands[52:48];
      assign command_w = commands[68:64];
      reg [WIDTH*ROWS-1:0] held_activations;
      reg [WIDTH*COLUMNS-1:0] held_weights;
      always @(posedge clock)
        if (enable & step_moves) begin
          held_activations <= activations;
          held_weights <= weights;
        end
      wire [WIDTH*ROWS-1:0] activation_word = step_moves ? activations : held_activations;
      wire [WIDTH*COLUMNS-1:0] weight_word = step_moves ? weights : held_weights;
      for (r = 0; r < ROWS; r = r + 1) begin : row
        bit_slice #(
            .WIDTH(WIDTH),
            .SLICE(A_SLICE)
        ) cut (
            .operand(activation_word[WIDTH*r+:WIDTH]),
            .bits(step_a),
            .at(a_at),
            .is_top(a_top),
            .slice(activation_now[r])
        );
      end
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        bit_slice #(
            .WIDTH(WIDTH),
            .SLICE(W_SLICE)
        ) cut (
            .operand(weight_word[WIDTH*c+:WIDTH]),
            .bits(step_w),
            .at(w_at),
            .is_top(w_top),
            .slice(weight_now[c])
        );
      end
    end else begin : whole
      assign command_a = WIDTH[4:0];
      assign command_w = WIDTH[4:0];
      for (r = 0; r < ROWS; r = r + 1) begin : row
        assign activation_now[r] = activations[WIDTH*r+:WIDTH];
      end
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        assign weight_now[c] = weights[WIDTH*c+:WIDTH];
      end
    end
  endgenerate

  // Between the cells, by row and column: what enters cell (r, c). Row ROWS of the shadows is what leaves the last row.
  wire [A_BITS-1:0] activation_at[0:ROWS-1][0:COLUMNS-1];
  wire [6:0] flags_at[0:ROWS-1][0:COLUMNS-1];  // {scale, first, last}
  wire [W_BITS-1:0] weight_at[0:ROWS-1][0:COLUMNS-1];
  wire [31:0] shadow_at[0:ROWS][0:COLUMNS-1];
  wire shift_at[0:COLUMNS-1];

  generate
    for (r = 0; r < ROWS; r = r + 1) begin : left
      // Rows that are not in use leave their shadows to the sums that pass.
      wire last = step_last & (r < step_m);
      delay_line #(
          .WIDTH (A_BITS + 7),
          .LENGTH(r * HOPS_DOWN)
      ) skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({scale, step_first, last, activation_now[r]}),
          .out({flags_at[r][0], activation_at[r][0]})
      );
    end

    for (c = 0; c < COLUMNS; c = c + 1) begin : top
      // Without a step the weights are zero, which adds nothing.
      wire used = step & (c < step_n);
      delay_line #(
          .WIDTH (W_BITS + 1),
          .LENGTH(c * HOPS_ACROSS)
      ) skew (
          .clock(clock),
          .reset(reset),
          .enable(enable),
          .in({shift, used ? weight_now[c] : {W_BITS{1'b0}}}),
          .out({shift_at[c], weight_at[0][c]})
      );
      assign shadow_at[0][c] = 32'd0;
    end

    for (r = 0; r < ROWS; r = r + 1) begin : row
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        os_cell #(
            .A_BITS(A_BITS),
            .W_BITS(W_BITS)
        ) cell_ (
            .clock(clock),
            .enable(enable),
            .first(flags_at[r][c][1]),
            .last(flags_at[r][c][0]),
            .scale(flags_at[r][c][6:2]),
            .activation(activation_at[r][c]),
            .weight(weight_at[r][c]),
            .shift(shift_at[c]),
            .shadow_in(shadow_at[r][c]),
            .shadow(shadow_at[r+1][c])
        );
        if (r + 1 < ROWS) begin : down
          delay_line #(
              .WIDTH (W_BITS),
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
              .WIDTH (A_BITS + 7),
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
