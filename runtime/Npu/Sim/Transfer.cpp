#include "Npu/Sim/Transfer.h"

#include <algorithm>
#include <limits>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// What is less than this is an error of rounding.
constexpr double kLittle = 1e-6;

} // namespace

Transfer::Transfer(const machine::NpuMachine &machine, PartSet infinite, Levels &levels,
                   const Settings &settings, const Entry &entry, std::vector<int32_t> names, Party owner,
                   uint64_t start)
    : levels(levels), isDmaInfinite(has(infinite, Part::Dma)), owner(owner),
      channelRate(static_cast<double>(machine.cores.front().dma.bytesPerCycle)),
      inFlight(static_cast<double>(machine.cores.front().dma.maxOutstanding)), list(std::move(names)) {
  const std::string_view mnemonic = find(entry.opcode)->mnemonic;
  auto value = [&](const char *field) { return static_cast<uint64_t>(entry[field].value); };
  auto side = [&](const char *field) {
    Side result;
    result.isThere = true;
    result.space = entry[field].space;
    result.address = value(field);
    return result;
  };
  to = side("to");
  bytes = value("bytes");
  counts[0] = value("count");
  begin = static_cast<double>(start) +
          (isDmaInfinite ? 0 : static_cast<double>(machine.cores.front().dma.setupCycles));
  time = static_cast<double>(start);
  if (mnemonic == "dma.fill") {
    to.strides[0] = value("to1");
  } else if (mnemonic == "dma.copy") {
    from = side("from");
    from.strides[0] = value("from1");
    to.strides[0] = value("to1");
    if (chosen(entry, "shaped") == "yes") {
      const Entry &shape = *settings.shape(entry.channel);
      for (size_t i = 1; i < 4; ++i) {
        const std::string number = std::to_string(i + 1);
        auto of = [&](const char *what) { return static_cast<uint64_t>(shape[what + number].value); };
        counts[i] = of("count");
        from.strides[i] = of("from");
        to.strides[i] = of("to");
      }
    }
  } else {
    from = side("from");
    const bool isGather = mnemonic == "dma.gather";
    Side &listed = isGather ? from : to, &plain = isGather ? to : from;
    listed.isListed = true;
    listed.strides[0] = value(isGather ? "from1" : "to1");
    plain.strides[0] = bytes;
    // The list is read before what it names.
    const Levels::Level &level = levels.at(entry["indices"].space, value("indices"));
    const uint64_t listBytes = 4 * counts[0];
    if (listBytes > 0 && !level.isInfinite) {
      level.claim(reservation, false, {value("indices"), 1, listBytes, 0, 0});
      const double duration = std::max(isDmaInfinite ? 0 : static_cast<double>(listBytes) / channelRate,
                                       reservation.leastDuration());
      waits.push_back({Wait::Why::Latency, begin, level.latency, level.reads->port, {}});
      begin = reservation.reserve(begin + level.latency, duration, owner, time, shortages);
      traffic.add(level.reads->port, false, listBytes);
    }
  }
  if (counts[1] * counts[2] * counts[3] == 0 || counts[0] == 0 || bytes == 0) {
    time = begin;
    finish();
    return;
  }
  // Runs that lie side by side are one.
  if (!from.isListed && !to.isListed && to.strides[0] == bytes &&
      (!from.isThere || from.strides[0] == bytes)) {
    bytes *= counts[0];
    counts[0] = 1;
  }
  time = begin;
}

uint64_t Transfer::addressOf(const Side &side) const {
  uint64_t address = side.address + done;
  if (side.isListed) {
    return address + static_cast<uint64_t>(list[at[0]]) * side.strides[0];
  }
  for (size_t i = 0; i < 4; ++i) {
    address += at[i] * side.strides[i];
  }
  return address;
}

void Transfer::advance(uint64_t runs) {
  done = 0;
  at[0] += runs;
  for (size_t i = 0; i < 4 && at[i] == counts[i]; ++i) {
    at[i] = 0;
    if (i == 3) {
      finish();
      return;
    }
    ++at[i + 1];
  }
}

void Transfer::finish() {
  hasEnded = true;
  const Levels::Level &level = levels.at(to.space, to.address);
  if (isFirst) { // nothing to move
    ended = time;
    return;
  }
  if (level.acknowledged > 0) {
    waits.push_back({Wait::Why::Latency, time, level.acknowledged, level.writes->port, {}});
  }
  ended = time + level.acknowledged;
}

