//===- KernelWeights.cpp - Products with codes of few bits, groups and zeros ---===//
#include "KernelCases.h"

#include <algorithm>
#include <numeric>

using namespace coopt;
using namespace coopt::npu::test;

namespace {

using Floats = std::vector<float>;
using Bytes = std::vector<uint8_t>;

int32_t narrow(int64_t number) { return static_cast<int32_t>(number); }

/// Matrices are [rows][columns].
template <typename T>
T &at(std::vector<T> &matrix, int64_t row, int64_t columns, int64_t column) {
  return matrix[static_cast<size_t>(row * columns + column)];
}

/// Binary16 numbers, normal ones: their bits, and what they are.
struct Halves {
  std::vector<uint16_t> bits;
  Floats values;
};

Halves halves(ImageRun &run, int64_t count) {
  Halves result;
  for (int64_t i = 0; i < count; ++i) {
    const auto exponent = static_cast<int>(run.random() % 12) + 6,
               mantissa = static_cast<int>(run.random() % 1024);
    result.bits.push_back(static_cast<uint16_t>(exponent << 10 | mantissa));
    result.values.push_back(std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25));
  }
  return result;
}

/// [rows][columns] in panels [rows / width][columns][width], behind the last row noise.
template <typename T>
std::vector<T> inPanels(ImageRun &run, std::vector<T> matrix, int64_t rows, int64_t columns) {
  const int64_t width = run.arrayColumns();
  std::vector<T> panels =
      run.integers<T>(static_cast<size_t>((rows + width - 1) / width * width * columns), 0, 127);
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t k = 0; k < columns; ++k) {
      panels[static_cast<size_t>((n / width * columns + k) * width + n % width)] = at(matrix, n, columns, k);
    }
  }
  return panels;
}

/// Codes of so many bits one behind the other, the first in the lowest bits.
Bytes packed(const Bytes &codes, int bits) {
  Bytes result(codes.size() * static_cast<size_t>(bits) / 8);
  for (size_t i = 0; i < codes.size(); ++i) {
    const size_t bit = i * static_cast<size_t>(bits);
    result[bit / 8] = static_cast<uint8_t>(result[bit / 8] | (codes[i] & ((1 << bits) - 1)) << (bit % 8));
  }
  return result;
}

/// Codes of [rows][depth] as tables of `table` activations are looked up by them: tiles [width][table], of some panels, in each a plane for each bit;
/// noise elsewhere.
Bytes inPlanes(ImageRun &run, Bytes codes, int64_t rows, int64_t depth, int bits, int64_t table,
               int64_t panels) {
  const int64_t width = panels * run.arrayColumns(), tiles = (depth + table - 1) / table,
                all = (rows + width - 1) / width * tiles * width * table * bits;
  Bytes planes = run.integers<uint8_t>(static_cast<size_t>(all / 8), 0, 255);
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t b = 0; b < bits; ++b) {
        const int64_t bit =
            (((n / width * tiles + k / table) * bits + b) * width + n % width) * table + k % table;
        uint8_t &byte = planes[static_cast<size_t>(bit / 8)];
        byte = static_cast<uint8_t>((byte & ~(1 << bit % 8)) | (at(codes, n, depth, k) >> b & 1) << bit % 8);
      }
    }
  }
  return planes;
}

/// Unsigned codes less half of their range, in two's complement.
Bytes centred(Bytes codes, int bits) {
  for (uint8_t &code : codes) {
    code = static_cast<uint8_t>((code + (1 << bits) - (1 << (bits - 1))) & ((1 << bits) - 1));
  }
  return codes;
}

/// What codes mean in two's complement.
int32_t signedOf(uint8_t code, int bits) {
  const int32_t low = code & ((1 << bits) - 1);
  return low >= 1 << (bits - 1) ? low - (1 << bits) : low;
}

struct Scheme {
  int bits = 8;
  int64_t group = 0;
  bool hasZeros = false, isTwoLevel = false;
  int64_t kept = 0, of = 0; ///< of each `of` codes of a row; 0: all
  int64_t table = 0;        ///< activations of the tables that codes are looked up in; 0: they are multiplied
  int64_t panels = 1;       ///< of a tile of those
};

