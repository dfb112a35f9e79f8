//===- Observer.h - Looking at a program while it runs ----------------------===//
#ifndef COOPT_RUNTIME_EXECUTOR_OBSERVER_H
#define COOPT_RUNTIME_EXECUTOR_OBSERVER_H

#include "coopt/PackageFormat/Program.h"

#include <cstdint>
#include <vector>

namespace coopt::npu {
struct Image;
struct Report;
} // namespace coopt::npu

namespace coopt::runtime {

/// One call of an entry point.
struct CallView {
  const package::Entry &entry;
  const std::vector<int64_t> &sizes; ///< in the order of the entry's dimensions
  const void *const *arguments;
};

/// One dispatch of a call.
struct DispatchView {
  const CallView &call;
  const package::Command &command;
  const package::Kernel &kernel;
  uint32_t items;
  void *const *buffers;                      ///< one an operand
  const std::vector<int64_t> *operandShapes; ///< one an operand
  const std::vector<int64_t> &scalars;       ///< of the command's slots
  bool isTraced = false;                     ///< whether somebody wantsSlices()
  const npu::Report *report = nullptr;       ///< of an accelerator that was simulated, once it ran
  const npu::Image *image = nullptr;         ///< that the report is of

  size_t operands() const { return command.buffers.size(); }
  bool isWritten(size_t operand) const { return operand >= command.firstWritten; }
  /// Of a dispatch by experts: calls visit(expert, first row, rows) for the segments that have rows.
  template <typename Visit>
  void forEachSegment(Visit &&visit) const {
    const auto *segment = static_cast<const int32_t *>(buffers[command.segments]);
    for (int64_t i = 0; i < operandShapes[command.segments][0]; ++i, segment += package::kSegmentParts) {
      if (segment[0] >= 0 && segment[1] >= 0 && segment[2] > 0) {
        visit(int64_t(segment[0]), int64_t(segment[1]), int64_t(segment[2]));
      }
    }
  }
  const package::Buffer &buffer(size_t operand) const { return call.entry.buffers[command.buffers[operand]]; }
  uint64_t bytes(size_t operand) const {
    return package::bufferBytes(buffer(operand).type, operandShapes[operand]).value_or(0);
  }
};

/// Called by the session's thread. An error ends the call.
class Observer {
public:
  virtual ~Observer() = default;
  /// Whether DispatchView::report is to have slices and stalls one by one.
  virtual bool wantsSlices() const { return false; }
  virtual Status callBegins(const CallView &) { return {}; }
  virtual Status before(const DispatchView &) { return {}; }
  /// `start` and `end` in nanoseconds of the steady clock, around the kernel alone.
  virtual Status after(const DispatchView &, int64_t start, int64_t end) { return {}; }
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXECUTOR_OBSERVER_H
