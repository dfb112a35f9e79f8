//===- NpuProduct.h - A product of the array, panel by panel --------------------===//
//
// What ContractLowering (lib/Conversion/Npu) makes of a contraction in a tile: which steps of k come at a time, which loops there are, what they keep in the
// scratchpad and the accumulators.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_COSTMODEL_NPUPRODUCT_H
#define COOPT_LIB_COSTMODEL_NPUPRODUCT_H

#include "NpuSteps.h"

namespace coopt::cost {

/// A loop of so many rounds, and of a shorter one behind it.
struct Rounds {
  int64_t count = 1;
  bool hasRest = false;
  bool isDoubled = false; ///< two rounds at a time
  bool isKnown = true;    ///< how many rounds there are, before run time

  /// Bodies in the program, each with buffers of its own.
  double bodies() const {
    return (isDoubled && count > 1 ? 2.0 + static_cast<double>(count % 2) : 1.0) + (hasRest ? 1.0 : 0.0);
  }
  bool canBeDoubled() const { return isKnown && count > 1; }
};

struct Bytes {
  double spad = 0, acc = 0;
  Bytes operator*(double times) const { return {spad * times, acc * times}; }
  Bytes operator+(const Bytes &other) const { return {spad + other.spad, acc + other.acc}; }
};

/// Buffers of the scratchpad and the accumulators that a loop has three of: one for each of two rounds, and for a round left over.
using Slots = std::array<NpuTimeline::Buffer, 3>;

class NpuProduct {
public:
  /// `mostRows`: rows of a tile; `columns`: of a tile, as many in each or not. Errors: the machine has no mode for it.
  static Expected<NpuProduct> create(const TileOp &op, const machine::NpuCore &core, int64_t mostRows,
                                     int64_t columns, bool isEven);

  /// Loops from the innermost on that may do two rounds at a time.
  std::array<Rounds *, 4> loops() { return {&groups, &pieces, &rounds, &panels}; }
  /// Of a tile, at its most rows: what its panels take, and what they share but for the result.
  Bytes panelBytes() const;
  Bytes tileBytes() const;
  /// Whether panels are in a loop of the program. Loops behind each other have the same bytes.
  bool hasLoop() const {
    return !panels.isKnown || (panels.isDoubled ? panels.count >= 4 : panels.count >= 2);
  }

  /// `loops`: the bytes that loops behind each other share.
  void makeBuffers(NpuTimeline &timeline, NpuTimeline::Buffer loops);
  /// A tile's activations and scales of columns.
  void begin(NpuTimeline &timeline, const NpuSteps &steps, int64_t rows, int64_t tileColumns, size_t slot);
  /// Panel by panel. The result is there for the vector unit behind it. Weights that bring() has brought come no more.
  void run(NpuTimeline &timeline, const NpuSteps &steps, int64_t rows, int64_t tileColumns, size_t slot,
           NpuTimeline::Buffer result, bool wasBrought);
  /// The weights of a tile whose panels are not in a loop, brought before the products of another.
  bool canBring() const;
  void bring(NpuTimeline &timeline, const NpuSteps &steps, size_t slot);

private:
  TileOp op;
  ArrayMode mode = ArrayMode::WeightStationary;
  int64_t mostRows = 0, width = 0, depth = 0, span = 0, most = 0, roundSteps = 0, exact = 0;
  int64_t weightBits = 8;     ///< of a weight in the array
  double activationBytes = 1; ///< as they come
  bool isWidened = false;     ///< the vector unit makes what the array takes
  bool isConverted = false;   ///< activations, too
  Rounds groups, pieces, rounds, panels;

  /// Of a tile of the column loop, and of a panel.
  std::array<NpuTimeline::Buffer, 3> activations = {}, scales = {}, converted = {};
  NpuTimeline::Buffer loopBytes = 0;
  std::array<Slots, 3> weights = {}, made = {}, sums = {}, parts = {};

  struct Place;
  bool hasGroups() const { return op.scales != TileOp::Scales::Output; }
  bool hasWeightsOfSpan() const { return span <= most; } ///< else those of a sum come by and by
  double storedBytes(int64_t extent) const;
  double madeBytes(int64_t extent) const;
  void load(Place &at, int64_t extent, size_t slot);
  void loadParts(Place &at, int64_t extent, size_t slot);
  void loadPanel(Place &at, size_t slot);
  void panel(Place &at, int64_t columns, size_t slot, bool wasBrought);
  void round(Place &at, int64_t extent, size_t slot);
  void sum(Place &at, int64_t extent, size_t slot, size_t weightSlot);
  void multiply(Place &at, int64_t extent, size_t sumSlot, size_t weightSlot);
  void finishSum(Place &at, size_t slot);
};

/// What a round of a loop does.
struct RoundParts {
  std::function<void(int64_t, size_t)> begin = [](int64_t, size_t) {}; ///< in front of what it brings
  std::function<void(int64_t, size_t)> bring = [](int64_t, size_t) {};
  std::function<void(int64_t, size_t)> work;
};

/// Rounds in the order of the program: of two at a time both are brought before the first works.
void runRounds(NpuTimeline &timeline, const Rounds &rounds, const std::vector<NpuTimeline::Buffer> &own,
               const RoundParts &parts);

} // namespace coopt::cost

#endif // COOPT_LIB_COSTMODEL_NPUPRODUCT_H
