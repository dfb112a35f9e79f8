//===- Programs.h - Runs the compiler as a person would ------------------------===//
//
// Tests of the whole way spawn coopt-gen and coopt-compile from the build's bin folder. What they make is
// kept in the build folder under a name that stands for the command line, and made again when the program is
// newer: tests of one model share a package, also when they run in different processes.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TEST_INTEGRATION_CPU_PROGRAMS_H
#define COOPT_TEST_INTEGRATION_CPU_PROGRAMS_H

#include <string>
#include <vector>

namespace coopt::test {

struct Outcome {
  int status = -1;    ///< exit status; 128 + n when signal n ended the program
  std::string output; ///< standard output and error
};

/// Runs a program of the build's bin folder.
Outcome run(const std::string &program, const std::vector<std::string> &arguments);

/// The directory of a model that coopt-gen makes with these options; fails the test and gives "" if it does
/// not.
std::string generated(const std::vector<std::string> &options);

/// The package that coopt-compile makes of a model, a directory or an MLIR file, with these options; fails the test and gives "" if it does
/// not. `schedule` is the text of a schedule file, "" for none.
std::string compiled(const std::string &model, const std::vector<std::string> &options,
                     const std::string &schedule = "");

/// A path in a folder of the build that tests may write to.
std::string scratchPath(const std::string &name);

} // namespace coopt::test

#endif // COOPT_TEST_INTEGRATION_CPU_PROGRAMS_H
