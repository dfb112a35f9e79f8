// The sequencer of the look-up array. A builder collects the groups of activations of the next tile and steps through the entries of
// their tables; when they are made, they wait for the look-ups of the tile before. Look-ups go through blocks of COLUMNS columns, in a
// block through the planes of bits, the highest first, in a plane through the groups. A block's sums drain while the next is added up.
module lut_sequencer #(
    parameter COLUMNS = 4,
    parameter GROUP = 4,
    parameter STEPS = 8,   // to build a table
    parameter BUFFERS = 2  // of tables: 1 or 2
) (
    input  wire        clock,
    input  wire        reset,
    input  wire        enable,
    input  wire        command_valid,
    output wire        command_ready,
    input  wire [15:0] command_m,
    input  wire [15:0] command_n,
    input  wire [15:0] command_k,
    input  wire [ 4:0] command_w,
    input  wire        activations_valid,
    output wire        activations_ready,
    output wire        collect,            // a word of activations moves
    output wire        collect_first,      // the first of its tile
    output reg  [ 3:0] collect_slot,       // its place in its group
    output wire        collect_ends,       // the last of its group
    output reg         build,              // a step of building
    output reg  [ 7:0] build_step,
    output reg  [15:0] build_group,
    output wire        build_buffer,
    input  wire        weights_valid,
    output wire        weights_ready,
    output wire        look,               // a word of weights moves
    output wire        look_takes,         // the first of its tile: the tables made last are taken into use
    output wire        look_buffer,
    output wire [15:0] look_group,
    output wire        look_negative,      // its plane counts negative
    output reg         add,                // what was looked up in the last cycle is added
    output reg         add_clear,          // to nothing
    output reg         add_double,         // to twice the sum
    output reg         add_single,         // of weights of one bit
    output reg         add_last,           // which ends a block
    output reg  [15:0] add_n,              // of so many columns
    output wire        has_result
);
  // The builder's tile.
  reg building;
  reg [15:0] build_m, build_n, build_k;
  reg [4:0] build_w;
  reg [15:0] collected, groups;  // words, groups
  reg build_is_last;
  // The tile whose tables are made.
  reg waiting;
  reg [15:0] wait_m, wait_n, wait_groups;
  reg [4:0] wait_w;
  // The tile whose tables are looked up.
  reg looking;
  reg [15:0] use_m, use_n, use_groups;  // use_n: columns from this block on
  reg [4:0] use_w;
  reg [15:0] group;
  reg [4:0] plane;
  reg buffer;

  wire tables_free = BUFFERS == 1 ? ~waiting & ~looking : ~waiting | look_takes;
  wire all_collected = collected == build_k;
  wire ends_tile = collected == build_k - 16'd1;
  wire last_step = build & ({24'd0, build_step} == STEPS - 1);
  wire build_done = last_step & build_is_last;
  assign collect_first = collect & (collected == 16'd0);
  assign collect_ends = ({28'd0, collect_slot} == GROUP - 1) | ends_tile;
  assign activations_ready = enable & building & tables_free & ~all_collected & (~collect_ends | ~build | last_step);
  assign collect = activations_valid & activations_ready;
  assign command_ready = enable & (~building | build_done);
  assign build_buffer = BUFFERS == 1 ? 1'b0 : ~buffer;

  wire [15:0] m_now = looking ? use_m : wait_m;
  wire [15:0] n_now = looking ? use_n : wait_n;
  wire [15:0] groups_now = looking ? use_groups : wait_groups;
  wire [4:0] w_now = looking ? use_w : wait_w;
  wire [4:0] plane_now = looking ? plane : wait_w - 5'd1;
  wire first_plane = plane_now == w_now - 5'd1;
  wire last_group = group == groups_now - 16'd1;
  wire last_plane = plane_now == 5'd0;
  wire ends_block = last_group & last_plane;
  wire ends_look = ends_block & ({16'd0, n_now} <= COLUMNS);

  // A block's sums may take the place of those before with the last of them, in the cycle after the block's last word.
  reg [15:0] add_m, drain_left;
  assign has_result = drain_left != 16'd0;
  wire may_land = add_last ? add_m == 16'd1 : drain_left <= 16'd2;
  assign weights_ready = enable & (looking | waiting) & (~ends_block | may_land);
  assign look = weights_valid & weights_ready;
  assign look_takes = look & ~looking;
  assign look_group = group;
  assign look_negative = first_plane & (w_now != 5'd1);
  assign look_buffer = BUFFERS == 1 ? 1'b0 : buffer ^ look_takes;

  always @(posedge clock)
    if (reset) begin
      building <= 1'b0;
      waiting <= 1'b0;
      looking <= 1'b0;
      collected <= 16'd0;
      collect_slot <= 4'd0;
      groups <= 16'd0;
      build <= 1'b0;
      group <= 16'd0;
      buffer <= 1'b0;
      add <= 1'b0;
      add_last <= 1'b0;
      drain_left <= 16'd0;
    end else if (enable) begin
      if (collect) begin
        collected <= collected + 16'd1;
        collect_slot <= collect_ends ? 4'd0 : collect_slot + 4'd1;
      end
      if (collect & collect_ends) begin
        build <= 1'b1;
        build_step <= 8'd0;
        build_group <= groups;
        build_is_last <= ends_tile;
        groups <= groups + 16'd1;
      end else if (last_step) build <= 1'b0;
      else if (build) build_step <= build_step + 8'd1;

      if (build_done) begin
        building <= 1'b0;
        collected <= 16'd0;
        groups <= 16'd0;
        waiting <= 1'b1;
        wait_m <= build_m;
        wait_n <= build_n;
        wait_w <= build_w;
        wait_groups <= groups;
      end else if (look_takes) waiting <= 1'b0;

      if (command_valid & command_ready) begin
        building <= 1'b1;
        build_m <= command_m;
        build_n <= command_n;
        build_k <= command_k;
        build_w <= command_w;
      end

      if (look_takes) begin
        buffer <= ~buffer;
        use_m <= wait_m;
        use_w <= wait_w;
        use_groups <= wait_groups;
      end
      if (look) begin
        looking <= ~ends_look;
        use_n <= ends_block ? n_now - COLUMNS[15:0] : n_now;
        group <= last_group ? 16'd0 : group + 16'd1;
        plane <= ends_block ? w_now - 5'd1 : last_group ? plane_now - 5'd1 : plane_now;
      end

      add <= look;
      add_clear <= first_plane & (group == 16'd0);
      add_double <= ~first_plane & (group == 16'd0);
      add_single <= w_now == 5'd1;
      add_last <= look & ends_block;
      add_m <= m_now;
      add_n <= n_now;
      if (add_last) drain_left <= add_m;
      else if (has_result) drain_left <= drain_left - 16'd1;
    end
endmodule
