#include "coopt/Solver/SmtLib.h"

#include <algorithm>
#include <cmath>
#include <z3++.h>

using namespace coopt;
using namespace coopt::solver;

namespace {

std::string bitsOf(const z3::context &context, const z3::expr &value) {
  return Z3_get_numeral_binary_string(context, value);
}

std::string padded(const std::string &bits, unsigned width) {
  return bits.size() < width ? std::string(width - bits.size(), '0') + bits : bits;
}

/// An assertion for each, without a `(reset)` behind: it would take them back.
std::string withoutReset(std::string script) {
  for (size_t at = 0; (at = script.find("(reset)", at)) != std::string::npos;) {
    script.erase(at, 7);
  }
  return script;
}

SmtAnswer check(const std::string &script, double seconds) {
  z3::context context;
  const z3::expr_vector assertions = context.parse_string(withoutReset(script).c_str());
  // Names are replaced by what they stand for, sums of products get one form, and what is left is for a solver of clauses.
  z3::params sums(context), ofSearch(context);
  sums.set("som", true);
  sums.set("som_blowup", 1000000u);
  auto tactic = [&](const char *name) { return z3::tactic(context, name); };
  z3::solver solver =
      (tactic("simplify") & tactic("solve-eqs") & z3::with(tactic("simplify"), sums) & tactic("qfufbv"))
          .mk_solver();
  ofSearch.set("timeout", static_cast<unsigned>(std::clamp(std::ceil(seconds * 1000), 1.0, 1e9)));
  solver.set(ofSearch);
  for (const z3::expr &assertion : assertions) {
    solver.add(assertion);
  }
  SmtAnswer answer;
  const z3::check_result result = solver.check();
  if (result == z3::unsat) {
    answer.satisfied = Satisfied::No;
    return answer;
  }
  if (result == z3::unknown) {
    answer.reason = solver.reason_unknown();
    return answer;
  }
  answer.satisfied = Satisfied::Yes;
  const z3::model model = solver.get_model();
  for (unsigned i = 0; i < model.num_consts(); ++i) {
    const z3::func_decl constant = model.get_const_decl(i);
    if (constant.range().is_bv()) {
      answer.bits[constant.name().str()] =
          padded(bitsOf(context, model.get_const_interp(constant)), constant.range().bv_size());
    }
  }
  return answer;
}

} // namespace

Expected<SmtAnswer> solver::checkSmtLib(const std::string &script, double seconds) {
  try {
    return check(script, seconds);
  } catch (const z3::exception &exception) {
    const std::string what = exception.msg();
    // The tactics report their time limit so.
    if (what.find("cancel") != std::string::npos || what.find("timeout") != std::string::npos) {
      SmtAnswer answer;
      answer.reason = what;
      return answer;
    }
    return fail("SMT-LIB script: " + what);
  }
}
