//===- Compare.h - Whether two arrays hold the same values ------------------===//
#ifndef COOPT_RUNTIME_RECORD_COMPARE_H
#define COOPT_RUNTIME_RECORD_COMPARE_H

#include "coopt/PackageFormat/Program.h"

#include <cstddef>

namespace coopt::runtime {

/// Allowed for floating-point elements: |got - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double absolute = 0, relative = 0;
};

struct Comparison {
  size_t elements = 0;
  size_t unequal = 0;     ///< other bits; all NaNs count as equal
  size_t outside = 0;     ///< of these, how many no tolerance excuses
  double maxAbsolute = 0; ///< largest |got - expected| of unequal elements
  double maxRelative = 0; ///< largest |got - expected| / |expected| of those with expected != 0

  void add(const Comparison &other);
};

/// Integers must be equal whatever the tolerance; so must 8-bit floats, as codes. A NaN or an infinity
/// against something else is outside any tolerance. Without a tolerance every unequal element is outside
/// (also -0 against +0).
Comparison compare(package::ElementType type, const void *expected, const void *got, size_t elements,
                   const Tolerance *tolerance);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_RECORD_COMPARE_H
