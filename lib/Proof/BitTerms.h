//===- BitTerms.h - Terms of bit vectors ------------------------------------===//
//
// Terms are values of MLIR's smt dialect, of type !smt.bv<w>, in a block of their own. What two terms have in common stands there once; constants are
// folded, and what only moves bits (shifts by constants, masks, extensions, bytes of numbers) becomes smt.bv.extract and smt.bv.concat in
// one form, so that a solver is asked only about arithmetic. Conditions are of one bit.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_PROOF_BITTERMS_H
#define COOPT_LIB_PROOF_BITTERMS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SMT/IR/SMTOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/DenseSet.h"

namespace coopt::proof {

/// A value of type !smt.bv<w>.
using Term = mlir::Value;

enum class Binary { Add, Mul, And, Or, Xor, Shl, LShr, AShr, UDiv, SDiv, URem, SRem };

/// As SMT-LIB defines them: shifts by the width or more give zeros (signs), x / 0 is all ones, x mod 0 is x.
llvm::APInt folded(Binary kind, const llvm::APInt &a, const llvm::APInt &b);

/// A question for a solver, as SMT-LIB.
struct Query {
  std::string script;
  /// The constants of the script, by name.
  std::vector<std::pair<std::string, Term>> symbols;
};

class BitTerms {
public:
  explicit BitTerms(mlir::MLIRContext *context);

  /// A constant that may be anything. `name`: for people.
  Term symbol(unsigned width, std::string name);
  llvm::StringRef nameOf(Term symbol) const;
  Term constant(const llvm::APInt &value);
  Term constant(unsigned width, uint64_t value) { return constant(llvm::APInt(width, value, false, true)); }

  static unsigned widthOf(Term term);
  static std::optional<llvm::APInt> valueOf(Term term);

  Term binary(Binary kind, Term a, Term b);
  Term add(Term a, Term b) { return binary(Binary::Add, a, b); }
  Term sub(Term a, Term b) { return add(a, negated(b)); }
  Term mul(Term a, Term b) { return binary(Binary::Mul, a, b); }
  Term negated(Term a);

  Term extract(Term a, unsigned low, unsigned width);
  Term concat(Term high, Term low);
  Term extended(Term a, unsigned width, bool isSigned);
  /// Extended or cut to `width` bits.
  Term resized(Term a, unsigned width, bool isSigned);

  Term compare(mlir::arith::CmpIPredicate predicate, Term a, Term b);
  Term equal(Term a, Term b) { return compare(mlir::arith::CmpIPredicate::eq, a, b); }
  Term choose(Term condition, Term a, Term b);
  /// elements[index mod their number], a power of two.
  Term elementAt(llvm::ArrayRef<Term> elements, Term index);

  /// A function of which nothing is known but that equal arguments give equal results.
  Term apply(llvm::StringRef function, llvm::ArrayRef<Term> arguments, unsigned width);

  /// x, if `term` is x of at most `most` bits, extended.
  struct Narrow {
    Term term;
    bool isSigned;
  };
  static std::optional<Narrow> narrowed(Term term, unsigned most);

  /// Any number: the same for the same `width` and `number`.
  Term any(unsigned width, unsigned number = 0);
  /// An op with other operands.
  Term rebuilt(mlir::Operation *op, llvm::ArrayRef<mlir::Value> operands);
  /// What an smt.ite asks, as one bit.
  Term conditionOf(mlir::smt::IteOp choice);

  /// All ops that the terms need, operands first, in an order that depends on their form alone.
  static llvm::SmallVector<mlir::Operation *> conesOf(llvm::ArrayRef<mlir::Value> terms);

  /// Whether there are values with which the assumptions hold and `a` is not `b`. The script depends on the form of the
  /// terms alone: it has "expected" and "actual" for a and b, and "x<i>" for symbols in the order in which they are met.
  Query differ(llvm::ArrayRef<Term> assumptions, Term a, Term b);
  /// The symbols of a term.
  const llvm::SmallVector<Term> &symbolsOf(Term term);

private:
  struct SameOp : llvm::DenseMapInfo<mlir::Operation *> {
    static unsigned getHashValue(const mlir::Operation *op);
    static bool isEqual(const mlir::Operation *a, const mlir::Operation *b);
  };

  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OpBuilder b;
  mlir::Location loc;
  llvm::DenseSet<mlir::Operation *, SameOp> known;
  llvm::StringMap<mlir::Value> functions;
  llvm::DenseMap<Term, std::string> names;
  llvm::DenseMap<Term, llvm::SmallVector<Term>> symbolsByTerm;
  llvm::DenseMap<std::pair<unsigned, unsigned>, Term> anything;

  template <typename Op, typename... Args>
  mlir::Value make(Args &&...args) {
    return unique(Op::create(b, loc, std::forward<Args>(args)...));
  }
  mlir::Value unique(mlir::Operation *op);
  mlir::Type typeOf(unsigned width) const;
  /// One term for two neighbours, or null.
  Term merged(Term high, Term low);
  Term fromBool(mlir::Value condition);
  mlir::Value toBool(Term condition);
  Term constantShift(Binary kind, Term a, unsigned by);
  Term masked(Term a, const llvm::APInt &mask);
  Term bitwiseByParts(Binary kind, Term a, Term b);
};

} // namespace coopt::proof

#endif // COOPT_LIB_PROOF_BITTERMS_H
