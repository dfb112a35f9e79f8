//===- fit-gemmini.cpp - The constants of gemmini-dosa16, fitted again ------------===//
//
// Searches the six cycles of tile_loops that bring replays of the training runs on 16 x 16 closest to the RTL: the mean of |log(here / there)| and
// 0.3 times the median of |here / there - 1|. It starts at the preset's, changes constants at random by factors, and keeps what is better: a minimum of
// its neighbourhood. The test runs are only reported. Takes the number of tries.
//
//===----------------------------------------------------------------------===//
#include "GemminiRuns.h"

#include <cstdio>
#include <cstdlib>
#include <random>

using namespace coopt;
using namespace coopt::test;
using machine::NpuTileLoops;

namespace {

constexpr double NpuTileLoops::*kConstants[] = {
    &NpuTileLoops::convolutionIssueCycles, &NpuTileLoops::productIssueCycles, &NpuTileLoops::stepCycles,
    &NpuTileLoops::requestCycles,          &NpuTileLoops::storeRowCycles,     &NpuTileLoops::missCycles};

Errors errorsOf(const std::vector<GemminiRun> &runs, const machine::NpuMachine &machine) {
  std::vector<double> cycles;
  for (const GemminiRun &run : runs) {
    cycles.push_back(cost::replay(machine, *programOf(machine, run))->total);
  }
  return compare(runs, cycles);
}

void report(const char *what, const Errors &errors) {
  std::printf("%s: mean %.4f, median %.4f, %lld of %lld pairs\n", what, errors.mean, errors.median,
              static_cast<long long>(errors.ordered), static_cast<long long>(errors.pairs));
}

} // namespace

int main(int count, char **arguments) {
  const auto all = gemminiRuns();
  if (!all) {
    std::fprintf(stderr, "fit-gemmini: error: no %s/data/gemmini_dosa.csv\n", COOPT_TEST_DATA);
    return 1;
  }
  std::vector<GemminiRun> training, test;
  for (const GemminiRun &run : *all) {
    if (run.isClean && run.dimension == 16) {
      (run.isTest ? test : training).push_back(run);
    }
  }
  machine::NpuMachine best = gemmini(16);
  auto objective = [&](const machine::NpuMachine &machine) {
    const Errors errors = errorsOf(training, machine);
    return errors.meanLog + 0.3 * errors.median;
  };
  double least = objective(best);
  std::printf("objective of the preset: %.5f\n", least);
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  double width = 0.2;
  for (int i = 0, tries = count > 1 ? std::atoi(arguments[1]) : 200; i < tries; ++i) {
    machine::NpuMachine next = best;
    for (double NpuTileLoops::*constant : kConstants) {
      if (random() % 2 == 0) {
        (*next.tileLoops).*constant *= std::exp(width * normal(random));
      }
    }
    if (const double found = objective(next); found < least) {
      least = found;
      best = next;
    } else {
      width = std::max(0.02, width * 0.99);
    }
  }
  const NpuTileLoops &loops = *best.tileLoops;
  std::printf("objective: %.5f\nconvolution_issue_cycles %.4g, product_issue_cycles %.4g, step_cycles %.4g, "
              "request_cycles %.4g, store_row_cycles %.4g, miss_cycles %.4g\n",
              least, loops.convolutionIssueCycles, loops.productIssueCycles, loops.stepCycles,
              loops.requestCycles, loops.storeRowCycles, loops.missCycles);
  report("training", errorsOf(training, best));
  report("test", errorsOf(test, best));
}
