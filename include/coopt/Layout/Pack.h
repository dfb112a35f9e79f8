//===- Pack.h - Between row-major memory and a layout's storage -----------===//
//
// # Packing
//
// `pack` copies a row-major tensor into the storage of a layout, `unpack` back. Both work on a *row block*:
// the rows [rows.begin, rows.end) of dimension 0. Weights larger than memory are packed block by block, in
// parallel if wanted, since blocks touch disjoint storage: `storageOfRows` says which. Padding is written as
// zero bytes (the code of zero); every byte of a block's storage is written.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_PACK_H
#define COOPT_LAYOUT_PACK_H

#include "coopt/Layout/Layout.h"

namespace coopt::layout {

/// Indexes (of rows, or of storage elements) from `begin` to before `end`.
struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

/// The largest element pack accepts, in bytes: a block of a block format may be one element.
constexpr size_t kMaximalElementBytes = 4096;

/// All rows of the layout; a tensor of rank 0 has one.
Range allRows(const Layout &layout);

/// The storage elements that belong to these rows, padding included. Blocks that cover all rows cover all
/// storage. Errors: rows outside the tensor; `begin` not on a tile boundary of dimension 0, `end` neither on
/// one nor the last row; dimension 0 is not the outermost in storage, so that rows are no contiguous block
/// (all rows always are one).
Expected<Range> storageOfRows(const Layout &layout, Range rows);

/// `rowMajorRows` points at row rows.begin of a row-major tensor, `storage` at element
/// storageOfRows(rows).begin. They must hold all of the block and not overlap. Any alignment will do. Errors:
/// those of storageOfRows; elementBytes outside 1..kMaximalElementBytes; more bytes than an address can
/// count.
Status pack(const Layout &layout, const void *rowMajorRows, void *storage, size_t elementBytes, Range rows);
Status unpack(const Layout &layout, const void *storage, void *rowMajorRows, size_t elementBytes, Range rows);

} // namespace coopt::layout

#endif // COOPT_LAYOUT_PACK_H
