#include "coopt/Numerics/GgufBlocks.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::numerics;

namespace {

struct TypeInfo {
  GgufType type;
  const char *name;
  const char *description;
  int64_t elements, bytes;
  int codeOffset; ///< code = stored number - offset
};
constexpr TypeInfo kTypes[] = {
    {GgufType::Q4_0, "q4_0", "GGUF: 4-bit integers, f16 scale per 32", 32, 18, 8},
    {GgufType::Q4_1, "q4_1", "GGUF: 4-bit integers, f16 scale and minimum per 32", 32, 20, 0},
    {GgufType::Q5_0, "q5_0", "GGUF: 5-bit integers, f16 scale per 32", 32, 22, 16},
    {GgufType::Q5_1, "q5_1", "GGUF: 5-bit integers, f16 scale and minimum per 32", 32, 24, 0},
    {GgufType::Q8_0, "q8_0", "GGUF: 8-bit integers, f16 scale per 32", 32, 34, 0},
    {GgufType::Q2_K, "q2_k", "GGUF: 2-bit integers, 4-bit scales and minimums per 16, f16 ones per 256", 256,
     84, 0},
    {GgufType::Q3_K, "q3_k", "GGUF: 3-bit integers, 6-bit scales per 16, f16 scale per 256", 256, 110, 4},
    {GgufType::Q4_K, "q4_k", "GGUF: 4-bit integers, 6-bit scales and minimums per 32, f16 ones per 256", 256,
     144, 0},
    {GgufType::Q5_K, "q5_k", "GGUF: 5-bit integers, 6-bit scales and minimums per 32, f16 ones per 256", 256,
     176, 0},
    {GgufType::Q6_K, "q6_k", "GGUF: 6-bit integers, 8-bit scales per 16, f16 scale per 256", 256, 210, 32},
    {GgufType::Q8_K, "q8_k", "GGUF: 8-bit integers, f32 scale per 256, sums of 16", 256, 292, 0},
    {GgufType::TQ1_0, "tq1_0", "GGUF: -1 0 1, five per byte, f16 scale per 256", 256, 54, 1},
    {GgufType::TQ2_0, "tq2_0", "GGUF: -1 0 1, f16 scale per 256", 256, 66, 1},
    {GgufType::IQ4_NL, "iq4_nl", "GGUF: 16 integers as codebook, f16 scale per 32", 32, 18, 0},
    {GgufType::IQ4_XS, "iq4_xs", "GGUF: 16 integers as codebook, 6-bit scales per 32, f16 scale per 256", 256,
     136, 0},
    {GgufType::MXFP4, "mxfp4-ggml", "GGUF: E2M1, power of two per 32", 32, 17, 0},
    {GgufType::NVFP4, "nvfp4-ggml", "GGUF: E2M1, E4M3 scale per 16", 64, 36, 0},
};
const TypeInfo &infoOf(GgufType type) { return kTypes[static_cast<size_t>(type)]; }

/// Bits of a byte of a block.
struct BitField {
  int64_t byte;
  int shift, bits;
};
/// A number of a block: its fields from the lowest bits upwards.
using Place = std::vector<BitField>;

enum class Part { Scale0, Scale1, Minimum0, Minimum1 };

Place bytesAt(int64_t offset, int64_t count) {
  Place place;
  for (int64_t i = 0; i < count; ++i) {
    place.push_back({offset + i, 0, 8});
  }
  return place;
}

/// Where the code of element e stands; not for TQ1_0, whose bytes hold five.
Place codePlace(GgufType type, int64_t e) {
  auto nibble = [&](int64_t base) { return BitField{base + e % 16, static_cast<int>(e / 16) * 4, 4}; };
  auto fifth = [&](int64_t base) { return BitField{base + e / 8, static_cast<int>(e % 8), 1}; };
  int64_t chunk = e / 128, inChunk = e % 128;
  int quarter = static_cast<int>(inChunk / 32);
  switch (type) {
  case GgufType::Q4_0:
  case GgufType::IQ4_NL:
    return {nibble(2)};
  case GgufType::Q4_1:
    return {nibble(4)};
  case GgufType::Q5_0:
    return {nibble(6), fifth(2)};
  case GgufType::Q5_1:
    return {nibble(8), fifth(4)};
  case GgufType::Q8_0:
    return bytesAt(2 + e, 1);
  case GgufType::Q2_K:
    return {{16 + 32 * chunk + e % 32, 2 * quarter, 2}};
  case GgufType::Q3_K:
    return {{32 + 32 * chunk + e % 32, 2 * quarter, 2}, {e % 32, static_cast<int>(e / 32), 1}};
  case GgufType::Q5_K:
    return {{48 + 32 * (e / 64) + e % 32, static_cast<int>(e % 64 / 32) * 4, 4},
            {16 + e % 32, static_cast<int>(e / 32), 1}};
  case GgufType::Q4_K:
    return {{16 + 32 * (e / 64) + e % 32, static_cast<int>(e % 64 / 32) * 4, 4}};
  case GgufType::Q6_K:
    return {{64 * chunk + quarter % 2 * 32 + e % 32, quarter / 2 * 4, 4},
            {128 + 32 * chunk + e % 32, 2 * quarter, 2}};
  case GgufType::Q8_K:
    return bytesAt(4 + e, 1);
  case GgufType::TQ1_0:
    break;
  case GgufType::TQ2_0:
    return {{32 * chunk + e % 32, 2 * quarter, 2}};
  case GgufType::IQ4_XS:
    return {{8 + 16 * (e / 32) + e % 16, static_cast<int>(e % 32 / 16) * 4, 4}};
  case GgufType::MXFP4:
    return {nibble(1)};
  case GgufType::NVFP4:
    return {{4 + 8 * (e / 16) + e % 8, static_cast<int>(e % 16 / 8) * 4, 4}};
  }
  return {};
}

/// Where number g of a part stands in a block.
Place partPlace(GgufType type, Part part, int64_t g) {
  bool inner = part == Part::Scale0 || part == Part::Minimum0;
  bool minimum = part == Part::Minimum0 || part == Part::Minimum1;
  switch (type) {
  case GgufType::Q4_0:
  case GgufType::Q4_1:
  case GgufType::Q5_0:
  case GgufType::Q5_1:
  case GgufType::Q8_0:
  case GgufType::IQ4_NL:
    return bytesAt(minimum ? 2 : 0, 2);
  case GgufType::IQ4_XS:
    return inner ? Place{{4 + g / 2, static_cast<int>(g % 2) * 4, 4},
                         {2 + g / 4, static_cast<int>(g % 4) * 2, 2}}
                 : bytesAt(0, 2);
  case GgufType::Q2_K:
    return inner ? Place{{g, minimum ? 4 : 0, 4}} : bytesAt(minimum ? 82 : 80, 2);
  case GgufType::Q3_K:
    return inner ? Place{{96 + g % 8, static_cast<int>(g / 8) * 4, 4},
                         {104 + g % 4, static_cast<int>(g / 4) * 2, 2}}
                 : bytesAt(108, 2);
  case GgufType::Q4_K:
  case GgufType::Q5_K:
    if (!inner) {
      return bytesAt(minimum ? 2 : 0, 2);
    }
    if (g < 4) {
      return {{4 + g + (minimum ? 4 : 0), 0, 6}};
    }
    return {{8 + g, minimum ? 4 : 0, 4}, {minimum ? 4 + g : g, 6, 2}};
  case GgufType::Q6_K:
    return inner ? bytesAt(192 + g, 1) : bytesAt(208, 2);
  case GgufType::Q8_K:
    return bytesAt(0, 4);
  case GgufType::TQ1_0:
    return bytesAt(52, 2);
  case GgufType::TQ2_0:
    return bytesAt(64, 2);
  case GgufType::MXFP4:
    return bytesAt(0, 1);
  case GgufType::NVFP4:
    return bytesAt(g, 1);
  }
  return {};
}

/// Q3_K and IQ4_XS store scales plus 32, which is two's complement of 6 bits with the other sign.
uint32_t signBit(GgufType type, Part part) {
  return (type == GgufType::Q3_K || type == GgufType::IQ4_XS) && part == Part::Scale0 ? 1u << 5 : 0;
}

uint32_t read(const uint8_t *block, const Place &place) {
  uint32_t value = 0;
  int at = 0;
  for (const BitField &field : place) {
    value |= (uint32_t(block[field.byte]) >> field.shift & ((1u << field.bits) - 1)) << at;
    at += field.bits;
  }
  return value;
}
void write(uint8_t *block, const Place &place, uint32_t value) {
  for (const BitField &field : place) {
    block[field.byte] |= static_cast<uint8_t>((value & ((1u << field.bits) - 1)) << field.shift);
    value >>= field.bits;
  }
}

/// TQ1_0: the byte of element e, which of its trits it is, and how many trits the byte holds.
struct TritPlace {
  int64_t byte;
  int trit, count;
};
TritPlace tritPlace(int64_t e) {
  if (e < 160) {
    return {e % 32, static_cast<int>(e / 32), 5};
  }
  if (e < 240) {
    return {32 + (e - 160) % 16, static_cast<int>((e - 160) / 16), 5};
  }
  return {48 + (e - 240) % 4, static_cast<int>((e - 240) / 4), 4};
}
constexpr int kPowersOf3[] = {1, 3, 9, 27, 81, 243};

int readTrit(const uint8_t *block, int64_t e) {
  TritPlace place = tritPlace(e);
  auto shifted = static_cast<uint8_t>(block[place.byte] * kPowersOf3[place.trit]);
  return shifted * 3 >> 8;
}
void writeTrits(uint8_t *block, const int (&trits)[256]) {
  int sums[52] = {};
  for (int64_t e = 0; e < 256; ++e) {
    TritPlace place = tritPlace(e);
    sums[place.byte] += trits[e] * kPowersOf3[4 - place.trit];
  }
  for (int i = 0; i < 52; ++i) {
    block[i] = static_cast<uint8_t>((sums[i] * 256 + 242) / 243);
  }
}

/// The levels of a format with the parts of the block that hold them.
template <class Components, class Visit>
void forEachPart(const BlockFormat &format, Components &components, Visit visit) {
  for (size_t i = 0; i < format.scales.size(); ++i) {
    visit(i == 0 ? Part::Scale0 : Part::Scale1, format.scales[i], components.scales[i]);
  }
  if (format.minimums) {
    for (size_t i = 0; i < format.minimums->levels.size(); ++i) {
      visit(i == 0 ? Part::Minimum0 : Part::Minimum1, format.minimums->levels[i], components.minimums[i]);
    }
  }
}

ElementFormat integer(int bits, bool isSigned) { return *ElementFormat::makeInteger(bits, isSigned); }

} // namespace

