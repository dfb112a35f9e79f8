#include "coopt/NpuIsa/Slice.h"
#include "Stream.h"

#include <algorithm>
#include <map>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// Of everything: who may have written what another core reads.
constexpr size_t kAlways = ~size_t(0);

/// Bytes of one memory that decide, and for each the last entry of the stream that may write it before it is read.
class ByteSet {
public:
  /// Whether there was anything new.
  bool add(uint64_t first, uint64_t bytes, size_t last) {
    const uint64_t end = first + bytes;
    split(first);
    split(end);
    bool isNew = false;
    auto next = ranges.lower_bound(first);
    for (uint64_t at = first; at < end;) {
      if (next == ranges.end() || next->first > at) {
        const uint64_t gapEnd = next == ranges.end() ? end : std::min(end, next->first);
        next = ranges.insert(next, {at, {gapEnd, last}});
        isNew = true;
      } else if (next->second.last < last) {
        next->second.last = last;
        isNew = true;
      }
      at = next->second.end;
      ++next;
    }
    return isNew;
  }
  /// Whether an entry that writes a range may decide.
  bool isDecidedBy(size_t entry, uint64_t first, uint64_t bytes) const {
    auto next = ranges.upper_bound(first);
    next = next != ranges.begin() ? std::prev(next) : next;
    for (; next != ranges.end() && next->first < first + bytes; ++next) {
      if (next->second.end > first && entry <= next->second.last) {
        return true;
      }
    }
    return false;
  }
  std::vector<DecidingPart::Range> all() const {
    std::vector<DecidingPart::Range> list;
    for (const auto &[first, range] : ranges) {
      if (!list.empty() && list.back().first + list.back().bytes == first) {
        list.back().bytes += range.end - first;
      } else {
        list.push_back({first, range.end - first});
      }
    }
    return list;
  }

private:
  struct Range {
    uint64_t end;
    size_t last;
  };
  std::map<uint64_t, Range> ranges; ///< by their first bytes, apart

  /// No range goes on over a byte.
  void split(uint64_t at) {
    auto next = ranges.lower_bound(at);
    if (next != ranges.begin() && std::prev(next)->second.end > at) {
      const Range behind = std::prev(next)->second;
      std::prev(next)->second.end = at;
      ranges.insert(next, {at, behind});
    }
  }
};

class Slicer {
public:
  explicit Slicer(const Image &image) : image(image) {}

  Expected<DecidingPart> run();

private:
  const Image &image;
  struct Touched {
    size_t entry;
    Accesses accesses;
  };
  std::vector<std::vector<Touched>> touched; ///< by core
  std::vector<std::vector<size_t>> lasts;    ///< by core and entry: lastBefore()
  ByteSet shared[2];                         ///< DRAM, L2: bytes that decide
  std::vector<std::array<ByteSet, kSpaces>> own;
  std::vector<std::vector<bool>> needed;

  ByteSet &bytesOf(size_t core, Space space) {
    return space == Space::Dram ? shared[0]
           : space == Space::L2 ? shared[1]
                                : own[core][static_cast<size_t>(space)];
  }
  /// The last entry that may be executed before an entry's turn: what was accepted by the checks has the values of the stream's order. That is
  /// itself, or in a loop the loop's last.
  void findLasts(size_t core);
  /// The same of what an entry reads; other cores are in any order.
  size_t lastOf(size_t core, size_t entry, Space space) const {
    const bool isShared = (space == Space::Dram || space == Space::L2) && image.cores.size() > 1;
    return isShared ? kAlways : lasts[core][entry];
  }
  bool addRead(size_t core, size_t entry, const Access &access) {
    return bytesOf(core, access.space).add(access.first, access.bytes, lastOf(core, entry, access.space));
  }
  bool visit(size_t core);
};

void Slicer::findLasts(size_t core) {
  const std::vector<Entry> &entries = image.cores[core];
  lasts[core].resize(entries.size());
  size_t loopEnd = 0;
  bool isInLoop = false;
  for (size_t entry = 0; entry < entries.size(); ++entry) {
    if (isInLoop && entry > loopEnd) {
      isInLoop = false;
    }
    if (!isInLoop && entries[entry].opcode == opcode::Loop) { // the outermost one
      isInLoop = true;
      loopEnd = entry + static_cast<size_t>(entries[entry]["body"].value);
    }
    lasts[core][entry] = isInLoop ? loopEnd : entry;
  }
}

/// Once over what a core's entries touch; whether there is more to do.
bool Slicer::visit(size_t core) {
  bool isNew = false, usesMatrix = false;
  const std::vector<Entry> &entries = image.cores[core];
  auto isOf = [&](size_t entry, Engine engine) { return find(entries[entry].opcode)->engine == engine; };
  for (size_t entry = 0; entry < entries.size(); ++entry) {
    usesMatrix |= needed[core][entry] && isOf(entry, Engine::Matrix);
  }
  for (const Touched &of : touched[core]) {
    bool isNeeded = needed[core][of.entry] || (usesMatrix && isOf(of.entry, Engine::Matrix));
    for (const Access &access : of.accesses) {
      isNeeded |=
          access.isWrite && bytesOf(core, access.space).isDecidedBy(of.entry, access.first, access.bytes);
    }
    if (isNeeded) {
      isNew |= !needed[core][of.entry];
      needed[core][of.entry] = true;
      for (const Access &access : of.accesses) {
        isNew |= !access.isWrite && addRead(core, of.entry, access);
      }
    }
  }
  return isNew;
}

Expected<DecidingPart> Slicer::run() {
  own.resize(image.cores.size());
  lasts.resize(image.cores.size());
  touched.resize(image.cores.size());
  for (size_t core = 0; core < image.cores.size(); ++core) {
    needed.emplace_back(image.cores[core].size(), false);
    findLasts(core);
    const Stream stream(image, core);
    Status status = forEachAccess(stream, [&](size_t entry, const Accesses &accesses) -> Status {
      const Entry &of = stream.entries()[entry];
      const bool isLoad = stream.mnemonic(entry) == "load";
      for (const Access &access : accesses) {
        const std::string_view field = find(of.opcode)->fields[access.operand].name;
        if (isLoad || field == "indices") {
          addRead(core, entry, access);
        }
      }
      if (!isLoad && !accesses.empty()) {
        touched[core].push_back({entry, accesses});
      }
      return {};
    });
    if (!status) {
      return forward(status.error());
    }
  }
  for (bool isNew = true; isNew;) {
    isNew = false;
    for (size_t core = 0; core < image.cores.size(); ++core) {
      isNew |= visit(core);
    }
  }
  return DecidingPart{std::move(needed), shared[0].all()};
}

} // namespace

Expected<DecidingPart> npu::partThatDecides(const Image &image) { return Slicer(image).run(); }

bool DecidingPart::reads(uint64_t first, uint64_t bytes) const {
  return std::any_of(dram.begin(), dram.end(), [&](const Range &range) {
    return range.first < first + bytes && first < range.first + range.bytes;
  });
}
