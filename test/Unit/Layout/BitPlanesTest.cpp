//===- BitPlanesTest.cpp - Codes of 1 to 8 bits in bytes ----------------------===//
#include "coopt/Layout/BitPlanes.h"

#include <gtest/gtest.h>
#include <random>

using namespace coopt;

namespace {

constexpr int64_t kTiles[] = {8, 16, 24, 40, 64, 1024};

/// Widths of the planes, as the header's table has them.
const std::vector<std::vector<unsigned>> kWidths = {{},     {1},    {2},       {2, 1}, {4},
                                                    {4, 1}, {4, 2}, {4, 2, 1}, {8}};

/// The place of bit `bit` of the code at position q of a tile of n codes, in bits from the start of the tile.
int64_t placeOf(unsigned bits, int64_t n, int64_t q, unsigned bit) {
  int64_t start = 0;
  unsigned first = 0;
  for (unsigned width : kWidths[bits]) {
    const int64_t bytes = n * width / 8;
    if (bit < first + width) {
      return 8 * (start + q % bytes) + width * (q / bytes) + bit - first;
    }
    first += width;
    start += bytes;
  }
  ADD_FAILURE();
  return 0;
}

std::vector<uint8_t> randomBytes(int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(n);
  for (uint8_t &byte : bytes) {
    byte = static_cast<uint8_t>(random() >> 13);
  }
  return bytes;
}

// Plane b, of n / 8 bytes, has bit b of code q in byte q mod n / 8, at bit 8 q / n.
TEST(BitPlanes, SinglePlanesHaveOneBitEach) {
  for (unsigned bits = 1; bits <= 8; ++bits) {
    for (int64_t n : kTiles) {
      const std::vector<uint8_t> codes = randomBytes(n, bits + 20);
      std::vector<uint8_t> expected(n * bits / 8, 0), packed(n * bits / 8, 0xa5), unpacked(n, 0xff);
      for (int64_t q = 0; q < n; ++q) {
        for (unsigned bit = 0; bit < bits; ++bit) {
          uint8_t &byte = expected[bit * n / 8 + q % (n / 8)];
          byte = static_cast<uint8_t>(byte | (codes[q] >> bit & 1) << (q / (n / 8)));
        }
      }
      layout::packPlanes(bits, codes.data(), n, packed.data(), true);
      EXPECT_EQ(packed, expected) << bits << " bits, tile of " << n;
      layout::unpackPlanes(bits, packed.data(), n, unpacked.data(), true);
      for (int64_t q = 0; q < n; ++q) {
        ASSERT_EQ(unpacked[q], codes[q] & ((1 << bits) - 1));
      }
    }
  }
}

TEST(BitPlanes, EveryBitHasItsPlace) {
  for (unsigned bits = 1; bits <= 8; ++bits) {
    for (int64_t n : kTiles) {
      // Bits above the code's own are set here and there: they must not be seen.
      std::vector<uint8_t> codes = randomBytes(n, bits), expected(n * bits / 8, 0),
                           packed(n * bits / 8, 0xa5);
      for (int64_t q = 0; q < n; ++q) {
        for (unsigned bit = 0; bit < bits; ++bit) {
          const int64_t place = placeOf(bits, n, q, bit);
          ASSERT_LT(place, n * bits);
          const int value = codes[q] >> bit & 1;
          expected[place / 8] = static_cast<uint8_t>(expected[place / 8] | value << place % 8);
        }
      }
      ASSERT_EQ(layout::planeBytes(bits, n), n * bits / 8);
      layout::packPlanes(bits, codes.data(), n, packed.data());
      EXPECT_EQ(packed, expected) << bits << " bits, tile of " << n;
      std::vector<uint8_t> unpacked(n, 0xff);
      layout::unpackPlanes(bits, packed.data(), n, unpacked.data());
      for (int64_t q = 0; q < n; ++q) {
        ASSERT_EQ(unpacked[q], codes[q] & ((1u << bits) - 1)) << bits << " bits, tile of " << n << ": " << q;
      }
    }
  }
}

// Every byte is one that some codes make: nothing of a tile is unused.
TEST(BitPlanes, BytesComeBack) {
  for (unsigned bits = 1; bits <= 8; ++bits) {
    for (int64_t n : kTiles) {
      std::vector<uint8_t> planes = randomBytes(n * bits / 8, 10 + bits), codes(n), again(planes.size());
      layout::unpackPlanes(bits, planes.data(), n, codes.data());
      layout::packPlanes(bits, codes.data(), n, again.data());
      EXPECT_EQ(again, planes) << bits << " bits, tile of " << n;
    }
  }
}

TEST(BitPlanes, PlanesFollowEachOther) {
  for (unsigned bits = 1; bits <= 8; ++bits) {
    std::vector<layout::BitPlane> planes = layout::bitPlanes(bits, 1024);
    ASSERT_EQ(planes.size(), kWidths[bits].size());
    int64_t bytes = 0;
    unsigned first = 0;
    for (size_t i = 0; i < planes.size(); ++i) {
      EXPECT_EQ(planes[i].width, kWidths[bits][i]);
      EXPECT_EQ(planes[i].firstBit, first);
      EXPECT_EQ(planes[i].byteOffset, bytes);
      EXPECT_EQ(planes[i].bytes, 128 * planes[i].width);
      bytes += planes[i].bytes;
      first += planes[i].width;
    }
    EXPECT_EQ(bytes, layout::planeBytes(bits, 1024));
  }
}

// By hand: sixteen codes of three bits. Low bits: position q in byte q mod 4; high bits: in byte q mod 2.
TEST(BitPlanes, ThreeBitsByHand) {
  std::vector<uint8_t> codes = {1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 7}, packed(6);
  layout::packPlanes(3, codes.data(), 16, packed.data());
  EXPECT_EQ(packed,
            (std::vector<uint8_t>{0b00000101, 0b00001010, 0b00001111, 0b11000000, 0b00001100, 0b10000110}));
}

} // namespace
