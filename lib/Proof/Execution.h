//===- Execution.h - Functions run on terms ---------------------------------===//
//
// A function of arith, math, vector, memref, scf, amx ops and some intrinsics of x86 is run op by op. Data are terms of bit vectors; places are numbers:
// bounds of loops, shapes, and where loads and stores go must not depend on the inputs (but elements of buffers may be looked up by an index that
// does). So loops are unrolled as they run, and what a buffer holds at the end is a term for each of its bytes.
//
// Floats are their bits. Ops on them are functions of which nothing is known but their names, but for those that only
// move or flip bits, and sums, products and conversions that at most 8 bits of the inputs decide, which are tables.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_PROOF_EXECUTION_H
#define COOPT_LIB_PROOF_EXECUTION_H

#include "BitTerms.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include <memory>
#include <variant>

namespace coopt::proof {

/// Bytes, the lowest of a number first. Null bytes were never written.
struct Memory {
  std::string name;
  std::vector<Term> bytes;
};

/// What a memref is: elements at `offset` + sum index strides[i] elementBytes().
struct View {
  std::shared_ptr<Memory> memory;
  int64_t offset = 0; ///< bytes
  llvm::SmallVector<int64_t> sizes, strides;
  mlir::Type element;

  /// Elements of less than a byte fill one each.
  int64_t elementBytes() const;
};

/// Elements of scalars (one), vectors and tiles, the last index fastest.
using Lanes = llvm::SmallVector<Term>;
using Entity = std::variant<Lanes, View>;

unsigned bitsOf(mlir::Type type);

/// A condition that a function states or needs, and where.
struct Condition {
  mlir::Location loc;
  std::string what;
  Term holds;
};

class Execution {
public:
  explicit Execution(BitTerms &terms) : t(terms) {}

  /// Runs `function`, which has one block. Errors are emitted where they arise. `results` gets what it returns.
  llvm::LogicalResult run(mlir::func::FuncOp function, llvm::ArrayRef<Entity> arguments,
                          llvm::SmallVector<Entity> &results);

  /// What must hold in the order of execution: asserted by cf.assert, and what ops ask of their operands.
  llvm::ArrayRef<Condition> asserted() const { return assertions; }
  llvm::ArrayRef<Condition> required() const { return requirements; }

  /// A contiguous buffer of `type`'s shape whose elements are symbols "name[i]".
  View symbolicBuffer(mlir::MemRefType type, const std::string &name);
  View buffer(mlir::MemRefType type, llvm::ArrayRef<int64_t> sizes, const std::string &name);
  Lanes symbolicLanes(mlir::Type type, const std::string &name);
  Term load(const View &view, int64_t byte);
  static int64_t elementCount(const View &view);
  static int64_t byteOfElement(const View &view, int64_t number);

private:
  BitTerms &t;
  llvm::DenseMap<mlir::Value, Entity> values;
  llvm::SmallVector<Condition> assertions, requirements;
  int64_t steps = 0;
  int64_t undefined = 0;

  const Lanes &lanes(mlir::Value value) { return std::get<Lanes>(values[value]); }
  const View &view(mlir::Value value) { return std::get<View>(values[value]); }
  void set(mlir::Value value, Lanes of) { values[value] = std::move(of); }
  void setView(mlir::Value value, View of) { values[value] = std::move(of); }
  void require(mlir::Operation *op, std::string what, Term holds);

  /// A number that does not depend on the inputs; an error is emitted if it does.
  llvm::FailureOr<int64_t> number(mlir::Operation *op, mlir::Value value, const char *what);
  llvm::FailureOr<llvm::SmallVector<int64_t>> numbers(mlir::Operation *op, mlir::ValueRange values,
                                                      const char *what);
  llvm::FailureOr<int64_t> numberOf(mlir::Operation *op, mlir::OpFoldResult value, const char *what);

  llvm::LogicalResult runBlock(mlir::Block &block, llvm::SmallVector<Entity> &yielded);
  llvm::LogicalResult runOp(mlir::Operation *op);
  /// Each fails with no message if it does not know the op: `isKnown` says so.
  llvm::LogicalResult runControl(mlir::Operation *op, bool &isKnown);
  llvm::LogicalResult runLoop(mlir::Operation *op, int64_t from, int64_t to, int64_t step, mlir::Block &body,
                              mlir::Value iv, mlir::ValueRange carried, mlir::ValueRange inits,
                              mlir::ValueRange results);
  llvm::LogicalResult runMemory(mlir::Operation *op, bool &isKnown);
  llvm::LogicalResult runVector(mlir::Operation *op, bool &isKnown);
  llvm::LogicalResult runTransfers(mlir::Operation *op, bool &isKnown);
  llvm::LogicalResult runIntrinsic(mlir::Operation *op, bool &isKnown);
  llvm::LogicalResult runTiles(mlir::Operation *op, bool &isKnown);

  /// One element of an op that treats all alike; null if it is none.
  Term element(mlir::Operation *op, llvm::ArrayRef<Term> operands);
  Term integerElement(mlir::Operation *op, llvm::ArrayRef<Term> operands);
  Term floatElement(mlir::Operation *op, llvm::ArrayRef<Term> operands);
  Term signedDivision(mlir::Operation *op, Binary kind, Term a, Term b);
  Term shifted(mlir::Operation *op, Binary kind, Term a, Term by);
  Term countOnes(Term a);
  Term floatOfInteger(mlir::Operation *op, Term a, bool isSigned);
  /// Sums and products of floats, and floats of integers, that few bits of the inputs decide; null for others.
  Term floatOfFewBits(mlir::Operation *op, llvm::ArrayRef<Term> operands);
  Term tableOf(llvm::function_ref<Term(uint64_t)> value, Term index, unsigned bits, uint64_t high);

  void store(const View &view, int64_t byte, Term value);
  /// The byte where an element stands; an error if there is none.
  llvm::FailureOr<int64_t> place(mlir::Operation *op, const View &view, llvm::ArrayRef<int64_t> index,
                                 int64_t run = 1);
  /// An element whose place the inputs decide.
  llvm::FailureOr<Term> lookUp(mlir::Operation *op, const View &view, Term index, Term isWanted);
  Term byteOf(Memory &memory, int64_t at);
  llvm::FailureOr<View> subview(mlir::Operation *op, const View &source,
                                llvm::ArrayRef<mlir::OpFoldResult> offsets,
                                llvm::ArrayRef<mlir::OpFoldResult> sizes,
                                llvm::ArrayRef<mlir::OpFoldResult> strides);
};

} // namespace coopt::proof

#endif // COOPT_LIB_PROOF_EXECUTION_H
