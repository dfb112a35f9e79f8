//===- NpuBadFiles.h - A good description of an npu, and broken ones made from it ---===//
#ifndef COOPT_TEST_NPUBADFILES_H
#define COOPT_TEST_NPUBADFILES_H

#include "coopt/Machine/Machine.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace coopt::test {

using namespace coopt::machine;
using nlohmann::ordered_json;

inline const std::string kGood = R"({
  "schema": "coopt-machine/1", "kind": "npu", "name": "edge", "source": "by hand",
  "clocks_mhz": {"core": 1000, "l2": 800}, "energy_table": "45nm",
  "memory": {
    "l2": {"bytes": 8388608, "banks": 16, "bytes_per_cycle": 256, "latency_cycles": 20},
    "hbm": {"bytes": 17179869184, "channels": 8, "gbytes_per_s_per_channel": 32, "banks": 16, "row_bytes": 1024,
            "t_rcd_ns": 14, "t_rp_ns": 15, "t_cl_ns": 16, "burst_bytes": 64},
    "ddr": {"bytes": 68719476736, "channels": 2, "gbytes_per_s_per_channel": 16, "latency_ns": 90}},
  "cores": [{
    "repeat": 4, "queue_depth": 16, "semaphores": 64, "issue_cycles": 1, "semaphore_wake_cycles": 2,
    "dma": {"channels": 2, "bytes_per_cycle": 64, "max_outstanding": 16, "setup_cycles": 8},
    "spad": {"bytes": 524288, "banks": 8, "width_bytes": 64, "read_ports": 1, "write_ports": 1, "latency_cycles": 2},
    "acc": {"bytes": 131072, "banks": 4, "width_bytes": 128, "rmw_cycles": 1},
    "mxu": {
      "rows": 32, "cols": 32, "hop_registers_down": 1, "hop_registers_across": 1, "weight_load": "row_addressed",
      "weight_port_bytes": 32, "activation_port_bytes": 32, "shadow_accumulators": true,
      "modes": {"dense": ["ws", "os"], "dot": {"minimum_stripe_cycles": 8, "channel_group": 16}, "nm": [[2, 4], [1, 4]],
                "lut": {"group": 4, "tables": 64, "lanes": 1024, "build_lanes": 32, "double_buffered": true},
                "bitserial": {"a_slice": 2, "w_slice": 1}},
      "types": [["i8", "i8", "i32"], ["i8", "i4", "i32"], ["bf16", "bf16", "f32"]],
      "u_acc": {"bf16": 5.96e-8}},
    "vec": {"lanes": 64, "op_cycles": {"add": 1, "mul": 1, "fma": 1, "exp2": 8, "div": 8, "sqrt": 8}},
    "topk": {"lanes": 16, "k_max": 64, "cycles_per_element": 1}}],
  "hierarchy": [
    {"name": "dram", "kind": "dram", "width_bits": 64, "word_bits": 8, "keeps": ["weights", "inputs", "outputs"]},
    {"name": "buffer", "kind": "sram", "bytes": 131072, "width_bits": 64, "word_bits": 8, "keeps": ["inputs"],
     "fan_out_x": 64, "fan_out_y": 64},
    {"name": "sums", "kind": "register_file", "bytes": 16, "width_bits": 128, "word_bits": 16, "keeps": ["outputs"],
     "lanes": 8}],
  "tile_loops": {"convolution_issue_cycles": 267, "product_issue_cycles": 132, "step_cycles": 7.5, "request_cycles": 1,
                 "store_row_cycles": 4, "miss_cycles": 6, "cache_bytes": 524288, "cache_ways": 8, "line_bytes": 64}
})";

inline std::string refusal(const std::string &text) {
  Expected<Machine> machine = parseMachine(text, "edge.json");
  return machine ? "read" : machine.error().message;
}

/// kGood with other values at JSON pointers; "" removes the value.
inline std::string with(const std::vector<std::pair<std::string, std::string>> &changes) {
  ordered_json json = ordered_json::parse(kGood);
  for (const auto &[pointer, value] : changes) {
    const ordered_json::json_pointer at(pointer);
    if (value.empty()) {
      EXPECT_TRUE(json.contains(at)) << pointer;
      ordered_json &parent = json[at.parent_pointer()];
      parent.erase(at.back());
    } else {
      json[at] = ordered_json::parse(value);
    }
  }
  return json.dump();
}

struct Case {
  const char *pointer, *value, *message;
};

inline void check(const std::vector<Case> &cases) {
  for (const Case &c : cases) {
    EXPECT_EQ(refusal(with({{c.pointer, c.value}})), std::string("edge.json: $") + c.message) << c.pointer;
  }
}

} // namespace coopt::test

#endif // COOPT_TEST_NPUBADFILES_H
