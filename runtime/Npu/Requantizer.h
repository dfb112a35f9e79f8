//===- Requantizer.h - Sums to int8 codes, cycle by cycle -------------------===//
//
// Codes = clamp(rne(sum * multiplier / 2^shift), low, high), with a multiplier and a shift for each column
// (coopt/Numerics/DyadicScale.h; MatrixArray.h says how time passes). Ports:
//
//   commands     in   {m, low, high}: the next tile's rows and least and greatest code, together with
//   multipliers  in   C int32, 2^30 .. 2^31 - 1, and
//   shifts       in   C numbers, 0 .. 63
//   sums         in   m words of C int32
//   codes        out  m words of C int8
//
// A word of codes that is not taken holds everything: every register has one enable.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_REQUANTIZER_H
#define COOPT_NPU_REQUANTIZER_H

#include "Npu/Drive.h"
#include "Npu/History.h"
#include "coopt/Numerics/DyadicScale.h"

namespace coopt::npu {

/// The shift of a scale as the port has it. Codes are the same: with a shift of 0 or less every sum but 0 is beyond all codes, with 63
/// and more every sum gives 0.
int32_t requantizerShift(const numerics::DyadicScale &scale);

/// A tile for the requantiser.
struct RequantizerTile {
  std::vector<numerics::DyadicScale> scales; ///< by column
  int32_t low = -128, high = 127;
  std::vector<int32_t> sums; ///< m x columns, by rows
};

/// Adds a tile's words to what goes into the requantiser; words of codes come as `codes`.
/// Errors: sums that are no 1 to 65,535 rows, multipliers and limits out of range.
Status appendTile(const RequantizerTile &tile, Stimulus &stimulus);

class Requantizer : public Device {
public:
  explicit Requantizer(size_t columns);

  enum { Commands, Multipliers, Shifts, Sums, Codes };

  void evaluate() override;
  void clock() override;

private:
  const size_t columns_;
  bool advance_ = true; ///< no word waits
  int64_t left_ = 0;    ///< words of the tile, still to come
  int32_t low_ = 0, high_ = 0;
  std::vector<numerics::DyadicScale> scales_;

  struct Row {
    bool valid = false;
    Word codes;
  };
  History<Row> rows_; ///< of three registers: product, rounded, clamped
};

} // namespace coopt::npu

#endif // COOPT_NPU_REQUANTIZER_H
