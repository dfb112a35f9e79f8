//===- History.h - What was in the last cycles ------------------------------===//
#ifndef COOPT_NPU_HISTORY_H
#define COOPT_NPU_HISTORY_H

#include <cstddef>
#include <vector>

namespace coopt::npu {

/// A value a cycle, of the last `depth` + 1 cycles: every delay line that the value goes into, of whatever length.
/// Before the first cycle all values are `initial`.
template <typename T>
class History {
public:
  History(size_t depth, const T &initial) : values_(depth + 1, initial) {}

  /// The value of `age` cycles ago, at most `depth`; 0: the latest that was pushed.
  const T &operator[](size_t age) const {
    return values_[latest_ >= age ? latest_ - age : latest_ + values_.size() - age];
  }
  /// The place of a new value, which the caller fills in; it holds an old one.
  T &push() {
    latest_ = latest_ + 1 == values_.size() ? 0 : latest_ + 1;
    return values_[latest_];
  }
  size_t depth() const { return values_.size() - 1; }

private:
  std::vector<T> values_;
  size_t latest_ = 0;
};

} // namespace coopt::npu

#endif // COOPT_NPU_HISTORY_H
