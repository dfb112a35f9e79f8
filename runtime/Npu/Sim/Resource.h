//===- Resource.h - What engines share, as reservations in time --------------===//
//
// # Shared resources
//
// A memory's ports (or channels) of one kind are one resource with a lane for each bank or channel. An access of an engine needs each lane
// for some cycles (Lanes), and takes at least `duration` cycles when nobody else is there: so it needs the share lanes / duration of each
// lane, evenly over its time. An engine that begins reserves what its access needs, from then to its end, of all resources at once:
//
//   - it gets its shares as long as they are free. Where another reservation has so much of a lane that less is left, the whole access
//     slows down until it fits, as an array is held as a whole when one of its ports is: speed = min over lanes of left / needed
//   - who began first keeps what it reserved. A lane is never idle while someone could use it, so the time in which all are served
//     does not depend on who is first
//
// Cycles are not looked at one by one: an access is as many pieces as the speeds that it has, which change where other reservations begin
// and end. What it is longer for is told piece by piece, with the resource and who had most of the lane that was short.
//
// Reservations are asked for in the order of their beginnings, so that what ended before `forget` can be dropped.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_RESOURCE_H
#define COOPT_NPU_SIM_RESOURCE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coopt::npu {

/// An engine of a core with one of its entries.
struct Party {
  static constexpr uint32_t kNobody = ~0u;
  uint32_t core = 0, engine = kNobody; ///< engines as Stream numbers them
  uint32_t entry = 0;

  bool isSomebody() const { return engine != kNobody; }
  friend bool operator==(const Party &a, const Party &b) {
    return a.core == b.core && a.engine == b.engine && a.entry == b.entry;
  }
  friend bool operator<(const Party &a, const Party &b) {
    return a.core != b.core       ? a.core < b.core
           : a.engine != b.engine ? a.engine < b.engine
                                  : a.entry < b.entry;
  }
};

/// For how many cycles an access needs each lane of a resource.
struct Lanes {
  std::vector<float> cycles;
  float most = 0;      ///< of a lane
  uint64_t units = 0;  ///< lines or bursts of all lanes
  bool isEven = false; ///< all need the same
};

/// The parts of a machine that accesses share.
enum class Port : uint8_t { SpadReads, SpadWrites, AccReads, AccWrites, L2, Hbm, Ddr };
constexpr size_t kPorts = 7;
/// "spad reads", .., "l2", "hbm", "ddr".
const char *name(Port port);

class Resource {
public:
  explicit Resource(Port port = Port::SpadReads) : port(port) {}

  Port port;

private:
  friend class Reservation;
  struct Hold {
    Party owner;
    double start, end;
    const Lanes *lanes;
    float scale; ///< share of a lane: its cycles times this
  };
  std::vector<Hold> holds;
};

struct Claim {
  Resource *resource = nullptr;
  const Lanes *lanes = nullptr; ///< outlives the resource
};

/// A time in which an access was slower: `cycles` of those from `start` on were lost.
struct Shortage {
  double start = 0, cycles = 0;
  Port port = Port::SpadReads;
  Party other;
};

/// The claims of one access; each of another resource.
class Reservation {
public:
  void clear() { claims.clear(); }
  /// What is claimed of a resource, to be set; null at first.
  const Lanes *&lanesOf(Resource &resource);

  /// The least that it may take: no lane is needed for longer.
  double leastDuration() const;
  /// Reserves from `start` on what takes `duration` (at least leastDuration()) if it is alone. Returns the end; adds what was in the way.
  double reserve(double start, double duration, Party owner, double forget, std::vector<Shortage> &shortages);

private:
  std::vector<Claim> claims;

  struct Speed {
    double speed = 1;
    double until; ///< it changes then
    const Resource *resource = nullptr;
    Party other;
  };
  void limit(const Claim &claim, double time, double duration, Speed &speed);
  std::vector<float> used; ///< of lanes
};

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_RESOURCE_H
