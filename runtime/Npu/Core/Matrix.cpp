//===- Matrix.cpp - The matrix engine's values ------------------------------===//
//
// Integers are exact, their sums wrap around in 32 bits. Floats are added in the order of k, each product fused with its sum: what the
// contract calls Bounded.
//
//===----------------------------------------------------------------------===//
#include "Npu/Core/Core.h"
#include "Npu/Core/Elements.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::npu;

namespace {

int32_t addProduct(int32_t sum, int32_t a, int32_t w) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) +
                              static_cast<uint32_t>(a) * static_cast<uint32_t>(w));
}
float addProduct(float sum, float a, float w) { return std::fma(a, w, sum); }

template <typename T>
T load(machine::NpuType type, const uint8_t *base, int64_t index) {
  if constexpr (std::is_same_v<T, float>) {
    return loadFloat(type, base, index);
  } else {
    return loadInteger(type, base, index);
  }
}

} // namespace

Status Core::matrix(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  const machine::NpuType a = typeOf(mode, "a"), w = typeOf(mode, "w"), acc = typeOf(mode, "acc");
  const bool areIntegers = machine::isInteger(a) && machine::isInteger(w);
  if (areIntegers ? acc != machine::NpuType::I32
                  : machine::isInteger(a) || machine::isInteger(w) || acc != machine::NpuType::F32) {
    return fail("mxu.mode: expected integers with sums of i32, or floats with sums of f32");
  }
  const std::string_view mnemonic = find(entry.opcode)->mnemonic;
  const std::string_view kind = chosen(mode, "mode");
  auto isOf = [&](std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  const bool isOfMode = mnemonic == "mxu.weights" || mnemonic == "mxu.stream"   ? isOf({"ws", "nm", "dot"})
                        : mnemonic == "mxu.multiply" || mnemonic == "mxu.drain" ? isOf({"os", "bitserial"})
                                                                                : isOf({"lut"});
  if (!isOfMode || (kind == "lut" && !areIntegers)) {
    return fail("it is none of mode " + std::string(kind) + (areIntegers ? "" : " of floats"));
  }
  if (mnemonic == "mxu.weights") {
    loadWeights(entry);
  } else if (mnemonic == "mxu.stream") {
    stream(entry);
  } else if (mnemonic == "mxu.multiply" || mnemonic == "mxu.drain") {
    const auto size = static_cast<size_t>(entry["rows"].value * entry["columns"].value);
    const bool goesOn = mnemonic == "mxu.drain" || chosen(entry, "update") == "add";
    if (goesOn && (entry["columns"].value != sumColumns || integerSums.size() != size)) {
      return fail("the array's sums are of " +
                  std::to_string(sumColumns == 0 ? 0 : integerSums.size() / static_cast<size_t>(sumColumns)) +
                  " rows and " + std::to_string(sumColumns) + " columns");
    }
    if (mnemonic == "mxu.multiply") {
      multiply(entry);
      return {};
    }
    addSums(entry, entry["rows"].value, entry["columns"].value, integerSums.data(), floatSums.data());
  } else if (mnemonic == "mxu.tables") {
    madeTables.depth = entry["depth"].value;
    madeTables.activations.clear();
    for (int64_t row = 0; row < entry["rows"].value; ++row) {
      for (int64_t k = 0; k < madeTables.depth; ++k) {
        madeTables.activations.push_back(loadInteger(a, at(entry["from"]) + row * mode["a_stride"].value, k));
      }
    }
  } else {
    lookUp(entry);
  }
  return {};
}

void Core::loadWeights(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  const machine::NpuType type = typeOf(mode, "w");
  const bool isSparse = chosen(mode, "mode") == "nm";
  const int64_t rows = entry["rows"].value, n = mode["n"].value, m = mode["m"].value;
  loaded.columns = entry["columns"].value;
  loaded.depth = isSparse ? (rows * m + n - 1) / n : rows;
  const auto size = static_cast<size_t>(loaded.depth * loaded.columns);
  loaded.integers.assign(size, 0);
  loaded.floats.assign(size, 0);
  unsigned placeBits = 0;
  while (isSparse && (int64_t(1) << placeBits) < m) {
    ++placeBits;
  }
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t *line = at(entry["from"]) + row * mode["w_stride"].value;
    const uint8_t *places = line + (loaded.columns * bitsOf(mode, "w") + 7) / 8;
    for (int64_t column = 0; column < loaded.columns; ++column) {
      int64_t k = row, place = 0;
      if (isSparse) {
        for (unsigned bit = 0; bit < placeBits; ++bit) {
          const int64_t number = column * placeBits + bit;
          place |= int64_t((places[number / 8] >> (number % 8)) & 1) << bit;
        }
        k = row / n * m + place;
      }
      const int64_t number = k * loaded.columns + column;
      if (k < loaded.depth && (!isSparse || place < m)) { // a place beyond the group selects nothing
        loaded.integers[static_cast<size_t>(number)] =
            machine::isInteger(type) ? loadInteger(type, line, column) : 0;
        loaded.floats[static_cast<size_t>(number)] = loadFloat(type, line, column);
      }
    }
  }
}

