#include "coopt/Numerics/ElementTable.h"

#include "coopt/Numerics/HostBuilder.h"

#include <algorithm>
#include <cassert>

using namespace coopt;
using namespace coopt::numerics;

ElementTable::ElementTable(const ElementFormat &format, bool symmetric) {
  assert(format.bits <= 8 && "a table has at most 256 entries");
  if (format.kind == ElementFormat::Kind::BipolarInteger || format.kind == ElementFormat::Kind::PowerOfTwo) {
    evenTies = EvenTies::Up;
  } else if (format.kind == ElementFormat::Kind::Float && format.mantissaBits == 0) {
    evenTies = EvenTies::LargerPower;
  }
  for (uint32_t code = 0; code < uint32_t(1) << format.bits; ++code) {
    float value = format.decode(code);
    bool isExtra = symmetric && format.kind == ElementFormat::Kind::SignedInteger &&
                   code == uint32_t(1) << (format.bits - 1);
    if (std::isfinite(value) && !isExtra) {
      entries.push_back({value, code});
    }
  }
  finish();
}

ElementTable::ElementTable(const std::vector<float> &values) {
  for (size_t code = 0; code < values.size(); ++code) {
    entries.push_back({values[code], static_cast<uint32_t>(code)});
  }
  finish();
}

ElementTable::ElementTable(std::vector<Entry> entries) : entries(std::move(entries)) { finish(); }

void ElementTable::finish() {
  assert(!entries.empty() && "a format has at least one number");
  bool hasPositiveZero = false;
  for (const Entry &entry : entries) {
    if (entry.value == 0) {
      if (std::signbit(entry.value)) {
        negativeZero = entry.code;
      } else {
        hasPositiveZero = true;
      }
    }
  }
  if (!hasPositiveZero) {
    negativeZero = -1; // then it is the only zero
  }
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    if (a.value != b.value) {
      return a.value < b.value;
    }
    // Of equal numbers the first one stays: +0 before -0, then by code.
    bool aIsNegative = std::signbit(a.value), bIsNegative = std::signbit(b.value);
    return aIsNegative != bIsNegative ? bIsNegative : a.code < b.code;
  });
  entries.erase(std::unique(entries.begin(), entries.end(),
                            [](const Entry &a, const Entry &b) { return a.value == b.value; }),
                entries.end());
}

uint32_t ElementTable::codeOf(const Entry &entry, bool negative, Rounding rounding) const {
  bool toNegativeZero =
      entry.value == 0 && negative && negativeZero >= 0 && rounding != Rounding::NearestToZero;
  return toNegativeZero ? static_cast<uint32_t>(negativeZero) : entry.code;
}

uint32_t ElementTable::nearest(float x, Rounding rounding, uint32_t random) const {
  bool negative = std::signbit(x);
  if (x != x) {
    x = 0;
    negative = false;
  }
  auto above = std::upper_bound(entries.begin(), entries.end(), x,
                                [](float value, const Entry &entry) { return value < entry.value; });
  if (above == entries.begin()) {
    return codeOf(*above, negative, rounding);
  }
  const Entry &low = *(above - 1);
  if (above == entries.end() || x == low.value) {
    return codeOf(low, negative, rounding);
  }
  const Entry &high = *above;
  double position = static_cast<double>(x);
  double bottom = static_cast<double>(low.value), top = static_cast<double>(high.value);
  double middle = (bottom + top) / 2;
  bool up = position > middle;
  if (rounding == Rounding::Stochastic) {
    up = static_cast<double>(random) * 0x1p-24 < (position - bottom) / (top - bottom);
  } else if (position == middle) {
    bool sameMagnitude = std::fabs(low.value) == std::fabs(high.value);
    switch (rounding) {
    case Rounding::NearestEven:
      switch (evenTies) {
      case EvenTies::EvenCode:
        up = (low.code & 1) == 1 && (high.code & 1) == 0;
        break;
      case EvenTies::Up:
        up = true;
        break;
      case EvenTies::LargerPower:
        up = low.value != 0 && (low.value > 0 || high.value == 0);
        break;
      }
      break;
    case Rounding::NearestAway:
      up = sameMagnitude || std::fabs(high.value) > std::fabs(low.value);
      break;
    case Rounding::NearestToZero:
      up = !sameMagnitude && std::fabs(high.value) < std::fabs(low.value);
      break;
    case Rounding::NearestLower:
    case Rounding::Stochastic:
      break;
    }
  }
  return codeOf(up ? high : low, negative, rounding);
}
