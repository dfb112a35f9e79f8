//===- Matrix.cpp - The matrix engine's values ------------------------------===//
//
// Integers are exact, their sums wrap around in 32 bits. Floats are added in the order of k, each product fused with its sum: what the
// contract calls Bounded.
//
//===----------------------------------------------------------------------===//
#include "Npu/Core/Core.h"
#include "Npu/Core/Elements.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::npu;

/// Whether an entry belongs to a mode.
static bool isOf(MatrixMode mode, uint8_t opcode) {
  switch (mode) {
  case MatrixMode::Ws:
  case MatrixMode::Dot:
  case MatrixMode::Nm:
    return opcode == opcode::MxuWeights || opcode == opcode::MxuStream;
  case MatrixMode::Os:
  case MatrixMode::Bitserial:
    return opcode == opcode::MxuMultiply || opcode == opcode::MxuDrain;
  case MatrixMode::Lut:
    return opcode == opcode::MxuTables || opcode == opcode::MxuLookup;
  }
  return false;
}

Status Core::matrix(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  const machine::NpuType a = typeOf(mode, "a"), w = typeOf(mode, "w"), acc = typeOf(mode, "acc");
  const bool areIntegers = machine::isInteger(a) && machine::isInteger(w);
  if (areIntegers ? acc != machine::NpuType::I32
                  : machine::isInteger(a) || machine::isInteger(w) || acc != machine::NpuType::F32) {
    return fail("mxu.mode: expected integers with sums of i32, or floats with sums of f32");
  }
  const auto kind = choiceOf<MatrixMode>(mode, "mode");
  if (!isOf(kind, entry.opcode) || (kind == MatrixMode::Lut && !areIntegers)) {
    return fail("it is none of mode " + std::string(chosen(mode, "mode")) +
                (areIntegers ? "" : " of floats"));
  }
  if (entry.opcode == opcode::MxuWeights) {
    loadWeights(entry);
  } else if (entry.opcode == opcode::MxuStream) {
    stream(entry);
  } else if (entry.opcode == opcode::MxuMultiply || entry.opcode == opcode::MxuDrain) {
    const auto size = static_cast<size_t>(entry["rows"].value * entry["columns"].value);
    const bool goesOn = entry.opcode == opcode::MxuDrain || addsSums(entry);
    if (goesOn && (entry["columns"].value != sumColumns || integerSums.size() != size)) {
      return fail("the array's sums are of " +
                  std::to_string(sumColumns == 0 ? 0 : integerSums.size() / static_cast<size_t>(sumColumns)) +
                  " rows and " + std::to_string(sumColumns) + " columns");
    }
    if (entry.opcode == opcode::MxuMultiply) {
      multiply(entry);
      return {};
    }
    addSums(entry, entry["rows"].value, entry["columns"].value, integerSums.data(), floatSums.data());
  } else if (entry.opcode == opcode::MxuTables) {
    madeTables.depth = entry["depth"].value;
    madeTables.activations.clear();
    for (int64_t row = 0; row < entry["rows"].value; ++row) {
      const uint8_t *line = at(entry["from"]) + row * mode["a_stride"].value;
      for (int64_t k = 0; k < madeTables.depth; ++k) {
        madeTables.activations.push_back(loadInteger(a, line, k));
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
  const int64_t rows = entry["rows"].value, columns = entry["columns"].value, stride = mode["w_stride"].value;
  const uint8_t *from = at(entry["from"]);
  loaded = 1 - used; // those in use stay
  Numbers &tile = tiles[loaded];
  if (choiceOf<MatrixMode>(mode, "mode") != MatrixMode::Nm) {
    tile.load(type, from, stride, rows, columns);
    return;
  }
  const int64_t n = mode["n"].value, m = mode["m"].value;
  tile.reset(type, (rows * m + n - 1) / n, columns);
  unsigned placeBits = 0;
  while ((int64_t(1) << placeBits) < m) {
    ++placeBits;
  }
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t *line = from + row * stride;
    const uint8_t *places = line + (columns * bitsOf(mode, "w") + 7) / 8;
    for (int64_t column = 0; column < columns; ++column) {
      int64_t place = 0;
      for (unsigned bit = 0; bit < placeBits; ++bit) {
        const int64_t number = column * placeBits + bit;
        place |= int64_t((places[number / 8] >> (number % 8)) & 1) << bit;
      }
      const int64_t k = row / n * m + place;
      if (k < tile.rows && place < m) { // a place beyond the group selects nothing
        tile.set(k, column, type, line, column);
      }
    }
  }
}

/// Sums [rows][columns] to the accumulator, written or added.
void Core::addSums(const Entry &entry, int64_t rows, int64_t columns, const int32_t *integers,
                   const float *floats) {
  const Entry &mode = *settings.matrix();
  const bool isAdded = addsSums(entry), areIntegers = typeOf(mode, "acc") == machine::NpuType::I32;
  const int64_t stride = mode["acc_stride"].value;
  uint8_t *to = at(entry["to"]);
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t *line = to + row * stride;
    const size_t bytes = 4 * static_cast<size_t>(columns);
    if (areIntegers) {
      const int32_t *sums = integers + row * columns;
      if (!isAdded) {
        std::memcpy(line, sums, bytes);
        continue;
      }
      for (int64_t column = 0; column < columns; ++column) {
        uint32_t before;
        std::memcpy(&before, line + 4 * column, sizeof before);
        before += static_cast<uint32_t>(sums[column]);
        std::memcpy(line + 4 * column, &before, sizeof before);
      }
      continue;
    }
    const float *sums = floats + row * columns;
    for (int64_t column = 0; column < columns; ++column) {
      const float before = isAdded ? loadFloat(machine::NpuType::F32, line, column) : 0;
      storeFloat(machine::NpuType::F32, line, column, isAdded ? before + sums[column] : sums[column]);
    }
  }
}

void Core::stream(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  if (isYes(entry, "swap")) {
    used = loaded;
  }
  const Numbers &weights = tiles[used];
  const int64_t rows = entry["rows"].value;
  const auto size = static_cast<size_t>(rows * weights.columns);
  const machine::NpuType a = typeOf(mode, "a");
  // Since the weights were loaded the mode may have changed: as many k as the entry is said to touch.
  const int64_t kept = settings.weightRows(entry), n = mode["n"].value, m = mode["m"].value;
  const bool isSparse = choiceOf<MatrixMode>(mode, "mode") == MatrixMode::Nm;
  const int64_t depth = std::min(weights.rows, isSparse ? (kept * m + n - 1) / n : kept);
  activations.load(a, at(entry["from"]), mode["a_stride"].value, rows, depth);
  if (machine::isInteger(a)) {
    streamedIntegers.assign(size, 0);
    addProducts(streamedIntegers.data(), activations, weights);
  } else {
    streamedFloats.assign(size, 0);
    addProducts(streamedFloats.data(), activations, weights);
  }
  addSums(entry, rows, weights.columns, streamedIntegers.data(), streamedFloats.data());
}

void Core::multiply(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  const machine::NpuType a = typeOf(mode, "a"), w = typeOf(mode, "w");
  const int64_t rows = entry["rows"].value, columns = entry["columns"].value, depth = entry["depth"].value;
  const auto size = static_cast<size_t>(rows * columns);
  if (!addsSums(entry)) {
    integerSums.assign(size, 0);
    floatSums.assign(size, 0);
    sumColumns = columns;
  }
  multiplied.load(w, at(entry["w"]), mode["w_stride"].value, depth, columns);
  activations.load(a, at(entry["a"]), mode["a_stride"].value, rows, depth);
  if (machine::isInteger(a)) {
    addProducts(integerSums.data(), activations, multiplied);
  } else {
    addProducts(floatSums.data(), activations, multiplied);
  }
}

/// Plane b of the weights [columns][depth] has the bits 2^b; the highest one of several is negative, one alone says +1 or -1.
void Core::lookUp(const Entry &entry) {
  const Entry &mode = *settings.matrix();
  if (isYes(entry, "swap")) {
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
        sum = static_cast<int32_t>(
            static_cast<uint32_t>(sum) +
            static_cast<uint32_t>(tables.activations[static_cast<size_t>(row * depth + k)]) *
                static_cast<uint32_t>(weight));
      }
    }
  }
  addSums(entry, rows, columns, sums.data(), nullptr);
}
