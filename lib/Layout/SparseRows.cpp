#include "coopt/Layout/SparseRows.h"

#include "coopt/Layout/BitPlanes.h"
#include "coopt/Layout/Panels.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::layout;

Expected<SparseRows> SparseRows::make(const numerics::SparsePattern &pattern, unsigned columnBits,
                                      unsigned bits) {
  const std::string place = "sparsity " + numerics::toString(pattern) + " of panels of " +
                            std::to_string(1u << columnBits) + " rows";
  if (pattern.block != 1) {
    return fail(place + ": expected runs of single elements");
  }
  if (columnBits < 3 || !areSideBySide(bits, columnBits)) {
    return fail(place + ": expected at least 8 rows, of codes of 2, 4 or 8 bits, got " +
                std::to_string(bits) + (bits == 1 ? " bit" : " bits"));
  }
  return SparseRows(pattern, columnBits, bits);
}

unsigned SparseRows::placeBits() const {
  unsigned count = 0;
  while ((int64_t(1) << count) < kept.of) {
    ++count;
  }
  return count;
}

int64_t SparseRows::positionOf(int64_t row) const {
  const int64_t inByte = 8 / codeBits;
  return row % inByte * codeBytes() + row / inByte;
}

Status SparseRows::pack(const uint8_t *panel, int64_t depth, uint8_t *storage) const {
  const unsigned ofPlace = placeBits();
  std::vector<uint8_t> codes(static_cast<size_t>(kept.kept * width()));
  for (int64_t first = 0; first < depth; first += kept.of, storage += kept.kept * lineBytes()) {
    std::memset(storage, 0, static_cast<size_t>(kept.kept * lineBytes()));
    std::fill(codes.begin(), codes.end(), uint8_t(0));
    for (int64_t row = 0; row < width(); ++row) {
      auto codeAt = [&](int64_t place) {
        const int64_t column = first + place;
        return column < depth ? panel[column * width() + positionOf(row)] : uint8_t(0);
      };
      int64_t full = 0;
      for (int64_t place = 0; place < kept.of; ++place) {
        full += codeAt(place) != 0;
      }
      if (full > kept.kept) {
        return fail("expected at most " + std::to_string(kept.kept) + " of " + std::to_string(kept.of) +
                    " codes that are not zero in row " + std::to_string(row) + " at column " +
                    std::to_string(first) + " of a panel, got " + std::to_string(full));
      }
      // Every run keeps as many: the first ones of those that are zero make up the number.
      int64_t spare = kept.kept - full, line = 0;
      for (int64_t place = 0; place < kept.of; ++place) {
        if (codeAt(place) == 0 && spare-- <= 0) {
          continue;
        }
        codes[static_cast<size_t>(line * width() + positionOf(row))] = codeAt(place);
        uint8_t *places = storage + line * lineBytes() + codeBytes();
        for (unsigned bit = 0; bit < ofPlace; ++bit) {
          const int64_t number = row * ofPlace + bit;
          places[number / 8] =
              static_cast<uint8_t>(places[number / 8] | ((place >> bit) & 1) << (number % 8));
        }
        ++line;
      }
    }
    for (int64_t line = 0; line < kept.kept; ++line) {
      packPlanes(codeBits, codes.data() + line * width(), width(), storage + line * lineBytes());
    }
  }
  return {};
}

void SparseRows::unpack(const uint8_t *storage, int64_t depth, uint8_t *panel) const {
  const unsigned ofPlace = placeBits();
  std::vector<uint8_t> codes(static_cast<size_t>(width()));
  std::memset(panel, 0, static_cast<size_t>(depth * width()));
  for (int64_t line = 0; line < lines(depth); ++line, storage += lineBytes()) {
    unpackPlanes(codeBits, storage, width(), codes.data());
    const uint8_t *places = storage + codeBytes();
    for (int64_t row = 0; row < width(); ++row) {
      int64_t place = 0;
      for (unsigned bit = 0; bit < ofPlace; ++bit) {
        const int64_t number = row * ofPlace + bit;
        place |= int64_t((places[number / 8] >> (number % 8)) & 1) << bit;
      }
      const int64_t column = line / kept.kept * kept.of + place;
      if (place < kept.of && column < depth) {
        panel[column * width() + positionOf(row)] = codes[static_cast<size_t>(positionOf(row))];
      }
    }
  }
}
