// The sequencer of arrays whose weights stay: a loader, which accepts the weights of the next tile, and a streamer, which accepts the
// activations and partial sums of the one before. A row of weights, and a word of activations, may come in several words of their
// port; the last one completes it. The words of the next tile's first activations may come before its weights, the last one waits for them.
module ws_sequencer #(
    parameter CHAIN = 0,  // weights: 0 addressed by row, 1 shifted
    parameter HOPS_DOWN = 1,
    parameter KEPT = 1,  // of GROUP weights of a column this many are kept; 1 of 1: all
    parameter GROUP = 1,
    parameter PLACE_BITS = 0,  // of a kept weight's place among its group
    parameter WEIGHT_PORT = 4,  // bytes
    parameter ACTIVATION_PORT = 4,
    parameter MINIMUM_STRIPE = 1  // cycles between the first activations of two tiles, at least
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
    output wire        weight_moves,       // a word of the weight port moves
    output reg  [15:0] weight_at,          // its first byte in the row
    output wire        weight_word,        // and completes the row
    output reg  [15:0] weight_row,         // the row, counted from the first
    output wire [15:0] weight_n,
    input  wire        activations_valid,
    output wire        activations_ready,
    input  wire        partials_valid,
    output wire        partials_ready,
    output wire        activation_moves,   // a word of the activation port moves
    output reg  [15:0] activation_at,      // its first lane
    output wire        activation_word,    // and completes the activations, its partial sums move
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

  // A tile of k rows has activations of ceil(k * GROUP / KEPT) lanes.
  wire streaming = left != 16'd0;
  wire [16:0] activation_next = {1'b0, activation_at} + ACTIVATION_PORT[16:0];
  wire completes = {8'd0, activation_next} * KEPT[24:0] >= {9'd0, activation_k} * GROUP[24:0];
  wire stripe_ends;
  wire may_stream = enable & (streaming | (loaded & stripe_ends));
  assign activations_ready = completes ? may_stream & partials_valid : enable & (streaming | loaded | loading);
  assign partials_ready = completes & may_stream & activations_valid;
  assign activation_moves = activations_valid & activations_ready;
  assign activation_word = activation_moves & completes;
  assign activation_first = activation_word & ~streaming;
  assign activation_n = streaming ? stream_n : loaded_n;
  assign activation_k = streaming ? stream_k : loaded ? loaded_k : load_k;

  generate
    if (MINIMUM_STRIPE > 1) begin : stripe
      reg [15:0] cycles_left;
      assign stripe_ends = cycles_left == 16'd0;
      always @(posedge clock)
        if (reset) cycles_left <= 16'd0;
        else if (enable) begin
          if (activation_first) cycles_left <= MINIMUM_STRIPE[15:0] - 16'd1;
          else if (~stripe_ends) cycles_left <= cycles_left - 16'd1;
        end
    end else begin : any
      assign stripe_ends = 1'b1;
    end
  endgenerate

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
  // The weights of a row, then their places.
  wire [23:0] row_bytes = {8'd0, load_n} + (({8'd0, load_n} * PLACE_BITS[23:0] + 24'd7) >> 3);
  wire [16:0] weight_next = {1'b0, weight_at} + WEIGHT_PORT[16:0];
  assign weight_moves = weights_valid & weights_ready;
  assign weight_word = weight_moves & ({7'd0, weight_next} >= row_bytes);
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
      weight_at <= 16'd0;
      activation_at <= 16'd0;
    end else if (enable) begin
      if (weight_moves) weight_at <= weight_word ? 16'd0 : weight_next[15:0];
      if (activation_moves) activation_at <= activation_word ? 16'd0 : activation_next[15:0];

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
