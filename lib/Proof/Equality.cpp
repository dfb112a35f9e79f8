#include "Equality.h"
#include "Execution.h"
#include "Rewriting.h"
#include "Simulation.h"
#include "coopt/Solver/SmtLib.h"

#include <cmath>
#include <map>
#include <set>

using namespace mlir;
using namespace coopt;
using namespace coopt::proof;

namespace {

/// Two terms that must be equal.
struct Goal {
  std::string what;
  Location loc;
  Term expected, actual;
  bool isCondition = false;
};

/// "0x8f (143, -113)".
std::string textOf(const APInt &value) {
  SmallString<32> hex, number, negative;
  value.toStringUnsigned(hex, 16);
  value.toStringUnsigned(number, 10);
  std::string text = ("0x" + hex.str().lower() + " (" + number.str()).str();
  if (value.isNegative() && value.getBitWidth() > 1) {
    value.toStringSigned(negative, 10);
    text += (", " + negative.str()).str();
  }
  return text + ")";
}

/// For a step of a rewriting, for a first try, and for one with products of bits.
constexpr double kLemmaSeconds = 5, kFirstSeconds = 1, kBitsSeconds = 20;

class Equality {
public:
  Equality(func::FuncOp emitted, func::FuncOp definition, double seconds)
      : emitted(emitted), definition(definition), seconds(seconds), terms(emitted.getContext()) {}

  LogicalResult prove() {
    if (failed(runBoth())) {
      return failure();
    }
    for (const Condition &condition : defined.asserted()) {
      assumptions.push_back(condition.holds);
    }
    if (failed(checkAssumptions())) {
      return failure();
    }
    for (const Condition &condition : defined.required()) {
      addCondition(condition, "the definition has a result: ");
    }
    for (const Condition &condition : made.required()) {
      addCondition(condition, "the code has a result: ");
    }
    for (const Condition &condition : made.asserted()) {
      addCondition(condition, "the code's assertion holds: ");
    }
    const size_t numbers = goals.size();
    addNumbers();
    const size_t count = goals.size() - numbers;
    while (!goals.empty()) {
      Goal goal = std::move(goals.back());
      goals.pop_back();
      if (failed(proveGoal(goal))) {
        return failure();
      }
    }
    emitRemark(emitted.getLoc()) << "@" << emitted.getName() << ": proven for all inputs"
                                 << (assumptions.empty() ? "" : " that its definition allows") << ": "
                                 << count << " numbers, " << byForm << " goals by their form, " << byZ3
                                 << " by Z3, " << likeOthers << " like one of these";
    return success();
  }

private:
  func::FuncOp emitted, definition;
  double seconds;
  BitTerms terms;
  Execution defined{terms}, made{terms};
  SmallVector<Entity> definedArguments, madeArguments, definedResults, madeResults;
  SmallVector<Entity> inputs;
  SmallVector<Term> assumptions;
  SmallVector<Goal> goals;
  std::set<std::pair<const void *, const void *>> seen;
  std::set<std::string> provenScripts, tried;
  std::map<std::string, bool> lemmas;
  Rewriting sums{terms, [this](Term x, Term y) { return isLemma(x, y); }, /*bits=*/false};
  Rewriting bits{terms, [this](Term x, Term y) { return isLemma(x, y); }, /*bits=*/true};
  int64_t byForm = 0, byZ3 = 0, likeOthers = 0;

  static Entity copied(const Entity &entity) {
    const View *view = std::get_if<View>(&entity);
    if (!view) {
      return entity;
    }
    View copy = *view;
    copy.memory = std::make_shared<Memory>(*view->memory);
    return copy;
  }

  static bool isScratch(func::FuncOp function, unsigned argument) {
    return function.getArgAttr(argument, "coopt.scratch") != nullptr;
  }

  static SmallVector<Type> inputTypes(func::FuncOp function) {
    SmallVector<Type> types;
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
      if (!isScratch(function, static_cast<unsigned>(i))) {
        types.push_back(type);
      }
    }
    return types;
  }