const std::vector<GgufType> &numerics::allGgufTypes() {
  static const std::vector<GgufType> types = [] {
    std::vector<GgufType> result;
    for (const TypeInfo &info : kTypes) {
      result.push_back(info.type);
    }
    return result;
  }();
  return types;
}
std::string numerics::ggufName(GgufType type) { return infoOf(type).name; }
std::optional<GgufType> numerics::ggufTypeNamed(std::string_view name) {
  for (const TypeInfo &info : kTypes) {
    if (name == info.name) {
      return info.type;
    }
  }
  return std::nullopt;
}
int64_t numerics::ggufBlockElements(GgufType type) { return infoOf(type).elements; }
int64_t numerics::ggufBlockBytes(GgufType type) { return infoOf(type).bytes; }

BlockFormat numerics::ggufFormat(GgufType type) {
  const ElementFormat f16 = ElementFormat::f16();
  BlockFormat format;
  format.name = infoOf(type).name;
  format.description = infoOf(type).description;
  format.scales = {{f16, infoOf(type).elements, 1}};
  format.encoding.convention = EncodingConvention::Ggml;
  auto element = [&](int bits, bool isSigned, EncodingKind kind) {
    format.element.format = integer(bits, isSigned);
    format.encoding.kind = kind;
  };
  auto twoLevels = [&](const ElementFormat &inner, int64_t span, bool hasMinimums) {
    format.scales.insert(format.scales.begin(), {inner, span, 1});
    if (hasMinimums) {
      format.minimums = Minimums{2, true, format.scales};
    }
  };
  switch (type) {
  case GgufType::Q4_0:
  case GgufType::Q5_0:
    element(type == GgufType::Q4_0 ? 4 : 5, true, EncodingKind::SignedAmax);
    break;
  case GgufType::Q4_1:
  case GgufType::Q5_1:
    element(type == GgufType::Q4_1 ? 4 : 5, false, EncodingKind::MinMax);
    format.minimums = Minimums{1, false, format.scales};
    break;
  case GgufType::Q8_0:
    element(8, true, EncodingKind::Amax);
    format.encoding.rounding = Rounding::NearestAway;
    break;
  case GgufType::Q2_K:
    element(2, false, EncodingKind::None);
    twoLevels(integer(4, false), 16, true);
    break;
  case GgufType::Q3_K:
    element(3, true, EncodingKind::None);
    twoLevels(integer(6, true), 16, false);
    break;
  case GgufType::Q5_K:
    element(5, false, EncodingKind::None);
    twoLevels(integer(6, false), 32, true);
    break;
  case GgufType::Q4_K:
    element(4, false, EncodingKind::None);
    twoLevels(integer(6, false), 32, true);
    break;
  case GgufType::Q6_K:
    element(6, true, EncodingKind::None);
    twoLevels(integer(8, true), 16, false);
    break;
  case GgufType::Q8_K:
    element(8, true, EncodingKind::None);
    format.scales[0].type = ElementFormat::f32();
    break;
  case GgufType::TQ1_0:
  case GgufType::TQ2_0:
    element(2, true, EncodingKind::Amax);
    format.encoding.rounding = Rounding::NearestAway;
    break;
  case GgufType::IQ4_NL:
  case GgufType::IQ4_XS:
    element(4, false, EncodingKind::None);
    format.element.codebooks = {{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}};
    if (type == GgufType::IQ4_XS) {
      twoLevels(integer(6, true), 32, false);
    }
    break;
  case GgufType::MXFP4:
  case GgufType::NVFP4:
    element(4, false, type == GgufType::MXFP4 ? EncodingKind::SharedExponent : EncodingKind::None);
    format.element.codebooks = {{0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6}};
    format.encoding.rounding = Rounding::NearestToZero;
    format.encoding.convention = EncodingConvention::Division;
    format.scales = {{type == GgufType::MXFP4 ? ElementFormat::e8m0() : ElementFormat::e4m3(),
                      type == GgufType::MXFP4 ? 32 : 16, 1}};
    break;
  }
  return format;
}