void setBits(uint8_t *bytes, int64_t first, int count, int64_t number) {
  for (int64_t i = 0; i < count; ++i) {
    uint8_t &byte = bytes[(first + i) / 8];
    const int shift = static_cast<int>((first + i) % 8);
    byte = static_cast<uint8_t>((byte & ~(1 << shift)) | ((number >> i & 1) << shift));
  }
}

/// Drops codes of a matrix as the scheme says, any of each run, and stores the others in any order: [rows / width][runs kept][codes, places]. Noise stands
/// behind the last row, and in places behind the last column.
Bytes inLines(ImageRun &run, Bytes &matrix, int64_t rows, int64_t columns, const Scheme &scheme) {
  const int64_t width = run.arrayColumns(), runs = (columns + scheme.of - 1) / scheme.of;
  int placeBits = 0;
  while ((1 << placeBits) < scheme.of) {
    ++placeBits;
  }
  const int64_t codeBytes = width * scheme.bits / 8, line = codeBytes + (width * placeBits + 7) / 8,
                panel = runs * scheme.kept * line;
  Bytes stored = run.integers<uint8_t>(static_cast<size_t>((rows + width - 1) / width * panel), 0, 255);
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t r = 0; r < runs; ++r) {
      std::vector<int64_t> places(static_cast<size_t>(scheme.of));
      std::iota(places.begin(), places.end(), 0);
      std::shuffle(places.begin(), places.end(), run.random);
      for (int64_t i = 0; i < scheme.of; ++i) {
        const int64_t place = places[static_cast<size_t>(i)], k = r * scheme.of + place;
        if (i >= scheme.kept) {
          if (k < columns) {
            at(matrix, n, columns, k) = 0;
          }
          continue;
        }
        uint8_t *to = stored.data() + n / width * panel + (r * scheme.kept + i) * line;
        if (k < columns) {
          setBits(to, n % width * scheme.bits, scheme.bits, at(matrix, n, columns, k));
        }
        setBits(to + codeBytes, n % width * placeBits, placeBits, place);
      }
    }
  }
  return stored;
}

/// y of `m` rows: 120 outputs, of `depth` inputs.
void contractionOf(ImageRun &run, int64_t m, int64_t depth, Scheme scheme) {
  const int64_t outputs = 120, span = scheme.group == 0 ? depth : scheme.group;
  const int64_t groups = (depth + span - 1) / span;
  auto count = [](int64_t rows, int64_t columns) { return static_cast<size_t>(rows * columns); };
  auto a = run.integers<int8_t>(count(m, depth), -128, 127);
  Bytes w = run.integers<uint8_t>(count(outputs, depth), 0, 255);
  for (uint8_t &code : w) {
    code = static_cast<uint8_t>(code & ((1 << scheme.bits) - 1));
  }
  Bytes stored = scheme.of == 0 ? Bytes() : inLines(run, w, outputs, depth, scheme);
  Bytes zeros = run.integers<uint8_t>(count(outputs, groups), 0, (1 << scheme.bits) - 1),
        integers = run.integers<uint8_t>(count(outputs, groups), 1, 16);
  Halves ofGroups = halves(run, outputs * groups);
  const Floats ofRows = run.floats(static_cast<size_t>(m)),
               ofColumns = run.floats(static_cast<size_t>(outputs));
  Floats y;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t n = 0; n < outputs; ++n) {
      float sum = 0;
      int64_t total = 0;
      for (int64_t g = 0; g < groups; ++g) {
        int64_t inner = 0;
        for (int64_t k = g * span; k < std::min((g + 1) * span, depth); ++k) {
          const uint8_t code = at(w, n, depth, k);
          const int32_t weight =
              scheme.hasZeros ? code - at(zeros, n, groups, g) : signedOf(code, scheme.bits);
          inner += int64_t(at(a, i, depth, k)) * weight;
        }
        total += inner * (scheme.isTwoLevel ? at(integers, n, groups, g) : 1);
        sum = sum + static_cast<float>(inner) * at(ofGroups.values, n, groups, g);
      }
      if (scheme.group == 0 || scheme.isTwoLevel) {
        sum = static_cast<float>(total) * ofColumns[static_cast<size_t>(n)];
      }
      y.push_back(sum * ofRows[static_cast<size_t>(i)]);
    }
  }
  run.input(a);
  run.input(ofRows);
  const Bytes codes = scheme.hasZeros ? centred(w, scheme.bits) : w;
  if (scheme.of == 0) {
    stored = scheme.table > 0 ? inPlanes(run, codes, outputs, depth, scheme.bits, scheme.table, scheme.panels)
                              : packed(inPanels(run, codes, outputs, depth), scheme.bits);
  }
  run.input(stored);
  std::vector<int32_t> numbers = {narrow(m), narrow(depth), narrow(m), narrow(int64_t(stored.size()))};
  // Parts of groups are in panels.
  const int64_t inPanel = (outputs + run.arrayColumns() - 1) / run.arrayColumns() * run.arrayColumns();
  if (scheme.group == 0) {
    run.input(ofColumns);
    numbers.push_back(outputs);
  } else {
    if (scheme.isTwoLevel) {
      run.input(inPanels(run, integers, outputs, groups));
    } else {
      run.input(inPanels(run, ofGroups.bits, outputs, groups));
    }
    numbers.push_back(narrow(inPanel * groups));
  }
  if (scheme.hasZeros) {
    run.input(scheme.group == 0 ? zeros : inPanels(run, zeros, outputs, groups));
    numbers.push_back(narrow(scheme.group == 0 ? outputs : inPanel * groups));
  }
  if (scheme.isTwoLevel) {
    run.input(ofColumns);
    numbers.push_back(outputs);
  }
  run.output(y);
  numbers.insert(numbers.end(), {narrow(m), narrow(outputs)});
  run.block(numbers);
}

} // namespace

