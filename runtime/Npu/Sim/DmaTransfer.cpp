#include "Npu/Sim/DmaTransfer.h"

#include <algorithm>
#include <limits>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// What is less than this is an error of rounding.
constexpr double kLittle = 1e-6;

} // namespace

DmaTransfer::DmaTransfer(const machine::NpuMachine &machine, PartSet infinite, Levels &levels,
                         const Settings &settings, const Entry &entry, std::vector<int32_t> names,
                         Party owner, uint64_t start)
    : levels(levels), isDmaInfinite(has(infinite, Part::Dma)), owner(owner),
      channelRate(static_cast<double>(machine.cores.front().dma.bytesPerCycle)),
      inFlight(static_cast<double>(machine.cores.front().dma.maxOutstanding)), list(std::move(names)) {
  auto value = [&](FieldName field) { return static_cast<uint64_t>(entry[field].value); };
  auto side = [&](FieldName field) {
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
  if (entry.opcode == opcode::DmaFill) {
    to.strides[0] = value("to1");
  } else if (entry.opcode == opcode::DmaCopy) {
    from = side("from");
    from.strides[0] = value("from1");
    to.strides[0] = value("to1");
    if (isYes(entry, "shaped")) {
      const Entry &shape = *settings.shape(entry.channel);
      auto dimension = [&](size_t i, FieldName count, FieldName fromStride, FieldName toStride) {
        counts[i] = static_cast<uint64_t>(shape[count].value);
        from.strides[i] = static_cast<uint64_t>(shape[fromStride].value);
        to.strides[i] = static_cast<uint64_t>(shape[toStride].value);
      };
      dimension(1, "count2", "from2", "to2");
      dimension(2, "count3", "from3", "to3");
      dimension(3, "count4", "from4", "to4");
    }
  } else {
    from = side("from");
    const bool isGather = entry.opcode == opcode::DmaGather;
    Side &listed = isGather ? from : to, &plain = isGather ? to : from;
    listed.isListed = true;
    listed.strides[0] = value(isGather ? "from1" : "to1");
    plain.strides[0] = bytes;
    readsList = counts[0] > 0;
    listAddress = value("indices");
  }
  if (!readsList) {
    prepare();
  }
}

/// Everything is ready for the first byte.
void DmaTransfer::prepare() {
  readsList = false;
  time = begin;
  if (counts[1] * counts[2] * counts[3] == 0 || counts[0] == 0 || bytes == 0) {
    finish();
    return;
  }
  // Runs that lie side by side are one.
  if (!from.isListed && !to.isListed && to.strides[0] == bytes &&
      (!from.isThere || from.strides[0] == bytes)) {
    bytes *= counts[0];
    counts[0] = 1;
  }
}

uint64_t DmaTransfer::addressOf(const Side &side) const {
  uint64_t address = side.address + done;
  if (side.isListed) {
    return address + static_cast<uint64_t>(list[at[0]]) * side.strides[0];
  }
  for (size_t i = 0; i < 4; ++i) {
    address += at[i] * side.strides[i];
  }
  return address;
}

/// Goes behind the piece that was moved.
void DmaTransfer::advance() {
  if (done + pieceBytes < bytes) {
    done += pieceBytes;
    return;
  }
  done = 0;
  at[0] += pieceRuns;
  for (size_t i = 0; i < 4 && at[i] == counts[i]; ++i) {
    at[i] = 0;
    if (i == 3) {
      finish();
      return;
    }
    ++at[i + 1];
  }
}

void DmaTransfer::finish() {
  hasEnded = true;
  const Levels::Level &level = levels.at(to.space, to.address);
  if (!isFirst && level.acknowledged > 0) {
    waits.push_back({Wait::Why::Latency, time, level.acknowledged, level.writes->port, {}});
  }
  ended = time + (isFirst ? 0 : level.acknowledged);
}

DmaTransfer::Piece DmaTransfer::listPiece() {
  const Levels::Level &level = levels.at(Space::Spad, listAddress);
  const uint64_t size = 4 * counts[0];
  Piece piece;
  traffic.add(level.reads->port, false, size);
  if (!level.isInfinite) {
    level.claim(piece.claims, false, {listAddress, 1, size, 0, 0});
  }
  if (level.latency > 0) {
    waits.push_back({Wait::Why::Latency, begin, level.latency, level.reads->port, {}});
  }
  piece.start = begin + level.latency;
  piece.duration =
      std::max(isDmaInfinite ? 0 : static_cast<double>(size) / channelRate, piece.claims.leastDuration());
  return piece;
}

void DmaTransfer::cut() {
  endCount = 0;
  auto addEnd = [&](const Side &side, bool isWrite) {
    if (side.isThere) {
      const uint64_t address = addressOf(side);
      ends[endCount++] = {&side, &levels.at(side.space, address), address, isWrite, nullptr};
    }
  };
  addEnd(from, false);
  addEnd(to, true);
  const uint64_t run = bytes - done;
  pieceBytes = run;
  pieceRuns = counts[0] - at[0];
  for (size_t i = 0; i < endCount; ++i) {
    const End &end = ends[i];
    const uint64_t stride = end.side->strides[0];
    if (end.side->isListed) {
      pieceRuns = 1;
    }
    if (!end.level->rows) {
      continue;
    }
    const uint64_t page = end.level->rows->pageBytes, left = page - end.address % page;
    pieceBytes = std::min(pieceBytes, left);
    if (left >= run && stride > 0) {
      pieceRuns = std::min(pieceRuns, (left - run) / stride + 1);
    }
  }
  pieceRuns = done > 0 || pieceBytes < bytes ? 1 : pieceRuns;
}

/// When a piece may begin whose requests are made so long before the one before has ended.
double DmaTransfer::earliest(double window) {
  const double requested = isFirst ? begin : std::max(begin, time - window);
  double start = time, open = requested;
  Party other;
  for (size_t i = 0; i < endCount; ++i) {
    const End &end = ends[i];
    double ready = requested;
    if (end.level->rows) {
      const OpenRows::Opening opening = end.level->rows->open(end.address, *end.lanes, requested);
      ready = opening.ready;
      if (ready > open) {
        open = ready;
        other = opening.other == owner ? Party() : opening.other;
      }
    }
    start = std::max(start, ready + (end.isWrite ? 0 : end.level->latency));
  }
  const double waited = start - time, opened = std::min(waited, open - requested);
  if (opened > kLittle) {
    waits.push_back({Wait::Why::Rows, time, opened, PortKind::Hbm, other});
  }
  if (waited > opened + kLittle) {
    waits.push_back({Wait::Why::Latency, time + opened, waited - opened, ends[0].level->reads->port, {}});
  }
  return start;
}

DmaTransfer::Piece DmaTransfer::next() {
  if (readsList) {
    return listPiece();
  }
  cut();
  const uint64_t size = pieceRuns * pieceBytes;
  bytesMoved += size;
  double rate = isDmaInfinite ? std::numeric_limits<double>::infinity() : channelRate;
  uint64_t request = std::numeric_limits<uint64_t>::max();
  Piece piece;
  for (size_t i = 0; i < endCount; ++i) {
    End &end = ends[i];
    const Levels::Level &level = *end.level;
    traffic.add((end.isWrite ? level.writes : level.reads)->port, end.isWrite, size);
    request = std::min(request, level.requestBytes);
    if (level.isInfinite) {
      continue;
    }
    const LaneMap &map = end.isWrite ? *level.writeMap : *level.map;
    if (!isDmaInfinite) {
      const auto bytesOf = static_cast<double>(level.requestBytes);
      const double units = std::max(bytesOf / static_cast<double>(map.unitBytes), 1.0);
      const double turns = units / std::min(units, static_cast<double>(map.lanes));
      rate = std::min(rate,
                      inFlight * bytesOf /
                          ((end.isWrite ? level.acknowledged : level.latency) + map.cyclesPerUnit * turns));
    }
    end.lanes =
        &level.claim(piece.claims, end.isWrite,
                     {end.address, pieceRuns, pieceBytes, pieceRuns == 1 ? 0 : end.side->strides[0], 0});
  }
  piece.duration = std::max(static_cast<double>(size) / rate, piece.claims.leastDuration());
  const double inFlightBytes = inFlight * static_cast<double>(request);
  piece.start = earliest(isDmaInfinite ? time : inFlightBytes * piece.duration / static_cast<double>(size));
  for (size_t i = 0; i < endCount; ++i) {
    if (OpenRows *rows = ends[i].level->rows) {
      rows->use(ends[i].address, *ends[i].lanes, piece.start + piece.duration, owner);
    }
  }
  return piece;
}

void DmaTransfer::moved(double end, const std::vector<Shortage> &shortages) {
  for (const Shortage &shortage : shortages) {
    waits.push_back({Wait::Why::Shortage, shortage.start, shortage.cycles, shortage.port, shortage.other});
  }
  if (readsList) {
    begin = end;
    prepare();
    return;
  }
  for (size_t i = 0; i < endCount; ++i) {
    if (OpenRows *rows = ends[i].level->rows) {
      rows->hold(ends[i].address, *ends[i].lanes, end);
    }
  }
  time = end;
  isFirst = false;
  advance();
}
