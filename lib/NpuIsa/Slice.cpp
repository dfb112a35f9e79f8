#include "coopt/NpuIsa/Slice.h"
#include "Stream.h"

#include <algorithm>
#include <map>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// Bytes of one memory, as ranges that don't touch.
class ByteSet {
public:
  /// Whether there was anything new.
  bool add(uint64_t first, uint64_t bytes) {
    uint64_t end = first + bytes;
    auto next = ranges.upper_bound(first);
    if (next != ranges.begin() && std::prev(next)->second >= first) {
      --next;
      if (next->second >= end) {
        return false;
      }
      first = next->first;
    }
    while (next != ranges.end() && next->first <= end) {
      end = std::max(end, next->second);
      next = ranges.erase(next);
    }
    ranges[first] = end;
    return true;
  }
  bool overlaps(uint64_t first, uint64_t bytes) const {
    auto next = ranges.lower_bound(first + bytes);
    return next != ranges.begin() && std::prev(next)->second > first;
  }

private:
  std::map<uint64_t, uint64_t> ranges; ///< first byte to the one behind the last
};

class Slicer {
public:
  explicit Slicer(const Image &image) : image(image) {}

  Expected<std::vector<std::vector<bool>>> run();

private:
  const Image &image;
  struct Touched {
    size_t entry;
    Accesses accesses;
  };
  std::vector<std::vector<Touched>> touched; ///< by core
  ByteSet shared[2];                         ///< DRAM, L2: bytes that decide
  std::vector<std::array<ByteSet, kSpaces>> own;
  std::vector<std::vector<bool>> needed;

  ByteSet &bytesOf(size_t core, Space space) {
    return space == Space::Dram ? shared[0]
           : space == Space::L2 ? shared[1]
                                : own[core][static_cast<size_t>(space)];
  }
  bool addReads(size_t core, const Accesses &accesses) {
    bool isNew = false;
    for (const Access &access : accesses) {
      isNew |= !access.isWrite && bytesOf(core, access.space).add(access.first, access.bytes);
    }
    return isNew;
  }
  bool visit(size_t core);
};

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
      isNeeded |= access.isWrite && bytesOf(core, access.space).overlaps(access.first, access.bytes);
    }
    if (isNeeded) {
      isNew |= !needed[core][of.entry];
      needed[core][of.entry] = true;
      isNew |= addReads(core, of.accesses);
    }
  }
  return isNew;
}

Expected<std::vector<std::vector<bool>>> Slicer::run() {
  own.resize(image.cores.size());
  touched.resize(image.cores.size());
  for (size_t core = 0; core < image.cores.size(); ++core) {
    needed.emplace_back(image.cores[core].size(), false);
    const Stream stream(image, core);
    Status status = forEachAccess(stream, [&](size_t entry, const Accesses &accesses) -> Status {
      const Entry &of = stream.entries()[entry];
      const bool isLoad = stream.mnemonic(entry) == "load";
      for (const Access &access : accesses) {
        const std::string_view field = find(of.opcode)->fields[access.operand].name;
        if (isLoad || field == "indices") {
          bytesOf(core, access.space).add(access.first, access.bytes);
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
  return std::move(needed);
}

} // namespace

Expected<std::vector<std::vector<bool>>> npu::entriesThatDecide(const Image &image) {
  return Slicer(image).run();
}