void npu::test::narrowProduct(ImageRun &run, int64_t size) { contractionOf(run, size, 45, {4}); }
void npu::test::groups(ImageRun &run, int64_t size) { contractionOf(run, size, 90, {4, 32}); }
void npu::test::groupsOfZeros(ImageRun &run, int64_t size) { contractionOf(run, size, 90, {4, 20, true}); }
void npu::test::levels(ImageRun &run, int64_t size) { contractionOf(run, size, 300, {4, 128, true, true}); }
void npu::test::twoBits(ImageRun &run, int64_t size) { contractionOf(run, size, 64, {2, 32}); }
/// More steps of k than floats have exact sums of.
void npu::test::byteZeros(ImageRun &run, int64_t size) { contractionOf(run, size, 2100, {8, 0, true}); }
/// A group of more steps of k than a quarter of a small scratchpad takes weights of.
void npu::test::longGroups(ImageRun &run, int64_t size) { contractionOf(run, size, 6000, {4, 5000}); }

void npu::test::keptProduct(ImageRun &run, int64_t size) {
  contractionOf(run, size, 45, {8, 0, false, false, 2, 4});
}
void npu::test::keptQuarters(ImageRun &run, int64_t size) {
  contractionOf(run, size, 300, {8, 0, false, false, 1, 4});
}
void npu::test::keptGroups(ImageRun &run, int64_t size) {
  contractionOf(run, size, 90, {4, 32, false, false, 2, 4});
}
void npu::test::keptTwoBits(ImageRun &run, int64_t size) {
  contractionOf(run, size, 64, {2, 32, false, false, 1, 4});
}
void npu::test::keptEights(ImageRun &run, int64_t size) {
  contractionOf(run, size, 2100, {8, 0, false, false, 3, 8});
}
void npu::test::keptFives(ImageRun &run, int64_t size) {
  contractionOf(run, size, 90, {4, 20, false, false, 2, 5});
}
void npu::test::keptLongGroups(ImageRun &run, int64_t size) {
  contractionOf(run, size, 6000, {4, 5000, false, false, 2, 4});
}
// Looked up: tables of part of the depth, of a group, of part of a group that is no power of two, of part of all others; weights that come by and by.
void npu::test::lookedOutputs(ImageRun &run, int64_t size) {
  contractionOf(run, size, 45, {4, 0, false, false, 0, 0, 16});
}
void npu::test::lookedGroups(ImageRun &run, int64_t size) {
  contractionOf(run, size, 90, {2, 32, false, false, 0, 0, 32});
}
void npu::test::lookedTiles(ImageRun &run, int64_t size) {
  contractionOf(run, size, 90, {2, 32, false, false, 0, 0, 32, 2});
}
void npu::test::lookedZeros(ImageRun &run, int64_t size) {
  contractionOf(run, size, 90, {2, 20, true, false, 0, 0, 4});
}
void npu::test::lookedLevels(ImageRun &run, int64_t size) {
  contractionOf(run, size, 300, {4, 128, true, true, 0, 0, 32});
}
void npu::test::lookedBytes(ImageRun &run, int64_t size) {
  contractionOf(run, size, 2100, {8, 0, true, false, 0, 0, 32});
}
void npu::test::lookedLong(ImageRun &run, int64_t size) {
  contractionOf(run, size, 6000, {4, 5000, false, false, 0, 0, 8});
}

