//===- Choices.h - What choices of an entry mean, as numbers ---------------===//
//
// In the order of the names that the table has for them (a test compares both): what runs for each entry compares these, and no names.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPUISA_CHOICES_H
#define COOPT_NPUISA_CHOICES_H

#include "coopt/NpuIsa/Instruction.h"

namespace coopt::npu {

/// Of mxu.mode.
enum class MatrixMode : uint8_t { Ws, Os, Dot, Nm, Lut, Bitserial };
/// Of vec.mode: one row for all, one number for each row, one number.
enum class Broadcast : uint8_t { None, Row, Column, Scalar };
/// Of scalar.
enum class ScalarFunction : uint8_t { Add, Sub, Mul, Div, Rem, Shl, Shr, And, Or, Min, Max, Lt, Eq };
/// Of vec.map.
enum class VectorFunction : uint8_t {
  Copy,
  Add,
  Sub,
  Mul,
  Div,
  Fma,
  Min,
  Max,
  Neg,
  Abs,
  Sqrt,
  Rint,
  Floor,
  Exp2,
  Lt,
  Le,
  Eq,
  Select,
  And,
  Or,
  Xor,
  Shl,
  Shr,
  Sar
};
/// Of vec.reduce.
enum class Reduction : uint8_t { Sum, Max, Min, Amax };

/// A choice of an entry.
template <typename Choice>
Choice choiceOf(const Entry &entry, FieldName field) {
  return static_cast<Choice>(entry[field].value);
}
/// Of a field whose choices are no and yes.
inline bool isYes(const Entry &entry, FieldName field) { return entry[field].value != 0; }
/// Of `update`: whether sums are added to what is there.
inline bool addsSums(const Entry &entry) { return entry["update"].value != 0; }

inline bool isOneRow(Broadcast broadcast) {
  return broadcast == Broadcast::Row || broadcast == Broadcast::Scalar;
}
inline bool isOneColumn(Broadcast broadcast) {
  return broadcast == Broadcast::Column || broadcast == Broadcast::Scalar;
}

/// Whether a function is one of bits, whatever they mean.
constexpr bool isOfBits(VectorFunction function) { return function >= VectorFunction::And; }
/// Operands that a function reads: 1, 2 or 3.
constexpr int operandsOf(VectorFunction function) {
  switch (function) {
  case VectorFunction::Copy:
  case VectorFunction::Neg:
  case VectorFunction::Abs:
  case VectorFunction::Sqrt:
  case VectorFunction::Rint:
  case VectorFunction::Floor:
  case VectorFunction::Exp2:
    return 1;
  case VectorFunction::Fma:
  case VectorFunction::Select:
    return 3;
  default:
    return 2;
  }
}

} // namespace coopt::npu

#endif // COOPT_NPUISA_CHOICES_H
