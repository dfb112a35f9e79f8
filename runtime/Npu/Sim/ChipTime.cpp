#include "Npu/Sim/CoreTime.h"

using namespace coopt;
using namespace coopt::npu;

/// The order of no event: the end of an access that stands still, or nearly so.
static constexpr uint64_t kNever = ~uint64_t(0);
static constexpr double kFarthest = 0x1p62;

size_t ChipTime::numberOf(const ActionCount &action) {
  for (size_t i = 0; i < actions.size(); ++i) {
    if (actions[i].name == action.name && actions[i].engine == action.engine) {
      return i;
    }
  }
  actions.push_back(action);
  actions.back().count = 0;
  return actions.size() - 1;
}

/// Posts the ends of accesses that are others now: of an engine's entry at the nearest cycle, as what many short entries lose in fractions of one is
/// right on average; of a piece at the cycle that it ends in, as its time goes on in fractions.
void ChipTime::postEnds() {
  for (uint32_t slot : sharing.changed) {
    const SharedAccess &access = sharing.at(slot);
    if (!sharing.isActive(slot)) {
      continue;
    }
    ends.resize(std::max<size_t>(ends.size(), slot + 1));
    if (!(access.end < kFarthest)) {
      ends[slot] = kNever; // not where it would have ended before it stood still
      continue;
    }
    const auto time = static_cast<uint64_t>(access.end + (access.owner.engine < 4 ? 0.5 : 0));
    ends[slot] = order;
    post(std::max(time, now), TimedEvent::Kind::Access, access.owner.core, slot);
  }
  sharing.changed.clear();
}

void ChipTime::begin(SharedAccess &&access, double start) {
  sharing.begin(std::move(access), start);
  postEnds();
}

std::optional<SharedAccess> ChipTime::finish(const TimedEvent &event) {
  if (ends[event.which] != event.order) {
    return std::nullopt; // it was faster or slower meanwhile
  }
  std::optional<SharedAccess> access = sharing.finish(event.which);
  postEnds();
  return access;
}
