// The tables of a row of activations: for each group of GROUP activations a_j the sums of all of them with signs. Entry i is
// a_(GROUP-1) + sum over the others of a_j where bit j of i is set, -a_j where it is not; the other half is their negation. ENTRIES are
// built in a step. There are COLUMNS ports to read them, a register behind each.
module lut_tables #(
    parameter COLUMNS = 4,
    parameter GROUP = 4,
    parameter TABLES = 4,   // groups of a tile, at most
    parameter ENTRIES = 1,
    parameter BUFFERS = 2
) (
    input wire clock,
    input wire enable,
    input wire signed [7:0] activation,
    input wire collect,
    input wire collect_first,
    input wire [3:0] collect_slot,
    input wire collect_ends,
    input wire build,
    input wire [7:0] build_step,
    input wire [15:0] build_group,
    input wire build_buffer,
    input wire look_takes,
    input wire look_buffer,
    input wire [15:0] look_group,
    input wire look_negative,
    input wire [8*COLUMNS-1:0] patterns,  // a bit of each of the group's weights: 1 counts +1, 0 counts -1
    output reg [17*COLUMNS-1:0] values,  // what they look up, a cycle later
    output reg [32:0] total  // the sum of the activations, in the same cycle
);
  localparam HALF = 1 << (GROUP - 1);
  localparam SIZE = BUFFERS * TABLES * HALF;
  localparam ADDRESS = $clog2(SIZE);

  // The sum of the next tile's activations, and of those in use.
  reg [32:0] next_total;
  always @(posedge clock)
    if (enable) begin
      if (collect) next_total <= (collect_first ? 33'd0 : next_total) + {{25{activation[7]}}, activation};
      if (look_takes) total <= next_total;
    end

  // A group that ends early has zeros.
  reg [8*GROUP-1:0] slots, operands;
  genvar j, e, c;
  generate
    for (j = 0; j < GROUP; j = j + 1) begin : slot
      wire is_now = {28'd0, collect_slot} == j;
      wire is_before = j < {28'd0, collect_slot};
      always @(posedge clock)
        if (enable & collect) begin
          if (is_now) slots[8*j+:8] <= activation;
          if (collect_ends) operands[8*j+:8] <= is_now ? activation : is_before ? slots[8*j+:8] : 8'd0;
        end
    end
  endgenerate

  function [15:0] signed_sum;
    input [8*GROUP-1:0] terms;
    input [15:0] index;
    integer i;
    reg [15:0] term;
    begin
      signed_sum = {{8{terms[8*GROUP-1]}}, terms[8*GROUP-8+:8]};
      for (i = 0; i + 1 < GROUP; i = i + 1) begin
        term = {{8{terms[8*i+7]}}, terms[8*i+:8]};
        signed_sum = index[i] ? signed_sum + term : signed_sum - term;
      end
    end
  endfunction

  reg [15:0] tables[0:SIZE-1];
  generate
    for (e = 0; e < ENTRIES; e = e + 1) begin : entry
      wire [15:0] index = {8'd0, build_step} * ENTRIES[15:0] + e;
      wire [31:0] place = ({31'd0, build_buffer} * TABLES + {16'd0, build_group}) * HALF + {16'd0, index};
      always @(posedge clock)
        if (enable & build & ({16'd0, index} < HALF)) tables[place[ADDRESS-1:0]] <= signed_sum(operands, index);
    end

    for (c = 0; c < COLUMNS; c = c + 1) begin : port
      wire [GROUP-1:0] pattern = patterns[8*c+:GROUP];
      wire is_plus = pattern[GROUP-1];
      wire [GROUP-2:0] index = is_plus ? pattern[GROUP-2:0] : ~pattern[GROUP-2:0];
      wire [31:0] place = ({31'd0, look_buffer} * TABLES + {16'd0, look_group}) * HALF + {{(33 - GROUP) {1'b0}}, index};
      wire [15:0] found = tables[place[ADDRESS-1:0]];
      wire [16:0] value = {found[15], found};
      always @(posedge clock)
        if (enable) values[17*c+:17] <= (is_plus ^ look_negative) ? value : -value;
    end
  endgenerate
endmodule
