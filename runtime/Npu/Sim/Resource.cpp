#include "Npu/Sim/Resource.h"

#include <algorithm>
#include <limits>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// What is less than this is an error of rounding.
constexpr double kLittle = 1e-6;

} // namespace

const char *npu::name(Port port) {
  static const char *const names[] = {"spad reads", "spad writes", "acc reads", "acc writes",
                                      "l2",         "hbm",         "ddr"};
  return names[static_cast<size_t>(port)];
}

const Lanes *&Reservation::lanesOf(Resource &resource) {
  for (Claim &claim : claims) {
    if (claim.resource == &resource) {
      return claim.lanes;
    }
  }
  claims.push_back({&resource, nullptr});
  return claims.back().lanes;
}

double Reservation::leastDuration() const {
  float most = 0;
  for (const Claim &claim : claims) {
    most = std::max(most, claim.lanes->most);
  }
  return most;
}

/// How fast the access may go at a time, as far as this claim is concerned.
void Reservation::limit(const Claim &claim, double time, double duration, Speed &speed) {
  const Lanes &lanes = *claim.lanes;
  const std::vector<Resource::Hold> &holds = claim.resource->holds;
  bool isShared = false, areEven = lanes.isEven;
  for (const Resource::Hold &hold : holds) {
    if (hold.end <= time) {
      continue;
    }
    if (hold.start > time) {
      speed.until = std::min(speed.until, hold.start);
      continue;
    }
    speed.until = std::min(speed.until, hold.end);
    isShared = true;
    areEven &= hold.lanes->isEven;
  }
  if (!isShared || lanes.most == 0) {
    return;
  }
  const size_t count = areEven ? 1 : lanes.cycles.size();
  used.assign(count, 0);
  for (const Resource::Hold &hold : holds) {
    if (hold.start <= time && hold.end > time) {
      for (size_t lane = 0; lane < count; ++lane) {
        used[lane] += hold.lanes->cycles[lane] * hold.scale;
      }
    }
  }
  double least = 1;
  size_t shortest = 0;
  for (size_t lane = 0; lane < count; ++lane) {
    const double needed = lanes.cycles[lane] / duration;
    const double left = std::max(1.0 - static_cast<double>(used[lane]), 0.0);
    if (needed > 0 && left < needed * least) {
      least = left / needed;
      shortest = lane;
    }
  }
  if (least >= 1 - kLittle || least >= speed.speed) {
    return;
  }
  speed.speed = least < kLittle ? 0 : least;
  speed.resource = claim.resource;
  float most = 0;
  for (const Resource::Hold &hold : holds) {
    const float share = hold.lanes->cycles[shortest] * hold.scale;
    if (hold.start <= time && hold.end > time && share > most) {
      most = share;
      speed.other = hold.owner;
    }
  }
}

double Reservation::reserve(double start, double duration, Party owner, double forget,
                            std::vector<Shortage> &shortages) {
  bool isAlone = true;
  for (const Claim &claim : claims) {
    std::vector<Resource::Hold> &holds = claim.resource->holds;
    for (size_t i = 0; i < holds.size();) {
      if (holds[i].end <= forget) {
        holds[i] = holds.back();
        holds.pop_back();
      } else {
        ++i;
      }
    }
    isAlone &= holds.empty();
  }
  auto hold = [&](double from, double to, double speed) {
    if (to > from && speed > 0) {
      for (const Claim &claim : claims) {
        claim.resource->holds.push_back({owner, from, to, claim.lanes, static_cast<float>(speed / duration)});
      }
    }
  };
  if (isAlone) {
    hold(start, start + duration, 1);
    return start + duration;
  }
  struct Part {
    double from, to, speed;
  };
  std::vector<Part> parts;
  double time = start, left = duration;
  while (left > kLittle) {
    Speed speed;
    speed.until = std::numeric_limits<double>::infinity();
    for (const Claim &claim : claims) {
      limit(claim, time, duration, speed);
    }
    // Someone holds what is missing, so it ends at some time.
    const double needed = speed.speed > 0 ? left / speed.speed : speed.until - time;
    const double to = std::min(time + needed, speed.until);
    parts.push_back({time, to, speed.speed});
    const double lost = (1 - speed.speed) * (to - time);
    if (lost > 0) {
      if (!shortages.empty() && shortages.back().port == speed.resource->port &&
          shortages.back().other == speed.other) {
        shortages.back().cycles += lost;
      } else {
        shortages.push_back({time, lost, speed.resource->port, speed.other});
      }
    }
    left -= speed.speed * (to - time);
    time = to;
  }
  for (const Part &part : parts) {
    hold(part.from, part.to, part.speed);
  }
  return time;
}
