//===- CodedCache.h - Keys and values of a cache as codes, byte by byte -----===//
//
// A slab holds the keys or the values of one head. Its positions, of `positionBytes` each, are
//
//   kept      with a residual only: i64 the first position that the residual holds; from byte 64 on `residual`
//             rows of f16, position p in row p mod residual
//   blocks    of `group` positions each: scales, minimums (of MinMax), and a row of codes for each position
//
// Symmetric (8 bits; a block is one position): one f32 scale s for all channels,
//
//   s = amax / 127, 1 if that is 0;  q = rne(x / s) in -127 .. 127;  x~ = q * s
//
// which is IntegerGroupFormat {8, 0, symmetric, f32} of GroupQuantization.h. MinMax (2 or 4 bits) is KIVI (KiviCache.h):
//
//   s = f16((max - min) / (2^b - 1)), 1 if that is 0;  m = min;  q = rne((x - m) / s) in 0 .. 2^b - 1;  x~ = q * s + m
//
// in binary32, of numbers that were rounded to f16 before. Keys have a scale and a minimum for each channel of a block
// (f16: scales of all channels, then minimums), values for each `group` channels of a position, the last of a row
// perhaps fewer (scales of all positions, then minimums).
//
// Codes of a row lie in planes: with n = ceil(channels * bits / 8) bytes, that of channel d is in byte d mod n at bit
// bits * (d / n), so that neighbours have neighbouring bytes and unpacking is a shift and a mask.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_CODEDCACHE_H
#define COOPT_NUMERICS_CODEDCACHE_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace coopt::numerics {

struct CodedCache {
  bool symmetric = true;
  int bits = 8;
  int64_t group = 1;    ///< positions of a block; channels of a group of values
  int64_t residual = 0; ///< rows of f16
  int64_t channels = 1; ///< of a head

  static constexpr int64_t kMarkBytes = 64; ///< in front of the residual

  bool hasResidual() const { return residual > 0; }
  int64_t planes() const { return 8 / bits; }
  int64_t codeBytes() const { return ceilDiv(channels, planes()); } ///< of a position
  int64_t valueGroups() const { return symmetric ? 1 : ceilDiv(channels, group); }
  int64_t channelsOfGroup() const { return symmetric ? channels : group; }
  int64_t scaleBytes() const { return symmetric ? 4 : 2; }
  /// Scales of a block, of which there are as many minimums.
  int64_t scales(bool keys) const { return symmetric ? 1 : keys ? channels : group * valueGroups(); }

  /// Offsets within a block.
  int64_t minimumOffset(bool keys) const { return scales(keys) * scaleBytes(); }
  int64_t codeOffset(bool keys) const { return minimumOffset(keys) * (symmetric ? 1 : 2); }

  int64_t positionBytes() const {
    int64_t meta = std::max(codeOffset(true), codeOffset(false));
    return codeBytes() + ceilDiv(meta, group);
  }
  /// Positions in front of the first block, and with those that `capacity` positions take.
  int64_t keptPositions() const {
    return hasResidual() ? ceilDiv(kMarkBytes + residual * channels * 2, positionBytes()) : 0;
  }
  int64_t storedPositions(int64_t capacity) const {
    return keptPositions() + ceilDiv(capacity, group) * group;
  }

  /// A run of bytes of a row of codes, at most `lanes`. In each plane its channels all exist or none of them, and
  /// they are of one group.
  struct Run {
    int64_t byte, length;
  };
  std::vector<Run> runs(int64_t lanes) const {
    std::vector<Run> result;
    for (int64_t byte = 0, end = 0; byte < codeBytes(); byte = end) {
      end = std::min(byte + lanes, codeBytes());
      for (int64_t plane = 0; plane < planes(); ++plane) {
        int64_t channel = plane * codeBytes() + byte;
        if (channel < channels) {
          int64_t groupEnd = (channel / channelsOfGroup() + 1) * channelsOfGroup();
          end = std::min(end, byte + std::min(groupEnd, channels) - channel);
        }
      }
      result.push_back({byte, end - byte});
    }
    return result;
  }

private:
  static int64_t ceilDiv(int64_t x, int64_t y) { return (x + y - 1) / y; }
};

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_CODEDCACHE_H
