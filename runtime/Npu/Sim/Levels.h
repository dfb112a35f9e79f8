//===- Levels.h - The memories of a machine, in time -------------------------===//
//
// # Memories
//
// Where bytes lie decides who is in whose way:
//
//   spad, acc  lines of width_bytes lie in the banks in turn. A bank has read_ports and write_ports, so reads and writes are resources of their own;
//              a bank of the accumulator has one port of each kind. A port moves a line a cycle, whatever part of it is wanted
//   l2         a line of bytes_per_cycle is spread over all banks; a bank gives or takes its part of one in a cycle, reads and writes alike
//   hbm        addresses of DRAM up to its size. Bursts lie in the channels in turn; so channels x row_bytes bytes side by side, a *page* here,
//              are one row in one bank of every channel. Pages lie in the banks in turn. A channel moves a burst in burst_bytes over its GB/s.
//              A bank has one row open: a burst of another waits until the bank has done what was before, and t_rp (if a row is open) and t_rcd more
//   ddr        addresses of DRAM behind those of the hbm. 64 bytes lie in the channels in turn; no rows
//
// Latency: from a request to its first byte: latency_cycles of spad and l2, t_cl of hbm, latency_ns of ddr, none of acc. What is written to l2 and
// DRAM is acknowledged as much later.
//
// Times are in cycles of the cores, and fractions of them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_LEVELS_H
#define COOPT_NPU_SIM_LEVELS_H

#include "Npu/Sim/Resource.h"
#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Instruction.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace coopt::npu {

/// What can be made infinite, to see what it costs: a memory without latency, rows and conflicts; an engine whose entries take a cycle;
/// the DMA without set-up, limits of its rate and of requests; queues without end; semaphores that wake at once.
enum class Part : uint8_t { Spad, Acc, L2, Hbm, Ddr, Dma, Matrix, Vector, TopK, Queues, Wake };
constexpr unsigned kParts = 11;
/// "spad", "acc", "l2", "hbm", "ddr", "dma", "matrix", "vector", "topk", "queues", "wake".
const char *name(Part part);
/// Errors: an unknown name; the message lists the known ones.
Expected<Part> parsePart(std::string_view name);
/// A bit for each.
using PartSet = uint32_t;
constexpr PartSet setOf(Part part) { return PartSet(1) << static_cast<unsigned>(part); }
constexpr bool has(PartSet set, Part part) { return (set & setOf(part)) != 0; }

/// Rows of bytes that an engine goes over, a word at a time.
struct Pattern {
  uint64_t first = 0, rows = 1, rowBytes = 0, stride = 0;
  uint64_t wordBytes = 0; ///< that are read or written at once; 0: as many as there are in a line
};

/// Which lanes an address is in. Equal patterns give the same Lanes.
class LaneMap {
public:
  LaneMap() = default;
  /// Units of bytes lie in the lanes in turn; a lane needs so many cycles for one.
  LaneMap(uint64_t lanes, uint64_t unitBytes, double cyclesPerUnit)
      : lanes(lanes), unitBytes(unitBytes), cyclesPerUnit(cyclesPerUnit) {}

  const Lanes *of(const Pattern &pattern);
  /// Two accesses as one; both are of this map.
  const Lanes *sum(const Lanes *a, const Lanes *b);

  uint64_t lanes = 1, unitBytes = 1;
  double cyclesPerUnit = 1;

private:
  using Key = std::array<uint64_t, 5>;
  struct KeyHash {
    size_t operator()(const Key &key) const {
      uint64_t hash = 0;
      for (uint64_t part : key) {
        hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
      }
      return hash >> 20;
    }
  };
  std::unordered_map<Key, std::unique_ptr<Lanes>, KeyHash> known;
  /// Of some of them, by a part of the hash: the same few are asked for again and again.
  struct Recent {
    Key key = {};
    const Lanes *lanes = nullptr;
  };
  std::array<Recent, 64> recent;
  std::map<uint64_t, std::unique_ptr<Lanes>> evens; ///< by units of each lane
  std::map<std::pair<const Lanes *, const Lanes *>, std::unique_ptr<Lanes>> sums;

  std::vector<uint64_t> count(const Pattern &pattern) const;
};

/// Which rows of an hbm are open.
class OpenRows {
public:
  OpenRows() = default;
  OpenRows(const machine::NpuHbm &hbm, double clock);

  uint64_t pageBytes = 0;
  uint64_t hits = 0, openings = 0; ///< bursts that found their row open; rows that were opened

  struct Opening {
    double ready = 0; ///< when all rows of the bursts are open
    Party other;      ///< whose row was open in the slowest bank, or whom it served
  };
  /// Of the page of an address, wanted at a time, the channels that `lanes` needs.
  Opening open(uint64_t address, const Lanes &lanes, double time) const;
  /// They are opened, and moved until `end` if nobody else is there.
  void use(uint64_t address, const Lanes &lanes, double end, Party owner);
  /// They were moved until `end`.
  void hold(uint64_t address, const Lanes &lanes, double end);

private:
  struct Bank {
    int64_t row = -1;
    double ready = 0;
    Party owner;
  };
  std::vector<Bank> banks; ///< bank 0 of all channels, bank 1 of all, ..
  uint64_t channels = 1, banksOfChannel = 1;
  double opening = 0, closing = 0;
};

/// The memories of one core, and those of the chip that it shares.
class Levels {
public:
  /// A part of the address space.
  struct Level {
    Resource *reads = nullptr, *writes = nullptr; ///< may be the same
    LaneMap *map = nullptr;
    LaneMap *writeMap = nullptr;
    double latency = 0;
    double acknowledged = 0;    ///< of a write, after its last byte
    uint64_t requestBytes = 64; ///< of a DMA
    OpenRows *rows = nullptr;   ///< of an hbm
    bool isInfinite = false;

    /// Adds an access to claims; returns what it needs.
    const Lanes &claim(Claims &claims, bool isWrite, const Pattern &pattern) const;
  };
  /// What all cores share.
  struct Chip {
    Chip(const machine::NpuMachine &machine, PartSet infinite);
    Chip(const Chip &) = delete;

    Resource l2{PortKind::L2}, hbm{PortKind::Hbm}, ddr{PortKind::Ddr};
    LaneMap l2Map, hbmMap, ddrMap;
    OpenRows rows;
    Level l2Level, hbmLevel, ddrLevel;
    uint64_t hbmBytes = 0;
  };
  Levels(const machine::NpuMachine &machine, PartSet infinite, Chip &chip);
  Levels(const Levels &) = delete;

  const Level &at(Space space, uint64_t address) const;

private:
  Chip &chip;
  Resource spadReads{PortKind::SpadReads}, spadWrites{PortKind::SpadWrites}, accReads{PortKind::AccReads},
      accWrites{PortKind::AccWrites};
  LaneMap spadReadMap, spadWriteMap, accMap;
  Level spad, acc;
};

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_LEVELS_H
