#include "coopt/Layout/BitPlanes.h"

#include <cassert>
#include <cstring>

using namespace coopt;
using namespace coopt::layout;

std::vector<BitPlane> layout::bitPlanes(unsigned bits, int64_t codes, bool areSingle) {
  assert(bits >= 1 && bits <= 8 && codes > 0 && codes % 8 == 0);
  std::vector<BitPlane> planes;
  unsigned bit = 0;
  int64_t offset = 0;
  for (; areSingle && bit < bits; ++bit, offset += codes / 8) {
    planes.push_back({1, bit, offset, codes / 8});
  }
  if (areSingle) {
    return planes;
  }
  for (unsigned width : {8u, 4u, 2u, 1u}) {
    if (bits & width) {
      planes.push_back({width, bit, offset, planeBytes(width, codes)});
      bit += width;
      offset += planes.back().bytes;
    }
  }
  return planes;
}

void layout::packPlanes(unsigned bits, const uint8_t *codes, int64_t count, uint8_t *planes, bool areSingle) {
  for (const BitPlane &plane : bitPlanes(bits, count, areSingle)) {
    uint8_t *out = planes + plane.byteOffset;
    const unsigned mask = (1u << plane.width) - 1;
    std::memset(out, 0, static_cast<size_t>(plane.bytes));
    for (unsigned part = 0; part * plane.width < 8; ++part) {
      const uint8_t *from = codes + part * plane.bytes;
      for (int64_t i = 0; i < plane.bytes; ++i) {
        out[i] =
            static_cast<uint8_t>(out[i] | (((from[i] >> plane.firstBit) & mask) << (part * plane.width)));
      }
    }
  }
}

void layout::unpackPlanes(unsigned bits, const uint8_t *planes, int64_t count, uint8_t *codes,
                          bool areSingle) {
  std::memset(codes, 0, static_cast<size_t>(count));
  for (const BitPlane &plane : bitPlanes(bits, count, areSingle)) {
    const uint8_t *in = planes + plane.byteOffset;
    const unsigned mask = (1u << plane.width) - 1;
    for (unsigned part = 0; part * plane.width < 8; ++part) {
      uint8_t *to = codes + part * plane.bytes;
      for (int64_t i = 0; i < plane.bytes; ++i) {
        to[i] = static_cast<uint8_t>(to[i] | (((in[i] >> (part * plane.width)) & mask) << plane.firstBit));
      }
    }
  }
}
