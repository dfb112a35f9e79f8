//===- Report.h - Results as a table and as JSON ------------------------------===//
#ifndef COOPT_RUNTIME_BENCH_REPORT_H
#define COOPT_RUNTIME_BENCH_REPORT_H

#include "Bench/Benchmark.h"

namespace coopt::bench {

struct MachineInfo {
  std::string processor; ///< "unknown" if the system does not say
  int cores = 0;         ///< that this process may use
  std::string date;      ///< UTC, "2026-01-31T12:00:00Z"
};
MachineInfo machineInfo();

/// One aligned table, and one for each phase of each package whose ops were measured.
std::string table(const MachineInfo &machine, const std::vector<Result> &results);

/// The document that python-free-docs/benchmarks.md describes, all samples in it.
std::string json(const MachineInfo &machine, const Options &options, const std::vector<Result> &results);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_REPORT_H
