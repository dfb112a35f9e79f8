#include "Experts/ExpertStore.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace coopt;
using namespace coopt::runtime;

/// Pages read without looking whether something more urgent came.
static constexpr uint64_t kSpanPages = 1024;
/// Uses of a group after which a score has halved.
static constexpr double kHalfLife = 64;

const void *ExpertStore::parameter(size_t index) const {
  int64_t part = index < partOfParameter.size() ? partOfParameter[index] : -1;
  return part < 0 ? nullptr : parts[static_cast<size_t>(part)].pages.data();
}

uint32_t ExpertStore::groupOf(size_t parameter) const {
  return parameter < groupOfParameter.size() ? groupOfParameter[parameter] : kNoGroup;
}

ExpertStatistics ExpertStore::statistics() const {
  std::lock_guard<std::mutex> lock(mutex);
  return counts;
}

//===----------------------------------------------------------------------===//
// Policies
//===----------------------------------------------------------------------===//

void ExpertStore::noteUse(Unit &unit, double share) {
  const Group &group = groups[unit.group];
  // An expert pays for its memory if it comes back before as many others as fit have been asked for.
  uint64_t gap = group.uses - unit.lastCall;
  double fits = group.experts * (static_cast<double>(limit) / static_cast<double>(counts.total));
  unit.isAdvised = unit.lastCall > 0 && static_cast<double>(gap) * group.expertsEachUse <= fits;
  unit.score = unit.score * std::exp2(-static_cast<double>(gap) / kHalfLife) + share;
  unit.lastCall = group.uses;
  unit.lastUse = clock;
}