Expected<BlockComponents> numerics::splitGgufMatrix(GgufType type, const uint8_t *bytes, size_t size,
                                                    int64_t rows, int64_t K, GgufWanted wanted) {
  const TypeInfo &info = infoOf(type);
  std::string place = std::string("gguf ") + info.name;
  if (K < 0 || rows < 0 || K % info.elements != 0) {
    return fail(place + ": expected rows of a multiple of " + std::to_string(info.elements) +
                " elements, got " + std::to_string(K));
  }
  // size bounds rows and K, so that nothing below overflows.
  uint64_t blocksPerRow = static_cast<uint64_t>(K / info.elements);
  uint64_t blocks = size / static_cast<uint64_t>(info.bytes);
  bool fits = size % static_cast<uint64_t>(info.bytes) == 0 &&
              (rows == 0 || blocksPerRow == 0
                   ? blocks == 0
                   : blocks % blocksPerRow == 0 && blocks / blocksPerRow == static_cast<uint64_t>(rows));
  if (!fits) {
    return fail(place + ": " + std::to_string(size) + " bytes do not hold " + std::to_string(rows) +
                " rows of " + std::to_string(K) + " elements");
  }
  BlockFormat format = ggufFormat(type);
  BlockComponents result = BlockComponents::make(format, rows, K);
  std::vector<Place> codePlaces;
  for (int64_t e = 0; e < info.elements; ++e) {
    codePlaces.push_back(codePlace(type, e));
  }
  const bool isSignedByte = type == GgufType::Q8_0 || type == GgufType::Q8_K;
  for (uint64_t block = 0; block < blocks; ++block) {
    const uint8_t *data = bytes + block * static_cast<uint64_t>(info.bytes);
    uint8_t *codes = result.codes.data() + block * static_cast<uint64_t>(info.elements);
    for (int64_t e = 0; e < info.elements && wanted != GgufWanted::Numbers; ++e) {
      int stored = type == GgufType::TQ1_0 ? readTrit(data, e)
                                           : static_cast<int>(read(data, codePlaces[static_cast<size_t>(e)]));
      if (type == GgufType::TQ2_0 && stored == 3) {
        return fail(place + ": element " + std::to_string(e) + " of block " + std::to_string(block) +
                    ": expected a code of 0, 1 or 2, got 3");
      }
      codes[e] = static_cast<uint8_t>(isSignedByte ? stored : stored - info.codeOffset);
    }
    if (wanted == GgufWanted::Codes) {
      continue;
    }
    forEachPart(format, result, [&](Part part, const ScaleLevel &level, std::vector<float> &values) {
      int64_t perBlock = info.elements / level.span;
      for (int64_t g = 0; g < perBlock; ++g) {
        uint32_t stored = read(data, partPlace(type, part, g)) ^ signBit(type, part);
        if (type == GgufType::NVFP4) {
          stored = (stored & 0x7f) == 0x7f ? 0 : stored & 0x7f;
        }
        values[block * static_cast<uint64_t>(perBlock) + static_cast<uint64_t>(g)] =
            level.type.decode(stored);
      }
    });
  }
  return result;
}

