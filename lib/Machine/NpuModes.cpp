#include "NpuFields.h"
#include "NpuRules.h"

#include <algorithm>

using namespace coopt::machine;

namespace {

struct ModeContext {
  Rules &rules;
  const std::string path; ///< of the mode, "$.cores[0].mxu.modes.lut"
  const NpuMatrixUnit &mxu;
  NpuTiming timing;
};

bool has(const NpuModes &modes, NpuDataflow flow) {
  return std::find(modes.dense.begin(), modes.dense.end(), flow) != modes.dense.end();
}

std::string at(const std::string &path, size_t index) { return path + "[" + std::to_string(index) + "]"; }

/// Bits of the widest integer activation or weight; 0 if the unit multiplies no integers.
int64_t widestInteger(const NpuMatrixUnit &mxu, NpuType NpuOperands::*operand) {
  int64_t widest = 0;
  for (const NpuOperands &types : mxu.types) {
    if (isInteger(types.*operand)) {
      widest = std::max(widest, bits(types.*operand));
    }
  }
  return widest;
}

void checkDense(const ModeContext &mode) {
  const std::vector<NpuDataflow> &flows = mode.mxu.modes.dense;
  for (size_t i = 0; i < flows.size(); ++i) {
    mode.rules.require(std::count(flows.begin(), flows.begin() + i, flows[i]) == 0, at(mode.path, i),
                       "each dataflow once", std::string("'") + name(flows[i]) + "' again");
    mode.rules.require(flows[i] != NpuDataflow::InputStationary || mode.timing == NpuTiming::ScaleSim,
                       at(mode.path, i), "ws or os (only timing scalesim knows is)", "'is'");
  }
}

void checkNm(const ModeContext &mode) {
  const std::vector<NpuNmPattern> &patterns = mode.mxu.modes.nm;
  for (size_t i = 0; i < patterns.size(); ++i) {
    const auto [n, m] = patterns[i];
    mode.rules.require(n < m, at(mode.path, i), "fewer kept weights than weights: n < m",
                       "[" + shown(n) + ", " + shown(m) + "]");
    // The kept weights of a group lie in one tile.
    mode.rules.require(mode.mxu.rows % n == 0, at(mode.path, i) + "[0]",
                       "a divisor of rows (" + shown(mode.mxu.rows) + ")", shown(n));
    for (size_t j = 0; j < i; ++j) {
      mode.rules.require(n != patterns[j].n || m != patterns[j].m, at(mode.path, i), "each pattern once",
                         "[" + shown(n) + ", " + shown(m) + "] again");
    }
  }
}

void checkLut(const ModeContext &mode) {
  // An entry of 16 bits is a sum of up to 8 activations, exactly.
  const bool any = std::any_of(mode.mxu.types.begin(), mode.mxu.types.end(), [](const NpuOperands &types) {
    return isInteger(types.activation) && bits(types.activation) <= 8;
  });
  mode.rules.require(any, mode.path, "types of integer activations of at most 8 bits to compute with",
                     "none");
  const NpuLutMode &lut = *mode.mxu.modes.lut;
  mode.rules.multipleOf(mode.path + ".lanes", lut.lanes, mode.mxu.rows, "as many lookups of each row (rows)");
  mode.rules.multipleOf(mode.path + ".build_lanes", lut.buildLanes, mode.mxu.rows,
                        "as many entries of each row (rows)");
  mode.rules.atMost(mode.path + ".build_lanes", lut.buildLanes, mode.mxu.rows << (lut.group - 1),
                    "a table of each row (2^(group - 1) entries)");
}

void checkBitserial(const ModeContext &mode) {
  mode.rules.require(widestInteger(mode.mxu, &NpuOperands::activation) > 0, mode.path,
                     "types of integers to compute with", "none");
  mode.rules.atMost(mode.path + ".a_slice", mode.mxu.modes.bitserial->aSlice,
                    widestInteger(mode.mxu, &NpuOperands::activation), "the bits of the widest activation");
  mode.rules.atMost(mode.path + ".w_slice", mode.mxu.modes.bitserial->wSlice,
                    widestInteger(mode.mxu, &NpuOperands::weight), "the bits of the widest weight");
}

/// One row a mode, with the fields of the unit that its timing law is made of.
struct Mode {
  const char *key;
  bool (*isThere)(const NpuModes &);
  bool needsHops;
  bool (*needsWeightLoad)(const NpuModes &);
  bool (*needsShadows)(const NpuModes &);
  void (*check)(const ModeContext &); ///< of its own fields; null: their ranges say all
};

bool always(const NpuModes &) { return true; }
bool never(const NpuModes &) { return false; }

const Mode kModes[] = {
    {"dense", [](const NpuModes &modes) { return !modes.dense.empty(); }, true,
     [](const NpuModes &modes) { return has(modes, NpuDataflow::WeightStationary); },
     [](const NpuModes &modes) { return has(modes, NpuDataflow::OutputStationary); }, checkDense},
    {"dot", [](const NpuModes &modes) { return modes.dot.has_value(); }, false, never, never, nullptr},
    {"nm", [](const NpuModes &modes) { return !modes.nm.empty(); }, true, always, never, checkNm},
    {"lut", [](const NpuModes &modes) { return modes.lut.has_value(); }, false, never, never, checkLut},
    {"bitserial", [](const NpuModes &modes) { return modes.bitserial.has_value(); }, true, never, always,
     checkBitserial},
};

} // namespace

void coopt::machine::checkModes(Rules &rules, const std::string &path, const NpuMatrixUnit &mxu,
                                NpuTiming timing) {
  bool any = false;
  for (const Mode &mode : kModes) {
    if (!mode.isThere(mxu.modes)) {
      continue;
    }
    any = true;
    const std::string place = path + ".modes." + mode.key;
    rules.require(timing == NpuTiming::Laws || mode.key == std::string("dense"), place,
                  "nothing, as timing scalesim has forms for dense alone", "a mode");
    auto need = [&](bool needed, bool isThere, const char *key, const char *what) {
      rules.require(!needed || isThere, path + "." + key,
                    std::string(what) + ", as modes." + mode.key + " needs it", "nothing");
    };
    need(mode.needsHops, mxu.hopRegistersDown.has_value(), "hop_registers_down", "an integer in 0..16");
    need(mode.needsHops, mxu.hopRegistersAcross.has_value(), "hop_registers_across", "an integer in 0..16");
    need(mode.needsWeightLoad(mxu.modes), mxu.weightLoad.has_value(), "weight_load",
         "row_addressed or shift_chain");
    need(mode.needsShadows(mxu.modes), mxu.shadowAccumulators.has_value(), "shadow_accumulators",
         "true or false");
    if (mode.check) {
      mode.check({rules, place, mxu, timing});
    }
  }
  std::vector<std::string> names;
  for (const Mode &mode : kModes) {
    names.push_back(mode.key);
  }
  rules.require(any, path + ".modes", "at least one of " + alternatives(names), "an empty object");
}
