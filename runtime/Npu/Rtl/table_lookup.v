// Products by look-ups: results = activations x weights, int8 x 1 to 16 bits -> int32, modulo 2^32.
//
// Shapes are given at run time, a command a tile: activations m x k, weights k x n of w bits; 1 <= m <= ROWS, 1 <= k <= GROUP * TABLES,
// 1 <= n. A column of the activations is a word, k words make the tables. A word of weights has, for each of COLUMNS columns, one bit of each
// of GROUP weights, bit j of a lane that of the group's weight j; for each block of columns the words of the highest bits come first,
// those of a bit by groups. A block's results are m words, row 0 first. Lane i of a port is its bits [WIDTH*i +: WIDTH]. A
// word moves where valid and ready are set. A result that is not taken holds everything: all registers have one enable.
module table_lookup #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,        // look-ups of a row in a cycle
    parameter TABLE_GROUP = 4,    // activations of a table
    parameter TABLES = 4,         // of a row
    parameter TABLE_ENTRIES = 1,  // built for each row in a cycle
    parameter BUFFERS = 2         // of tables; with 2 the next are built while some are looked up
) (
    input  wire                  clock,
    input  wire                  reset,
    input  wire                  commands_valid,
    output wire                  commands_ready,
    input  wire [          63:0] commands,           // {w, k, n, m}
    input  wire                  activations_valid,
    output wire                  activations_ready,
    input  wire [    8*ROWS-1:0] activations,
    input  wire                  weights_valid,
    output wire                  weights_ready,
    input  wire [ 8*COLUMNS-1:0] weights,
    output wire                  results_valid,
    input  wire                  results_ready,
    output wire [32*COLUMNS-1:0] results
);
  localparam HALF = 1 << (TABLE_GROUP - 1);
  wire enable = ~results_valid | results_ready;

  wire collect, collect_first, collect_ends, build, build_buffer;
  wire [3:0] collect_slot;
  wire [7:0] build_step;
  wire [15:0] build_group;
  wire look, look_takes, look_buffer, look_negative;
  wire [15:0] look_group, add_n;
  wire add, add_clear, add_double, add_single, add_last;
  lut_sequencer #(
      .COLUMNS(COLUMNS),
      .GROUP(TABLE_GROUP),
      .STEPS((HALF + TABLE_ENTRIES - 1) / TABLE_ENTRIES),
      .BUFFERS(BUFFERS)
  ) sequencer (
      .clock(clock),
      .reset(reset),
      .enable(enable),
      .command_valid(commands_valid),
      .command_ready(commands_ready),
      .command_m(commands[15:0]),
      .command_n(commands[31:16]),
      .command_k(commands[47:32]),
      .command_w(commands[52:48]),
      .activations_valid(activations_valid),
      .activations_ready(activations_ready),
      .collect(collect),
      .collect_first(collect_first),
      .collect_slot(collect_slot),
      .collect_ends(collect_ends),
      .build(build),
      .build_step(build_step),
      .build_group(build_group),
      .build_buffer(build_buffer),
      .weights_valid(weights_valid),
      .weights_ready(weights_ready),
      .look(look),
      .look_takes(look_takes),
      .look_buffer(look_buffer),
      .look_group(look_group),
      .look_negative(look_negative),
      .add(add),
      .add_clear(add_clear),
      .add_double(add_double),
      .add_single(add_single),
      .add_last(add_last),
      .add_n(add_n),
      .has_result(results_valid)
  );

  wire [31:0] shadow_at[0:ROWS][0:COLUMNS-1];
  genvar r, c;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : row
      wire [17*COLUMNS-1:0] values;
      wire [32:0] total;
      lut_tables #(
          .COLUMNS(COLUMNS),
          .GROUP(TABLE_GROUP),
          .TABLES(TABLES),
          .ENTRIES(TABLE_ENTRIES),
          .BUFFERS(BUFFERS)
      ) of_row (
          .clock(clock),
          .enable(enable),
          .activation(activations[8*r+:8]),
          .collect(collect),
          .collect_first(collect_first),
          .collect_slot(collect_slot),
          .collect_ends(collect_ends),
          .build(build),
          .build_step(build_step),
          .build_group(build_group),
          .build_buffer(build_buffer),
          .look_takes(look_takes),
          .look_buffer(look_buffer),
          .look_group(look_group),
          .look_negative(look_negative),
          .patterns(weights),
          .values(values),
          .total(total)
      );
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        lut_cell cell_ (
            .clock(clock),
            .enable(enable),
            .add(add),
            .clear(add_clear),
            .double(add_double),
            .single(add_single),
            .last(add_last),
            .used(c < add_n),
            .value(values[17*c+:17]),
            .total(total),
            .shadow_in(shadow_at[r+1][c]),
            .shadow(shadow_at[r][c])
        );
      end
    end
    for (c = 0; c < COLUMNS; c = c + 1) begin : top
      assign shadow_at[ROWS][c] = 32'd0;
      assign results[32*c+:32] = results_valid ? shadow_at[0][c] : 32'd0;
    end
  endgenerate
endmodule