/// Sums [rows][columns] to the accumulator, written or added.
void Core::addSums(const Entry &entry, int64_t rows, int64_t columns, const int32_t *integers,
                   const float *floats) {
  const Entry &mode = *settings.matrix();
  const bool isAdded = chosen(entry, "update") == "add";
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t *line = at(entry["to"]) + row * mode["acc_stride"].value;
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t number = row * columns + column;
      if (typeOf(mode, "acc") == machine::NpuType::I32) {
        const int32_t before = isAdded ? loadInteger(machine::NpuType::I32, line, column) : 0;
        storeInteger(machine::NpuType::I32, line, column, addProduct(before, integers[number], 1));
      } else {
        const float before = isAdded ? loadFloat(machine::NpuType::F32, line, column) : 0;
        storeFloat(machine::NpuType::F32, line, column, isAdded ? before + floats[number] : floats[number]);
      }
    }
  }
}

namespace {

/// sums[m][n] += a[m][k] w[k][n].
template <typename T>
void contract(std::vector<T> &sums, int64_t rows, int64_t depth, int64_t columns, machine::NpuType type,
              const uint8_t *a, int64_t stride, const T *w) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t k = 0; k < depth; ++k) {
      const T x = load<T>(type, a + row * stride, k);
      for (int64_t column = 0; column < columns; ++column) {
        T &sum = sums[static_cast<size_t>(row * columns + column)];
        sum = addProduct(sum, x, w[k * columns + column]);
      }
    }
  }
}

} // namespace

void Core::stream(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  if (chosen(entry, "swap") == "yes") {
    used = loaded;
  }
  const int64_t rows = entry["rows"].value;
  const auto size = static_cast<size_t>(rows * used.columns);
  std::vector<int32_t> integers(size);
  std::vector<float> floats(size);
  const machine::NpuType a = typeOf(mode, "a");
  if (machine::isInteger(a)) {
    contract(integers, rows, used.depth, used.columns, a, at(entry["from"]), mode["a_stride"].value,
             used.integers.data());
  } else {
    contract(floats, rows, used.depth, used.columns, a, at(entry["from"]), mode["a_stride"].value,
             used.floats.data());
  }
  addSums(entry, rows, used.columns, integers.data(), floats.data());
}

void Core::multiply(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  const machine::NpuType a = typeOf(mode, "a"), w = typeOf(mode, "w");
  const int64_t rows = entry["rows"].value, columns = entry["columns"].value, depth = entry["depth"].value;
  const auto size = static_cast<size_t>(rows * columns);
  if (chosen(entry, "update") == "write") {
    integerSums.assign(size, 0);
    floatSums.assign(size, 0);
    sumColumns = columns;
  }
  std::vector<int32_t> integers;
  std::vector<float> floats;
  for (int64_t k = 0; k < depth; ++k) {
    for (int64_t column = 0; column < columns; ++column) {
      const uint8_t *line = at(entry["w"]) + k * mode["w_stride"].value;
      integers.push_back(machine::isInteger(w) ? loadInteger(w, line, column) : 0);
      floats.push_back(loadFloat(w, line, column));
    }
  }
  if (machine::isInteger(a)) {
    contract(integerSums, rows, depth, columns, a, at(entry["a"]), mode["a_stride"].value, integers.data());
  } else {
    contract(floatSums, rows, depth, columns, a, at(entry["a"]), mode["a_stride"].value, floats.data());
  }
}

/// Plane b of the weights [columns][depth] has the bits 2^b; the highest one of several is negative, one alone says +1 or -1.
void Core::lookUp(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  if (chosen(entry, "swap") == "yes") {
    tables = madeTables;
  }
  const unsigned bits = bitsOf(mode, "w");
  const int64_t rows = entry["rows"].value, columns = entry["columns"].value, depth = tables.depth;
  const uint8_t *planes = at(entry["from"]);
  std::vector<int32_t> sums(static_cast<size_t>(rows * columns));
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t k = 0; k < depth; ++k) {
      int32_t weight = bits == 1 ? -1 : 0;
      for (unsigned bit = 0; bit < bits; ++bit) {
        const int64_t number = (bit * columns + column) * depth + k;
        const int32_t one = (planes[number / 8] >> (number % 8)) & 1;
        weight += bits == 1 ? 2 * one : bit + 1 == bits ? -(one << bit) : one << bit;
      }
      for (int64_t row = 0;
           row < rows && (row + 1) * depth <= static_cast<int64_t>(tables.activations.size()); ++row) {
        int32_t &sum = sums[static_cast<size_t>(row * columns + column)];
        sum = addProduct(sum, tables.activations[static_cast<size_t>(row * depth + k)], weight);
      }
    }
  }
  addSums(entry, rows, columns, sums.data(), nullptr);
}
