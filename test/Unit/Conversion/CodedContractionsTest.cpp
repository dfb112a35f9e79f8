//===- CodedContractionsTest.cpp - quantized.contract over schemes -----------===//
//
// Weights of 2 to 8 bits with all that a scheme may have, packed by hand into the layout of the CPU's kernels,
// against loops written from the op's description.
//
//===----------------------------------------------------------------------===//
#include "CompiledKernels.h"

#include <cmath>
#include <gtest/gtest.h>

namespace coopt::test {
namespace {

enum class Activations { Int8, Float };

struct Case {
  unsigned bits;
  bool asymmetric;
  int64_t group; ///< 0: the row
  Activations activations;
  int64_t depth, first, columns; ///< K; the N rows of the weights from `first` on are used
  bool twoLevels = false;
  bool f32Groups = false; ///< scales of groups are f32, not f16

  bool isFloat() const { return activations == Activations::Float; }
  int64_t rows() const { return first + columns; }
  /// Columns that share a scale.
  int64_t size() const { return group == 0 ? depth : std::min(group, depth); }
  int64_t groups() const { return (depth + size() - 1) / size(); }
  int64_t panels() const { return (rows() + 15) / 16; }
  int64_t tiles() const { return (depth + 63) / 64; }
  bool hasF16() const { return group != 0 && !twoLevels && !f32Groups; }
};

const Activations I = Activations::Int8, F = Activations::Float;
const Case kCases[] = {
    {8, false, 0, I, 64, 0, 40},
    {8, true, 0, I, 72, 16, 17},
    {8, true, 32, I, 200, 0, 17},
    {7, false, 0, I, 128, 0, 64},
    {7, true, 0, I, 200, 0, 33},
    {6, true, 64, I, 200, 16, 16},
    {5, false, 16, I, 72, 0, 17, false, true},
    {4, false, 128, I, 200, 0, 40},
    {4, true, 32, I, 128, 0, 64},
    {4, false, 0, I, 200, 32, 17},
    {3, false, 4, I, 72, 0, 1},
    {3, true, 0, I, 4, 0, 17},
    {2, true, 8, I, 200, 0, 40},
    {2, false, 256, I, 72, 0, 17},
    {4, true, 128, I, 200, 0, 40, true},
    {4, true, 16, I, 72, 16, 17, true},
    {4, true, 64, I, 64, 0, 1, true},
    {8, false, 0, F, 128, 0, 64},
    {8, true, 16, F, 72, 16, 17},
    {7, true, 0, F, 4, 0, 17},
    {6, false, 256, F, 72, 0, 16},
    {5, false, 64, F, 200, 0, 33},
    {4, true, 32, F, 200, 0, 40},
    {4, true, 128, F, 128, 0, 1, false, true},
    {3, true, 4, F, 72, 0, 17},
    {2, true, 8, F, 64, 32, 8},
    {4, true, 32, F, 72, 0, 17, true},
};

std::string describe(const Case &c) {
  return "w" + std::to_string(c.bits) + (c.asymmetric ? " asymmetric" : " symmetric") + " group " +
         std::to_string(c.group) + (c.twoLevels ? " two levels" : "") + (c.isFloat() ? " float" : " int8") +
         " K " + std::to_string(c.depth) + " N " + std::to_string(c.columns);
}

/// The logical weights: codes and zeros as numbers, scales exact in their types.
struct Weights {
  std::vector<int> codes;    ///< rows x depth
  std::vector<int> zeros;    ///< rows x groups, 0 if symmetric
  std::vector<float> scales; ///< rows x groups
  std::vector<float> outer;  ///< rows

