#include "Npu/Sim/Resource.h"

#include <algorithm>
#include <limits>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// What is less than this is an error of rounding.
constexpr double kLittle = 1e-6;

} // namespace

const char *npu::name(PortKind port) {
  static const char *const names[] = {"spad reads", "spad writes", "acc reads", "acc writes",
                                      "l2",         "hbm",         "ddr"};
  return names[static_cast<size_t>(port)];
}

const Lanes *&Claims::lanesOf(Resource &resource) {
  for (size_t i = 0; i < count; ++i) {
    if (all[i].resource == &resource) {
      return all[i].lanes;
    }
  }
  all[count] = {&resource, nullptr};
  return all[count++].lanes;
}

double Claims::leastDuration() const {
  float most = 0;
  for (const Claim &claim : *this) {
    most = std::max(most, claim.lanes->most);
  }
  return most;
}

/// Adds what an access needs to the loads of its resources, or takes it away.
void Sharing::load(const SharedAccess &access, double sign) {
  for (const Claim &claim : access.claims) {
    Resource &resource = *claim.resource;
    const Lanes &lanes = *claim.lanes;
    if (lanes.isEven) {
      resource.evenLoad += sign * lanes.cycles[0] / access.duration;
    } else {
      resource.loads.resize(lanes.cycles.size());
      for (size_t lane = 0; lane < lanes.cycles.size(); ++lane) {
        resource.loads[lane] += sign * lanes.cycles[lane] / access.duration;
      }
      resource.unevenUsers += sign > 0 ? 1 : -1;
    }
    if (resource.users.empty()) { // errors of rounding don't stay
      resource.evenLoad = 0;
    }
    double most = 0;
    if (resource.unevenUsers == 0) {
      std::fill(resource.loads.begin(), resource.loads.end(), 0);
    } else {
      most = *std::max_element(resource.loads.begin(), resource.loads.end());
    }
    resource.isCrowded = resource.evenLoad + most > 1 + kLittle;
  }
}

/// What an access has done until a time.
void Sharing::settle(SharedAccess &access, double time) {
  if (time <= access.since) {
    return;
  }
  const double passed = time - access.since, lost = (1 - access.speed) * passed;
  if (lost > 0) {
    if (!access.shortages.empty() && access.shortages.back().port == access.limit->port &&
        access.shortages.back().other == access.other) {
      access.shortages.back().cycles += lost;
    } else {
      access.shortages.push_back({access.since, lost, access.limit->port, access.other});
    }
  }
  access.left = std::max(access.left - access.speed * passed, 0.0);
  access.since = time;
}

/// Finds the lane that leaves least to those whose speed is not fixed yet, and fixes those who want more of it; false: there is none.
bool Sharing::divide(const std::vector<Resource *> &resources) {
  std::vector<Need> &needs = ofLane, &least = ofLeast;
  least.clear();
  ofLimit.clear();
  double lowest = 2;
  const Resource *limit = nullptr;
  for (const Resource *resource : resources) {
    if (!resource->isCrowded) {
      continue;
    }
    size_t lanes = 1;
    for (uint32_t user : resource->users) {
      for (const Claim &claim : slots[user].claims) {
        lanes = claim.resource == resource && !claim.lanes->isEven ? claim.lanes->cycles.size() : lanes;
      }
    }
    for (size_t lane = 0; lane < lanes; ++lane) {
      double free = 1, wanted = 0;
      needs.clear();
      all.clear();
      for (uint32_t user : resource->users) {
        const SharedAccess &access = slots[user];
        for (const Claim &claim : access.claims) {
          if (claim.resource != resource || claim.lanes->cycles[lane] == 0) {
            continue;
          }
          const double share = claim.lanes->cycles[lane] / access.duration;
          if (access.isFixed) {
            free -= access.speed * share;
          } else {
            needs.push_back({share, user});
            wanted += share;
          }
          all.push_back({access.speed * share, user});
        }
      }
      if (needs.empty() || wanted <= free + kLittle) {
        continue;
      }
      // Those who want less than what is left to each have it.
      std::sort(needs.begin(), needs.end(), [](const Need &a, const Need &b) {
        return a.share != b.share ? a.share < b.share : a.slot < b.slot;
      });
      double level = 0, left = std::max(free, 0.0);
      size_t few = 0;
      for (; few < needs.size(); ++few) {
        level = left / static_cast<double>(needs.size() - few);
        if (needs[few].share > level + kLittle) {
          break;
        }
        left -= needs[few].share;
      }
      if (few < needs.size() && level < lowest) {
        lowest = level;
        limit = resource;
        least.assign(needs.begin() + static_cast<int64_t>(few), needs.end());
        ofLimit.assign(all.begin(), all.end());
      }
    }
  }
  if (!limit) {
    return false;
  }
  for (const Need &need : least) {
    SharedAccess &access = slots[need.slot];
    access.isFixed = true;
    access.speed = lowest / need.share;
    access.limit = limit;
    double most = -1;
    for (const Need &other : ofLimit) {
      if (other.slot != need.slot && other.share > most) {
        most = other.share;
        access.other = slots[other.slot].owner;
      }
    }
  }
  return true;
}

