//===- Registers.h - Numbers of the control unit ----------------------------===//
//
// Values of type index become constants or registers of the control unit, and get bounds: what an instruction reads from a
// register has to say the most that it may be.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TARGET_NPU_REGISTERS_H
#define COOPT_LIB_TARGET_NPU_REGISTERS_H

#include "coopt/NpuIsa/Instruction.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <limits>

namespace coopt::target {

/// What a number may be.
struct Bounds {
  int64_t least = std::numeric_limits<int64_t>::min() / 4, most = std::numeric_limits<int64_t>::max() / 4;
};

/// A constant, or what a register holds.
struct Number {
  int64_t value = 0;
  uint8_t reg = npu::kNoRegister;
  Bounds range;
  bool isTemporary = false; ///< the register is free once it was used

  static Number of(int64_t value) { return {value, npu::kNoRegister, {value, value}, false}; }
  bool isConstant() const { return reg == npu::kNoRegister; }
};

/// Sets a field that holds a choice to the one of that name.
void choose(npu::Entry &entry, std::string_view field, std::string_view name);

/// Where the control unit's own entries go, and who uses which register.
class Registers {
public:
  explicit Registers(std::vector<npu::Entry> &stream) : stream(stream) {}

  /// a function b, in a new register unless both are constants. `function` is one of `scalar`: add, sub, mul, div, rem, min, max, lt, eq, ..
  mlir::FailureOr<Number> apply(mlir::Operation *at, std::string_view function, Number a, Number b);
  /// Of dimensions, then symbols; nonnegative where it is divided.
  mlir::FailureOr<Number> evaluate(mlir::Operation *at, mlir::AffineExpr expr,
                                   llvm::ArrayRef<Number> operands, unsigned dims);
  /// A register of its own for what is written to it next.
  mlir::FailureOr<uint8_t> take(mlir::Operation *at);
  void release(uint8_t reg) { used &= ~(1u << reg); }
  /// After its use.
  void done(Number number) {
    if (number.isTemporary) {
      release(number.reg);
    }
  }
  /// In a register, also where it is constant.
  mlir::FailureOr<Number> inRegister(mlir::Operation *at, Number number);

private:
  std::vector<npu::Entry> &stream;
  uint32_t used = 0;
};

} // namespace coopt::target

#endif // COOPT_LIB_TARGET_NPU_REGISTERS_H