void Transfer::step(double forget) {
  struct End {
    const Side *side;
    const Levels::Level *level;
    uint64_t address;
    bool isWrite;
    const Lanes *lanes;
  };
  std::array<End, 2> ends;
  size_t count = 0;
  auto addEnd = [&](const Side &side, bool isWrite) {
    if (side.isThere) {
      const uint64_t address = addressOf(side);
      ends[count++] = {&side, &levels.at(side.space, address), address, isWrite, nullptr};
    }
  };
  addEnd(from, false);
  addEnd(to, true);

  // How much of it: at most to the end of a page.
  uint64_t size = bytes - done, runs = counts[0] - at[0];
  for (size_t i = 0; i < count; ++i) {
    const End &end = ends[i];
    if (!end.level->rows) {
      runs = end.side->isListed ? 1 : runs;
      continue;
    }
    const uint64_t page = end.level->rows->pageBytes, left = page - end.address % page;
    size = std::min(size, left);
    const uint64_t stride = end.side->strides[0];
    if (end.side->isListed || left < bytes - done) {
      runs = 1;
    } else if (stride > 0) {
      runs = std::min(runs, (left - (bytes - done)) / stride + 1);
    }
  }
  const bool isPart = done > 0 || size < bytes;
  runs = isPart ? 1 : runs;
  const uint64_t pieceBytes = runs * size;
  moved += pieceBytes;

  double rate = isDmaInfinite ? std::numeric_limits<double>::infinity() : channelRate;
  reservation.clear();
  for (size_t i = 0; i < count; ++i) {
    End &end = ends[i];
    const Levels::Level &level = *end.level;
    traffic.add((end.isWrite ? level.writes : level.reads)->port, end.isWrite, pieceBytes);
    if (level.isInfinite) {
      continue;
    }
    const LaneMap &map = end.isWrite ? *level.writeMap : *level.map;
    const double latency = end.isWrite ? level.acknowledged : level.latency;
    if (!isDmaInfinite) {
      const auto request = static_cast<double>(level.requestBytes);
      const double units = std::max(request / static_cast<double>(map.unitBytes), 1.0);
      const double lanes = std::min(units, static_cast<double>(map.lanes));
      rate = std::min(rate, inFlight * request / (latency + map.cyclesPerUnit * units / lanes));
    }
    end.lanes = &level.claim(reservation, end.isWrite,
                             {end.address, runs, size, runs == 1 ? 0 : end.side->strides[0], 0});
  }
  const double duration = std::max(static_cast<double>(pieceBytes) / rate, reservation.leastDuration());

  // When it may begin.
  double window = 0;
  if (!isFirst) {
    uint64_t request = std::numeric_limits<uint64_t>::max();
    for (size_t i = 0; i < count; ++i) {
      request = std::min(request, ends[i].level->requestBytes);
    }
    window = isDmaInfinite
                 ? time - begin
                 : inFlight * static_cast<double>(request) * duration / static_cast<double>(pieceBytes);
  }
  const double requested = std::max(begin, time - window);
  double earliest = time, rowsUntil = requested;
  Party other;
  Port rowsPort = Port::Hbm;
  double latency = 0;
  for (size_t i = 0; i < count; ++i) {
    const End &end = ends[i];
    double ready = requested;
    if (end.level->rows) {
      const OpenRows::Opening opening = end.level->rows->open(end.address, *end.lanes, requested);
      ready = opening.ready;
      if (ready > rowsUntil) {
        rowsUntil = ready;
        other = opening.other == owner ? Party() : opening.other;
      }
    }
    if (!end.isWrite) {
      latency = end.level->latency;
      ready += latency;
    }
    earliest = std::max(earliest, ready);
  }
  const double waited = earliest - time;
  if (waited > kLittle) {
    const double opened = std::min(waited, rowsUntil - requested);
    if (opened > kLittle) {
      waits.push_back({Wait::Why::Rows, time, opened, rowsPort, other});
    }
    if (waited > opened + kLittle) {
      waits.push_back({Wait::Why::Latency, time + opened, waited - opened, ends[0].level->reads->port, {}});
    }
  }
  shortages.clear();
  const double end = reservation.reserve(earliest, duration, owner, forget, shortages);
  for (const Shortage &shortage : shortages) {
    waits.push_back({Wait::Why::Shortage, shortage.start, shortage.cycles, shortage.port, shortage.other});
  }
  for (size_t i = 0; i < count; ++i) {
    if (OpenRows *rows = ends[i].level->rows) {
      rows->use(ends[i].address, *ends[i].lanes, end, owner);
    }
  }
  time = end;
  isFirst = false;
  if (isPart && done + size < bytes) {
    done += size;
  } else {
    advance(runs);
  }
}
