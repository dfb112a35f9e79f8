//===- Executor.h - The interpreter of host programs ------------------------===//
#ifndef COOPT_RUNTIME_EXECUTOR_EXECUTOR_H
#define COOPT_RUNTIME_EXECUTOR_EXECUTOR_H

#include "Executor/AlignedMemory.h"
#include "Executor/Observer.h"
#include "Loader/LoadedPackage.h"

#include <memory>
#include <vector>

namespace coopt::runtime {

/// What a call reads and writes; every address is 64-byte aligned and holds its buffer at the given sizes.
struct Call {
  uint32_t entry = 0;
  std::vector<int64_t> sizes; ///< one a dimension of the entry
  const void *const *arguments = nullptr;
  void *const *results = nullptr;
  void *const *states = nullptr; ///< one a state of the program
};

/// Runs the entries of a package on its device, one call at a time. All memory is allocated once, for the largest sizes.
class Executor {
public:
  /// `threads` 0: as many as the process may use.
  static Expected<std::unique_ptr<Executor>> create(std::shared_ptr<const LoadedPackage> package,
                                                    int threads);

  /// Errors name the entry and, for what only shows at run time, the command: sizes outside their bounds,
  /// division by zero, a buffer or a number of work items that became too large, a check of the entry or of a
  /// kernel that failed. Results are then not to be used.
  Status run(const Call &call);

  int threads() const { return device->threads(); }
  const LoadedPackage &package() const { return *loaded; }
  std::shared_ptr<const LoadedPackage> shared() const { return loaded; }
  /// Observers are called in order and must outlive the executor or be removed.
  void observe(std::vector<Observer *> observers) { watching = std::move(observers); }

private:
  Executor(std::shared_ptr<const LoadedPackage> package, std::unique_ptr<Device> device, AlignedMemory arena)
      : loaded(std::move(package)), device(std::move(device)), arena(std::move(arena)) {}
  Status execute(const Call &call, const package::Entry &entry);
  Status scalar(const package::Command &command);
  Status dispatch(const CallView &view, const package::Command &command);
  /// Prefetches side by side are one guess, which expectGuess hands on.
  Status prefetch(const package::Entry &entry, const package::Command &command);
  void expectGuess();
  Status copy(const package::Entry &entry, const package::Command &command);
  int64_t extent(const package::Extent &extent) const;
  /// Fills `shape`; an error if a computed extent makes the buffer larger than it may be.
  Status shapeOf(const package::Buffer &buffer, size_t dimensions, std::vector<int64_t> &shape) const;

  std::shared_ptr<const LoadedPackage> loaded;
  std::unique_ptr<Device> device;
  AlignedMemory arena;
  std::vector<Observer *> watching;

  // Of the running call; kept so that a call allocates nothing.
  std::vector<int64_t> slots, scalars;
  std::vector<void *> bases, operands;
  std::vector<std::vector<int64_t>> shapes;
  std::vector<int64_t> prefetchShape;
  std::vector<std::pair<uint32_t, ExpertStore::Expectation>> guess; // and the tokens of each
};

/// Whether `sizes` suit the entry's dimensions; the error names the dimension and its bounds.
Status checkSizes(const package::Entry &entry, const std::vector<int64_t> &sizes);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXECUTOR_EXECUTOR_H
