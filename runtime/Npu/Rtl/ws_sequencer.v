// The sequencer of the weight-stationary array: a loader, which accepts the weights of the next tile, and a streamer, which
// accepts the activations and partial sums of the one before.
module ws_sequencer #(
    parameter CHAIN = 0,  // weights: 0 addressed by row, 1 shifted
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
    output wire        weight_word,        // a weight word moves
    output reg  [15:0] weight_row,         // its row, counted from the first word
    output wire [15:0] weight_n,
    input  wire        activations_valid,
    output wire        activations_ready,
    input  wire        partials_valid,
    output wire        partials_ready,
    output wire        activation_word,    // an activation word and its partial sums move
    output wire        activation_first,   // and are the tile's first
    output wire [15:0] activation_n,
    output wire [15:0] activation_k
);
  // The loader's tile.
  reg loading;
  reg [15:0] load_m, load_n, load_k;
  // The tile that waits for the streamer: its weights are in the shadows, on their way at least.
  reg loaded;
  reg [15:0] loaded_m, loaded_n, loaded_k;
  // The streamer's tile.
  reg [15:0] left;  // words to come
  reg [15:0] stream_n, stream_k;

  wire streaming = left != 16'd0;
  wire may_stream = enable & (streaming | loaded);
  assign activations_ready = may_stream & partials_valid;
  assign partials_ready = may_stream & activations_valid;
  assign activation_word = activations_valid & activations_ready;
  assign activation_first = activation_word & ~streaming;
  assign activation_n = streaming ? stream_n : loaded_n;
  assign activation_k = streaming ? stream_k : loaded_k;

  // When the shadows may take the next tile's weights: addressed words come to each row behind the activation that took the
  // last weight; a chain shifts at once and waits for the last row.
  wire shadows_free;
  generate
    if (CHAIN != 0) begin : chain
      localparam [11:0] HOPS = HOPS_DOWN[11:0];
      wire [11:0] path = (loaded_k[11:0] - 12'd1) * HOPS;  // of at most 255 rows, 8 registers each
      reg [11:0] taking;  // cycles until the last row has taken its weight
      assign shadows_free = activation_first ? path == 12'd0 : ~loaded & (taking == 12'd0);
      always @(posedge clock)
        if (reset) taking <= 12'd0;
        else if (enable) begin
          if (activation_first & (path != 12'd0)) taking <= path - 12'd1;
          else if (taking != 12'd0) taking <= taking - 12'd1;
        end
    end else begin : addressed
      assign shadows_free = ~loaded | activation_first;
    end
  endgenerate

  assign weights_ready = enable & loading & shadows_free;
  assign weight_word = weights_valid & weights_ready;
  assign weight_n = load_n;
  wire weights_done = weight_word & (weight_row == load_k - 16'd1);
  assign command_ready = enable & (~loading | weights_done);
  wire command = command_valid & command_ready;

  always @(posedge clock)
    if (reset) begin
      loading <= 1'b0;
      loaded <= 1'b0;
      left <= 16'd0;
      weight_row <= 16'd0;
    end else if (enable) begin
      if (activation_first) begin
        left <= loaded_m - 16'd1;
        stream_n <= loaded_n;
        stream_k <= loaded_k;
        loaded <= 1'b0;
      end else if (activation_word) left <= left - 16'd1;

      if (weights_done) begin
        weight_row <= 16'd0;
        loading <= 1'b0;
        loaded <= 1'b1;
        loaded_m <= load_m;
        loaded_n <= load_n;
        loaded_k <= load_k;
      end else if (weight_word) weight_row <= weight_row + 16'd1;

      if (command) begin
        loading <= 1'b1;
        load_m <= command_m;
        load_n <= command_n;
        load_k <= command_k;
      end
    end
endmodule