  /// The inputs for one of the functions, with what scratch it wants between them.
  static LogicalResult fill(func::FuncOp function, Execution &execution, ArrayRef<Entity> inputs,
                            SmallVector<Entity> &arguments) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      if (!isScratch(function, i)) {
        arguments.push_back(copied(inputs.front()));
        inputs = inputs.drop_front();
        continue;
      }
      auto type = dyn_cast<MemRefType>(function.getArgument(i).getType());
      auto bytes = function->getAttrOfType<IntegerAttr>("coopt.scratch_bytes");
      if (!type || !bytes) {
        return emitError(function.getLoc())
               << "@" << function.getName() << ": expected coopt.scratch_bytes for its scratch";
      }
      arguments.push_back(execution.buffer(type, {bytes.getInt()}, "the scratch"));
    }
    return success();
  }

  LogicalResult runBoth() {
    const SmallVector<Type> types = inputTypes(emitted), wanted = inputTypes(definition);
    if (types != wanted || emitted.getResultTypes() != definition.getResultTypes()) {
      return emitError(emitted.getLoc())
             << "@" << emitted.getName() << ": expected the type of its definition, "
             << definition.getFunctionType() << ", got " << emitted.getFunctionType();
    }
    for (auto [i, type] : llvm::enumerate(types)) {
      const std::string name = "arg" + std::to_string(i);
      auto memref = dyn_cast<MemRefType>(type);
      if (memref ? !memref.hasStaticShape() || !memref.getLayout().isIdentity()
                 : !getElementTypeOrSelf(type).isIntOrIndexOrFloat()) {
        return emitError(emitted.getLoc())
               << "@" << emitted.getName()
               << ": expected scalars, vectors, and memrefs of static shapes that stand in one piece, got "
               << type;
      }
      inputs.push_back(memref ? Entity(made.symbolicBuffer(memref, name))
                              : Entity(made.symbolicLanes(type, name)));
    }
    return failure(failed(fill(definition, defined, inputs, definedArguments)) ||
                   failed(fill(emitted, made, inputs, madeArguments)) ||
                   failed(defined.run(definition, definedArguments, definedResults)) ||
                   failed(made.run(emitted, madeArguments, madeResults)));
  }

  /// From what never holds, anything would follow.
  LogicalResult checkAssumptions() {
    SmallVector<Term> left = assumptions;
    std::set<std::string> held;
    while (!left.empty()) {
      // Those that share no symbols hold together if each does.
      SmallVector<Term> together = relevant(left.front(), left.front());
      if (together.empty()) {
        together = {left.front()}; // it has no symbols
      }
      llvm::erase_if(left, [&](Term of) { return llvm::is_contained(together, of); });
      Query query = terms.differ(together, terms.constant(1, 0), terms.constant(1, 1));
      if (!held.insert(query.script).second) {
        continue;
      }
      Expected<solver::SmtAnswer> answer = solver::checkSmtLib(query.script, seconds);
      if (!answer) {
        return emitError(definition.getLoc()) << answer.error().message;
      }
      if (answer->satisfied != solver::Satisfied::Yes) {
        return emitError(definition.getLoc())
               << "@" << definition.getName() << ": its definition has assertions that "
               << (answer->satisfied == solver::Satisfied::No ? "never hold together"
                                                              : "are not known to hold for any input");
      }
    }
    return success();
  }

  void addCondition(const Condition &condition, const char *before) {
    goals.push_back({before + condition.what, condition.loc, terms.constant(1, 1), condition.holds,
                     /*isCondition=*/true});
  }

  void addNumbers() {
    auto compare = [&](Entity &expected, Entity &actual, const std::string &name) {
      if (auto *lanes = std::get_if<Lanes>(&expected)) {
        for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(*lanes, std::get<Lanes>(actual)))) {
          goals.push_back({name + (lanes->size() > 1 ? "[" + std::to_string(i) + "]" : ""), emitted.getLoc(),
                           std::get<0>(pair), std::get<1>(pair)});
        }
        return;
      }
      View &a = std::get<View>(expected), &b = std::get<View>(actual);
      for (int64_t i = 0; i < Execution::elementCount(a); ++i) {
        goals.push_back({name + "[" + std::to_string(i) + "]", emitted.getLoc(),
                         defined.load(a, Execution::byteOfElement(a, i)),
                         made.load(b, Execution::byteOfElement(b, i))});
      }
    };
    auto withoutScratch = [](func::FuncOp function, MutableArrayRef<Entity> arguments) {
      SmallVector<Entity *> all;
      for (auto [i, argument] : llvm::enumerate(arguments)) {
        if (!isScratch(function, static_cast<unsigned>(i))) {
          all.push_back(&argument);
        }
      }
      return all;
    };
    for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(withoutScratch(definition, definedArguments),
                                                          withoutScratch(emitted, madeArguments)))) {
      compare(*std::get<0>(pair), *std::get<1>(pair), "arg" + std::to_string(i));
    }
    for (auto [number, result] : llvm::enumerate(madeResults)) {
      compare(definedResults[number], result, "result" + std::to_string(number));
    }
    // The first is proven first.
    std::reverse(goals.begin(), goals.end());
  }

  /// How much speaks for two terms being equal.
  static int likeness(Term x, Term y) {
    auto a = x.getDefiningOp<smt::ApplyFuncOp>(), b = y.getDefiningOp<smt::ApplyFuncOp>();
    const bool isLike =
        a && b ? a.getFunc() == b.getFunc() : x.getDefiningOp()->getName() == y.getDefiningOp()->getName();
    return x == y ? 2 : isLike ? 1 : 0;
  }

  LogicalResult proveGoal(const Goal &goal) {
    if (goal.expected == goal.actual) {
      ++byForm;
      return success();
    }
    if (!seen.insert({goal.expected.getAsOpaquePointer(), goal.actual.getAsOpaquePointer()}).second) {
      ++likeOthers;
      return success();
    }
    // The same function of equal operands: enough, and most often the only way.
    auto a = goal.expected.getDefiningOp<smt::ApplyFuncOp>(),
         b = goal.actual.getDefiningOp<smt::ApplyFuncOp>();
    if (a && b && a.getFunc() == b.getFunc()) {
      const llvm::StringRef name = terms.nameOf(a.getFunc());
      SmallVector<Term> x(a.getArgs()), y(b.getArgs());
      // NaNs are equal whatever their bits, so sums and products may change their operands.
      const bool commutes = name.starts_with("arith.addf") || name.starts_with("arith.mulf");
      if (commutes &&
          likeness(x[0], y[1]) + likeness(x[1], y[0]) > likeness(x[0], y[0]) + likeness(x[1], y[1])) {
        std::swap(y[0], y[1]);
      }
      for (size_t i = x.size(); i-- > 0;) {
        goals.push_back({"operand " + std::to_string(i) + " of " + name.str() + " for " + goal.what, goal.loc,
                         x[i], y[i]});
      }
      return success();
    }
    return ask(goal);
  }

  /// Assumptions about what the terms depend on, and about what these depend on in turn.
  SmallVector<Term> relevant(Term x, Term y) {
    DenseSet<Term> symbols;
    auto add = [&](Term term) { symbols.insert_range(terms.symbolsOf(term)); };
    add(x);
    add(y);
    SmallVector<Term> found, left = assumptions;
    for (bool isNew = true; isNew;) {
      isNew = false;
      SmallVector<Term> others;
      for (Term assumption : left) {
        if (llvm::any_of(terms.symbolsOf(assumption), [&](Term of) { return symbols.contains(of); })) {
          add(assumption);
          found.push_back(assumption);
          isNew = true;
        } else {
          others.push_back(assumption);
        }
      }
      left = std::move(others);
    }
    return found;
  }

  /// Assumptions about nothing else than the terms.
  SmallVector<Term> about(Term x, Term y) {
    DenseSet<Term> symbols;
    symbols.insert_range(terms.symbolsOf(x));
    symbols.insert_range(terms.symbolsOf(y));
    SmallVector<Term> found;
    for (Term assumption : assumptions) {
      if (llvm::all_of(terms.symbolsOf(assumption), [&](Term of) { return symbols.contains(of); })) {
        found.push_back(assumption);
      }
    }
    return found;
  }

  /// Whether a step of a rewriting may be taken.
  bool isLemma(Term x, Term y) {
    if (x == y) {
      return true;
    }
    Query query = terms.differ(about(x, y), x, y);
    auto [it, isNew] = lemmas.try_emplace(query.script, false);
    if (isNew && !query.script.empty()) {
      Expected<solver::SmtAnswer> answer = solver::checkSmtLib(query.script, kLemmaSeconds);
      it->second = answer && answer->satisfied == solver::Satisfied::No;
    }
    return it->second;
  }

  /// What Z3 says to a goal in one of its forms. Those that it did not decide before are not tried again in as little time. Errors: of Z3.
  Expected<solver::SmtAnswer> decide(Term x, Term y, double limit, Query &query) {
    query = terms.differ(relevant(x, y), x, y);
    if (query.script.empty()) {
      return fail("has no SMT-LIB");
    }
    if (x == y || provenScripts.count(query.script)) {
      return solver::SmtAnswer{solver::Satisfied::No, {}, ""};
    }
    if (limit < seconds && !tried.insert(query.script).second) {
      return solver::SmtAnswer{};
    }
    Expected<solver::SmtAnswer> answer = solver::checkSmtLib(query.script, limit);
    if (answer && answer->satisfied == solver::Satisfied::No) {
      provenScripts.insert(query.script);
    }
    return answer;
  }

  /// As a solver would have said it.
  solver::SmtAnswer counterexample(const Goal &goal, const Numbers &numbers, Query &query) {
    query = terms.differ(relevant(goal.expected, goal.actual), goal.expected, goal.actual);
    solver::SmtAnswer answer;
    answer.satisfied = solver::Satisfied::Yes;
    auto add = [&](const std::string &name, Term term) {
      SmallString<64> text;
      numbers.lookup(term).toString(text, 2, /*Signed=*/false);
      answer.bits[name] = text.str();
    };
    add("expected", goal.expected);
    add("actual", goal.actual);
    for (const auto &[name, term] : query.symbols) {
      add(name, term);
    }
    return answer;
  }

  /// Sums of products, some inputs, then sums of products of bits, each for a moment, then whatever it takes.
  Expected<solver::SmtAnswer> decide(const Goal &goal, Query &query) {
    Term x = sums.rewritten(goal.expected), y = sums.rewritten(goal.actual);
    Expected<solver::SmtAnswer> answer = decide(x, y, kFirstSeconds, query);
    if (answer && answer->satisfied == solver::Satisfied::Unknown) {
      if (std::optional<Numbers> numbers =
              randomDifference(terms, relevant(goal.expected, goal.actual), goal.expected, goal.actual)) {
        return counterexample(goal, *numbers, query);
      }
      answer = decide(bits.rewritten(x), bits.rewritten(y), std::min(seconds, kBitsSeconds), query);
    }
    if (answer && answer->satisfied == solver::Satisfied::Unknown) {
      answer = decide(x, y, seconds, query);
    }
    return answer;
  }

  LogicalResult ask(const Goal &goal) {
    const size_t before = provenScripts.size();
    Query query;
    const Expected<solver::SmtAnswer> answer = decide(goal, query);
    if (!answer) {
      return emitError(goal.loc) << "@" << emitted.getName() << ": " << goal.what << ": "
                                 << answer.error().message;
    }
    switch (answer->satisfied) {
    case solver::Satisfied::No:
      (provenScripts.size() == before ? likeOthers : byZ3) += 1;
      return success();
    case solver::Satisfied::Unknown:
      return emitError(goal.loc) << "@" << emitted.getName() << ": " << goal.what << ": not decided within "
                                 << static_cast<int64_t>(std::ceil(seconds)) << " s (" << answer->reason
                                 << ")";
    case solver::Satisfied::Yes:
      return emitCounterexample(goal, query, *answer);
    }
    llvm_unreachable("unknown answer");
  }

  LogicalResult emitCounterexample(const Goal &goal, const Query &query, const solver::SmtAnswer &answer) {
    auto valueOf = [&](const std::string &name, Term term) {
      auto it = answer.bits.find(name);
      return textOf(it == answer.bits.end() ? APInt::getZero(BitTerms::widthOf(term))
                                            : APInt(BitTerms::widthOf(term), it->second, 2));
    };
    InFlightDiagnostic error = emitError(goal.loc);
    error << "@" << emitted.getName() << ": ";
    if (goal.isCondition) {
      error << "not for all inputs: " << goal.what;
    } else {
      error << goal.what << " is " << valueOf("actual", goal.actual) << ", its definition gives "
            << valueOf("expected", goal.expected);
    }
    // In the order of the arguments.
    DenseMap<Term, size_t> order;
    size_t next = 0;
    for (const Entity &input : inputs) {
      if (auto *lanes = std::get_if<Lanes>(&input)) {
        for (Term term : *lanes) {
          order[term] = next++;
        }
      } else {
        const View &view = std::get<View>(input);
        for (int64_t i = 0; i < Execution::elementCount(view); ++i) {
          order[made.load(view, Execution::byteOfElement(view, i))] = next++;
        }
      }
    }
    // Those that are no inputs come last, as they stand.
    SmallVector<std::tuple<size_t, size_t, Term>> symbols;
    for (auto [i, symbol] : llvm::enumerate(query.symbols)) {
      Term term = symbol.second;
      symbols.push_back({order.count(term) ? order.lookup(term) : order.size(), i, term});
    }
    llvm::sort(symbols, [](const auto &a, const auto &b) {
      return std::pair(std::get<0>(a), std::get<1>(a)) < std::pair(std::get<0>(b), std::get<1>(b));
    });
    const char *before = ", for ";
    for (const auto &[place, i, term] : symbols) {
      error << before << terms.nameOf(term) << " = " << valueOf(query.symbols[i].first, term);
      before = ", ";
    }
    if (query.script.find("declare-fun") != std::string::npos) {
      error << " (and some meaning of its float ops)";
    }
    return error;
  }
};

} // namespace

LogicalResult coopt::proof::proveEqual(func::FuncOp emitted, func::FuncOp definition, double seconds) {
  return Equality(emitted, definition, seconds).prove();
}
