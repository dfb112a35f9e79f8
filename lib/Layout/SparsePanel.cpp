#include "coopt/Layout/SparsePanel.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::layout;

Expected<SparsePanel> SparsePanel::make(const numerics::SparsePattern &pattern, size_t elementBytes) {
  if (pattern.block != 1 || (elementBytes != 1 && elementBytes != 2 && elementBytes != 4) ||
      static_cast<size_t>(pattern.of) * (kRows / 8) % elementBytes != 0) {
    return fail("sparsity " + numerics::toString(pattern) + " of numbers of " + std::to_string(elementBytes) +
                " bytes: expected a pattern of single numbers whose bits are whole numbers");
  }
  return SparsePanel(pattern, elementBytes);
}

Status SparsePanel::pack(const uint8_t *panel, int64_t columns, uint8_t *storage) const {
  const auto runBytes = static_cast<size_t>(runElements()) * bytes;
  const auto valueBytes = static_cast<size_t>(valueElements()) * bytes;
  std::memset(storage, 0, static_cast<size_t>(panelElements(columns)) * bytes);
  for (int64_t first = 0; first < columns; first += kept.of, storage += runBytes) {
    const int64_t count = std::min(kept.of, columns - first);
    for (int64_t row = 0; row < kRows; ++row) {
      auto numberAt = [&](int64_t column) {
        return panel + static_cast<size_t>((first + column) * kRows + row) * bytes;
      };
      auto isZero = [&](int64_t column) {
        return std::all_of(numberAt(column), numberAt(column) + bytes, [](uint8_t x) { return x == 0; });
      };
      int64_t full = 0;
      for (int64_t column = 0; column < count; ++column) {
        full += !isZero(column);
      }
      if (full > kept.kept) {
        return fail("expected at most " + std::to_string(kept.kept) + " of " + std::to_string(kept.of) +
                    " numbers that are not zero in row " + std::to_string(row) + " at column " +
                    std::to_string(first) + " of a panel, got " + std::to_string(full));
      }
      int64_t spare = kept.kept - full, place = 0;
      for (int64_t column = 0; column < count; ++column) {
        if (isZero(column) && spare-- <= 0) {
          continue;
        }
        std::memcpy(storage + static_cast<size_t>(place++ * kRows + row) * bytes, numberAt(column), bytes);
        uint8_t *bits = storage + valueBytes + static_cast<size_t>(column * (kRows / 8) + row / 8);
        *bits = static_cast<uint8_t>(*bits | (1 << (row % 8)));
      }
    }
  }
  return {};
}

void SparsePanel::unpack(const uint8_t *storage, int64_t columns, uint8_t *panel) const {
  const auto runBytes = static_cast<size_t>(runElements()) * bytes;
  const auto valueBytes = static_cast<size_t>(valueElements()) * bytes;
  std::memset(panel, 0, static_cast<size_t>(columns * kRows) * bytes);
  for (int64_t first = 0; first < columns; first += kept.of, storage += runBytes) {
    for (int64_t row = 0; row < kRows; ++row) {
      int64_t place = 0;
      for (int64_t column = first; column < std::min(first + kept.of, columns) && place < kept.kept;
           ++column) {
        const uint8_t bits =
            storage[valueBytes + static_cast<size_t>((column - first) * (kRows / 8) + row / 8)];
        if (((bits >> (row % 8)) & 1) != 0) {
          std::memcpy(panel + static_cast<size_t>(column * kRows + row) * bytes,
                      storage + static_cast<size_t>(place++ * kRows + row) * bytes, bytes);
        }
      }
    }
  }
}
