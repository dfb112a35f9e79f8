//===- Selection.cpp - The selecting engine's values ------------------------===//
#include "Npu/Core/Core.h"
#include "Npu/Core/Elements.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace coopt;
using namespace coopt::npu;

/// NaN comes behind all numbers.
void Core::select(const Entry &entry) {
  const int64_t columns = entry["columns"].value, k = entry["k"].value;
  std::vector<int64_t> order(static_cast<size_t>(columns));
  for (int64_t row = 0; row < entry["rows"].value; ++row) {
    auto score = [&](int64_t column) {
      return loadFloat(machine::NpuType::F32, at(entry["scores"]), row * columns + column);
    };
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int64_t x, int64_t y) {
      const float a = score(x), b = score(y);
      if (std::isnan(a) || std::isnan(b)) {
        return std::isnan(a) && std::isnan(b) ? x < y : std::isnan(b);
      }
      return a == b ? x < y : a > b;
    });
    for (int64_t slot = 0; slot < std::min(k, columns); ++slot) {
      const int64_t column = order[static_cast<size_t>(slot)];
      storeFloat(machine::NpuType::F32, at(entry["values"]), row * k + slot, score(column));
      storeInteger(machine::NpuType::I32, at(entry["indices"]), row * k + slot, column);
    }
  }
}

Status Core::route(const Entry &entry) {
  const int64_t choices = entry["rows"].value * entry["k"].value, experts = entry["experts"].value;
  std::vector<int64_t> next(static_cast<size_t>(experts) + 1);
  auto expertOf = [&](int64_t choice) {
    return loadInteger(machine::NpuType::I32, at(entry["choices"]), choice);
  };
  for (int64_t choice = 0; choice < choices; ++choice) {
    const int32_t expert = expertOf(choice);
    if (expert < 0 || expert >= experts) {
      return fail("choices: element " + std::to_string(choice) + " is " + std::to_string(expert) +
                  ", expected 0 .. " + std::to_string(experts - 1));
    }
    ++next[static_cast<size_t>(expert) + 1];
  }
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<int64_t> places;
  for (int64_t choice = 0; choice < choices; ++choice) {
    places.push_back(next[static_cast<size_t>(expertOf(choice))]++);
  }
  // Each expert's next place is now the first one of the expert behind it.
  storeInteger(machine::NpuType::I32, at(entry["segments"]), 0, 0);
  for (int64_t expert = 0; expert < experts; ++expert) {
    storeInteger(machine::NpuType::I32, at(entry["segments"]), expert + 1, next[static_cast<size_t>(expert)]);
  }
  for (int64_t choice = 0; choice < choices; ++choice) {
    const int64_t place = places[static_cast<size_t>(choice)];
    storeInteger(machine::NpuType::I32, at(entry["places"]), choice, place);
    storeInteger(machine::NpuType::I32, at(entry["tokens"]), place, choice / entry["k"].value);
  }
  return {};
}
