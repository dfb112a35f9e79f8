//===- Resource.h - What engines share ---------------------------------------===//
//
// # Shared resources
//
// A memory's ports (or channels) of one kind are one resource with a lane for each bank or channel. An access of an engine needs each lane
// for some cycles (Lanes), and takes `duration` cycles when nobody else is there: so it needs the share lanes / duration of each lane, evenly
// over its time. An access is in progress from its beginning until it has gone through its duration:
//
//   - as long as the shares that are needed of a lane are at most all of it, everyone goes at full speed
//   - else those that need it have it in turn, as an arbiter gives it cycle by cycle: nobody has more than another who wants more. Whoever has less than it needs
//     slows down as a whole, and needs less of its other lanes, as an array is held as a whole when one of its ports is. The lane that leaves least to each is
//     divided first
//
// So cycles are not looked at one by one: speeds change when an access begins or ends, and only where a lane is crowded. What an access is
// longer for is told piece by piece, with the resource and who had most of the lane that was short.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_RESOURCE_H
#define COOPT_NPU_SIM_RESOURCE_H

#include <array>
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
enum class PortKind : uint8_t { SpadReads, SpadWrites, AccReads, AccWrites, L2, Hbm, Ddr };
constexpr size_t kPortKinds = 7;
/// "spad reads", .., "l2", "hbm", "ddr".
const char *name(PortKind port);

class Resource {
public:
  explicit Resource(PortKind port = PortKind::SpadReads) : port(port) {}

  PortKind port;

private:
  friend class Sharing;
  std::vector<uint32_t> users; ///< slots of accesses
  // Of the users at full speed.
  double evenLoad = 0;       ///< of each lane, by those who need all lanes alike
  std::vector<double> loads; ///< by the others
  size_t unevenUsers = 0;
  bool isCrowded = false;
  bool isVisited = false;
};

struct Claim {
  Resource *resource = nullptr;
  const Lanes *lanes = nullptr; ///< outlives the resource
};

/// What an access needs, of each resource once.
class Claims {
public:
  /// What is claimed of a resource, to be set; null at first.
  const Lanes *&lanesOf(Resource &resource);
  void clear() { count = 0; }
  const Claim *begin() const { return all.data(); }
  const Claim *end() const { return all.data() + count; }
  /// The least that it may take: no lane is needed for longer.
  double leastDuration() const;

private:
  std::array<Claim, 4> all; ///< reads and writes of two memories
  size_t count = 0;
};

/// A time in which an access was slower: `cycles` of those from `start` on were lost.
struct Shortage {
  double start = 0, cycles = 0;
  PortKind port = PortKind::SpadReads;
  Party other;
};

struct SharedAccess {
  Claims claims;
  double duration = 0; ///< alone; at least claims.leastDuration()
  Party owner;
  unsigned unit = 0; ///< of the owner

  double end = 0; ///< as it is now
  std::vector<Shortage> shortages;

private:
  friend class Sharing;
  double left = 0, speed = 1, since = 0;
  const Resource *limit = nullptr;
  Party other;
  bool isActive = false, isVisited = false, isFixed = false;
};

/// The accesses in progress, and how fast they are.
class Sharing {
public:
  /// Begins an access; returns its slot. `changed` has the slots whose end is another now, this one too.
  uint32_t begin(SharedAccess &&access, double start);
  /// Ends an access, at its end.
  SharedAccess finish(uint32_t slot);
  const SharedAccess &at(uint32_t slot) const { return slots[slot]; }
  bool isActive(uint32_t slot) const { return slots[slot].isActive; }

  std::vector<uint32_t> changed;

private:
  std::vector<SharedAccess> slots;
  std::vector<uint32_t> freeSlots;
  /// What a slot wants of a lane. Lists of divide(), kept for their memory.
  struct Need {
    double share;
    uint32_t slot;
  };
  std::vector<Need> ofLane, ofLeast, all, ofLimit;

  void load(const SharedAccess &access, double sign);
  void settle(SharedAccess &access, double time);
  void balance(const SharedAccess &cause, double time);
  bool divide(const std::vector<Resource *> &resources);
};

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_RESOURCE_H
