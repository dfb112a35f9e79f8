//===- DmaTransfer.h - A descriptor of a DMA channel, in time -------------------===//
//
// # How long a descriptor takes
//
// It is cut into pieces: what lies in one page of the hbm (Levels.h), or rows side by side of other memories. A channel has W bytes of requests in
// flight, max_outstanding of requestBytes, and each is in flight for the latency L of its memory and the time that its lane needs for it, so the channel
// moves
//
//   r = min(bytes_per_cycle, W / (L + time of a request in its lane))   bytes a cycle, of source and destination the less,
//
// and a piece of n bytes takes D = n / r cycles, or as long as one lane needs for its part of it if that is more. The piece's first request is
// made W / r cycles before the piece before it has ended. The row is open x cycles after that (0 if it was; OpenRows), so
//
//   the piece begins at max(end of the one before, request + x + L of the source, request + x of the destination).
//
// If x is less than W / r - L, the requests in flight hide it. The first piece's request comes setup_cycles after the descriptor was taken. A descriptor with a list
// reads that first. The last byte's signals come when it is acknowledged.
//
// Set-up and pieces are busy time. The first piece's L and the last acknowledgement are `latency`, x that is not hidden is `rows`, and what
// others hold of a memory's lanes is a shortage of that.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_DMATRANSFER_H
#define COOPT_NPU_SIM_DMATRANSFER_H

#include "Npu/Sim/Levels.h"
#include "coopt/NpuIsa/Effects.h"

namespace coopt::npu {

/// Bytes that were moved over each kind of port, read or written.
struct Traffic {
  std::array<uint64_t, kPortKinds> read = {}, written = {};

  void add(PortKind port, bool isWrite, uint64_t bytes) {
    (isWrite ? written : read)[static_cast<size_t>(port)] += bytes;
  }
};

class DmaTransfer {
public:
  /// `list`: the rows that a gather or scatter names. The entry is of a DMA channel and no setting.
  DmaTransfer(const machine::NpuMachine &machine, PartSet infinite, Levels &levels, const Settings &settings,
              const Entry &entry, std::vector<int32_t> list, Party owner, uint64_t start);

  /// The part that is moved next, once the one before has been.
  struct Piece {
    Claims claims;
    double start = 0;    ///< the earliest
    double duration = 0; ///< if nobody else is there
  };
  bool isDone() const { return hasEnded; }
  /// Asks for the next piece: opens rows.
  Piece next();
  /// It was moved.
  void moved(double end, const std::vector<Shortage> &shortages);
  /// When all is acknowledged; all is moved.
  double end() const { return ended; }

  /// A time in which nothing moved, and why.
  struct Wait {
    enum class Why { Latency, Rows, Shortage } why;
    double start, cycles;
    PortKind port;
    Party other;
  };
  std::vector<Wait> waits;
  Traffic traffic;
  uint64_t bytesMoved = 0;

private:
  Levels &levels;
  const bool isDmaInfinite;
  const Party owner;
  const double channelRate, inFlight;
  /// What is moved: `bytes` side by side, count[0] times, that count[1] times, ..; from is none for fills. With a list, rows of one side
  /// are those that it names.
  struct Side {
    bool isThere = false;
    Space space = Space::Dram;
    uint64_t address = 0;
    std::array<uint64_t, 4> strides = {};
    bool isListed = false;
  };
  Side from, to;
  uint64_t bytes = 0;
  std::array<uint64_t, 4> counts = {1, 1, 1, 1}, at = {};
  uint64_t done = 0; ///< of the run that is being cut
  std::vector<int32_t> list;

  double time = 0, begin = 0, ended = 0;
  bool readsList = false, isFirst = true, hasEnded = false;
  uint64_t listAddress = 0;
  /// The piece that next() gave.
  struct End {
    const Side *side;
    const Levels::Level *level;
    uint64_t address;
    bool isWrite;
    const Lanes *lanes;
  };
  std::array<End, 2> ends;
  size_t endCount = 0;
  uint64_t pieceBytes = 0, pieceRuns = 0;

  uint64_t addressOf(const Side &side) const;
  void prepare();
  Piece listPiece();
  /// How much the next piece has: bytes of a run, and in how many.
  void cut();
  double earliest(double window);
  void advance();
  void finish();
};

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_DMATRANSFER_H
