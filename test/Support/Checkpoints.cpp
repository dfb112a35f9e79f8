#include "Checkpoints.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

namespace coopt::test {

namespace {

std::string readAll(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// (1 + j / 16) 2^-e as binary16 and bfloat16, which hold it exactly; 0 <= e <= 14.
uint16_t half(int e, int j) { return static_cast<uint16_t>((15 - e) << 10 | j << 6); }
uint16_t bfloat(int e, int j) { return static_cast<uint16_t>((127 - e) << 7 | j << 3); }
float number(int e, int j) { return std::ldexp(static_cast<float>(16 + j), -e - 4); }

/// Sets bits [at, at + count) of a sequence of words, the lowest first.
void setBits(std::vector<uint32_t> &words, int64_t stride, int64_t offset, int64_t at, int count,
             uint32_t value) {
  for (int i = 0; i < count; ++i) {
    if (value >> i & 1) {
      words[static_cast<size_t>(offset + (at + i) / 32 * stride)] |= 1u << ((at + i) % 32);
    }
  }
}

float e4m3(uint8_t code) {
  int exponent = code >> 3 & 15, mantissa = code & 7;
  float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                  : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  return code & 0x80 ? -magnitude : magnitude;
}

} // namespace

FileTensors readSafetensors(const std::string &path) {
  std::string bytes = readAll(path);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  auto header = nlohmann::json::parse(bytes.substr(8, length));
  FileTensors tensors;
  for (const auto &[name, entry] : header.items()) {
    if (name != "__metadata__") {
      size_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
      tensors[name] = {entry["dtype"], entry["shape"], bytes.substr(8 + length + begin, end - begin)};
    }
  }
  return tensors;
}

void writeSafetensors(const std::string &path, const FileTensors &tensors) {
  nlohmann::json header = nlohmann::json::object();
  std::string data;
  for (const auto &[name, tensor] : tensors) {
    header[name] = {{"dtype", tensor.type},
                    {"shape", tensor.shape},
                    {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  std::string text = header.dump();
  uint64_t length = text.size();
  std::ofstream(path, std::ios::binary)
      << std::string(reinterpret_cast<const char *>(&length), 8) << text << data;
}

std::string Storage::config() const {
  const nlohmann::json size = group == 0 ? -1 : static_cast<int>(group);
  if (method == "gptq" || method == "gptq_v2") {
    return nlohmann::json{{"quant_method", "gptq"}, {"bits", bits},     {"group_size", size},
                          {"desc_act", isSorted},   {"sym", symmetric}, {"checkpoint_format", method}}
        .dump();
  }
  if (method == "awq") {
    return nlohmann::json{{"quant_method", "awq"},
                          {"bits", bits},
                          {"group_size", size},
                          {"zero_point", true},
                          {"version", "gemm"}}
        .dump();
  }
  const bool isFloat = method == "floats";
  nlohmann::json weights = {
      {"num_bits", bits}, {"type", isFloat ? "float" : "int"}, {"symmetric", symmetric}};
  weights["strategy"] = oneScale ? "tensor" : group == 0 ? "channel" : "group";
  weights["actorder"] = isSorted ? nlohmann::json("group") : nlohmann::json();
  weights["group_size"] = group == 0 ? nlohmann::json() : size;
  nlohmann::json layers = {{"weights", weights}, {"input_activations", nullptr}, {"targets", {"Linear"}}};
  return nlohmann::json{{"quant_method", "compressed-tensors"},
                        {"format", isFloat              ? "float-quantized"
                                   : method == "packed" ? "pack-quantized"
                                                        : "int-quantized"},
                        {"config_groups", {{"group_0", layers}}},
                        {"ignore", {"lm_head"}}}
      .dump();
}

void addLayer(const Storage &storage, const std::string &name, int64_t N, int64_t K, std::mt19937 &random,
              FileTensors &coded, FileTensors &twin) {
  const int bits = storage.bits;
  const int64_t group = storage.group == 0 ? K : storage.group, G = (K + group - 1) / group;
  const bool isFloat = storage.method == "floats";
  const int levels = 1 << bits;
  std::vector<uint8_t> codes(static_cast<size_t>(N * K));
  for (uint8_t &code : codes) {
    do {
      code = static_cast<uint8_t>(random() % static_cast<unsigned>(levels));
    } while (isFloat && (code & 0x7f) == 0x7f);
  }
  // Zeros from 1 on: what "gptq" stores is one less.
  std::vector<int> zeros(static_cast<size_t>(N * G), isFloat ? 0 : levels / 2), e(zeros.size()),
      j(zeros.size());
  for (size_t i = 0; i < zeros.size(); ++i) {
    if (!storage.symmetric && !isFloat) {
      zeros[i] = std::max(1, levels / 2 - 1 + static_cast<int>(random() % 3));
    }
    const double deviation = isFloat ? 90 : std::max(0.8, levels / 3.5);
    e[i] = static_cast<int>(std::lround(std::log2(deviation * std::sqrt(static_cast<double>(K))))) +
           static_cast<int>(random() % 2);
    e[i] = std::min(e[i], 14);
    j[i] = static_cast<int>(random() % 16);
    if (storage.oneScale) {
      e[i] = e[0];
      j[i] = j[0];
    }
  }
  std::vector<int32_t> groups(static_cast<size_t>(K));
  for (int64_t k = 0; k < K; ++k) {
    groups[static_cast<size_t>(k)] = static_cast<int32_t>(k / group);
  }
  if (storage.isSorted) {
    std::mt19937 order(name.find("k_proj") != std::string::npos ? 5u : 6u);
    for (size_t k = groups.size(); k > 1; --k) {
      std::swap(groups[k - 1], groups[order() % k]);
    }
  }
  std::vector<float> numbers(codes.size());
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t k = 0; k < K; ++k) {
      const auto at = static_cast<size_t>(n * K + k),
                 g = static_cast<size_t>(n * G + groups[static_cast<size_t>(k)]);
      numbers[at] =
          (isFloat ? e4m3(codes[at]) : static_cast<float>(codes[at] - zeros[g])) * number(e[g], j[g]);
    }
  }
  twin[name + ".weight"] = fileTensor("F32", {N, K}, numbers);

  // Scales, N x G or G x N.
  const bool byGroup = storage.method == "gptq" || storage.method == "gptq_v2" || storage.method == "awq";
  std::string scales;
  const int64_t stored = storage.oneScale ? 1 : N * G;
  for (int64_t i = 0; i < stored; ++i) {
    const auto from = static_cast<size_t>(byGroup ? i % N * G + i / N : i);
    float wide = number(e[from], j[from]);
    uint16_t narrow = storage.scaleType == "F16" ? half(e[from], j[from]) : bfloat(e[from], j[from]);
    scales += storage.scaleType == "F32" ? std::string(reinterpret_cast<char *>(&wide), 4)
                                         : std::string(reinterpret_cast<char *>(&narrow), 2);
  }
  std::vector<int64_t> scaleShape = storage.oneScale ? std::vector<int64_t>{1}
                                    : byGroup        ? std::vector<int64_t>{G, N}
                                                     : std::vector<int64_t>{N, G};
  coded[name + (byGroup ? ".scales" : ".weight_scale")] = {storage.scaleType, scaleShape, scales};

  auto wordsOf = [&](int64_t fields) { return (fields * bits + 31) / 32; };
  auto code = [&](int64_t n, int64_t k) { return uint32_t(codes[static_cast<size_t>(n * K + k)]); };
  auto zero = [&](int64_t n, int64_t g) {
    return static_cast<uint32_t>(zeros[static_cast<size_t>(n * G + g)]);
  };
  const int64_t nibble[] = {0, 4, 1, 5, 2, 6, 3, 7}; // where AWQ has element i of eight
  if (storage.method == "gptq" || storage.method == "gptq_v2") {
    std::vector<uint32_t> words(static_cast<size_t>(wordsOf(K) * N)),
        zeroWords(static_cast<size_t>(G * wordsOf(N)));
    const uint32_t less = storage.method == "gptq" ? 1 : 0;
    for (int64_t n = 0; n < N; ++n) {
      for (int64_t k = 0; k < K; ++k) {
        setBits(words, N, n, k * bits, bits, code(n, k));
      }
      for (int64_t g = 0; g < G; ++g) {
        setBits(zeroWords, 1, g * wordsOf(N), n * bits, bits, zero(n, g) - less);
      }
    }
    coded[name + ".qweight"] = fileTensor("I32", {wordsOf(K), N}, words);
    coded[name + ".qzeros"] = fileTensor("I32", {G, wordsOf(N)}, zeroWords);
    coded[name + ".g_idx"] = fileTensor("I32", {K}, groups);
  } else if (storage.method == "awq") {
    std::vector<uint32_t> words(static_cast<size_t>(K * N / 8)), zeroWords(static_cast<size_t>(G * N / 8));
    for (int64_t n = 0; n < N; ++n) {
      const int64_t bit = n / 8 * 32 + nibble[n % 8] * 4;
      for (int64_t k = 0; k < K; ++k) {
        setBits(words, 1, k * N / 8, bit, 4, code(n, k));
      }
      for (int64_t g = 0; g < G; ++g) {
        setBits(zeroWords, 1, g * N / 8, bit, 4, zero(n, g));
      }
    }
    coded[name + ".qweight"] = fileTensor("I32", {K, N / 8}, words);
    coded[name + ".qzeros"] = fileTensor("I32", {G, N / 8}, zeroWords);
  } else if (storage.method == "packed") {
    std::vector<uint32_t> words(static_cast<size_t>(N * wordsOf(K))),
        zeroWords(static_cast<size_t>(wordsOf(N) * G));
    for (int64_t n = 0; n < N; ++n) {
      for (int64_t k = 0; k < K; ++k) {
        setBits(words, 1, n * wordsOf(K), k * bits, bits, code(n, k));
      }
      for (int64_t g = 0; g < G; ++g) {
        setBits(zeroWords, G, g, n * bits, bits, zero(n, g));
      }
    }
    coded[name + ".weight_packed"] = fileTensor("I32", {N, wordsOf(K)}, words);
    coded[name + ".weight_shape"] = fileTensor("I64", {2}, std::vector<int64_t>{N, K});
    if (!storage.symmetric) {
      coded[name + ".weight_zero_point"] = fileTensor("I32", {wordsOf(N), G}, zeroWords);
    }
  } else {
    std::vector<uint8_t> bytes = codes;
    for (uint8_t &byte : bytes) {
      byte = static_cast<uint8_t>(isFloat ? byte : byte - levels / 2);
    }
    coded[name + ".weight"] = fileTensor(isFloat ? "F8_E4M3" : "I8", {N, K}, bytes);
  }
  if (storage.isSorted && !byGroup) {
    coded[name + ".weight_g_idx"] = fileTensor("I32", {K}, groups);
  }
}

//===----------------------------------------------------------------------===//
// GGUF
//===----------------------------------------------------------------------===//

namespace {

template <typename T>
std::string raw(T value) {
  return std::string(reinterpret_cast<const char *>(&value), sizeof(T));
}
std::string text(const std::string &value) { return raw<uint64_t>(value.size()) + value; }

/// One type of blocks: bytes, elements, where f16 numbers stand, and how a block becomes numbers.
struct Blocks {
  std::string name;
  uint32_t number;
  size_t bytes, elements;
  std::vector<size_t> halves; ///< the scale first
  double deviation;           ///< of codes times inner scales
  std::function<void(const uint8_t *, float *)> decode;
};

float halfAt(const uint8_t *block, size_t at) {
  int bits = block[at] | block[at + 1] << 8, exponent = bits >> 10 & 31; // finite here
  float magnitude =
      std::ldexp(static_cast<float>((exponent ? 1024 : 0) + (bits & 1023)), std::max(exponent, 1) - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

int fifth(const uint8_t *bits, int i) { return (bits[i / 8] >> (i % 8) & 1) << 4; }

/// Q4_K and Q5_K, whose fifth bits are planes of their own.
void decodeTwoLevels(const uint8_t *block, const uint8_t *fifths, const uint8_t *codes, float *y) {
  const uint8_t *packed = block + 4;
  for (int sub = 0; sub < 8; ++sub) {
    int scale, minimum;
    if (sub < 4) {
      scale = packed[sub] % 64;
      minimum = packed[sub + 4] % 64;
    } else {
      scale = packed[sub + 4] % 16 + packed[sub - 4] / 64 * 16;
      minimum = packed[sub + 4] / 16 + packed[sub] / 64 * 16;
    }
    for (int i = 0; i < 32; ++i) {
      int byte = codes[sub / 2 * 32 + i], code = sub % 2 ? byte / 16 : byte % 16;
      code += fifths && (fifths[i] >> sub & 1) ? 16 : 0;
      y[sub * 32 + i] = halfAt(block, 0) * static_cast<float>(scale) * static_cast<float>(code) -
                        halfAt(block, 2) * static_cast<float>(minimum);
    }
  }
}

void decodeQ4K(const uint8_t *block, float *y) { decodeTwoLevels(block, nullptr, block + 16, y); }

void decodeQ5K(const uint8_t *block, float *y) { decodeTwoLevels(block, block + 16, block + 48, y); }

void decodeQ3K(const uint8_t *block, float *y) {
  for (int e = 0; e < 256; ++e) {
    const int plane = e / 32, l = e % 32, group = e / 16;
    const int low = block[32 + e / 128 * 32 + l] >> plane % 4 * 2 & 3, high = block[l] >> plane & 1;
    const int nibble = group < 8 ? block[96 + group] % 16 : block[96 + group - 8] / 16;
    const int scale = nibble + (block[104 + group % 4] >> group / 4 * 2 & 3) * 16 - 32;
    y[e] = halfAt(block, 108) * static_cast<float>(scale) * static_cast<float>(low + 4 * high - 4);
  }
}

/// Of 32 elements, times a scale.
void decodeIQ4(const uint8_t *codes, float scale, float *y) {
  const float table[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  for (int i = 0; i < 32; ++i) {
    y[i] = scale * table[i < 16 ? codes[i] % 16 : codes[i - 16] / 16];
  }
}

void decodeIQ4XS(const uint8_t *block, float *y) {
  for (int sub = 0; sub < 8; ++sub) {
    const int nibble = sub % 2 ? block[4 + sub / 2] / 16 : block[4 + sub / 2] % 16;
    const int scale = nibble + (block[2 + sub / 4] >> sub % 4 * 2 & 3) * 16 - 32;
    decodeIQ4(block + 8 + 16 * sub, halfAt(block, 0) * static_cast<float>(scale), y + 32 * sub);
  }
}

void decodeQ6K(const uint8_t *block, float *y) {
  for (int e = 0; e < 256; ++e) {
    int chunk = e / 128, quarter = e % 128 / 32, l = e % 32;
    int low = block[chunk * 64 + quarter % 2 * 32 + l], high = block[128 + chunk * 32 + l];
    int code = (quarter < 2 ? low % 16 : low / 16) + (high >> 2 * quarter) % 4 * 16 - 32;
    auto scale = static_cast<int8_t>(block[192 + e / 16]);
    y[e] = halfAt(block, 208) * static_cast<float>(scale) * static_cast<float>(code);
  }
}

const std::vector<Blocks> &allBlocks() {
  static const std::vector<Blocks> all = {
      {"Q4_0",
       2,
       18,
       32,
       {0},
       4.6,
       [](const uint8_t *b, float *y) {
         for (int i = 0; i < 32; ++i) {
           y[i] = halfAt(b, 0) * static_cast<float>((i < 16 ? b[2 + i] % 16 : b[2 + i - 16] / 16) - 8);
         }
       }},
      {"Q4_1",
       3,
       20,
       32,
       {0, 2},
       9,
       [](const uint8_t *b, float *y) {
         for (int i = 0; i < 32; ++i) {
           y[i] =
               halfAt(b, 0) * static_cast<float>(i < 16 ? b[4 + i] % 16 : b[4 + i - 16] / 16) + halfAt(b, 2);
         }
       }},
      {"Q5_0",
       6,
       22,
       32,
       {0},
       9.2,
       [](const uint8_t *b, float *y) {
         for (int i = 0; i < 32; ++i) {
           int nibble = i < 16 ? b[6 + i] % 16 : b[6 + i - 16] / 16;
           y[i] = halfAt(b, 0) * static_cast<float>(nibble + fifth(b + 2, i) - 16);
         }
       }},
      {"Q5_1",
       7,
       24,
       32,
       {0, 2},
       18,
       [](const uint8_t *b, float *y) {
         for (int i = 0; i < 32; ++i) {
           int nibble = i < 16 ? b[8 + i] % 16 : b[8 + i - 16] / 16;
           y[i] = halfAt(b, 0) * static_cast<float>(nibble + fifth(b + 4, i)) + halfAt(b, 2);
         }
       }},
      {"Q8_0",
       8,
       34,
       32,
       {0},
       74,
       [](const uint8_t *b, float *y) {
         for (int i = 0; i < 32; ++i) {
           y[i] = halfAt(b, 0) * static_cast<float>(static_cast<int8_t>(b[2 + i]));
         }
       }},
      {"Q2_K",
       10,
       84,
       256,
       {80, 82},
       16,
       [](const uint8_t *b, float *y) {
         for (int e = 0; e < 256; ++e) {
           int code = b[16 + e / 128 * 32 + e % 32] >> e % 128 / 32 * 2 & 3, both = b[e / 16];
           y[e] = halfAt(b, 80) * static_cast<float>(both % 16) * static_cast<float>(code) -
                  halfAt(b, 82) * static_cast<float>(both / 16);
         }
       }},
      {"Q3_K", 11, 110, 256, {108}, 42, decodeQ3K},
      {"Q4_K", 12, 144, 256, {0, 2}, 320, decodeQ4K},
      {"Q5_K", 13, 176, 256, {0, 2}, 650, decodeQ5K},
      {"Q6_K", 14, 210, 256, {208}, 1400, decodeQ6K},
      {"IQ4_NL", 20, 18, 32, {0}, 69, [](const uint8_t *b, float *y) { decodeIQ4(b + 2, halfAt(b, 0), y); }},
      {"IQ4_XS", 23, 136, 256, {0}, 1280, decodeIQ4XS},
      {"TQ2_0",
       35,
       66,
       256,
       {64},
       0.8,
       [](const uint8_t *b, float *y) {
         for (int e = 0; e < 256; ++e) {
           y[e] = halfAt(b, 64) * static_cast<float>((b[e / 128 * 32 + e % 32] >> e % 128 / 32 * 2 & 3) - 1);
         }
       }},
      {"MXFP4",
       39,
       17,
       32,
       {},
       3,
       [](const uint8_t *b, float *y) {
         const float values[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
         for (int i = 0; i < 32; ++i) {
           int code = i < 16 ? b[1 + i] % 16 : b[1 + i - 16] / 16;
           y[i] = std::ldexp(code <= 8 ? values[code % 8] : -values[code - 8], b[0] - 127); // 8 is no -0
         }
       }},
  };
  return all;
}

} // namespace

static const Blocks &blocksNamed(const std::string &type) {
  for (const Blocks &blocks : allBlocks()) {
    if (blocks.name == type) {
      return blocks;
    }
  }
  return allBlocks().front();
}

std::vector<float> decodeBlocks(const std::string &type, const std::vector<uint8_t> &bytes) {
  const Blocks &blocks = blocksNamed(type);
  std::vector<float> numbers(bytes.size() / blocks.bytes * blocks.elements);
  for (size_t i = 0; i < bytes.size() / blocks.bytes; ++i) {
    blocks.decode(bytes.data() + i * blocks.bytes, numbers.data() + i * blocks.elements);
  }
  return numbers;
}

uint32_t blocksNumber(const std::string &type) { return blocksNamed(type).number; }

std::vector<std::string> ggufBlocks() {
  std::vector<std::string> names;
  for (const Blocks &blocks : allBlocks()) {
    names.push_back(blocks.name);
  }
  return names;
}

std::string ggufModel(const std::vector<std::string> &kinds, bool isTwin, uint32_t seed) {
  std::vector<const Blocks *> inTurn;
  for (const std::string &type : kinds) {
    inTurn.push_back(&blocksNamed(type));
  }
  size_t turn = 0;
  std::mt19937 random(seed);
  std::string tensors, data;
  uint64_t count = 0;
  auto begin = [&](const std::string &tensor, std::vector<uint64_t> shape, uint32_t type) {
    data.resize((data.size() + 31) / 32 * 32);
    tensors += text(tensor) + raw(static_cast<uint32_t>(shape.size()));
    for (size_t i = shape.size(); i-- > 0;) {
      tensors += raw(shape[i]);
    }
    tensors += raw(type) + raw<uint64_t>(data.size());
    ++count;
  };
  auto matrix = [&](const std::string &tensor, uint64_t rows, uint64_t columns) {
    const Blocks *blocks = inTurn[turn++ % inTurn.size()];
    const std::string &name = blocks->name;
    begin(tensor, {rows, columns}, isTwin ? 0 : blocks->number);
    const double wanted = 1 / (blocks->deviation * std::sqrt(static_cast<double>(columns)));
    for (uint64_t i = 0; i < rows * columns / blocks->elements; ++i) {
      std::vector<uint8_t> block(blocks->bytes);
      for (uint8_t &byte : block) {
        byte = static_cast<uint8_t>(random());
      }
      if (name == "TQ2_0") { // no code 3
        for (size_t b = 0; b < 64; ++b) {
          block[b] =
              static_cast<uint8_t>(random() % 3 | random() % 3 << 2 | random() % 3 << 4 | random() % 3 << 6);
        }
      }
      const int e = static_cast<int>(std::lround(-std::log2(wanted)));
      for (size_t h : blocks->halves) {
        uint16_t bits = half(std::min(e, 14), static_cast<int>(random() % 16));
        std::memcpy(block.data() + h, &bits, 2);
      }
      if (name == "MXFP4") {
        block[0] = static_cast<uint8_t>(127 - e + static_cast<int>(random() % 2));
      }
      if (isTwin) {
        std::vector<float> numbers(blocks->elements);
        blocks->decode(block.data(), numbers.data());
        data.append(reinterpret_cast<const char *>(numbers.data()), numbers.size() * 4);
      } else {
        data.append(block.begin(), block.end());
      }
    }
  };
  auto norm = [&](const std::string &tensor, uint64_t size) {
    begin(tensor, {size}, 0);
    for (uint64_t i = 0; i < size; ++i) {
      data += raw(1.0f + static_cast<float>(i % 7) / 16);
    }
  };
  std::vector<std::string> words = {"<unk>", "<s>", "</s>"};
  for (int byte = 0; byte < 256; ++byte) {
    char hex[8];
    std::snprintf(hex, sizeof(hex), "<0x%02X>", byte);
    words.push_back(hex);
  }
  words.insert(words.end(), {"\xE2\x96\x81", "a"});
  const uint64_t vocabulary = words.size();
  matrix("token_embd.weight", vocabulary, 256);
  norm("output_norm.weight", 256);
  matrix("output.weight", vocabulary, 256);
  norm("blk.0.attn_norm.weight", 256);
  matrix("blk.0.attn_q.weight", 256, 256);
  matrix("blk.0.attn_k.weight", 128, 256);
  matrix("blk.0.attn_v.weight", 128, 256);
  matrix("blk.0.attn_output.weight", 256, 256);
  norm("blk.0.ffn_norm.weight", 256);
  matrix("blk.0.ffn_gate.weight", 512, 256);
  matrix("blk.0.ffn_up.weight", 512, 256);
  matrix("blk.0.ffn_down.weight", 256, 512);

  uint64_t entries = 0;
  std::string metadata;
  auto entry = [&](const std::string &key, uint32_t type, const std::string &value) {
    metadata += text(key) + raw(type) + value;
    ++entries;
  };
  auto u32 = [&](const std::string &key, uint32_t value) { entry(key, 4, raw(value)); };
  auto array = [&](const std::string &key, uint32_t type, const std::string &values) {
    entry(key, 9, raw(type) + raw(vocabulary) + values);
  };
  entry("general.architecture", 8, text("llama"));
  u32("llama.context_length", 32);
  u32("llama.embedding_length", 256);
  u32("llama.block_count", 1);
  u32("llama.feed_forward_length", 512);
  u32("llama.attention.head_count", 4);
  u32("llama.attention.head_count_kv", 2);
  entry("llama.attention.layer_norm_rms_epsilon", 6, raw(1e-5f));
  entry("tokenizer.ggml.model", 8, text("llama"));
  std::string texts, scores, types;
  for (uint64_t i = 0; i < vocabulary; ++i) {
    texts += text(words[i]);
    scores += raw(0.0f);
    types += raw<int32_t>(i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1);
  }
  array("tokenizer.ggml.tokens", 8, texts);
  array("tokenizer.ggml.scores", 6, scores);
  array("tokenizer.ggml.token_type", 5, types);
  u32("tokenizer.ggml.bos_token_id", 1);
  u32("tokenizer.ggml.eos_token_id", 2);
  std::string file = "GGUF" + raw<uint32_t>(3) + raw(count) + raw(entries) + metadata + tensors;
  file.resize((file.size() + 31) / 32 * 32);
  return file + data;
}

} // namespace coopt::test
