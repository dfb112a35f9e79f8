//===- ExpertStore.h - Experts that do not all fit in memory ------------------===//
//
// A package says which parameters hold experts, one behind the other, and which dispatches read of them only the parts of those
// experts that have tokens (package::Command::segments). What one dispatch reads of one expert is a unit: it is read from the
// file as a whole, kept while there is room, and given up as a whole. Kernels find it at the addresses at which it would be if
// everything were in memory, so neither they nor their results know of any of this.
//
// One thread reads and gives up. It serves, in this order: what a dispatch waits for, what the next dispatch with the same segments
// will ask for, what the guess of the next layer's router says (expect), and, at the beginning, what fits. A unit that somebody waits for or uses is never given up; a single unit's
// memory is enough to make progress, as dispatches run by segments and wait holding nothing.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_EXPERTS_EXPERTSTORE_H
#define COOPT_RUNTIME_EXPERTS_EXPERTSTORE_H

#include "Experts/ExpertOptions.h"
#include "Experts/ExpertPages.h"
#include "coopt/PackageFormat/Package.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace coopt::runtime {

/// What happened since the store was made; bytes in whole pages.
struct ExpertStatistics {
  uint64_t limit = 0;       ///< bytes that may be kept
  uint64_t total = 0;       ///< bytes of all units
  uint64_t requests = 0;    ///< units that dispatches asked for
  uint64_t hits = 0;        ///< of these: were there
  uint64_t guessed = 0;     ///< of the requests: named by the last guess for their layer
  uint64_t foreseen = 0;    ///< of the hits: first use since a guess brought them
  uint64_t bytesRead = 0;   ///< from the file
  uint64_t bytesWaited = 0; ///< of these: for units that a dispatch had asked for
  double stallSeconds = 0;  ///< that dispatches waited
};

class ExpertStore {
public:
  static constexpr uint32_t kNoGroup = UINT32_MAX;

  /// An expert that a dispatch needs, and how many tokens go to it.
  struct Request {
    uint32_t expert = 0;
    uint32_t tokens = 0;
  };

  /// Errors: the package has no experts that can be read one by one; the memory is less than the largest unit; the file can't be
  /// read; no addresses or no thread. `reader` null: the package's file, as the options say.
  static Expected<std::unique_ptr<ExpertStore>> create(const package::PackageFile &file,
                                                       const ExpertOptions &options,
                                                       std::unique_ptr<ExpertReader> reader = nullptr);
  ~ExpertStore();

  /// The address of a parameter; null if it is none of the store's.
  const void *parameter(size_t index) const;
  /// The parameters that dispatches read together; kNoGroup if it is none of the store's.
  uint32_t groupOf(size_t parameter) const;
  uint32_t expertsOf(uint32_t group) const { return groups[group].experts; }
  /// Whether it is of use to know what will be asked for (ExpertOptions::prefetch).
  bool readsAhead() const { return options.prefetch; }

  /// What a dispatch needs, while it runs. Belongs to one thread.
  class Use {
  public:
    /// Experts are less than expertsOf(group).
    Use(ExpertStore &store, uint32_t group, std::vector<Request> requests);
    ~Use();
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;

    /// Waits until some of what is still to be used is there. The numbers of these requests, ascending; their memory stays until
    /// the next call. None: all were handed out. Errors: the file can't be read.
    Expected<std::vector<size_t>> next();

  private:
    void release();
    ExpertStore &store;
    uint32_t group;
    std::vector<Request> requests;
    std::vector<size_t> waiting, given;
  };

  struct Expectation {
    uint32_t group = 0, expert = 0;
  };
  /// Says what will be asked for soon, the most wanted first. Nothing waits for it.
  void expect(const std::vector<Expectation> &guess);

  ExpertStatistics statistics() const;

private:
  struct Group {
    std::vector<size_t> parts; ///< indices of the store's
    uint32_t experts = 0;
    size_t firstUnit = 0;
    uint32_t next = kNoGroup;  ///< what is read next for the same tokens
    uint64_t uses = 0;         ///< dispatches so far
    double expertsEachUse = 0; ///< lately
  };
  struct Part {
    ExpertPages pages;
    uint64_t expertBytes = 0;
  };
  enum class State : uint8_t { Absent, Reading, Present };
  struct Unit {
    uint32_t group = 0;
    uint32_t expert = 0;
    uint64_t bytes = 0;
    State state = State::Absent;
    uint32_t held = 0;     ///< spans read so far
    uint32_t wanted = 0;   ///< uses that wait for it or have it
    uint64_t expected = 0; ///< the number of the last guess that names it, or at which it became certain
    uint64_t guessed = 0;  ///< the number of the last guess that names it
    bool wasForeseen = false;
    // For the policies.
    uint64_t lastUse = 0;   ///< in dispatches of all groups
    uint64_t lastCall = 0;  ///< in dispatches of its group
    double score = 0;       ///< as of lastCall
    bool isAdvised = false; ///< to be kept
  };
  struct Span {
    size_t part;
    ExpertPages::Span pages;
  };

  ExpertStore() = default;
  Status findGroups(const package::PackageFile &file);
  void noteUse(Unit &unit, double share);
  double worth(const Unit &unit) const;

  // The reading thread.
  void readerMain();
  std::deque<size_t> *nextQueue();
  bool makeRoom(std::unique_lock<std::mutex> &lock, size_t job);
  size_t victim(const Unit &job) const;
  void giveUp(std::unique_lock<std::mutex> &lock, Unit &unit);
  void fill(std::unique_lock<std::mutex> &lock, size_t job);
  std::vector<Span> spansOf(const Unit &unit) const;

  ExpertOptions options;
  std::unique_ptr<ExpertReader> reader;
  std::vector<uint32_t> groupOfParameter;
  std::vector<int64_t> partOfParameter; ///< -1: none
  std::vector<Part> parts;              ///< their pages belong to the reading thread
  FreePages freePages;                  ///< with `used`, never more than the limit
  std::vector<Group> groups;
  std::vector<Unit> units;
  uint64_t limit = 0;

  mutable std::mutex mutex; ///< of all that follows, of units and of groups' counts
  std::condition_variable work, arrived;
  std::deque<size_t> asked, certain, foreseen, warming; ///< units to be read
  uint64_t used = 0;                                    ///< bytes
  uint64_t clock = 0, guesses = 0;
  ExpertStatistics counts;
  std::string problem; ///< why reading failed; then it has ended
  bool stopping = false;
  std::thread thread;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXPERTS_EXPERTSTORE_H
