#include "CpuItems.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::cost;
using machine::CpuMachine;
using machine::SimdVariant;

namespace {

constexpr double kUnitRows = 32;        ///< rows and columns of a block of the matrix unit
constexpr double kUnitDepth = 64;       ///< bytes of k in a step of it
constexpr double kTilesOfAStep = 4;     ///< that it loads, of 1 KiB
constexpr double kTileBytes = 1024;     //
constexpr double kCodeRows = 4;         ///< rows that share what is read of codes
constexpr double kUnitResult = 16;      ///< vectors' work for a vector of the unit's sums
constexpr double kGroupResult = 8;      ///< .. for one of a group's
constexpr double kScoreWork = 64;       ///< .. for a vector of scores beside the unit
constexpr double kAttendedRowWork = 10; ///< .. for an element of what a row of it makes

double ceilDiv(double a, double b) { return std::ceil(a / b); }

/// Where the matrix unit does not compute, the set below it does.
const SimdVariant &vectorVariant(const CpuMachine &cpu, const SimdVariant &named, bool onUnit) {
  const SimdVariant *below = cpu.variant(machine::InstructionSet::Avx512);
  return named.set == machine::InstructionSet::Amx && !onUnit && below ? *below : named;
}

} // namespace

ContractionItems::ContractionItems(const KernelSummary &kernel, const CpuMachine &cpu,
                                   const SimdVariant &named, double rowTile, double columnTile,
                                   bool areIntegers)
    : kernel(kernel), rowTile(rowTile), columnTile(columnTile), areIntegers(areIntegers),
      onUnit(named.set == machine::InstructionSet::Amx && kernel.codes.isWhole && rowTile > 1),
      variant(vectorVariant(cpu, named, onUnit)), lanes(static_cast<double>(variant.vectorBits) / 32),
      tileRate(1e9 * cpu.caches[std::min<size_t>(1, cpu.caches.size() - 1)].gbytesPerSecondPerCore) {}

Block ContractionItems::block() const {
  if (onUnit) {
    return {kUnitRows, kUnitRows};
  }
  if (kernel.codes.bits > 0) {
    return {std::min(rowTile, kCodeRows), lanes};
  }
  const double vectors = std::min(ceilDiv(columnTile, lanes), 2.0); // c / L
  const double registers = static_cast<double>(variant.vectorRegisters);
  return {std::max(1.0, std::min(rowTile, std::floor((registers - 1) / vectors) - 1)), vectors * lanes};
}

double ContractionItems::unitSeconds() const {
  const double steps = ceilDiv(rowTile, kUnitRows) * ceilDiv(columnTile, kUnitRows) *
                       ceilDiv(static_cast<double>(kernel.k), kUnitDepth);
  const double operations = 2 * kUnitRows * kUnitRows * kUnitDepth;
  return steps * (operations / (1e9 * variant.i8GopsPerCore) + kTilesOfAStep * kTileBytes / tileRate);
}

double ContractionItems::seconds() const {
  const double k = static_cast<double>(kernel.k), epilogue = kernel.operationsPerElement;
  const double vectors = ceilDiv(columnTile, lanes);
  const double floatRate = 1e9 * variant.f32GflopsPerCore, integerRate = 1e9 * variant.i8GopsPerCore;
  if (kernel.codes.bits == 0) {
    return rowTile * vectors * lanes *
           (areIntegers ? 2 * k / integerRate + epilogue / floatRate : (2 * k + epilogue) / floatRate);
  }
  const double vectorRate = floatRate / (2 * lanes);
  const double passes = onUnit ? 1 : ceilDiv(rowTile, kCodeRows);
  const double groups = kernel.codes.group > 0 ? ceilDiv(k, static_cast<double>(kernel.codes.group)) : 1;
  const double products =
      onUnit ? unitSeconds() : rowTile * vectors * lanes * 2 * k / (areIntegers ? integerRate : floatRate);
  const double decoding = passes * columnTile * k * decodeWork() / (4 * lanes);
  const double scaling = rowTile * vectors * ((onUnit ? kUnitResult : kGroupResult) * groups + epilogue);
  return products + (decoding + scaling) / vectorRate;
}

double ContractionItems::decodeWork() const {
  if (!areIntegers) {
    return 17;
  }
  if (kernel.codes.bits >= 8) {
    return onUnit ? 0 : 2;
  }
  return kernel.codes.bits == 4 ? 4 : 6;
}

double cost::attentionSeconds(const KernelSummary &kernel, const SimdVariant &variant, double rowTile,
                              double columnTile) {
  const double keys = static_cast<double>(kernel.keys), headSize = static_cast<double>(kernel.headSize);
  if (kernel.isReordered && variant.set == machine::InstructionSet::Amx && rowTile > 1) {
    const double lanes = static_cast<double>(variant.vectorBits) / 32;
    const double vectorRate = 1e9 * variant.f32GflopsPerCore / (2 * lanes);
    const double bfloatRate = 1e9 * variant.i8GopsPerCore / 2; // pairs of 16 bits in place of fours of 8
    const double block = keys + kUnitRows / 2;                 // what is masked of the last is half of it
    const double row = block * (4 * headSize / bfloatRate + kScoreWork / lanes / vectorRate) +
                       kAttendedRowWork * headSize / vectorRate;
    return rowTile * columnTile * row;
  }
  return rowTile * columnTile * keys * (4 * headSize + kernel.operationsPerElement) /
         (1e9 * variant.f32GflopsPerCore / 2);
}
