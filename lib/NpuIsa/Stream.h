//===- Stream.h - A core's stream, as the checks see it ---------------------===//
#ifndef COOPT_LIB_NPUISA_STREAM_H
#define COOPT_LIB_NPUISA_STREAM_H

#include "coopt/NpuIsa/Checker.h"
#include "coopt/NpuIsa/Effects.h"

#include <functional>
#include <limits>

namespace coopt::npu {

/// What a register may hold.
struct Interval {
  int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();

  bool isBounded() const {
    return least != std::numeric_limits<int64_t>::min() && most != std::numeric_limits<int64_t>::max();
  }
};

using Registers = std::array<Interval, kRegisters>;

/// What an entry of the control unit makes of the registers.
void execute(const Entry &entry, Registers &registers);

/// The stream of one core, and how its places are named.
class Stream {
public:
  Stream(const Image &image, size_t core) : image(image), core(core) {}

  const std::vector<Entry> &entries() const { return image.cores[core]; }
  std::string_view mnemonic(size_t entry) const { return find(entries()[entry].opcode)->mnemonic; }
  bool isLoop(size_t entry) const { return mnemonic(entry) == "loop"; }
  /// The entry behind a loop's end.
  size_t behindLoop(size_t entry) const {
    return entry + static_cast<size_t>(entries()[entry]["body"].value) + 1;
  }
  /// Whether an entry of [first, end) waits for a semaphore of the chip, or signals one.
  bool usesChip(size_t first, size_t end) const;
  size_t number() const { return core; }
  /// Engines are numbered: the control unit, matrix, vector, topk, then the channels of DMA.
  unsigned engineOf(size_t entry) const;
  static constexpr unsigned kEngines = 4 + kChannels;
  static std::string engineName(unsigned engine);
  /// "entry 12 (mxu.stream, layers.0/mlp/up_proj)"
  std::string placeOf(size_t entry) const;
  /// An error at an entry: "core 0, entry 12 (..): .."
  tl::unexpected<Error> failAt(size_t entry, const std::string &what) const;

  /// What an entry touches, whatever its registers hold of these. Errors: an address has no bounds, or is negative.
  Expected<Accesses> accesses(size_t entry, const Registers &registers, const Settings &settings) const;

private:
  const Image &image;
  size_t core;
};

/// Calls it with what each entry touches, for all rounds of its loops; with a loop's entries twice, as the settings that the first round
/// finds may not be those of the others. Errors: its own, and those of Stream::accesses().
using AccessVisitor = std::function<Status(size_t entry, const Accesses &accesses)>;
Status forEachAccess(const Stream &stream, const AccessVisitor &visit);

Status checkBounds(const Stream &stream, const Limits &limits);
Status checkBalance(const Stream &stream);
/// Of all cores.
Status checkChipBalance(const std::vector<Stream> &streams);
Status checkOrder(const std::vector<Stream> &streams, const Limits &limits);

} // namespace coopt::npu

#endif // COOPT_LIB_NPUISA_STREAM_H
