//===- Replay.h - A package run on recorded inputs, op by op ----------------===//
#ifndef COOPT_RUNTIME_RECORD_REPLAY_H
#define COOPT_RUNTIME_RECORD_REPLAY_H

#include "Loader/LoadedPackage.h"
#include "Record/Compare.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coopt::runtime {

struct ReplayOptions {
  std::string folder;
  int threads = 0;
  std::optional<Tolerance> tolerance; ///< absent: everything must be equal
};

struct ReplayRow {
  std::string opId;
  uint64_t recorded = 0; ///< dispatches in the record
  uint64_t compared = 0; ///< of these, with the same operands (parameters aside) in this package
  Comparison comparison; ///< of all written operands of the compared dispatches
};

struct ReplayReport {
  std::vector<ReplayRow> rows; ///< in the order of the record
  uint64_t compared() const;
  uint64_t recorded() const;
  /// Whether something was compared and nothing of it lies outside the tolerance.
  bool good() const;
  /// The first op id with dispatches that were not compared; null if all were.
  const ReplayRow *firstMissing() const;
};

/// Repeats the record's calls. Before each dispatch that the record also has (op id, place in its run,
/// operands), the recorded inputs and the filled part of states are put into its buffers; after it, what it
/// wrote is compared. Parameters may be stored in another layout, so they are not operands in this sense.
/// Errors: the record or one of its files is broken; the package lacks an entry or a size of the record, or
/// the entry's arguments differ.
Expected<ReplayReport> replay(std::shared_ptr<const LoadedPackage> package, const ReplayOptions &options);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_RECORD_REPLAY_H
