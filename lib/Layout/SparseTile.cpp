#include "coopt/Layout/SparseTile.h"

#include <array>
#include <cstring>

using namespace coopt;
using namespace coopt::layout;

namespace {

constexpr int64_t kVectorBytes = 64;

/// Where the code of a row and column stands among those of a tile.
int64_t placeOf(int64_t row, int64_t column) {
  return column / 4 * (SparseTile::kRows * 4) + row * 4 + column % 4;
}

bool isPowerOfTwo(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

} // namespace

Expected<SparseTile> SparseTile::make(const numerics::SparsePattern &pattern, unsigned bits) {
  const std::string place = "sparsity " + numerics::toString(pattern) + " of " + std::to_string(bits) +
                            (bits == 1 ? " bit" : " bits");
  if (bits < 1 || bits > 8) {
    return fail(place + ": expected codes of 1 to 8 bits");
  }
  if (pattern.block == 1 ? !isPowerOfTwo(pattern.of)
                         : pattern.block < 4 || pattern.block > 32 || !isPowerOfTwo(pattern.block) ||
                               kColumns % pattern.span() != 0) {
    return fail(place +
                ": expected runs of 2, 4, 8, 16, 32 or 64 elements, or groups of 4, 8, 16 or 32 columns in "
                "runs of a divisor of 64");
  }
  SparseTile tile(pattern, bits);
  bool isWhole = true;
  for (unsigned width : {8u, 4u, 2u, 1u}) {
    isWhole &= (bits & width) == 0 || planeBytes(width, tile.values()) % kVectorBytes == 0;
  }
  if (pattern.block == 1) {
    tile.wide = !isWhole || pattern.of > 8 || !isPowerOfTwo(pattern.kept) || pattern.kept * 4 < pattern.of;
  } else if (!isWhole) {
    return fail(place + ": too few bits are left of a tile of 16 rows and 64 columns to be read as vectors");
  }
  return tile;
}

int64_t SparseTile::bitOf(int64_t row, int64_t column) const {
  if (wide) {
    return placeOf(row, column);
  }
  if (kept.block == 1) {
    return column / 32 * (kRows * 32) + row * 32 + column % 32;
  }
  return column / kept.block * kRows + row;
}

int64_t SparseTile::valueOf(int64_t row, int64_t place) const {
  return wide ? place * kRows + row : placeOf(row, place);
}

Status SparseTile::pack(const uint8_t *codes, uint8_t *storage) const {
  std::array<uint8_t, kCodes> compact = {}, places = {};
  std::memset(storage, 0, static_cast<size_t>(metadataBytes()));
  for (int64_t row = 0; row < kRows; ++row) {
    std::array<uint8_t, kColumns> line;
    for (int64_t column = 0; column < kColumns; column += 4) {
      std::memcpy(line.data() + column, codes + placeOf(row, column), 4);
    }
    int64_t place = 0; // of the row's next kept code
    for (int64_t run = 0; run < kColumns; run += kept.span()) {
      std::array<bool, kColumns> isFull;
      int64_t full = 0;
      for (int64_t b = 0; b < kept.of; ++b) {
        const uint8_t *block = line.data() + run + b * kept.block;
        uint8_t any = 0;
        for (int64_t i = 0; i < kept.block; ++i) {
          any = static_cast<uint8_t>(any | block[i]);
        }
        isFull[static_cast<size_t>(b)] = any != 0;
        full += any != 0;
      }
      if (full > kept.kept) {
        return fail("expected at most " + std::to_string(kept.kept) + " of " + std::to_string(kept.of) +
                    " blocks with codes that are not zero in row " + std::to_string(row) + " at column " +
                    std::to_string(run) + " of a tile, got " + std::to_string(full));
      }
      // Every run keeps as many: the first ones of those that are zero make up the number.
      int64_t spare = kept.kept - full;
      for (int64_t b = 0; b < kept.of; ++b) {
        if (!isFull[static_cast<size_t>(b)] && spare-- <= 0) {
          continue;
        }
        if (hasPlaces() || hasCoordinates()) {
          places[static_cast<size_t>(valueOf(row, place))] = static_cast<uint8_t>(b);
        } else {
          const int64_t bit = bitOf(row, run + b * kept.block);
          storage[bit / 8] = static_cast<uint8_t>(storage[bit / 8] | (1 << (bit % 8)));
        }
        for (int64_t i = 0; i < kept.block && !(wide && !hasCoordinates()); ++i) {
          compact[static_cast<size_t>(valueOf(row, place++))] =
              line[static_cast<size_t>(run + b * kept.block + i)];
        }
      }
    }
  }
  if (hasPlaces() || hasCoordinates()) {
    packPlanes(placeBits(), places.data(), values(), storage);
  } else if (wide) {
    int64_t value = 0;
    for (int64_t position = 0; position < kCodes; ++position) {
      if ((storage[position / 8] >> (position % 8)) & 1) {
        compact[static_cast<size_t>(value++)] = codes[position];
      }
    }
  }
  packPlanes(codeBits, compact.data(), values(), storage + metadataBytes());
  return {};
}

void SparseTile::unpack(const uint8_t *storage, uint8_t *codes) const {
  std::array<uint8_t, kCodes> compact = {}, places = {};
  unpackPlanes(codeBits, storage + metadataBytes(), values(), compact.data());
  std::memset(codes, 0, kCodes);
  if (hasPlaces() || hasCoordinates()) {
    unpackPlanes(placeBits(), storage, values(), places.data());
    for (int64_t row = 0; row < kRows; ++row) {
      for (int64_t column = 0; column < values() / kRows; ++column) {
        const auto from = static_cast<size_t>(valueOf(row, column));
        codes[placeOf(row, column / kept.kept * kept.of + places[from])] = compact[from];
      }
    }
    return;
  }
  if (wide) {
    int64_t value = 0;
    for (int64_t position = 0; position < kCodes && value < values(); ++position) {
      if ((storage[position / 8] >> (position % 8)) & 1) {
        codes[position] = compact[static_cast<size_t>(value++)];
      }
    }
    return;
  }
  for (int64_t row = 0; row < kRows; ++row) {
    int64_t place = 0; // of this row's next kept code
    for (int64_t column = 0; column < kColumns; ++column) {
      const int64_t bit = bitOf(row, column);
      if ((storage[bit / 8] >> (bit % 8)) & 1 && place < values() / kRows) {
        codes[placeOf(row, column)] = compact[static_cast<size_t>(placeOf(row, place++))];
      }
    }
  }
}