Expected<BlockComponents> numerics::splitGgufRow(GgufType type, const uint8_t *bytes, size_t size,
                                                 int64_t K) {
  return splitGgufMatrix(type, bytes, size, K == 0 ? 0 : 1, K);
}

Expected<std::vector<uint8_t>> numerics::joinGguf(GgufType type, const BlockComponents &components) {
  const TypeInfo &info = infoOf(type);
  BlockFormat format = ggufFormat(type);
  if (Status status = components.check(format); !status) {
    return forward(status.error(), std::string("gguf ") + info.name);
  }
  if (components.K % info.elements != 0) {
    return fail(std::string("gguf ") + info.name + ": expected rows of a multiple of " +
                std::to_string(info.elements) + " elements, got " + std::to_string(components.K));
  }
  size_t blocks = components.codes.size() / static_cast<size_t>(info.elements);
  std::vector<uint8_t> bytes(blocks * static_cast<size_t>(info.bytes));
  for (size_t block = 0; block < blocks; ++block) {
    uint8_t *data = bytes.data() + block * static_cast<size_t>(info.bytes);
    const uint8_t *codes = components.codes.data() + block * static_cast<size_t>(info.elements);
    int trits[256] = {};
    int sums[16] = {};
    for (int64_t e = 0; e < info.elements; ++e) {
      auto stored = static_cast<uint32_t>(codes[e] + info.codeOffset);
      if (type == GgufType::TQ1_0) {
        trits[e] = static_cast<int>(std::min<uint32_t>(stored & 3, 2));
      } else {
        write(data, codePlace(type, e), stored);
      }
      sums[e / 16] += static_cast<int8_t>(codes[e]);
    }
    if (type == GgufType::TQ1_0) {
      writeTrits(data, trits);
    }
    if (type == GgufType::Q8_K) {
      for (int64_t g = 0; g < 16; ++g) {
        write(data, bytesAt(260 + 2 * g, 2), static_cast<uint32_t>(sums[g]));
      }
    }
    forEachPart(format, components,
                [&](Part part, const ScaleLevel &level, const std::vector<float> &values) {
                  auto perBlock = static_cast<size_t>(info.elements / level.span);
                  for (size_t g = 0; g < perBlock; ++g) {
                    write(data, partPlace(type, part, static_cast<int64_t>(g)),
                          level.type.encode(values[block * perBlock + g]) ^ signBit(type, part));
                  }
                });
  }
  return bytes;
}
