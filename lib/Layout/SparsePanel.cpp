#include "coopt/Layout/SparsePanel.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::layout;

Expected<SparsePanel> SparsePanel::make(const numerics::SparsePattern &pattern, size_t elementBytes) {
  if (elementBytes != 1 && elementBytes != 2 && elementBytes != 4) {
    return fail("sparsity " + numerics::toString(pattern) + " of numbers of " + std::to_string(elementBytes) +
                " bytes: expected 1, 2 or 4 bytes");
  }
  return SparsePanel(pattern, elementBytes);
}

Status SparsePanel::pack(const uint8_t *panel, int64_t columns, uint8_t *storage) const {
  const auto runBytes = static_cast<size_t>(runElements()) * bytes;
  const auto valueBytes = static_cast<size_t>(valueElements()) * bytes;
  std::memset(storage, 0, static_cast<size_t>(panelElements(columns)) * bytes);
  for (int64_t first = 0; first < columns; first += kept.span(), storage += runBytes) {
    auto numberAt = [&](int64_t column, int64_t row) {
      return panel + static_cast<size_t>(column * kRows + row) * bytes;
    };
    auto endOf = [&](int64_t block) { return std::min(first + (block + 1) * kept.block, columns); };
    uint8_t *bits = storage + valueBytes;
    int64_t full[kRows] = {};
    for (int64_t block = 0; block < kept.of; ++block) {
      for (int64_t row = 0; row < kRows; ++row) {
        bool isFull = false;
        for (int64_t column = first + block * kept.block; column < endOf(block); ++column) {
          const uint8_t *number = numberAt(column, row);
          isFull |= std::any_of(number, number + bytes, [](uint8_t x) { return x != 0; });
        }
        full[row] += isFull;
        uint8_t &eight = bits[block * (kRows / 8) + row / 8];
        eight = static_cast<uint8_t>(eight | (int(isFull) << (row % 8)));
      }
    }
    for (int64_t row = 0; row < kRows; ++row) {
      if (full[row] > kept.kept) {
        return fail("expected at most " + std::to_string(kept.kept) + " of " + std::to_string(kept.of) +
                    (kept.block == 1 ? " numbers" : " blocks of numbers") + " that are not zero in row " +
                    std::to_string(row) + " at column " + std::to_string(first) + " of a panel, got " +
                    std::to_string(full[row]));
      }
    }
    // By rows, the first ones of those that are zero make up the number, as in tiles.
    for (int64_t block = 0; isByRows() && first + block < endOf(block); ++block) {
      for (int64_t row = 0; row < kRows; ++row) {
        uint8_t &eight = bits[block * (kRows / 8) + row / 8];
        if (((eight >> (row % 8)) & 1) == 0 && full[row] < kept.kept) {
          eight = static_cast<uint8_t>(eight | (1 << (row % 8)));
          ++full[row];
        }
      }
    }
    int64_t next = 0, ofRow[kRows] = {};
    for (int64_t column = first; column < endOf(kept.of - 1); ++column) {
      const int64_t block = (column - first) / kept.block;
      for (int64_t row = 0; row < kRows; ++row) {
        if ((bits[block * (kRows / 8) + row / 8] >> (row % 8)) & 1) {
          const int64_t place = isByRows() ? ofRow[row]++ * kRows + row : next++;
          std::memcpy(storage + static_cast<size_t>(place) * bytes, numberAt(column, row), bytes);
        }
      }
    }
  }
  return {};
}

void SparsePanel::unpack(const uint8_t *storage, int64_t columns, uint8_t *panel) const {
  const auto runBytes = static_cast<size_t>(runElements()) * bytes;
  const auto valueBytes = static_cast<size_t>(valueElements()) * bytes;
  std::memset(panel, 0, static_cast<size_t>(columns * kRows) * bytes);
  for (int64_t first = 0; first < columns; first += kept.span(), storage += runBytes) {
    const uint8_t *bits = storage + valueBytes;
    int64_t next = 0, ofRow[kRows] = {};
    for (int64_t column = first; column < std::min(first + kept.span(), columns); ++column) {
      const int64_t block = (column - first) / kept.block;
      for (int64_t row = 0; row < kRows; ++row) {
        if ((bits[block * (kRows / 8) + row / 8] >> (row % 8)) & 1) {
          const int64_t place = isByRows() ? ofRow[row]++ * kRows + row : next++;
          if (place < valueElements()) {
            std::memcpy(panel + static_cast<size_t>(column * kRows + row) * bytes,
                        storage + static_cast<size_t>(place) * bytes, bytes);
          }
        }
      }
    }
  }
}
