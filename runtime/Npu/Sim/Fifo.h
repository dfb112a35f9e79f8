//===- Fifo.h - A queue that keeps its memory -------------------------------===//
#ifndef COOPT_NPU_SIM_FIFO_H
#define COOPT_NPU_SIM_FIFO_H

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace coopt::npu {

/// First in, first out, in a ring: a std::deque of things as long as entries asks for memory for each of them. push_back() may move all.
template <typename T>
class Fifo {
public:
  bool empty() const { return count == 0; }
  size_t size() const { return count; }
  /// The i-th from the front.
  T &operator[](size_t i) { return ring[(first + i) & (ring.size() - 1)]; }
  const T &operator[](size_t i) const { return ring[(first + i) & (ring.size() - 1)]; }
  T &front() { return (*this)[0]; }
  const T &front() const { return (*this)[0]; }
  T &back() { return (*this)[count - 1]; }

  void push_back(T &&element) {
    if (count == ring.size()) {
      grow();
    }
    ++count;
    back() = std::move(element);
  }
  void pop_front() {
    assert(count > 0);
    first = (first + 1) & (ring.size() - 1);
    --count;
  }

private:
  std::vector<T> ring; ///< as many as a power of two, or none
  size_t first = 0, count = 0;

  void grow() {
    std::vector<T> longer(ring.empty() ? 4 : 2 * ring.size());
    for (size_t i = 0; i < count; ++i) {
      longer[i] = std::move((*this)[i]);
    }
    ring = std::move(longer);
    first = 0;
  }
};

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_FIFO_H
