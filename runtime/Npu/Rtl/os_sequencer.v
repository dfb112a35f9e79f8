// The sequencer of the output-stationary array: accepts a tile's pairs of words and says when the shadows of the first column
// shift its sums out.
module os_sequencer #(
    parameter ROWS = 4,
    parameter HOPS_DOWN = 1
) (
    input  wire        clock,
    input  wire        reset,
    input  wire        enable,
    input  wire        command_valid,
    output wire        command_ready,
    input  wire [15:0] command_m,
    input  wire [15:0] command_n,
    input  wire [15:0] command_k,
    input  wire        weights_valid,
    output wire        weights_ready,
    input  wire        activations_valid,
    output wire        activations_ready,
    output wire        pair,        // an activation and a weight word move
    output wire        pair_first,
    output wire        pair_last,
    output wire [15:0] pair_m,
    output wire [15:0] pair_n,
    output wire        shift,       // the first column's shadows shift
    output wire        has_result   // the last row's shadow in the first column is a result
);
  localparam [11:0] HOPS = HOPS_DOWN[11:0];

  reg busy;
  reg [15:0] tile_m, tile_n, tile_k;
  reg [15:0] count;  // pairs accepted

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

  wire is_last = count == tile_k - 16'd1;
  wire accepts = enable & busy & (~is_last | ~draining | last_shift);
  assign activations_ready = accepts & weights_valid;
  assign weights_ready = accepts & activations_valid;
  assign pair = activations_valid & activations_ready;
  assign pair_first = pair & (count == 16'd0);
  assign pair_last = pair & is_last;
  assign pair_m = tile_m;
  assign pair_n = tile_n;
  assign command_ready = enable & (~busy | pair_last);

  always @(posedge clock)
    if (reset) begin
      busy <= 1'b0;
      count <= 16'd0;
      draining <= 1'b0;
      wait_left <= 12'd0;
      shifted <= 9'd0;
      row_zero <= 1'b0;
    end else if (enable) begin
      if (pair) count <= is_last ? 16'd0 : count + 16'd1;
      if (command_valid & command_ready) begin
        busy <= 1'b1;
        tile_m <= command_m;
        tile_n <= command_n;
        tile_k <= command_k;
      end else if (pair_last) busy <= 1'b0;

      row_zero <= ROWS == 1 ? pair_last : last_shift;
      if (pair_last & (ROWS != 1)) begin
        draining <= 1'b1;
        wait_left <= (tile_m[11:0] - 12'd1) * HOPS;  // of at most 255 rows, 8 registers each
        shifted <= 9'd0;
        drain_m <= tile_m;
      end else if (last_shift) draining <= 1'b0;
      else if (shift) shifted <= shifted + 9'd1;
      else if (draining) wait_left <= wait_left - 12'd1;
    end
endmodule
