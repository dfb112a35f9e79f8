//===- Statistics.h - Where the time of a session goes ----------------------===//
#ifndef COOPT_RUNTIME_MEASURE_STATISTICS_H
#define COOPT_RUNTIME_MEASURE_STATISTICS_H

#include "Executor/Observer.h"
#include "Npu/Sim/Totals.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace coopt::runtime {

/// Adds up, for each op id, its dispatches, their wall time and the bytes of all their operands (at the
/// run-time sizes; a state counts with its whole capacity). Of a simulated accelerator also cycles, which the host's time has nothing to do with.
class Statistics : public Observer {
public:
  struct Row {
    std::string opId;
    uint64_t calls = 0;
    double seconds = 0;
    double bytes = 0;
    uint64_t cycles = 0; ///< of the accelerator's core
  };
  Status after(const DispatchView &dispatch, int64_t start, int64_t end) override;
  /// Most cycles first, and most time where nothing was simulated.
  std::vector<Row> rows() const;
  /// All that was simulated, one dispatch behind the other.
  const npu::Totals &simulated() const { return total; }
  /// As if nothing had been seen.
  void clear() { *this = Statistics(); }

private:
  std::unordered_map<std::string, Row> byId;
  npu::Totals total;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_MEASURE_STATISTICS_H
