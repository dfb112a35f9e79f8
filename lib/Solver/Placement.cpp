#include "coopt/Solver/Placement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <z3++.h>

using namespace coopt;
using namespace coopt::solver;

namespace {

bool meet(const Stay &a, const Stay &b) { return a.first <= b.last && b.first <= a.last; }

/// Each at the lowest offset that is free of those before it.
bool firstFit(std::vector<Stay> &stays, const std::vector<int64_t> &sizes, int64_t bytes,
              const std::vector<size_t> &order) {
  std::vector<size_t> placed;
  for (size_t i : order) {
    const int64_t size = sizes[stays[i].tensor];
    std::vector<size_t> others;
    std::copy_if(placed.begin(), placed.end(), std::back_inserter(others),
                 [&](size_t j) { return meet(stays[i], stays[j]); });
    std::sort(others.begin(), others.end(),
              [&](size_t a, size_t b) { return stays[a].offset < stays[b].offset; });
    int64_t offset = 0;
    for (size_t j : others) {
      if (offset + size <= stays[j].offset) {
        break;
      }
      offset = std::max(offset, stays[j].offset + sizes[stays[j].tensor]);
    }
    if (offset + size > bytes) {
      return false;
    }
    stays[i].offset = offset;
    placed.push_back(i);
  }
  return true;
}

Placed placeByZ3(std::vector<Stay> &stays, const std::vector<int64_t> &sizes, int64_t bytes,
                 PlacementEffort effort) {
  z3::context context;
  z3::solver solver(context, "QF_IDL");
  z3::params parameters(context);
  if (effort.seconds > 0) {
    parameters.set("timeout", static_cast<unsigned>(std::max(1.0, std::ceil(effort.seconds * 1000))));
  }
  if (effort.steps > 0) {
    parameters.set("rlimit", effort.steps);
  }
  solver.set(parameters);
  std::vector<z3::expr> offsets;
  int64_t unit = 0; // what all sizes are multiples of
  for (const Stay &stay : stays) {
    unit = std::gcd(unit, sizes[stay.tensor]);
  }
  unit = std::max<int64_t>(unit, 1);
  auto number = [&](int64_t value) { return context.int_val(value / unit); };
  for (size_t i = 0; i < stays.size(); ++i) {
    offsets.push_back(context.int_const(("o" + std::to_string(i)).c_str()));
    solver.add(offsets[i] >= 0);
    solver.add(offsets[i] <= number(bytes / unit * unit - sizes[stays[i].tensor]));
    for (size_t j = 0; j < i; ++j) {
      if (meet(stays[i], stays[j])) {
        solver.add(offsets[i] - offsets[j] >= number(sizes[stays[j].tensor]) ||
                   offsets[j] - offsets[i] >= number(sizes[stays[i].tensor]));
      }
    }
  }
  const z3::check_result result = solver.check();
  if (result != z3::sat) {
    return result == z3::unsat ? Placed::No : Placed::Unknown;
  }
  const z3::model model = solver.get_model();
  for (size_t i = 0; i < stays.size(); ++i) {
    stays[i].offset = unit * model.eval(offsets[i], true).get_numeral_int64();
  }
  return Placed::Yes;
}

} // namespace

Peak solver::peakOf(const std::vector<Stay> &stays, const std::vector<int64_t> &sizes) {
  std::map<size_t, int64_t> changes; // of the bytes, at a step
  for (const Stay &stay : stays) {
    changes[stay.first] += sizes[stay.tensor];
    changes[stay.last + 1] -= sizes[stay.tensor];
  }
  Peak peak;
  int64_t bytes = 0;
  for (const auto &[step, change] : changes) {
    bytes += change;
    if (bytes > peak.bytes) {
      peak = {step, bytes};
    }
  }
  return peak;
}

/// As they stand; by size, by length of life, by both, the largest first.
static std::vector<std::vector<size_t>> ordersOf(const std::vector<Stay> &stays,
                                                 const std::vector<int64_t> &sizes) {
  using Key = std::pair<int64_t, int64_t>;
  const auto keys = {
      +[](int64_t size, int64_t length) { return Key(size, length); },
      +[](int64_t size, int64_t length) { return Key(length, size); },
      +[](int64_t size, int64_t length) {
        int64_t area = 0;
        return Key(__builtin_mul_overflow(size, length, &area) ? std::numeric_limits<int64_t>::max() : area,
                   size);
      },
  };
  std::vector<std::vector<size_t>> orders(1);
  orders[0].resize(stays.size());
  std::iota(orders[0].begin(), orders[0].end(), 0);
  for (const auto key : keys) {
    auto keyOf = [&](size_t i) {
      return key(sizes[stays[i].tensor], static_cast<int64_t>(stays[i].last - stays[i].first + 1));
    };
    orders.push_back(orders[0]);
    std::stable_sort(orders.back().begin(), orders.back().end(),
                     [&](size_t a, size_t b) { return keyOf(a) > keyOf(b); });
  }
  return orders;
}

static Placed askZ3(std::vector<Stay> &stays, const std::vector<int64_t> &sizes, int64_t bytes,
                    PlacementEffort effort) {
  if (effort.seconds <= 0 && effort.steps == 0) {
    return Placed::Unknown;
  }
  try {
    return placeByZ3(stays, sizes, bytes, effort);
  } catch (const z3::exception &) {
    return Placed::Unknown;
  }
}