  Weights(const Case &c, std::mt19937 &random) {
    auto uniform = [&](int low, int high) { return low + static_cast<int>(random() % (high - low + 1)); };
    const int range = 1 << c.bits, low = c.asymmetric ? 0 : -range / 2;
    for (int64_t i = 0; i < c.rows() * c.groups(); ++i) {
      zeros.push_back(c.asymmetric ? uniform(0, range - 1) : 0);
      float scale = static_cast<float>(uniform(1, 1 << 11)) / (1 << 14);
      scales.push_back(c.twoLevels ? static_cast<float>(uniform(1, 16)) : scale);
    }
    for (int64_t n = 0; n < c.rows(); ++n) {
      outer.push_back(static_cast<float>(uniform(1, 1 << 20)) / (1 << 24));
      for (int64_t k = 0; k < c.depth; ++k) {
        // The extremes come often: sums must not saturate.
        int code = k < 12 ? low + (k % 3 == 2 ? uniform(0, 1) : range - 1) : low + uniform(0, range - 1);
        if (c.twoLevels) {
          // What the first product gives is an integer of 8 bits.
          const int64_t g = n * c.groups() + k / c.size();
          while (std::abs((code - zeros[g]) * static_cast<int>(scales[g])) > 127) {
            code += code < zeros[g] ? 1 : -1;
          }
        }
        codes.push_back(code);
      }
    }
  }
};

/// Widths of the planes of a tile of codes.
std::vector<unsigned> planeWidths(unsigned bits) {
  std::vector<unsigned> widths;
  for (unsigned width : {8u, 4u, 2u, 1u}) {
    if (bits & width) {
      widths.push_back(width);
    }
  }
  return widths;
}

/// [N/16][K/64][16 k][16 n][4 k], each tile of 1024 codes as planes. Padding is left as it was.
void packCodes(const Case &c, const Weights &w, Buffer<uint8_t> &storage) {
  for (int64_t n = 0; n < c.rows(); ++n) {
    for (int64_t k = 0; k < c.depth; ++k) {
      const int64_t tile = n / 16 * c.tiles() + k / 64, q = k % 64 / 4 * 64 + n % 16 * 4 + k % 4;
      unsigned code = static_cast<unsigned>(w.codes[n * c.depth + k]);
      int64_t plane = tile * 128 * c.bits;
      for (unsigned width : planeWidths(c.bits)) {
        const int64_t bytes = 128 * width;
        const unsigned shift = width * static_cast<unsigned>(q / bytes), mask = ((1u << width) - 1) << shift;
        uint8_t &byte = storage[plane + q % bytes];
        byte = static_cast<uint8_t>((byte & ~mask) | (code << shift & mask));
        code >>= width;
        plane += bytes;
      }
    }
  }
}

/// [N/16][groups][16 n].
template <typename T, typename S>
void packGroups(const Case &c, const std::vector<S> &numbers, Buffer<T> &storage) {
  for (int64_t n = 0; n < c.rows(); ++n) {
    for (int64_t g = 0; g < c.groups(); ++g) {
      storage[(n / 16 * c.groups() + g) * 16 + n % 16] = static_cast<T>(numbers[n * c.groups() + g]);
    }
  }
}

/// Two functions on the same weights: any number of rows, and one row.
std::string textOf(const Case &c) {
  const std::string n = std::to_string(c.columns), k = std::to_string(c.depth),
                    g = std::to_string(c.groups());
  const std::string all = std::to_string(c.rows()), stored = std::to_string(c.panels() * c.groups() * 16);
  const std::string scale = c.twoLevels ? "i8" : c.hasF16() ? "f16" : "f32";
  const std::string scheme = "<bits = " + std::to_string(c.bits) + ", group = " + std::to_string(c.group) +
                             (c.asymmetric ? ", asymmetric" : ", symmetric") + ", scale = " + scale +
                             (c.twoLevels ? ", outer = f32>" : ">");
  const std::string place = c.isFloat() ? "element" : c.group == 0 || c.twoLevels ? "output" : "group";
  std::string text;
  for (const std::string rows : {"?", "1"}) {
    const std::string a = "memref<" + rows + "x" + k + (c.isFloat() ? "xf32>" : "xi8>");
    const std::string packed = "memref<" + std::to_string(c.panels() * c.tiles() * 128 * c.bits) + "xi8>";
    std::string arguments = "%a: " + a, views, names = "%a", types = a;
    auto pass = [&](const std::string &name, const std::string &type) {
      arguments += ", " + name + ": " + type;
    };
    auto use = [&](const std::string &name, const std::string &type) {
      names += ", " + name;
      types += ", " + type;
    };
    auto panels = [&](const std::string &name, const std::string &element) {
      const std::string from = "memref<" + stored + "x" + element + ">",
                        to = "memref<" + n + "x" + g + "x" + element + ">";
      pass(name + "p", from);
      views += name + " = model.unpack " + name + "p[%n, %k] layout(<\"[" + all + ", " + g +
               "] tile(d0:4) outer(d0, d1)\">) : " + from + " -> " + to + "\n";
      use(name, to);
    };
    if (!c.isFloat()) {
      pass("%sa", "memref<" + rows + "xf32>");
      use("%sa", "memref<" + rows + "xf32>");
    }
    pass("%wp", packed);
    views += "%w = model.unpack %wp[%n, %k] layout(<\"[" + all + ", " + k +
             "] tile(d1:2, d0:4, d1:4) outer(d0, d1)\", bits = " + std::to_string(c.bits) + ">) : " + packed +
             " -> memref<" + n + "x" + k + "xi8>\n";
    use("%w", "memref<" + n + "x" + k + "xi8>");
    if (c.group == 0) {
      pass("%s", "memref<" + n + "xf32>"), use("%s", "memref<" + n + "xf32>");
      if (c.asymmetric) {
        pass("%z", "memref<" + n + "xi8>"), use("%z", "memref<" + n + "xi8>");
      }
    } else {
      panels("%s", scale);
      if (c.asymmetric) {
        panels("%z", "i8");
      }
    }
    if (c.twoLevels) {
      pass("%o", "memref<" + n + "xf32>"), use("%o", "memref<" + n + "xf32>");
    }
    const std::string y = "memref<" + rows + "x" + n + "xf32>";
    text += "func.func @" + std::string(rows == "1" ? "one" : "many") + "(" + arguments + ", %y: " + y +
            ", %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {\n"
            "%n = arith.constant " +
            std::to_string(c.first) + " : index\n%k = arith.constant 0 : index\n" + views +
            "quantized.contract ins(" + names + " : " + types + ") outs(%y : " + y + ") schemes(" +
            (c.isFloat() ? "float" : "<bits = 8, group = 0, symmetric, scale = f32>") + ", " + scheme +
            ") scale_at(" + place + ")\nreturn\n}\n";
  }
  return text;
}

/// y[m, n] for int8 activations, as the op's description says.
float integerResult(const Case &c, const Weights &w, const int8_t *a, float sa, int64_t n) {
  const int64_t row = c.first + n;
  float y = 0.0f;
  int32_t total = 0;
  for (int64_t g = 0; g < c.groups(); ++g) {
    int32_t sum = 0;
    for (int64_t k = g * c.size(); k < std::min(c.depth, (g + 1) * c.size()); ++k) {
      sum += a[k] * (w.codes[row * c.depth + k] - w.zeros[row * c.groups() + g]);
    }
    const float scale = w.scales[row * c.groups() + g];
    if (c.twoLevels) {
      total += static_cast<int32_t>(scale) * sum;
    } else if (c.group == 0) {
      y = static_cast<float>(sum) * scale;
    } else {
      const float term = static_cast<float>(sum) * scale;
      y = y + term;
    }
  }
  return (c.twoLevels ? static_cast<float>(total) * w.outer[row] : y) * sa;
}

void check(const Case &c, Isa isa) {
  SCOPED_TRACE(describe(c) + " on " + nameOf(isa));
  CompiledKernels kernels(textOf(c), isa);
  ASSERT_TRUE(kernels.valid());
  std::mt19937 random(c.bits + 10 * static_cast<unsigned>(c.depth));
  const Weights w(c, random);
  // Padding holds what it likes: it is never read as data.
  Buffer<uint8_t> codes({c.panels() * c.tiles() * 128 * c.bits});
  Buffer<uint8_t> zeroPanels({c.panels() * c.groups() * 16}), bytePanels({zeroPanels.size()}),
      zeros({c.columns});
  Buffer<float> floatPanels({zeroPanels.size()}), rowScales({c.columns}), outer({c.columns});
  Buffer<_Float16> halfPanels({zeroPanels.size()});
  codes.fill(1, 0, 255), zeroPanels.fill(2, 0, 255), bytePanels.fill(3, 0, 255);
  floatPanels.fill(4, 1, 2), halfPanels.fill(5, 1, 2);
  packCodes(c, w, codes);
  packGroups(c, w.zeros, zeroPanels);
  packGroups(c, w.scales, floatPanels);
  packGroups(c, w.scales, halfPanels);
  packGroups(c, w.scales, bytePanels);
  for (int64_t n = 0; n < c.columns; ++n) {
    rowScales[n] = w.scales[(c.first + n) * c.groups()];
    zeros[n] = static_cast<uint8_t>(w.zeros[(c.first + n) * c.groups()]);
    outer[n] = w.outer[c.first + n];
  }
  Buffer<int8_t> scratch({1 << 18});
  scratch.fill(6, -128, 127);
  for (int64_t rows : {1, 2, 5, 33, 40}) {
    Buffer<int8_t> a({rows, c.depth});
    Buffer<float> x({rows, c.depth}), sa({rows}), y({rows, c.columns}), one({1, c.columns});
    a.fill(static_cast<uint32_t>(rows), -128, 127), x.fill(static_cast<uint32_t>(rows), -2, 2);
    for (int64_t k = 0; k < std::min<int64_t>(c.depth, 12); ++k) {
      a[(rows - 1) * c.depth + k] = k % 2 == 0 ? -128 : 127;
    }
    sa.fill(7, 0.001, 1), y.set(NAN), one.set(NAN);
    std::vector<Argument> arguments;
    if (c.isFloat()) {
      arguments = {x, codes};
    } else {
      arguments = {a, sa, codes};
    }
    if (c.group == 0) {
      arguments.push_back(rowScales);
    } else if (c.twoLevels) {
      arguments.push_back(bytePanels);
    } else if (c.hasF16()) {
      arguments.push_back(halfPanels);
    } else {
      arguments.push_back(floatPanels);
    }
    if (c.asymmetric) {
      arguments.push_back(c.group == 0 ? Argument(zeros) : Argument(zeroPanels));
    }
    if (c.twoLevels) {
      arguments.push_back(outer);
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
      for (int64_t n = 0; n < c.columns; ++n) {
        const int64_t i = m * c.columns + n;
        if (!c.isFloat()) {
          const float expected = integerResult(c, w, &a[m * c.depth], sa[m], n);
          ASSERT_TRUE(sameBits(y[i], expected))
              << rows << " rows: " << m << "," << n << ": " << y[i] << " for " << expected;
          ASSERT_TRUE(rows > 1 || sameBits(one[n], expected))
              << "one row: " << n << ": " << one[n] << " for " << expected;
          continue;
        }
        // |y - y64| <= 2 (K + 3) u sum |a||w| + u |y64|, u = 2^-24.
        double exact = 0, magnitude = 0;
        const int64_t row = c.first + n;
        for (int64_t k = 0; k < c.depth; ++k) {
          const int64_t g = row * c.groups() + k / c.size();
          const double scale = w.scales[g] * (c.twoLevels ? double(w.outer[row]) : 1.0);
          const double product = x[m * c.depth + k] * ((w.codes[row * c.depth + k] - w.zeros[g]) * scale);
          exact += product;
          magnitude += std::fabs(product);
        }
        const double bound =
            0x1p-24 * (2.0 * static_cast<double>(c.depth + 3) * magnitude + std::fabs(exact));
        ASSERT_LE(std::fabs(y[i] - exact), bound)
            << rows << " rows: " << m << "," << n << ": " << y[i] << " for " << exact;
        ASSERT_TRUE(rows > 1 || std::fabs(one[n] - exact) <= bound)
            << "one row: " << n << ": " << one[n] << " for " << exact;
      }
    }
  }
}

class CodedContractions : public testing::TestWithParam<Isa> {};

TEST_P(CodedContractions, EqualLoops) {
  for (const Case &c : kCases) {
    // The matrix unit takes integers with scales at the output; of the rest, some. Wide ones take plain code long
    // to compile and no other way than on AVX2.
    const bool isForUnit = !c.isFloat() && (c.group == 0 || c.twoLevels);
    if ((GetParam() == Isa::Amx && !isForUnit && c.columns != 40) ||
        (GetParam() == Isa::Generic && c.columns > 33)) {
      continue;
    }
    check(c, GetParam());
    if (HasFatalFailure()) {
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, CodedContractions, testing::ValuesIn(runnableIsas()),
                         [](const auto &info) { return std::string(nameOf(info.param)); });

} // namespace
} // namespace coopt::test