/// New speeds of all that an access has to do with, at a time.
void Sharing::balance(const SharedAccess &cause, double time) {
  std::vector<Resource *> resources;
  std::vector<uint32_t> accesses;
  auto add = [&](const SharedAccess &access) {
    for (const Claim &claim : access.claims) {
      if (!claim.resource->isVisited) {
        claim.resource->isVisited = true;
        resources.push_back(claim.resource);
      }
    }
  };
  add(cause);
  for (size_t i = 0; i < resources.size(); ++i) {
    for (uint32_t user : resources[i]->users) {
      if (!slots[user].isVisited) {
        slots[user].isVisited = true;
        accesses.push_back(user);
        add(slots[user]);
      }
    }
  }
  std::vector<double> before;
  for (uint32_t slot : accesses) {
    before.push_back(slots[slot].speed);
    settle(slots[slot], time);
    slots[slot].speed = 1;
    slots[slot].isFixed = false;
  }
  while (divide(resources)) {
  }
  for (size_t i = 0; i < accesses.size(); ++i) {
    SharedAccess &access = slots[accesses[i]];
    access.isVisited = false;
    if (access.speed != before[i]) {
      // At no speed at all it waits for the end of another, which balances again.
      access.end = access.speed > 0 ? access.since + access.left / access.speed
                                    : std::numeric_limits<double>::infinity();
      changed.push_back(accesses[i]);
    }
  }
  for (Resource *resource : resources) {
    resource->isVisited = false;
  }
}

uint32_t Sharing::begin(SharedAccess &&access, double start) {
  uint32_t slot;
  if (freeSlots.empty()) {
    slot = static_cast<uint32_t>(slots.size());
    slots.emplace_back();
  } else {
    slot = freeSlots.back();
    freeSlots.pop_back();
  }
  SharedAccess &of = slots[slot];
  of = std::move(access);
  of.left = of.duration;
  of.since = start;
  of.end = start + of.duration;
  of.isActive = true;
  changed.push_back(slot);
  for (const Claim &claim : of.claims) {
    claim.resource->users.push_back(slot);
  }
  load(of, 1);
  bool isCrowded = false;
  for (const Claim &claim : of.claims) {
    isCrowded |= claim.resource->isCrowded;
  }
  if (isCrowded) {
    balance(of, start);
  }
  return slot;
}

SharedAccess Sharing::finish(uint32_t slot) {
  SharedAccess access = std::move(slots[slot]);
  settle(access, access.end);
  slots[slot] = {};
  freeSlots.push_back(slot);
  bool wasCrowded = false;
  for (const Claim &claim : access.claims) {
    std::vector<uint32_t> &users = claim.resource->users;
    users.erase(std::find(users.begin(), users.end(), slot));
    wasCrowded |= claim.resource->isCrowded;
  }
  load(access, -1);
  if (wasCrowded) {
    balance(access, access.end);
  }
  return access;
}
