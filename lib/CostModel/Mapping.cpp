#include "coopt/CostModel/Mapping.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

using namespace coopt;
using namespace coopt::cost;
using machine::NpuTensor;

char cost::name(LoopDimension dimension) { return "NMCPQRS"[static_cast<size_t>(dimension)]; }

namespace {

constexpr size_t kMostLevels = 64;
constexpr int64_t kMostExtent = int64_t(1) << 20;

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> list;
  for (size_t begin = 0; begin < text.size();) {
    if (text[begin] == ' ') {
      ++begin;
      continue;
    }
    const size_t end = std::min(text.find(' ', begin), text.size());
    list.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return list;
}

std::string shown(std::string_view word) { return "'" + std::string(word.substr(0, 64)) + "'"; }

std::optional<LoopDimension> dimensionOf(char letter) {
  constexpr std::string_view letters = "NMCPQRS";
  const size_t place = letters.find(letter == 'K' ? 'M' : letter);
  return place == letters.npos ? std::nullopt : std::optional(static_cast<LoopDimension>(place));
}

std::optional<int64_t> positiveNumber(std::string_view digits) {
  int64_t value = 0;
  for (char digit : digits) {
    if (!std::isdigit(static_cast<unsigned char>(digit)) || value > kMostExtent) {
      return std::nullopt;
    }
    value = 10 * value + (digit - '0');
  }
  return value >= 1 && value <= kMostExtent ? std::optional(value) : std::nullopt;
}

/// "L2[WIO]", with the number that is due.
Expected<std::vector<NpuTensor>> parseHead(std::string_view word, size_t number) {
  const std::string start = "L" + std::to_string(number) + "[";
  if (word.substr(0, start.size()) != start || word.back() != ']') {
    return fail("expected " + start + "..], got " + shown(word));
  }
  std::vector<NpuTensor> keeps;
  for (char letter : word.substr(start.size(), word.size() - start.size() - 1)) {
    const size_t place = std::string_view("WIO").find(letter);
    if (place == std::string_view::npos) {
      return fail("expected the tensors W, I or O, got " + shown(word));
    }
    const NpuTensor tensor = static_cast<NpuTensor>(place);
    if (std::count(keeps.begin(), keeps.end(), tensor) > 0) {
      return fail("expected each tensor once, got " + shown(word));
    }
    keeps.push_back(tensor);
  }
  return keeps;
}

Expected<MappingLoop> parseLoop(std::string_view word) {
  MappingLoop loop;
  const auto dimension = dimensionOf(word.front());
  std::string_view digits = word.substr(1);
  if (!digits.empty() && (digits.back() == 'X' || digits.back() == 'Y')) {
    loop.axis = digits.back() == 'X' ? LoopAxis::X : LoopAxis::Y;
    digits.remove_suffix(1);
  }
  const auto extent = positiveNumber(digits);
  if (!dimension || !extent) {
    return fail("expected one of N, M, K, C, P, Q, R, S, a factor of 1 .. 2^20, and X or Y or nothing, got " +
                shown(word));
  }
  loop.dimension = *dimension;
  loop.extent = *extent;
  return loop;
}

} // namespace

Expected<Mapping> cost::parseMapping(std::string_view text) {
  std::vector<std::vector<std::string_view>> levels(1);
  for (std::string_view word : words(text)) {
    if (word == "-") {
      levels.emplace_back();
    } else {
      levels.back().push_back(word);
    }
  }
  if (levels.size() > kMostLevels) {
    return fail("mapping: expected at most " + std::to_string(kMostLevels) + " levels, got " +
                std::to_string(levels.size()));
  }
  Mapping mapping;
  for (size_t i = 0; i < levels.size(); ++i) {
    const size_t number = levels.size() - 1 - i;
    const std::string place = "mapping: level " + std::to_string(number);
    if (levels[i].empty()) {
      return fail(place + ": expected L" + std::to_string(number) + "[..], got nothing");
    }
    auto keeps = parseHead(levels[i].front(), number);
    if (!keeps) {
      return forward(keeps.error(), place);
    }
    MappingLevel &level = mapping.levels.emplace_back();
    level.keeps = std::move(*keeps);
    for (size_t j = 1; j < levels[i].size(); ++j) {
      auto loop = parseLoop(levels[i][j]);
      if (!loop) {
        return forward(loop.error(), place);
      }
      level.loops.push_back(*loop);
    }
  }
  return mapping;
}

LoopExtents cost::extentsFrom(const Mapping &mapping, size_t first) {
  LoopExtents extents;
  extents.fill(1);
  for (size_t i = first; i < mapping.levels.size(); ++i) {
    for (const MappingLoop &loop : mapping.levels[i].loops) {
      at(extents, loop.dimension) *= loop.extent;
    }
  }
  return extents;
}
