#include "coopt/Layout/Pack.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

using namespace coopt;
using namespace coopt::layout;

Range layout::allRows(const Layout &layout) { return {0, layout.rank() ? layout.dims[0].size : 1}; }

Expected<Range> layout::storageOfRows(const Layout &layout, Range rows) {
  const Range all = allRows(layout);
  const std::string name = "rows " + std::to_string(rows.begin) + ".." + std::to_string(rows.end);
  if (rows.begin < 0 || rows.begin > rows.end || rows.end > all.end) {
    return fail(name + ": expected a range within 0.." + std::to_string(all.end));
  }
  if (rows.begin == 0 && rows.end == all.end) {
    return Range{0, layout.storageElements()};
  }
  const Dim &first = layout.dims[0];
  const int64_t extent = int64_t(1) << first.tileBits;
  if (rows.begin % extent != 0 || (rows.end % extent != 0 && rows.end != all.end)) {
    return fail(name + ": expected a range that begins and ends on tiles of " + std::to_string(extent) +
                " rows");
  }
  for (const Dim &dim : layout.dims) {
    if (&dim != &first && dim.outerExtent() > 1 && dim.outerStride > first.outerStride) {
      return fail(name + ": rows are not contiguous in layout " + print(layout) +
                  "; expected dimension 0 to be the outermost");
    }
  }
  auto start = [&](int64_t row) {
    return row == all.end ? layout.storageElements() : (row >> first.tileBits) * first.outerStride;
  };
  return Range{start(rows.begin), start(rows.end)};
}

namespace {

/// Copies each element of a row block between its two places. `Bytes` is the size of an element, 0 if only
/// known at run time; `Packing` says which side is written.
template <size_t Bytes, bool Packing>
class Walk {
  using Rows = std::conditional_t<Packing, const uint8_t *, uint8_t *>;
  using Storage = std::conditional_t<Packing, uint8_t *, const uint8_t *>;

public:
  Walk(const Layout &layout, Range rows, int64_t firstElement, Rows row, Storage storage, size_t bytes)
      : layout(layout), range(rows), row(row), storage(storage), firstElement(firstElement),
        bytes(Bytes ? Bytes : bytes) {}

  void run() {
    if (layout.rank() == 0) {
      copy(0, 1);
      return;
    }
    const Dim &last = layout.dims.back();
    inTile.resize(
        size_t(1) << std::min<unsigned>(last.tileBits, 63 - __builtin_clzll(uint64_t(last.size) * 2 - 1)));
    for (size_t j = 1; j < inTile.size(); ++j) {
      inTile[j] = inTile[j & (j - 1)] ^ last.basis[__builtin_ctzll(j)];
    }
    descend(0, 0, 0);
  }

private:
  void copy(int64_t element, size_t count) {
    auto at = storage + static_cast<size_t>(element) * bytes;
    if constexpr (Packing) {
      std::memcpy(at, row, count * (Bytes ? Bytes : bytes));
    } else {
      std::memcpy(row, at, count * (Bytes ? Bytes : bytes));
    }
    row += count * bytes;
  }

  void descend(size_t d, int64_t outer, uint32_t inner) {
    const Dim &dim = layout.dims[d];
    const int64_t begin = d == 0 ? range.begin : 0, end = d == 0 ? range.end : dim.size;
    if (d + 1 == layout.rank()) {
      lastDimension(dim, begin, end, outer, inner);
      return;
    }
    for (int64_t i = begin; i < end; ++i) {
      uint32_t word = inner;
      for (unsigned bit = 0; bit < dim.tileBits; ++bit) {
        word ^= (i >> bit) & 1 ? dim.basis[bit] : 0;
      }
      descend(d + 1, outer + (i >> dim.tileBits) * dim.outerStride, word);
    }
  }

  void lastDimension(const Dim &dim, int64_t begin, int64_t end, int64_t outer, uint32_t inner) {
    if (dim.tileBits == 0 && dim.outerStride == 1) {
      copy(outer + begin - firstElement, static_cast<size_t>(end - begin));
      return;
    }
    const int64_t extent = int64_t(1) << dim.tileBits;
    for (int64_t i = begin; i < end; i += extent) {
      const int64_t tile = outer + (i >> dim.tileBits) * dim.outerStride - firstElement;
      const int64_t count = std::min(extent, end - i);
      for (int64_t j = 0; j < count; ++j) {
        copy(tile + (inner ^ inTile[static_cast<size_t>(j)]), 1);
      }
    }
  }

  const Layout &layout;
  Range range;
  Rows row;
  Storage storage;
  int64_t firstElement;
  size_t bytes;
  /// The offset bits of index j of the last dimension, for j within its tile and size.
  std::vector<uint32_t> inTile;
};

template <bool Packing, class Rows, class Storage>
void dispatch(const Layout &layout, Range rows, int64_t firstElement, Rows row, Storage storage,
              size_t bytes) {
  switch (bytes) {
  case 1:
    return Walk<1, Packing>(layout, rows, firstElement, row, storage, bytes).run();
  case 2:
    return Walk<2, Packing>(layout, rows, firstElement, row, storage, bytes).run();
  case 4:
    return Walk<4, Packing>(layout, rows, firstElement, row, storage, bytes).run();
  case 8:
    return Walk<8, Packing>(layout, rows, firstElement, row, storage, bytes).run();
  default:
    return Walk<0, Packing>(layout, rows, firstElement, row, storage, bytes).run();
  }
}

Expected<Range> check(const Layout &layout, size_t elementBytes, Range rows) {
  if (Status status = layout.validate(); !status) {
    return forward(status.error());
  }
  if (elementBytes < 1 || elementBytes > kMaximalElementBytes) {
    return fail("pack: expected elements of 1.." + std::to_string(kMaximalElementBytes) + " bytes, got " +
                std::to_string(elementBytes));
  }
  Expected<Range> storage = storageOfRows(layout, rows);
  int64_t bytes;
  if (storage && __builtin_mul_overflow(storage->size(), static_cast<int64_t>(elementBytes), &bytes)) {
    return fail("pack: " + std::to_string(storage->size()) + " elements of " + std::to_string(elementBytes) +
                " bytes are more than an address can count");
  }
  return storage;
}

} // namespace

Status layout::pack(const Layout &layout, const void *rowMajorRows, void *storage, size_t elementBytes,
                    Range rows) {
  Expected<Range> range = check(layout, elementBytes, rows);
  if (!range) {
    return forward(range.error());
  }
  if (rows.size() == 0) {
    return {};
  }
  const int64_t elements = layout.rank() ? layout.logicalElements() / layout.dims[0].size * rows.size() : 1;
  if (elements != range->size()) {
    std::memset(storage, 0, static_cast<size_t>(range->size()) * elementBytes);
  }
  dispatch<true>(layout, rows, range->begin, static_cast<const uint8_t *>(rowMajorRows),
                 static_cast<uint8_t *>(storage), elementBytes);
  return {};
}

Status layout::unpack(const Layout &layout, const void *storage, void *rowMajorRows, size_t elementBytes,
                      Range rows) {
  Expected<Range> range = check(layout, elementBytes, rows);
  if (!range) {
    return forward(range.error());
  }
  if (rows.size() == 0) {
    return {};
  }
  dispatch<false>(layout, rows, range->begin, static_cast<uint8_t *>(rowMajorRows),
                  static_cast<const uint8_t *>(storage), elementBytes);
  return {};
}
