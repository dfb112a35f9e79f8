//===- FormatContractionsTest.cpp - quantized.contract over formats ----------===//
//
// Every format of the table and some of one's own: random codes and scales, contracted by the CPU's kernels and by loops
// over what Numerics decodes.
//
//===----------------------------------------------------------------------===//
#include "CompiledKernels.h"

#include "coopt/Layout/BitPlanes.h"
#include "coopt/Layout/Pack.h"
#include "coopt/Numerics/BlockFormatJson.h"
#include "coopt/Numerics/FormatTable.h"
#include "coopt/Numerics/Half.h"
#include "coopt/Numerics/StoredParts.h"

#include <cmath>
#include <cstdlib>
#include <deque>
#include <gtest/gtest.h>

namespace coopt::test {
namespace {

using namespace numerics;

/// Formats that bring what those of the table lack.
const char *const kOwnFormats[] = {
    // Five bits, a codebook, two levels of scales.
    R"({"name": "own5", "element": {"type": "codebook", "bits": 5, "values": [[-16, -13, -11, -9, -7.5, -6, -5, -4, -3.25,
        -2.5, -2, -1.5, -1, -0.625, -0.25, 0, 0.125, 0.5, 0.875, 1.25, 1.75, 2.25, 3, 3.5, 4.5, 5.5, 6.5, 8, 10, 12, 14, 17]]},
        "scales": [{"type": "u6", "span": 32}, {"type": "f16", "span": "row"}]})",
    R"({"name": "books", "element": {"type": "codebook", "bits": 2, "values": [[-1, 0, 1, 2], [-2, -1, 0, 1], [-3, -1, 1, 3],
        [-8, -1, 1, 8], [0, 1, 2, 3], [-4, 0, 4, 5], [0.5, 1, 2, 4], [-0.5, -1, -2, -4]]},
        "scales": [{"type": "bf16", "span": 8}]})",
    R"({"name": "zeros", "element": {"type": "integer", "bits": 5, "signed": false}, "zeros": {"bits": 5},
        "scales": [{"type": "e5m2", "span": 64}]})",
    R"({"name": "minimums", "element": {"type": "integer", "bits": 3, "signed": false},
        "scales": [{"type": "u4", "span": 16}, {"type": "e4m3", "span": 64}, {"type": "f32", "span": "row"}],
        "minimums": {"after": 2, "subtracted": true, "levels": [{"type": "i8", "span": 32}, {"type": "f16", "span": "row"}]}})",
    R"({"name": "e3m4", "element": {"type": "float", "exponentBits": 3, "mantissaBits": 4, "bias": 6, "specials": "ieee"},
        "scales": [{"type": "f32", "span": 4}]})",
    R"({"name": "e1m1", "element": {"type": "float", "exponentBits": 1, "mantissaBits": 1, "specials": "none"},
        "scales": [{"type": "e8m0", "span": 16}]})",
    R"({"name": "pairs", "element": {"type": "integer", "bits": 3, "outliers": [0, 8, 12, 16, 0, -8, -12, -16], "victim": 4},
        "scales": [{"type": "f32", "span": 64}]})",
    // Groups that go with no tile: computed element by element.
    R"({"name": "books of 6", "element": {"type": "codebook", "bits": 2, "values": [[-1, 0, 1, 2], [-2, -1, 0, 1]]},
        "scales": [{"type": "bf16", "span": 6}, {"type": "e4m3", "span": 18}]})",
    R"({"name": "floats of 6", "element": {"type": "float", "exponentBits": 4, "mantissaBits": 3, "specials": "nan"},
        "scales": [{"type": "e8m0", "span": 6}]})",
    R"({"name": "integers of 6", "element": {"type": "integer", "bits": 5, "signed": true, "exponent": -2},
        "scales": [{"type": "u4", "span": 6}, {"type": "f32", "span": "row"}],
        "minimums": {"after": 1, "levels": [{"type": "i5", "span": 12}]}})",
    R"({"name": "bipolars of 6", "element": {"type": "bipolar", "bits": 3}, "scales": [{"type": "f16", "span": 6}]})",
};

std::vector<BlockFormat> allFormats() {
  std::vector<BlockFormat> formats;
  for (const NamedFormat &named : listFormats()) {
    formats.push_back(named.format);
  }
  for (const char *text : kOwnFormats) {
    auto format = parseBlockFormat(text, "own format");
    EXPECT_TRUE(format) << format.error().message;
    formats.push_back(*format);
  }
  return formats;
}

