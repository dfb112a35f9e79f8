//===- GemminiRuns.h - DOSA's runs of Gemmini on FireSim ------------------------===//
#ifndef COOPT_TEST_GEMMINIRUNS_H
#define COOPT_TEST_GEMMINIRUNS_H

#include "coopt/CostModel/TileReplay.h"
#include "coopt/Machine/Machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace coopt::test {

struct GemminiRun {
  bool isTest = false, isConvolution = false, isClean = false, isLegal = false;
  int64_t dimension = 0; ///< of the array
  cost::NestProblem problem;
  std::string mapping;
  double cycles = 0;
  std::string problemKey; ///< equal for runs of the same problem
};

/// Absent: the file is not there.
inline std::optional<std::vector<GemminiRun>> gemminiRuns() {
  std::ifstream in(COOPT_TEST_DATA "/data/gemmini_dosa.csv");
  std::string line;
  if (!std::getline(in, line)) {
    return std::nullopt;
  }
  std::vector<GemminiRun> runs;
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::stringstream text(line);
    for (std::string cell; std::getline(text, cell, ',');) {
      cells.push_back(cell);
    }
    // set, dim, conv, clean, legal, R, S, P, Q, C, K, N, stride, mapping, rtl_cycles
    GemminiRun run;
    run.isTest = cells.at(0) == "test";
    run.dimension = std::stoll(cells.at(1));
    run.isConvolution = cells.at(2) == "1";
    run.isClean = cells.at(3) == "1";
    run.isLegal = cells.at(4) == "1";
    using D = cost::LoopDimension;
    const D order[] = {D::R, D::S, D::P, D::Q, D::C, D::M, D::N};
    for (size_t i = 0; i < 7; ++i) {
      cost::at(run.problem.extents, order[i]) = std::stoll(cells.at(5 + i));
    }
    run.problem.strideHeight = run.problem.strideWidth = std::stoll(cells.at(12));
    run.mapping = cells.at(13);
    run.cycles = std::stod(cells.at(14));
    for (size_t i : {2, 5, 6, 7, 8, 9, 10, 11, 12}) {
      run.problemKey += cells.at(i) + ",";
    }
    runs.push_back(run);
  }
  return runs;
}

/// The machine of the runs on an array of this size.
inline machine::NpuMachine gemmini(int64_t dimension) {
  machine::NpuMachine machine = *machine::presetNpu("gemmini-dosa16")->npu();
  machine.cores[0].mxu->rows = machine.cores[0].mxu->cols = dimension;
  return machine;
}

inline Expected<cost::TileProgram> programOf(const machine::NpuMachine &machine, const GemminiRun &run) {
  auto mapping = cost::parseMapping(run.mapping);
  if (!mapping) {
    return forward(mapping.error());
  }
  return cost::tileProgram(machine, run.problem, *mapping);
}

struct Errors {
  double mean = 0, median = 0; ///< of |here / there - 1|
  double meanLog = 0;          ///< of |log(here / there)|
  int64_t pairs = 0, ordered = 0;
};
/// `here`: cycles of each run. Pairs are runs of one problem that differ by more than 10 %; a tie is not ordered.
inline Errors compare(const std::vector<GemminiRun> &runs, const std::vector<double> &here) {
  Errors errors;
  std::vector<double> each;
  for (size_t i = 0; i < runs.size(); ++i) {
    each.push_back(std::fabs(here[i] / runs[i].cycles - 1));
    errors.mean += each.back() / runs.size();
    errors.meanLog += std::fabs(std::log(here[i] / runs[i].cycles)) / runs.size();
    for (size_t j = 0; j < i; ++j) {
      const double ratio = runs[i].cycles / runs[j].cycles;
      if (runs[i].problemKey == runs[j].problemKey && (ratio > 1.1 || ratio < 1 / 1.1)) {
        ++errors.pairs;
        errors.ordered += ratio > 1 ? here[i] > here[j] : here[i] < here[j];
      }
    }
  }
  std::sort(each.begin(), each.end());
  errors.median = each.empty() ? 0 : each[each.size() / 2];
  return errors;
}

} // namespace coopt::test

#endif // COOPT_TEST_GEMMINIRUNS_H
