//===- AttentionTexts.h - Functions of attention over a state's buffer ------===//
#ifndef COOPT_TEST_UNIT_CONVERSION_ATTENTIONTEXTS_H
#define COOPT_TEST_UNIT_CONVERSION_ATTENTIONTEXTS_H

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>

namespace coopt::test {

// The states of these functions, and what they do with them.
constexpr int64_t kLayers = 2, kLayer = 1, kHeads = 3, kPerGroup = 2, kQueryHeads = kHeads * kPerGroup;
constexpr float kScale = 0.3f;

/// A state's buffer, 2 * kLayers * kHeads slabs.
struct StateText {
  std::string type; ///< memref<..>
  int64_t headSize;
  std::string coded = ""; ///< !attention.coded<..>, if it holds codes
};

/// One way to attend.
struct AttendForm {
  std::string name;              ///< of the function
  int64_t window = 0, sinks = 0; ///< 0: none
  float cap = 0;                 ///< 0: none
  bool isOneRow = false;         ///< of a single row, as its type says
  bool isFast = false;

  /// The first key of the window of a row that has `count` keys before it, its own included.
  int64_t firstKey(int64_t count) const { return window > 0 ? std::max<int64_t>(0, count - window) : 0; }
};

/// A function (queries, state, past, first head, result, scratch).
inline std::string attendFunction(const AttendForm &form, const StateText &state) {
  std::ostringstream text;
  text << std::showpoint; // MLIR takes "1.5" and "2.0" for numbers of float, not "2"
  const std::string rows =
      std::string("memref<") + (form.isOneRow ? "1" : "?") + "x?x" + std::to_string(state.headSize) + "xf32>";
  text << "func.func @" << form.name << "(%q: " << rows << ", %s: " << state.type
       << ", %past: index, %head: index,\n    %o: " << rows
       << ", %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {\n"
       << "  attention.attend ins(%q : " << rows << ") state(%s : " << state.type
       << ") at %past, %head outs(%o : " << rows << ") layer(" << kLayer << ") heads_per_group(" << kPerGroup
       << ") scale(" << kScale << ")";
  if (form.cap != 0) {
    text << " cap(" << form.cap << ")";
  }
  if (form.window != 0) {
    text << " window(" << form.window << ")";
  }
  if (form.sinks != 0) {
    text << " sinks(" << form.sinks << ")";
  }
  text << " heads(" << kHeads << ")";
  if (!state.coded.empty()) {
    text << " stored(" << state.coded << ")";
  }
  text << (form.isFast ? " numerics(fast)" : "") << "\n  return\n}\n";
  return text.str();
}

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_CONVERSION_ATTENTIONTEXTS_H
