// Terms as questions for a solver.
#include "BitTerms.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Target/SMTLIB/ExportSMTLIB.h"

using namespace mlir;
using namespace coopt::proof;
using llvm::APInt;

SmallVector<Operation *> BitTerms::conesOf(ArrayRef<Value> terms) {
  SmallVector<Operation *> order;
  DenseSet<Operation *> seen;
  SmallVector<std::pair<Operation *, unsigned>> stack;
  auto visit = [&](Value value) {
    if (seen.insert(value.getDefiningOp()).second) {
      stack.push_back({value.getDefiningOp(), 0});
    }
  };
  for (Value term : terms) {
    visit(term);
    while (!stack.empty()) {
      auto &[op, next] = stack.back();
      if (next < op->getNumOperands()) {
        visit(op->getOperand(next++));
        continue;
      }
      order.push_back(op);
      stack.pop_back();
    }
  }
  return order;
}

const SmallVector<Term> &BitTerms::symbolsOf(Term term) {
  auto [it, isNew] = symbolsByTerm.try_emplace(term);
  if (isNew) {
    for (Operation *op : conesOf(term)) {
      if (auto declare = dyn_cast<smt::DeclareFunOp>(op)) {
        if (isa<smt::BitVectorType>(declare.getType())) {
          it->second.push_back(declare);
        }
      }
    }
  }
  return it->second;
}

Query BitTerms::differ(ArrayRef<Term> assumptions, Term x, Term y) {
  OwningOpRef<ModuleOp> script = ModuleOp::create(loc);
  OpBuilder s(script->getBodyRegion());
  auto solver = smt::SolverOp::create(s, loc, TypeRange(), ValueRange());
  s.createBlock(&solver.getBodyRegion());
  Query query;
  SmallVector<Value> terms = {x, y};
  terms.append(assumptions.begin(), assumptions.end());
  IRMapping mapping;
  unsigned functionCount = 0;
  for (Operation *op : conesOf(terms)) {
    auto declare = dyn_cast<smt::DeclareFunOp>(op);
    if (!declare) {
      s.clone(*op, mapping);
      continue;
    }
    const bool isBits = isa<smt::BitVectorType>(declare.getType());
    std::string name =
        isBits ? "x" + std::to_string(query.symbols.size()) : "f" + std::to_string(functionCount++);
    mapping.map(declare.getResult(),
                smt::DeclareFunOp::create(s, loc, declare.getType(), s.getStringAttr(name)).getResult());
    if (isBits) {
      query.symbols.push_back({name, declare});
    }
  }
  auto named = [&](Term term, llvm::StringRef name) {
    Value value = smt::DeclareFunOp::create(s, loc, term.getType(), s.getStringAttr(name));
    smt::AssertOp::create(s, loc, smt::EqOp::create(s, loc, value, mapping.lookup(term)));
    return value;
  };
  Value expected = named(x, "expected"), actual = named(y, "actual");
  smt::AssertOp::create(s, loc, smt::DistinctOp::create(s, loc, expected, actual));
  for (Term assumption : assumptions) {
    Value one = smt::BVConstantOp::create(s, loc, APInt(1, 1));
    smt::AssertOp::create(s, loc, smt::EqOp::create(s, loc, mapping.lookup(assumption), one));
  }
  smt::YieldOp::create(s, loc);
  llvm::raw_string_ostream stream(query.script);
  if (failed(smt::exportSMTLIB(*script, stream))) {
    query.script.clear();
  }
  return query;
}
