// The sequencer of the output-stationary array: accepts a tile's pairs of words, goes through the pairs of their slices, a step
// each, and says when the shadows of the first column shift the tile's sums out.
module os_sequencer #(
    parameter ROWS = 4,
    parameter HOPS_DOWN = 1,
    parameter A_SLICE = 8,
    parameter W_SLICE = 8
) (
    input  wire        clock,
    input  wire        reset,
    input  wire        enable,
    input  wire        command_valid,
    output wire        command_ready,
    input  wire [15:0] command_m,
    input  wire [15:0] command_n,
    input  wire [15:0] command_k,
    input  wire [ 4:0] command_a,   // bits of an activation
    input  wire [ 4:0] command_w,   // bits of a weight
    input  wire        weights_valid,
    output wire        weights_ready,
    input  wire        activations_valid,
    output wire        activations_ready,
    output wire        step,        // a pair of slices goes into the array
    output wire        step_moves,  // the first of a pair of words, which move with it
    output wire        step_first,  // the first of the tile
    output wire        step_last,   // the last of it
    output wire [15:0] step_m,
    output wire [15:0] step_n,
    output wire [ 4:0] step_a,
    output wire [ 4:0] step_w,
    output reg  [ 4:0] a_at,        // the slices' first bits
    output reg  [ 4:0] w_at,
    output wire        a_top,       // the slices have the operands' signs
    output wire        w_top,
    output wire        shift,       // the first column's shadows shift
    output wire        has_result   // the last row's shadow in the first column is a result
);
  localparam [11:0] HOPS = HOPS_DOWN[11:0];

  reg busy;
  reg [15:0] tile_m, tile_n, tile_k;
  reg [4:0] tile_a, tile_w;
  reg [15:0] count;  // pairs whose steps are done

  // The drain: wait until the last row in use has its sum, then shift ROWS - 1 times; the last row's shadow is a result from
  // the tile's last row on until, after all shifts, row 0's sum is there (row_zero).
  reg draining;
  reg [11:0] wait_left;
  reg [8:0] shifted;
  reg [15:0] drain_m;
  reg row_zero;
  assign shift = draining & (wait_left == 12'd0);
  wire last_shift = shift & ({23'd0, shifted} == ROWS - 2);
  assign has_result = row_zero | (shift & ({23'd0, shifted} + {16'd0, drain_m} >= ROWS));

  wire [5:0] a_next = {1'b0, a_at} + A_SLICE[5:0];
  wire [5:0] w_next = {1'b0, w_at} + W_SLICE[5:0];
  assign a_top = a_next >= {1'b0, tile_a};
  assign w_top = w_next >= {1'b0, tile_w};
  wire begins_pair = (a_at == 5'd0) & (w_at == 5'd0);
  wire ends_pair = a_top & w_top;

  wire is_last = ends_pair & (count == tile_k - 16'd1);
  wire accepts = enable & busy & (~is_last | ~draining | last_shift);
  assign activations_ready = accepts & begins_pair & weights_valid;
  assign weights_ready = accepts & begins_pair & activations_valid;
  assign step_moves = activations_valid & activations_ready;
  assign step = begins_pair ? step_moves : accepts;
  assign step_first = step_moves & (count == 16'd0);
  assign step_last = step & is_last;
  assign step_m = tile_m;
  assign step_n = tile_n;
  assign step_a = tile_a;
  assign step_w = tile_w;
  assign command_ready = enable & (~busy | step_last);

  always @(posedge clock)
    if (reset) begin
      busy <= 1'b0;
      count <= 16'd0;
      a_at <= 5'd0;
      w_at <= 5'd0;
      draining <= 1'b0;
      wait_left <= 12'd0;
      shifted <= 9'd0;
      row_zero <= 1'b0;
    end else if (enable) begin
      if (step) begin
        w_at <= w_top ? 5'd0 : w_next[4:0];
        if (w_top) a_at <= a_top ? 5'd0 : a_next[4:0];
        if (ends_pair) count <= is_last ? 16'd0 : count + 16'd1;
      end
      if (command_valid & command_ready) begin
        busy <= 1'b1;
        tile_m <= command_m;
        tile_n <= command_n;
        tile_k <= command_k;
        tile_a <= command_a;
        tile_w <= command_w;
      end else if (step_last) busy <= 1'b0;

      row_zero <= ROWS == 1 ? step_last : last_shift;
      if (step_last & (ROWS != 1)) begin
        draining <= 1'b1;
        wait_left <= (tile_m[11:0] - 12'd1) * HOPS;  // of at most 255 rows, 8 registers each
        shifted <= 9'd0;
        drain_m <= tile_m;
      end else if (last_shift) draining <= 1'b0;
      else if (shift) shifted <= shifted + 9'd1;
      else if (draining) wait_left <= wait_left - 12'd1;
    end
endmodule
