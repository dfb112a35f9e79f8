//===- AllocationReport.h - What a budget was spent on, for people ----------===//
#ifndef COOPT_LIB_TRANSFORMS_ALLOCATIONREPORT_H
#define COOPT_LIB_TRANSFORMS_ALLOCATIONREPORT_H

#include "coopt/Numerics/AutoQuantization.h"
#include "coopt/Solver/BitAllocation.h"

#include <functional>
#include <string>
#include <vector>

namespace coopt {

/// Six digits.
std::string printNumber(double value);
/// "1.25M (1310720 bytes)", as sizes are written: K, M, G of 1024.
std::string printBytes(double bytes);
/// "4.25 ms"
std::string printTime(double seconds);

struct AllocationReport {
  struct Line {
    std::vector<std::string> ids; ///< ops of one weight
    std::string format;
    solver::AllocationOption option; ///< costs: bits, picoseconds
  };

  const numerics::AutoQuantization &automatic;
  double weights = 0, otherBits = 0;
  const solver::BitAllocation &made;
  solver::Certificate certificate;
  std::vector<Line> lines;
};

void print(const AllocationReport &report, const std::function<void(const std::string &line)> &out);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_ALLOCATIONREPORT_H
