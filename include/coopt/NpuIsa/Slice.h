//===- Slice.h - The part of a program that decides what is executed ---------===//
#ifndef COOPT_NPUISA_SLICE_H
#define COOPT_NPUISA_SLICE_H

#include "coopt/NpuIsa/Image.h"

namespace coopt::npu {

/// By core and entry, whether its values may decide which entries are executed and what they touch: whether a `load`, or a list of dma.gather or
/// dma.scatter, may read what it writes, or what was made of that. Who executes these alone sees the same loads and lists. Ranges are those
/// of all rounds of an entry, and an entry of the matrix engine needs all of its others, so it may be more than what is needed. Errors: an
/// address without bounds.
Expected<std::vector<std::vector<bool>>> entriesThatDecide(const Image &image);

} // namespace coopt::npu

#endif // COOPT_NPUISA_SLICE_H
