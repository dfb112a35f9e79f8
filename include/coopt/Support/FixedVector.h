//===- FixedVector.h - A few things without memory of their own --------------===//
#ifndef COOPT_SUPPORT_FIXEDVECTOR_H
#define COOPT_SUPPORT_FIXEDVECTOR_H

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>

namespace coopt {

/// Like std::vector, of at most N elements that lie in it: copies allocate nothing.
template <typename T, size_t N>
class FixedVector {
public:
  size_t size() const { return count; }
  bool empty() const { return count == 0; }
  T &operator[](size_t i) {
    assert(i < count);
    return all[i];
  }
  const T &operator[](size_t i) const {
    assert(i < count);
    return all[i];
  }
  T *begin() { return all.data(); }
  T *end() { return all.data() + count; }
  const T *begin() const { return all.data(); }
  const T *end() const { return all.data() + count; }

  void push_back(const T &element) {
    assert(count < N && "there is no room");
    all[count++] = element;
  }
  /// New elements are T().
  void resize(size_t size) {
    assert(size <= N && "there is no room");
    std::fill(all.begin() + static_cast<ptrdiff_t>(std::min(count, size)),
              all.begin() + static_cast<ptrdiff_t>(size), T());
    count = size;
  }

  friend bool operator==(const FixedVector &a, const FixedVector &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

private:
  std::array<T, N> all = {};
  size_t count = 0;
};

} // namespace coopt

#endif // COOPT_SUPPORT_FIXEDVECTOR_H
