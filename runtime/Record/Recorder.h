//===- Recorder.h - Stores what every dispatch reads and writes -------------===//
#ifndef COOPT_RUNTIME_RECORD_RECORDER_H
#define COOPT_RUNTIME_RECORD_RECORDER_H

#include "Executor/Observer.h"
#include "Loader/LoadedPackage.h"
#include "Record/RecordIndex.h"

#include <map>
#include <memory>

namespace coopt::runtime {

class Recorder : public Observer {
public:
  /// Makes the folder if there is none; refuses one that holds a record already.
  static Expected<std::unique_ptr<Recorder>> create(std::shared_ptr<const LoadedPackage> package,
                                                    const std::string &folder);

  Status callBegins(const CallView &call) override;
  Status before(const DispatchView &dispatch) override;
  Status after(const DispatchView &dispatch, int64_t start, int64_t end) override;
  /// Writes index.json.
  Status finish();

private:
  Recorder(std::shared_ptr<const LoadedPackage> package, std::string folder)
      : package(std::move(package)), folder(std::move(folder)) {}
  Status store(const DispatchView &dispatch, size_t operand, const RecordedOperand &recorded,
               const std::string &file) const;

  std::shared_ptr<const LoadedPackage> package;
  std::string folder;
  RecordIndex index;
  std::map<std::string, uint64_t> calls, occurrences; ///< by op id: in the record, in the running call
};

/// Positions of a state that are filled once a call is done: past + tokens where the entry has these sizes,
/// else all.
int64_t filledPositions(const CallView &call, const package::State &state);

/// How a record describes an operand: kind, type and shape, without file names.
RecordedOperand describeOperand(const LoadedPackage &package, const DispatchView &dispatch, size_t operand);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_RECORD_RECORDER_H