/// Units of least worth are given up first.
double ExpertStore::worth(const Unit &unit) const {
  const double age = static_cast<double>(unit.lastUse);
  switch (options.policy) {
  case ExpertPolicy::LeastRecent:
    return age;
  case ExpertPolicy::Score:
    return unit.score * std::exp2(-static_cast<double>(groups[unit.group].uses - unit.lastCall) / kHalfLife);
  case ExpertPolicy::Advice:
    return age + (unit.isAdvised ? 0x1p60 : 0);
  }
  return age;
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

ExpertStore::Use::Use(ExpertStore &store, uint32_t group, std::vector<Request> wanted)
    : store(store), group(group), requests(std::move(wanted)) {
  std::lock_guard<std::mutex> lock(store.mutex);
  Group &own = store.groups[group];
  ++store.clock;
  ++own.uses;
  double tokens = 0;
  for (const Request &request : requests) {
    tokens += request.tokens;
  }
  own.expertsEachUse +=
      (static_cast<double>(requests.size()) - own.expertsEachUse) / (own.uses == 1 ? 1 : kHalfLife);
  for (size_t i = 0; i < requests.size(); ++i) {
    size_t index = own.firstUnit + requests[i].expert;
    Unit &unit = store.units[index];
    store.noteUse(unit, tokens > 0 ? requests[i].tokens / tokens : 0);
    ++store.counts.requests;
    store.counts.guessed += unit.guessed > 0 && unit.guessed + 1 >= store.guesses ? 1 : 0;
    if (unit.state == State::Present) {
      ++store.counts.hits;
      store.counts.foreseen += unit.wasForeseen ? 1 : 0;
    } else if (unit.wanted == 0) {
      store.asked.push_back(index);
    }
    unit.wasForeseen = false;
    ++unit.wanted;
    waiting.push_back(i);
    if (own.next != kNoGroup && store.options.prefetch) {
      size_t next = store.groups[own.next].firstUnit + requests[i].expert;
      store.units[next].expected = store.guesses;
      if (store.units[next].state != State::Present) {
        store.certain.push_back(next);
      }
    }
  }
  store.work.notify_one();
}

ExpertStore::Use::~Use() {
  std::lock_guard<std::mutex> lock(store.mutex);
  given.insert(given.end(), waiting.begin(), waiting.end());
  release();
}

void ExpertStore::Use::release() {
  for (size_t i : given) {
    --store.units[store.groups[group].firstUnit + requests[i].expert].wanted;
  }
  if (!given.empty()) {
    store.work.notify_one();
  }
  given.clear();
}

Expected<std::vector<size_t>> ExpertStore::Use::next() {
  std::unique_lock<std::mutex> lock(store.mutex);
  release();
  auto isPresent = [&](size_t i) {
    return store.units[store.groups[group].firstUnit + requests[i].expert].state == State::Present;
  };
  auto isReady = [&] {
    return waiting.empty() || !store.problem.empty() ||
           std::any_of(waiting.begin(), waiting.end(), isPresent);
  };
  if (!isReady()) {
    auto start = std::chrono::steady_clock::now();
    store.arrived.wait(lock, isReady);
    store.counts.stallSeconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  auto firstAbsent = std::stable_partition(waiting.begin(), waiting.end(), isPresent);
  given.assign(waiting.begin(), firstAbsent);
  waiting.erase(waiting.begin(), firstAbsent);
  if (given.empty() && !waiting.empty()) {
    return fail(store.problem);
  }
  return given;
}

void ExpertStore::expect(const std::vector<Expectation> &guess) {
  if (!options.prefetch) {
    return;
  }
  std::lock_guard<std::mutex> lock(mutex);
  ++guesses;
  foreseen.clear();
  for (auto [group, expert] : guess) {
    if (expert >= groups[group].experts) {
      continue;
    }
    Unit &unit = units[groups[group].firstUnit + expert];
    unit.expected = unit.guessed = guesses;
    if (unit.state != State::Present) {
      foreseen.push_back(groups[group].firstUnit + expert);
    }
  }
  work.notify_one();
}

//===----------------------------------------------------------------------===//
// The reading thread
//===----------------------------------------------------------------------===//

std::vector<ExpertStore::Span> ExpertStore::spansOf(const Unit &unit) const {
  std::vector<Span> spans;
  for (size_t index : groups[unit.group].parts) {
    const Part &part = parts[index];
    ExpertPages::Span all =
        part.pages.pagesOf(unit.expert * part.expertBytes, (unit.expert + uint64_t(1)) * part.expertBytes);
    for (uint64_t page = all.first; page < all.last; page += kSpanPages) {
      spans.push_back({index, {page, std::min(page + kSpanPages, all.last)}});
    }
  }
  return spans;
}

/// The unit to be given up for `job`; units.size() if there is none.
size_t ExpertStore::victim(const Unit &job) const {
  // What the last guesses name will be asked for before anything else: it goes last, and only for who waits.
  size_t worst = units.size(), worstExpected = units.size();
  double least = 0, leastExpected = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    const Unit &unit = units[i];
    if (&unit == &job || unit.state == State::Absent || unit.wanted > 0) {
      continue;
    }
    const bool isExpected = unit.expected > 0 && unit.expected + 1 >= guesses;
    size_t &candidate = isExpected ? worstExpected : worst;
    double &value = isExpected ? leastExpected : least;
    if (double own = worth(unit); candidate == units.size() || own < value) {
      candidate = i;
      value = own;
    }
  }
  return worst == units.size() && job.wanted > 0 ? worstExpected : worst;
}

void ExpertStore::giveUp(std::unique_lock<std::mutex> &lock, Unit &unit) {
  std::vector<Span> spans = spansOf(unit);
  spans.resize(unit.held);
  unit.state = State::Absent;
  unit.held = 0;
  unit.wasForeseen = false;
  lock.unlock();
  for (const Span &span : spans) {
    parts[span.part].pages.release(span.pages, freePages);
  }
  lock.lock();
  used -= unit.bytes;
}

/// Whether there is room for a unit, after giving up others; then it is accounted for.
bool ExpertStore::makeRoom(std::unique_lock<std::mutex> &lock, size_t job) {
  Unit &unit = units[job];
  if (unit.state == State::Reading) {
    return true;
  }
  while (used + unit.bytes > limit) {
    size_t other = victim(unit);
    if (other == units.size()) {
      return false;
    }
    giveUp(lock, units[other]);
  }
  used += unit.bytes;
  unit.state = State::Reading;
  return true;
}

/// Reads what is missing of a unit, until something more urgent comes.
void ExpertStore::fill(std::unique_lock<std::mutex> &lock, size_t job) {
  Unit &unit = units[job];
  std::vector<Span> spans = spansOf(unit);
  while (unit.held < spans.size() && !stopping) {
    if (unit.wanted == 0 && !asked.empty()) {
      return;
    }
    const Span &span = spans[unit.held];
    lock.unlock();
    Expected<uint64_t> bytes = parts[span.part].pages.hold(span.pages, *reader, freePages);
    lock.lock();
    if (!bytes) {
      problem = bytes.error().message;
      return;
    }
    ++unit.held;
    counts.bytesRead += *bytes;
    counts.bytesWaited += unit.wanted > 0 ? *bytes : 0;
  }
  if (unit.held == spans.size()) {
    unit.state = State::Present;
    arrived.notify_all();
  }
}

/// The queue whose first unit is to be read next; null if there is none.
std::deque<size_t> *ExpertStore::nextQueue() {
  for (std::deque<size_t> *queue : {&asked, &certain, &foreseen, &warming}) {
    if (!queue->empty()) {
      return queue;
    }
  }
  return nullptr;
}

/// Asks the system to let this thread run soon after it wakes up, for a short while: it mostly waits for a drive, while threads
/// that compute keep every processor busy. A wish; systems that don't know it (before Linux 6.12) go on as before.
static void askForShortSlices() {
  struct {
    uint32_t size = sizeof(*this), policy = SCHED_OTHER;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 100'000, deadline = 0, period = 0; // nanoseconds
  } attributes;
  if (::sched_getscheduler(0) != SCHED_OTHER) {
    return; // somebody wants it otherwise
  }
  attributes.nice = ::getpriority(PRIO_PROCESS, 0);
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void ExpertStore::readerMain() {
  askForShortSlices();
  std::unique_lock<std::mutex> lock(mutex);
  while (!stopping && problem.empty()) {
    std::deque<size_t> *queue = nextQueue();
    if (!queue) {
      work.wait(lock);
      continue;
    }
    const size_t job = queue->front();
    Unit &unit = units[job];
    // Queues of guesses change while something is read.
    auto done = [&] {
      if (!queue->empty() && queue->front() == job) {
        queue->pop_front();
      }
    };
    // Who asked may have failed for another reason; what was foreseen may have been asked for.
    if (unit.state == State::Present || (queue == &asked && unit.wanted == 0)) {
      done();
      continue;
    }
    if (queue == &warming && unit.state == State::Absent && used + unit.bytes > limit) {
      warming.clear(); // memory is full
      continue;
    }
    if (!makeRoom(lock, job)) {
      if (queue != &asked) {
        done();
        continue;
      }
      // Another session may have asked, just now, for what a guess had begun to read: its memory may be what is missing.
      auto begun = std::find_if(asked.begin(), asked.end(),
                                [&](size_t i) { return units[i].state == State::Reading; });
      if (begun != asked.end()) {
        std::rotate(asked.begin(), begun, begun + 1);
      } else {
        work.wait(lock); // until somebody is done with what they have
      }
      continue;
    }
    fill(lock, job);
    if (unit.state == State::Present) {
      unit.wasForeseen = queue == &foreseen && unit.wanted == 0;
      done();
    }
  }
  arrived.notify_all();
}

ExpertStore::~ExpertStore() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  work.notify_all();
  if (thread.joinable()) {
    thread.join();
  }
}