struct Sizes {
  int64_t depth, first, columns; ///< K; the N rows of the weights from `first` on are used

  int64_t rows() const { return first + columns; }
  int64_t panels() const { return (rows() + 15) / 16; }
};

bool isFinite(const BlockFormat &format, uint32_t code) {
  return !format.element.codebooks.empty() || std::isfinite(format.element.format.decode(code));
}

/// Random numbers for all that a matrix in the format has.
BlockComponents randomComponents(const BlockFormat &format, const Sizes &sizes, std::mt19937 &random) {
  BlockComponents result = BlockComponents::make(format, sizes.rows(), sizes.depth);
  for (uint8_t &code : result.codes) {
    do {
      code = static_cast<uint8_t>(random() & ((1u << format.element.format.bits) - 1));
    } while (!isFinite(format, code));
  }
  auto fill = [&](const ElementFormat &type, std::vector<float> &numbers) {
    for (float &x : numbers) {
      const float wanted = type.bits <= 8 && type.kind != ElementFormat::Kind::Float &&
                                   type.kind != ElementFormat::Kind::PowerOfTwo
                               ? static_cast<float>(random() % 16)
                               : static_cast<float>(1 + random() % 4096) / 1024;
      x = type.decode(type.encode(wanted));
    }
  };
  for (size_t level = 0; level < format.scales.size(); ++level) {
    fill(format.scales[level].type, result.scales[level]);
  }
  for (size_t level = 0; format.minimums && level < format.minimums->levels.size(); ++level) {
    fill(format.minimums->levels[level].type, result.minimums[level]);
  }
  for (uint8_t &zero : result.zeros) {
    zero = static_cast<uint8_t>(random() & ((1u << format.zeroBits) - 1));
  }
  for (uint8_t &selector : result.selectors) {
    selector = static_cast<uint8_t>(random() & ((1u << format.selectorBits()) - 1));
  }
  return result;
}

std::string elementOf(const ElementFormat &type) {
  return type == ElementFormat::f32()    ? "f32"
         : type == ElementFormat::f16()  ? "f16"
         : type == ElementFormat::bf16() ? "bf16"
                                         : "i8";
}

std::string layoutOf(const StoredPart &part, const Sizes &sizes, int64_t groups) {
  return part.kind == StoredPart::Kind::Codes
             ? "[" + std::to_string(sizes.rows()) + ", " + std::to_string(sizes.depth) +
                   "] tile(d1:2, d0:4, d1:4) outer(d0, d1)"
             : "[" + std::to_string(sizes.rows()) + ", " + std::to_string(groups) +
                   "] tile(d0:4) outer(d0, d1)";
}

/// The storage of a part: packed, or for one number a row the rows that are used.
std::vector<uint8_t> storageOf(const BlockFormat &format, const BlockComponents &components,
                               const StoredPart &part, const Sizes &sizes) {
  std::vector<uint8_t> rows = storePart(format, components, part);
  const int64_t perRow = static_cast<int64_t>(rows.size()) / sizes.rows();
  if (part.span == 0) {
    return {rows.begin() + sizes.first * perRow, rows.end()};
  }
  const bool isCodes = part.kind == StoredPart::Kind::Codes;
  const int64_t bytes = isCodes ? 1 : storedBytes(part.type);
  layout::Layout layout = *layout::parse(layoutOf(part, sizes, perRow / bytes));
  std::vector<uint8_t> packed(static_cast<size_t>(layout.storageElements() * bytes));
  EXPECT_TRUE(
      layout::pack(layout, rows.data(), packed.data(), static_cast<size_t>(bytes), layout::allRows(layout)));
  if (!isCodes) {
    return packed;
  }
  const auto bits = static_cast<unsigned>(storedCodeBits(format));
  const int64_t tile = layout.tileElements();
  std::vector<uint8_t> planes(packed.size() / 8 * bits);
  for (size_t at = 0; at < packed.size(); at += static_cast<size_t>(tile)) {
    layout::packPlanes(bits, packed.data() + at, tile, planes.data() + at / 8 * bits);
  }
  return planes;
}

std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    result += c == '"' ? "\\22" : std::string(1, c);
  }
  return result + "\"";
}

