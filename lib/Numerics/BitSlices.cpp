#include "coopt/Numerics/BitSlices.h"

using namespace coopt;

std::vector<uint8_t> numerics::splitPlanes(const uint8_t *codes, int64_t n, int bits) {
  int64_t bytes = (n + 7) / 8;
  std::vector<uint8_t> planes(static_cast<size_t>(bytes * bits));
  for (int plane = 0; plane < bits; ++plane) {
    for (int64_t i = 0; i < n; ++i) {
      int bit = codes[i] >> (bits - 1 - plane) & 1;
      uint8_t &byte = planes[static_cast<size_t>(plane * bytes + i / 8)];
      byte = static_cast<uint8_t>(byte | bit << (i % 8));
    }
  }
  return planes;
}

void numerics::joinPlanes(const uint8_t *planes, int64_t n, int r, uint8_t *codes) {
  int64_t bytes = (n + 7) / 8;
  for (int64_t i = 0; i < n; ++i) {
    int code = 0;
    for (int plane = 0; plane < r; ++plane) {
      code = code << 1 | (planes[plane * bytes + i / 8] >> (i % 8) & 1);
    }
    codes[i] = static_cast<uint8_t>(code);
  }
}