Placed solver::place(std::vector<Stay> &stays, const std::vector<int64_t> &sizes, int64_t bytes,
                     PlacementEffort effort) {
  if (peakOf(stays, sizes).bytes > bytes) {
    return Placed::No;
  }
  for (const std::vector<size_t> &order : ordersOf(stays, sizes)) {
    if (firstFit(stays, sizes, bytes, order)) {
      return Placed::Yes;
    }
  }
  return askZ3(stays, sizes, bytes, effort);
}

int64_t solver::pack(std::vector<Stay> &stays, const std::vector<int64_t> &sizes, PlacementEffort effort) {
  const int64_t least = peakOf(stays, sizes).bytes;
  std::vector<std::vector<size_t>> orders = ordersOf(stays, sizes);
  std::rotate(orders.begin(), orders.begin() + 1, orders.end());
  std::vector<Stay> best;
  int64_t bytes = std::numeric_limits<int64_t>::max();
  for (const std::vector<size_t> &order : orders) {
    std::vector<Stay> placed = stays;
    firstFit(placed, sizes, std::numeric_limits<int64_t>::max(), order);
    int64_t used = 0;
    for (const Stay &stay : placed) {
      used = std::max(used, stay.offset + sizes[stay.tensor]);
    }
    if (used < bytes) {
      best = std::move(placed);
      bytes = used;
    }
    if (bytes == least) {
      break;
    }
  }
  if (bytes > least && askZ3(stays, sizes, least, effort) == Placed::Yes) {
    return least;
  }
  stays = std::move(best);
  return bytes;
}

namespace {

/// The smallest gap that is large enough between what has a place; none if there is none.
std::optional<int64_t> gapFor(int64_t size, const std::vector<Stay> &stays,
                              const std::map<size_t, size_t> &there, const std::vector<int64_t> &sizes,
                              int64_t bytes) {
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (const auto &[tensor, stay] : there) {
    taken.push_back({stays[stay].offset, sizes[tensor]});
  }
  taken.push_back({bytes, 0});
  std::sort(taken.begin(), taken.end());
  std::optional<int64_t> best;
  int64_t begin = 0, least = 0;
  for (const auto &[offset, length] : taken) {
    if (offset - begin >= size && (!best || offset - begin < least)) {
      best = begin;
      least = offset - begin;
    }
    begin = std::max(begin, offset + length);
  }
  return best;
}

} // namespace

std::vector<Stay> solver::placeInTime(const std::vector<std::vector<Present>> &steps,
                                      const std::vector<int64_t> &sizes, int64_t bytes) {
  std::vector<Stay> stays;
  std::map<size_t, size_t> there; ///< stays, by tensor
  for (size_t step = 0; step < steps.size(); ++step) {
    std::vector<Present> present = steps[step];
    for (auto it = there.begin(); it != there.end();) {
      const bool goesOn = std::any_of(present.begin(), present.end(),
                                      [&](const Present &of) { return of.tensor == it->first; });
      it = goesOn ? std::next(it) : there.erase(it);
    }
    std::sort(present.begin(), present.end(),
              [&](const Present &a, const Present &b) { return sizes[a.tensor] > sizes[b.tensor]; });
    auto comeAll = [&] {
      std::map<size_t, size_t> before = there;
      const size_t count = stays.size();
      for (const Present &of : present) {
        if (!of.isNeeded || there.count(of.tensor)) {
          continue;
        }
        const std::optional<int64_t> offset = gapFor(sizes[of.tensor], stays, there, sizes, bytes);
        if (!offset) {
          stays.resize(count);
          there = std::move(before);
          return false;
        }
        there[of.tensor] = stays.size();
        stays.push_back({of.tensor, step, step, *offset});
      }
      return true;
    };
    std::vector<Present> mayGo;
    std::copy_if(present.begin(), present.end(), std::back_inserter(mayGo),
                 [&](const Present &of) { return !of.isNeeded && there.count(of.tensor) > 0; });
    std::stable_sort(mayGo.begin(), mayGo.end(),
                     [](const Present &a, const Present &b) { return a.nextUse < b.nextUse; });
    while (!comeAll()) {
      if (mayGo.empty()) {
        there.clear();
      } else {
        there.erase(mayGo.back().tensor);
        mayGo.pop_back();
      }
    }
    for (const Present &of : present) {
      if (of.isNeeded) {
        stays[there.at(of.tensor)].last = step;
      }
    }
  }
  return stays;
}

std::vector<size_t> solver::tooManyOf(const std::vector<int64_t> &sizes, int64_t bytes) {
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
  int64_t sum = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    sum += sizes[order[i]];
    if (sum > bytes) {
      order.resize(i + 1);
      std::sort(order.begin(), order.end());
      return order;
    }
  }
  return {};
}

std::string solver::tooMuchText(const std::vector<std::string> &names, const std::vector<int64_t> &sizes,
                                int64_t bytes, const std::string &at, const std::string &memory) {
  const std::vector<size_t> few = tooManyOf(sizes, bytes);
  std::string text;
  int64_t sum = 0;
  for (size_t i = 0; i < few.size(); ++i) {
    text += i == 0 ? "" : i + 1 == few.size() ? " and " : ", ";
    text += "'" + names[few[i]] + "'";
    sum += sizes[few[i]];
  }
  const bool isOne = few.size() == 1;
  return text + (isOne ? " is there at '" : " are there together at '") + at +
         (isOne ? "' and needs " : "' and need ") + std::to_string(sum) + " bytes, " + memory + " has " +
         std::to_string(bytes);
}
