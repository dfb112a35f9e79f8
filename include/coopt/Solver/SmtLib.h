//===- SmtLib.h - Answers to SMT-LIB scripts --------------------------------===//
//
// A script in SMT-LIB 2.6 (https://smt-lib.org), declarations and assertions, is decided by Z3.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SOLVER_SMTLIB_H
#define COOPT_SOLVER_SMTLIB_H

#include "coopt/Support/Error.h"

#include <map>
#include <string>

namespace coopt::solver {

enum class Satisfied { No, Yes, Unknown };

struct SmtAnswer {
  Satisfied satisfied = Satisfied::Unknown;
  /// If Yes: of each constant whose sort is a bit vector, its bits, the highest first. Constants that the solver left
  /// open have zeros.
  std::map<std::string, std::string> bits;
  /// If Unknown: why, as the solver says it ("timeout").
  std::string reason;
};

/// Whether the assertions of `script` hold for some values of its constants. Commands but declarations and assertions are
/// left out. Errors: a script that Z3 can't read.
Expected<SmtAnswer> checkSmtLib(const std::string &script, double seconds);

} // namespace coopt::solver

#endif // COOPT_SOLVER_SMTLIB_H
