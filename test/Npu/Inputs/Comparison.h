//===- Comparison.h - A model and its RTL on the same words -----------------===//
//
// What the programs that compare them share: arguments, cases, certificate.
//
//   PROGRAM [--cases=N] [--seed=S] [--certificate]
//
// Each case is run without stalls and with, on both; compared are the values (of both with what the case says of them), the
// words of every port in every cycle, and without stalls the number of cycles with the law. Prints what was
// compared, or with --certificate the law and what it was compared with, as rows of the page.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TEST_NPU_COMPARISON_H
#define COOPT_TEST_NPU_COMPARISON_H

#include "Npu/Drive.h"
#include "Workload.h"
#include "coopt/CostModel/MatrixArray.h"

#include <functional>
#include <memory>

namespace coopt::npu::test {

struct Case {
  Stimulus stimulus;
  size_t products = 0, tiles = 0;
  int64_t cycles = 0; ///< by the law, without stalls
  /// "" if the output words are right, else what differs.
  std::function<std::string(const std::vector<Word> &)> compare;
};

struct Subject {
  std::string mode, size, hops; ///< for messages and the page
  cost::ArrayLaw law;
  std::function<Case(Random &)> makeCase;
  std::function<std::unique_ptr<Device>()> makeModel;
  /// `seed`: of the registers' first values. Ports are those of the model.
  std::function<std::unique_ptr<Device>(std::vector<Port> ports, uint64_t seed)> makeRtl;
};

/// A program's main. 0: all equal; 1: something differs, with a message; 2: bad arguments.
int compareSubject(const Subject &subject, int argc, char **argv);

} // namespace coopt::npu::test

#endif // COOPT_TEST_NPU_COMPARISON_H
