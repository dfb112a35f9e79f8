#include "coopt/Layout/Panels.h"

using namespace coopt;
using namespace coopt::layout;

bool layout::areSideBySide(unsigned bits, unsigned columnBits) {
  return bits == 8 || ((bits == 2 || bits == 4) && columnBits >= 3);
}

Expected<Layout> layout::panels(const std::vector<int64_t> &sizes, unsigned columnBits, unsigned bits) {
  if (sizes.size() != 2) {
    return fail("panels: expected a matrix, got " + std::to_string(sizes.size()) + " dimensions");
  }
  if (bits > 8 || (bits != 0 && columnBits < 3)) {
    return fail("panels: expected codes of 1 to 8 bits in panels of at least 8 rows, got " +
                std::to_string(bits) + " bits in panels of " + std::to_string(1u << columnBits));
  }
  Expected<Layout> result = blocked(sizes, {{0, columnBits}});
  if (result && bits != 0 && bits != 8 && areSideBySide(bits, columnBits)) {
    const unsigned inByte = bits == 4 ? 1 : 2;
    for (unsigned bit = 0; bit < columnBits; ++bit) {
      const unsigned to = bit < inByte ? columnBits - inByte + bit : bit - inByte;
      result->dims[0].basis[bit] = uint32_t(1) << to;
    }
  }
  return result;
}

Expected<Layout> layout::lookUps(const std::vector<int64_t> &sizes, unsigned columnBits, unsigned depthBits) {
  if (sizes.size() != 2) {
    return fail("look-ups: expected a matrix, got " + std::to_string(sizes.size()) + " dimensions");
  }
  const unsigned all = columnBits + depthBits;
  if (all < 3) {
    return fail("look-ups: expected tiles of at least 8 codes, got " + std::to_string(1u << all));
  }
  Expected<Layout> result = blocked(sizes, {{1, depthBits}, {0, columnBits}});
  if (result) {
    // The lowest bits of a number in its plane say where in a byte, which is above all others.
    for (Dim &dim : result->dims) {
      for (uint32_t &vector : dim.basis) {
        vector = vector < 8 ? vector << (all - 3) : vector >> 3;
      }
    }
  }
  return result;
}
