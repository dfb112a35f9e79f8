#include "Bench/PeakLoops.h"

using namespace coopt;
using namespace coopt::bench;

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

namespace {

// Tiles 0 to 5 accumulate, 6 and 7 are the operands: 16 rows of 64 bytes each.
struct alignas(64) TileConfiguration {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t columnBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64);

constexpr uint64_t kChains = 6;

struct alignas(64) Tiles {
  uint8_t a[1024], b[1024], c[kChains][1024];
};

__attribute__((target("amx-tile"))) void load(const Tiles &tiles) {
  TileConfiguration configuration;
  _tile_loadconfig(&configuration);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_loadd(6, tiles.a, 64);
  _tile_loadd(7, tiles.b, 64);
}

__attribute__((target("amx-tile"))) void store(Tiles &tiles) {
  _tile_stored(0, tiles.c[0], 64);
  _tile_stored(1, tiles.c[1], 64);
  _tile_stored(2, tiles.c[2], 64);
  _tile_stored(3, tiles.c[3], 64);
  _tile_stored(4, tiles.c[4], 64);
  _tile_stored(5, tiles.c[5], 64);
  _tile_release();
}

int8_t codeA(int i) { return static_cast<int8_t>(i * 37 + 11); }
int8_t codeB(int i) { return static_cast<int8_t>(i * 53 + 7); }

__attribute__((target("amx-tile,amx-int8"))) bool int8Loop(uint64_t iterations) {
  Tiles tiles;
  for (int i = 0; i < 1024; ++i) {
    tiles.a[i] = static_cast<uint8_t>(codeA(i));
    tiles.b[i] = static_cast<uint8_t>(codeB(i));
  }
  load(tiles);
  for (uint64_t i = 0; i < iterations; ++i) {
    _tile_dpbssd(0, 6, 7);
    _tile_dpbssd(1, 6, 7);
    _tile_dpbssd(2, 6, 7);
    _tile_dpbssd(3, 6, 7);
    _tile_dpbssd(4, 6, 7);
    _tile_dpbssd(5, 6, 7);
  }
  store(tiles);
  bool good = true;
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 16; ++n) {
      int32_t once = 0;
      for (int k = 0; k < 64; ++k) {
        once += codeA(m * 64 + k) * codeB(k / 4 * 64 + n * 4 + k % 4);
      }
      uint32_t expected = static_cast<uint32_t>(once) * static_cast<uint32_t>(iterations);
      for (auto &chain : tiles.c) {
        uint32_t got;
        std::memcpy(&got, chain + (m * 16 + n) * 4, 4);
        good = good && got == expected;
      }
    }
  }
  return good;
}

// -1, 0, 1 or 2 and their encodings: a sum of 2^15 iterations of 32 products is exact in binary32.
int smallA(int i) { return i * 7 % 4 - 1; }
int smallB(int i) { return i * 5 % 3 - 1; }
uint16_t bfloat16(int value) {
  float wide = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &wide, 4);
  return static_cast<uint16_t>(bits >> 16);
}

__attribute__((target("amx-tile,amx-bf16"))) bool bfloat16Loop(uint64_t iterations) {
  Tiles tiles;
  for (int i = 0; i < 512; ++i) {
    uint16_t a = bfloat16(smallA(i)), b = bfloat16(smallB(i));
    std::memcpy(tiles.a + i * 2, &a, 2);
    std::memcpy(tiles.b + i * 2, &b, 2);
  }
  load(tiles);
  for (uint64_t i = 0; i < iterations; ++i) {
    _tile_dpbf16ps(0, 6, 7);
    _tile_dpbf16ps(1, 6, 7);
    _tile_dpbf16ps(2, 6, 7);
    _tile_dpbf16ps(3, 6, 7);
    _tile_dpbf16ps(4, 6, 7);
    _tile_dpbf16ps(5, 6, 7);
  }
  store(tiles);
  bool good = true;
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 16; ++n) {
      int once = 0;
      for (int k = 0; k < 32; ++k) {
        once += smallA(m * 32 + k) * smallB(k / 2 * 32 + n * 2 + k % 2);
      }
      float expected = static_cast<float>(once) * static_cast<float>(iterations);
      for (auto &chain : tiles.c) {
        float got;
        std::memcpy(&got, chain + (m * 16 + n) * 4, 4);
        good = good && got == expected;
      }
    }
  }
  return good;
}

} // namespace

void bench::addAmxInt8Loop(std::vector<PeakLoop> &loops) {
  loops.push_back({"amx_int8", Operand::Int8, kChains * 16 * 16 * 64 * 2, 1 << 14, int8Loop});
}

void bench::addAmxBFloat16Loop(std::vector<PeakLoop> &loops) {
  loops.push_back({"amx_bf16", Operand::BFloat16, kChains * 16 * 16 * 32 * 2, 1 << 14, bfloat16Loop});
}

#endif