/// Two functions on the same weights: any number of rows, and one row.
std::string textOf(const BlockFormat &format, const std::string &scheme, const Sizes &sizes,
                   const std::vector<std::vector<uint8_t>> &storages, const std::string &activation) {
  const std::string n = std::to_string(sizes.columns), k = std::to_string(sizes.depth);
  std::string text;
  for (const std::string rows : {"?", "1"}) {
    std::string arguments = "%a: memref<" + rows + "x" + k + "x" + activation + ">", views, names = "%a",
                types = "memref<" + rows + "x" + k + "x" + activation + ">";
    std::vector<StoredPart> parts = storedParts(format);
    for (size_t p = 0; p < parts.size(); ++p) {
      const std::string name = "%p" + std::to_string(p);
      const std::string element = parts[p].kind == StoredPart::Kind::Codes ? "i8" : elementOf(parts[p].type);
      const int64_t bytes = parts[p].kind == StoredPart::Kind::Codes ? 1 : storedBytes(parts[p].type);
      const std::string stored =
          "memref<" + std::to_string(static_cast<int64_t>(storages[p].size()) / bytes) + "x" + element + ">";
      arguments += ", " + name + ": " + stored;
      std::string view = name, type = stored;
      if (parts[p].span != 0) {
        const int64_t groups = (sizes.depth + parts[p].span - 1) / parts[p].span;
        const bool isCodes = parts[p].kind == StoredPart::Kind::Codes;
        type = "memref<" + n + "x" + std::to_string(groups) + "x" + element + ">";
        view = name + "v";
        views += view + " = model.unpack " + name + "[%n, %z] layout(<\"" +
                 layoutOf(parts[p], sizes, groups) + "\"" +
                 (isCodes ? ", bits = " + std::to_string(storedCodeBits(format)) : "") + ">) : " + stored +
                 " -> " + type + "\n";
      }
      names += ", " + view;
      types += ", " + type;
    }
    const std::string y = "memref<" + rows + "x" + n + "xf32>";
    text += "func.func @" + std::string(rows == "1" ? "one" : "many") + "(" + arguments + ", %y: " + y +
            ", %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {\n%n = "
            "arith.constant " +
            std::to_string(sizes.first) + " : index\n%z = arith.constant 0 : index\n" + views +
            "quantized.contract ins(" + names + " : " + types + ") outs(%y : " + y +
            ") schemes(float, <format = " + scheme + ">) scale_at(element)\nreturn\n}\n";
  }
  return text;
}

/// The number that is added to or subtracted from a scaled code, and what is multiplied to it afterwards.
double minimumOf(const BlockFormat &format, const BlockComponents &components, int64_t row, int64_t i) {
  if (!format.minimums) {
    return 0;
  }
  double m = 1;
  auto at = [&](const ScaleLevel &level, const std::vector<float> &numbers) {
    return numbers[static_cast<size_t>(level.offset(row, components.K) +
                                       (level.span > 0 ? i / level.span : 0))];
  };
  for (size_t level = 0; level < format.minimums->levels.size(); ++level) {
    m *= at(format.minimums->levels[level], components.minimums[level]);
  }
  for (size_t level = static_cast<size_t>(format.minimums->after); level < format.scales.size(); ++level) {
    m *= at(format.scales[level], components.scales[level]);
  }
  return m;
}

enum class Activations { F32, BFloat16 };