namespace {

/// Rows of a table of codes in panels, all or some of them.
void gather(ImageRun &run, int64_t size, int bits, bool areCentred, int64_t kept = 0, int64_t of = 0) {
  Bytes table = run.integers<uint8_t>(120 * 18, 0, (1 << bits) - 1);
  const Bytes stored = of == 0
                           ? packed(inPanels(run, areCentred ? centred(table, bits) : table, 120, 18), bits)
                           : inLines(run, table, 120, 18, {bits, 0, false, false, kept, of});
  const std::vector<int32_t> ids = run.integers<int32_t>(static_cast<size_t>(size), 0, 119);
  Bytes y;
  for (const int32_t id : ids) {
    y.insert(y.end(), table.begin() + id * 18, table.begin() + (id + 1) * 18);
  }
  run.input(stored);
  run.input(ids);
  run.output(y);
  run.block({narrow(static_cast<int64_t>(stored.size())), narrow(size), narrow(size), 18});
}

} // namespace

void npu::test::packedRows(ImageRun &run, int64_t size) { gather(run, size, 4, false); }
void npu::test::centredRows(ImageRun &run, int64_t size) { gather(run, size, 4, true); }
void npu::test::centredBytes(ImageRun &run, int64_t size) { gather(run, size, 8, true); }
void npu::test::keptRows(ImageRun &run, int64_t size) { gather(run, size, 4, false, 2, 4); }
void npu::test::keptBytes(ImageRun &run, int64_t size) { gather(run, size, 8, false, 1, 4); }

namespace {

/// Columns 7 .. 56 of a matrix of 4-bit codes with a scale for every 20.
void decodeRows(ImageRun &run, int64_t m, bool hasZeros, bool isTwoLevel) {
  const int64_t columns = 50, first = 7, groups = 3;
  Bytes codes = run.integers<uint8_t>(static_cast<size_t>(m * columns), 0, hasZeros ? 15 : 255),
        zeros = run.integers<uint8_t>(static_cast<size_t>(m * groups), 0, 15),
        integers = run.integers<uint8_t>(static_cast<size_t>(m * groups), 1, 16);
  Halves scales = halves(run, m * groups);
  const Floats outer = run.floats(static_cast<size_t>(m));
  Floats y;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t k = 0; k < columns; ++k) {
      const int64_t g = (first + k) / 20;
      const uint8_t code = at(codes, i, columns, k);
      const int32_t number = hasZeros ? code - at(zeros, i, groups, g) : signedOf(code, 4);
      y.push_back(isTwoLevel ? static_cast<float>(number * at(integers, i, groups, g)) *
                                   outer[static_cast<size_t>(i)]
                             : static_cast<float>(number) * at(scales.values, i, groups, g));
    }
  }
  std::vector<int32_t> numbers = {narrow(m), narrow(columns), narrow(m), narrow(groups)};
  run.input(codes);
  if (isTwoLevel) {
    run.input(integers);
  } else {
    run.input(scales.bits);
  }
  if (hasZeros) {
    run.input(zeros);
    numbers.insert(numbers.end(), {narrow(m), narrow(groups)});
  }
  if (isTwoLevel) {
    run.input(outer);
    numbers.push_back(narrow(m));
  }
  run.output(y);
  numbers.insert(numbers.end(), {narrow(m), narrow(columns)});
  run.block(numbers);
}

} // namespace

void npu::test::decodedGroups(ImageRun &run, int64_t size) { decodeRows(run, size, false, false); }
void npu::test::decodedZeros(ImageRun &run, int64_t size) { decodeRows(run, size, true, false); }
void npu::test::decodedLevels(ImageRun &run, int64_t size) { decodeRows(run, size, true, true); }
