// How a store is made: which parameters hold experts that can be read one by one, and which of them are read together.
#include "Experts/ExpertStore.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <system_error>

using namespace coopt;
using namespace coopt::runtime;

namespace {

/// Parameters that dispatches read together, as a forest: parent[i] leads to the representative.
class Partners {
public:
  explicit Partners(size_t count) : parent(count) {
    for (size_t i = 0; i < count; ++i) {
      parent[i] = i;
    }
  }
  size_t find(size_t i) {
    while (parent[i] != i) {
      i = parent[i] = parent[parent[i]];
    }
    return i;
  }
  void join(size_t a, size_t b) { parent[std::max(find(a), find(b))] = std::min(find(a), find(b)); }

private:
  std::vector<size_t> parent;
};

} // namespace

Status ExpertStore::findGroups(const package::PackageFile &file) {
  const auto &parameters = file.manifest().parameters;
  Partners partners(parameters.size());
  std::vector<bool> isOurs(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    isOurs[i] = parameters[i].experts > 0 && parameters[i].bytes > 0 && !parameters[i].noise;
  }
  std::vector<std::pair<size_t, size_t>> successions; // parameters of dispatches with the same segments
  for (const package::Entry &entry : file.program().entries) {
    std::map<uint32_t, size_t> lastWith; // by the buffer of the segments
    for (const package::Command &command : entry.commands) {
      if (command.kind != package::CommandKind::Dispatch && command.kind != package::CommandKind::Copy) {
        continue;
      }
      const bool isBySegments =
          command.kind == package::CommandKind::Dispatch && command.segments != package::Command::kNoSegments;
      size_t first = parameters.size();
      for (uint32_t index : command.buffers) {
        const package::Buffer &buffer = entry.buffers[index];
        if (buffer.kind != package::BufferKind::Parameter || parameters[buffer.index].experts == 0) {
          continue;
        }
        // Whoever reads all of a parameter needs all of it.
        if (!isBySegments ||
            (first < parameters.size() && parameters[first].experts != parameters[buffer.index].experts)) {
          isOurs[buffer.index] = false;
          continue;
        }
        first = first == parameters.size() ? buffer.index : first;
        partners.join(first, buffer.index);
      }
      if (isBySegments && first < parameters.size()) {
        auto [last, isFirst] = lastWith.try_emplace(command.buffers[command.segments], first);
        if (!isFirst) {
          successions.push_back({std::exchange(last->second, first), first});
        }
      }
    }
  }
  std::vector<std::vector<size_t>> members(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (isOurs[i]) {
      members[partners.find(i)].push_back(i);
    }
  }
  groupOfParameter.assign(parameters.size(), kNoGroup);
  partOfParameter.assign(parameters.size(), -1);
  for (const std::vector<size_t> &together : members) {
    if (together.empty()) {
      continue;
    }
    Group group;
    group.experts = parameters[together.front()].experts;
    group.firstUnit = units.size();
    for (size_t index : together) {
      auto pages = ExpertPages::reserve(file.parameterOffset(index), parameters[index].bytes);
      if (!pages) {
        return forward(pages.error());
      }
      groupOfParameter[index] = static_cast<uint32_t>(groups.size());
      partOfParameter[index] = static_cast<int64_t>(parts.size());
      group.parts.push_back(parts.size());
      parts.push_back({std::move(*pages), parameters[index].bytes / group.experts});
    }
    groups.push_back(std::move(group));
    for (uint32_t expert = 0; expert < groups.back().experts; ++expert) {
      Unit unit;
      unit.group = static_cast<uint32_t>(groups.size() - 1);
      unit.expert = expert;
      units.push_back(unit);
      for (const Span &span : spansOf(unit)) {
        units.back().bytes += span.pages.bytes();
      }
    }
  }
  for (auto [before, after] : successions) {
    uint32_t from = groupOfParameter[before], to = groupOfParameter[after];
    if (from != kNoGroup && to != kNoGroup && from < to && groups[from].experts == groups[to].experts) {
      groups[from].next = to;
    }
  }
  if (groups.empty()) {
    return fail("the package has no experts that could be read one by one");
  }
  // Some of each layer, rather than all of the first.
  warming.resize(units.size());
  std::iota(warming.begin(), warming.end(), size_t(0));
  std::stable_sort(warming.begin(), warming.end(),
                   [&](size_t a, size_t b) { return units[a].expert < units[b].expert; });
  return {};
}

Expected<std::unique_ptr<ExpertStore>> ExpertStore::create(const package::PackageFile &file,
                                                           const ExpertOptions &options,
                                                           std::unique_ptr<ExpertReader> reader) {
  std::unique_ptr<ExpertStore> store(new ExpertStore());
  store->options = options;
  if (Status status = store->findGroups(file); !status) {
    return forward(status.error());
  }
  uint64_t total = 0, largest = 0;
  for (const Unit &unit : store->units) {
    total += unit.bytes;
    largest = std::max(largest, unit.bytes);
  }
  store->limit =
      options.memory > 0 ? options.memory : static_cast<uint64_t>(static_cast<double>(total) * options.share);
  if (store->limit < largest) {
    return fail("memory of " + std::to_string(store->limit) + " bytes for experts: expected at least " +
                std::to_string(largest) + ", what a dispatch reads of one expert; all experts have " +
                std::to_string(total));
  }
  store->counts.limit = store->limit;
  store->counts.total = total;
  if (!reader) {
    auto opened = options.rate > 0 ? openModelledDrive(file.path(), file.size(), options.rate)
                                   : openExpertReader(file.path(), file.size());
    if (!opened) {
      return forward(opened.error());
    }
    reader = std::move(*opened);
  }
  store->reader = std::move(reader);
  if (!options.prefetch) {
    store->warming.clear();
  }
  try {
    store->thread = std::thread([raw = store.get()] { raw->readerMain(); });
  } catch (const std::system_error &) {
    return fail("no thread to read experts");
  }
  return store;
}