void check(const BlockFormat &format, bool isNamed, const Sizes &sizes, Isa isa, Activations activations) {
  const bool isRounded = activations == Activations::BFloat16;
  SCOPED_TRACE(format.name + (isRounded ? " bf16" : "") + " on " + nameOf(isa) + " K " +
               std::to_string(sizes.depth));
  std::mt19937 random(static_cast<unsigned>(format.name.size() + 10 * sizes.depth));
  BlockComponents components = randomComponents(format, sizes, random);
  std::vector<float> weights = decodeMatrix(format, components);
  BlockComponents withoutZeros = components;
  std::fill(withoutZeros.zeros.begin(), withoutZeros.zeros.end(), 0);
  std::vector<float> codesAlone = decodeMatrix(format, withoutZeros);
  std::vector<std::vector<uint8_t>> storages;
  std::deque<Buffer<uint8_t>> buffers;
  for (const StoredPart &part : storedParts(format)) {
    storages.push_back(storageOf(format, components, part, sizes));
  }
  CompiledKernels kernels(textOf(format, quoted(isNamed ? format.name : printBlockFormat(format, true)),
                                 sizes, storages, isRounded ? "bf16" : "f32"),
                          isa);
  ASSERT_TRUE(kernels.valid());
  for (const std::vector<uint8_t> &bytes : storages) {
    buffers.emplace_back(std::vector<int64_t>{static_cast<int64_t>(bytes.size())});
    std::copy(bytes.begin(), bytes.end(), buffers.back().begin());
  }
  Buffer<int8_t> scratch({1 << 18});
  scratch.fill(6, -128, 127);
  for (int64_t rows : {1, 5, 17}) {
    Buffer<float> x({rows, sizes.depth}), y({rows, sizes.columns}), one({1, sizes.columns});
    x.fill(static_cast<uint32_t>(rows), -2, 2), y.set(NAN), one.set(NAN);
    Buffer<uint16_t> halves({rows, sizes.depth});
    for (int64_t i = 0; i < rows * sizes.depth && isRounded; ++i) {
      halves[i] = bfloat16FromFloat(x[i]);
      x[i] = floatFromBFloat16(halves[i]);
    }
    std::vector<Argument> arguments;
    if (isRounded) {
      arguments = {halves};
    } else {
      arguments = {x};
    }
    for (Buffer<uint8_t> &buffer : buffers) {
      arguments.push_back(buffer); // the kernel's extents are static: only the address counts
    }
    const size_t result = arguments.size();
    arguments.push_back(y);
    arguments.push_back(scratch);
    kernels.call("many", arguments);
    if (rows == 1) {
      arguments[result] = Argument(one);
      kernels.call("one", arguments);
    }
    for (int64_t m = 0; m < rows; ++m) {
      for (int64_t n = 0; n < sizes.columns; ++n) {
        // |y - y64| <= (2 (K + 6) u + r) sum |a| (|w| + |w + zero| + 2 |minimum|) + u |y64|, u = 2^-24; r = 2^-8 if
        // weights may be rounded to bf16, else 0.
        double exact = 0, magnitude = 0;
        const int64_t row = sizes.first + n;
        for (int64_t k = 0; k < sizes.depth; ++k) {
          const double a = x[m * sizes.depth + k], w = weights[static_cast<size_t>(row * sizes.depth + k)];
          exact += a * w;
          const double moved = codesAlone[static_cast<size_t>(row * sizes.depth + k)];
          magnitude += std::fabs(a) * (std::fabs(w) + std::fabs(moved) +
                                       2 * std::fabs(minimumOf(format, components, row, k)));
        }
        const double bound =
            (isRounded ? 0x1p-8 : 0.0) * magnitude +
            0x1p-24 * (2.0 * static_cast<double>(sizes.depth + 6) * magnitude + std::fabs(exact));
        ASSERT_LE(std::fabs(y[m * sizes.columns + n] - exact), bound)
            << rows << " rows: " << m << "," << n << ": " << y[m * sizes.columns + n] << " for " << exact;
        ASSERT_TRUE(rows > 1 || std::fabs(one[n] - exact) <= bound)
            << "one row: " << n << ": " << one[n] << " for " << exact;
      }
    }
  }
}

class FormatContractions : public testing::TestWithParam<Isa> {};

TEST_P(FormatContractions, EqualLoops) {
  const std::vector<BlockFormat> formats = allFormats();
  const size_t named = listFormats().size();
  for (size_t i = 0; i < formats.size(); ++i) {
    const BlockFormat &format = formats[i];
    // Without AVX-512 the kernels differ in how tables are read and integers are made floats: some of each are enough.
    // AMX shares those of AVX-512 but for activations in bf16, of which a third does outside the slow suite.
    const bool isTable = !format.element.codebooks.empty() || !format.element.outliers.empty();
    const bool isOne = i % 4 == 0 || (isTable && i >= named);
    const Sizes sizes[] = {{200, 0, 40}, {72, 16, 17}, {320, 0, 33}};
    if (GetParam() == Isa::Avx512 || (GetParam() != Isa::Amx && isOne)) {
      check(format, i < named, sizes[i % 3], GetParam(), Activations::F32);
    }
    const bool isOneOfAmx = i % 3 == 0 || i >= named || std::getenv("COOPT_SLOW");
    if (GetParam() == Isa::Amx ? isOneOfAmx : isOne && i % 8 == 0) {
      check(format, i < named, sizes[(i + 1) % 3], GetParam(), Activations::BFloat16);
    }
    if (HasFatalFailure()) {
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, FormatContractions, testing::ValuesIn(runnableIsas()),
                         [](const auto &info) { return std::string(nameOf(info.param)); });

} // namespace
} // namespace coopt::test
