#include "NpuProduct.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace coopt;
using namespace coopt::cost;

namespace {

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

Rounds piecesOf(int64_t count, int64_t step) {
  return count <= step ? Rounds{1, false} : Rounds{count / step, count % step != 0};
}

} // namespace

void cost::runRounds(NpuTimeline &timeline, const Rounds &rounds, const std::vector<NpuTimeline::Buffer> &own,
                     const RoundParts &parts) {
  auto one = [&](int64_t round, size_t slot) {
    parts.begin(round, slot);
    parts.bring(round, slot);
    parts.work(round, slot);
  };
  int64_t next = 0;
  if (rounds.isDoubled && rounds.count > 1) {
    auto both = [&](int64_t pair) {
      parts.begin(2 * pair, 0);
      parts.bring(2 * pair, 0);
      parts.bring(2 * pair + 1, 1);
      parts.work(2 * pair, 0);
      parts.begin(2 * pair + 1, 1);
      parts.work(2 * pair + 1, 1);
    };
    if (rounds.count < 4) { // no loop is left
      both(0);
    } else {
      timeline.loop(rounds.count / 2, own, both);
    }
    next = rounds.count / 2 * 2;
  } else if (rounds.count > 1 || !rounds.isKnown) {
    timeline.loop(rounds.count, own, [&](int64_t round) { one(round, 0); });
    next = rounds.count;
  }
  for (; next < rounds.count + rounds.hasRest; ++next) {
    one(next, 2);
  }
}

Expected<NpuProduct> NpuProduct::create(const TileOp &op, const machine::NpuCore &core, int64_t mostRows,
                                        int64_t columns, bool isEven) {
  NpuProduct result;
  const CodeProduct &product = op.product;
  const machine::NpuMatrixUnit &unit = *core.mxu;
  result.op = op;
  result.mostRows = mostRows;
  result.depth = product.depth;
  result.span = std::min(product.span, product.depth);
  const std::optional<ArrayMode> chosen = op.group > 1        ? ArrayMode::KeptWeights
                                          : op.tableDepth > 0 ? ArrayMode::TableLookup
                                                              : chooseMode(core, product, mostRows, true);
  if (!chosen) {
    return fail("expected a matrix unit with a mode for codes of " + std::to_string(product.bits) + " bits");
  }
  result.mode = *chosen;
  const bool takesCodes = *chosen == ArrayMode::BitSerial || *chosen == ArrayMode::TableLookup;
  const std::optional<machine::NpuOperands> types = denseTypes(unit, product.bits);
  const bool areFloats = product.isOfFloats || (!takesCodes && types && !machine::isInteger(types->weight));
  result.activationBytes = product.isOfFloats ? 2 : 1;
  result.weightBits = areFloats ? 16 : takesCodes ? product.bits : machine::bits(types->weight);
  result.isWidened = product.isOfFloats || result.weightBits != product.bits;
  result.isConverted = areFloats && !product.isOfFloats;
  result.exact = result.isConverted ? exactFloats(product.bits) : std::numeric_limits<int64_t>::max();
  result.width = unit.cols;
  const int64_t quarter = core.spad.bytes / 4;
  if (*chosen == ArrayMode::TableLookup) {
    const int64_t numbers = product.hasZeros ? 7 : 3,
                  room = core.spad.bytes / 2 / (std::max<int64_t>(mostRows, 1) * 4 * numbers);
    result.width =
        std::max(std::min(columnsOfTables(core, mostRows), room) / unit.cols * unit.cols, unit.cols);
    result.width = std::min(result.width, ceilDiv(columns, unit.cols) * unit.cols);
    const int64_t all = quarter * 8 / (result.width * int64_t(product.bits));
    const int64_t wanted = result.hasGroups()
                               ? std::max(result.span, op.tableDepth)
                               : std::max(2048 * 8 / (unit.cols * int64_t(product.bits)), 2 * op.tableDepth);
    result.roundSteps = result.span;
    result.most = std::max(std::min(all, wanted) / op.tableDepth * op.tableDepth, op.tableDepth);
  } else {
    const double ofSpan = result.storedBytes(result.span) +
                          (result.isWidened ? result.madeBytes(result.span) : 0) +
                          op.groupBytes * static_cast<double>(result.width);
    const int64_t block = op.group > 1 ? unit.rows / op.kept * op.group : unit.rows;
    const auto all =
        static_cast<int64_t>(static_cast<double>(quarter) * static_cast<double>(result.span) / ofSpan);
    result.most = std::max(all / block * block, block);
    result.roundSteps = std::max(result.most / result.span * result.span, result.span);
  }
  const bool isWhole = product.isOfFloats; // sums of floats are of all k
  result.panels = {ceilDiv(columns, result.width), false};
  result.rounds = piecesOf(result.depth, result.roundSteps);
  const int64_t inRound = std::min(result.depth, result.roundSteps);
  result.groups = isWhole ? Rounds{} : piecesOf(inRound, result.span);
  const int64_t inSum = isWhole ? inRound : std::min(result.span, inRound);
  result.pieces = inSum > result.most    ? piecesOf(inSum, result.most)
                  : inSum > result.exact ? piecesOf(inSum, result.exact)
                                         : Rounds{};
  result.panels.isKnown = isEven;
  return result;
}

double NpuProduct::storedBytes(int64_t extent) const {
  const double lines = static_cast<double>(op.group > 1 ? ceilDiv(extent, op.group) * op.kept : extent);
  const double bits = static_cast<double>(op.product.bits) +
                      (op.group > 1 ? std::ceil(std::log2(static_cast<double>(op.group))) : 0);
  return lines * static_cast<double>(width) * bits / 8;
}

double NpuProduct::madeBytes(int64_t extent) const {
  return storedBytes(extent) * static_cast<double>(weightBits) / op.product.bits;
}

Bytes NpuProduct::panelBytes() const {
  const auto rows = static_cast<double>(mostRows), columns = static_cast<double>(width);
  const double matrix = 4 * rows * columns;
  const int64_t inRound = std::min(depth, roundSteps), atOnce = std::min(inRound, most);
  const double ofWeights = storedBytes(atOnce) + (isWidened ? madeBytes(atOnce) : 0);
  const bool areInPieces = !hasWeightsOfSpan();
  // Of a sum: what is scaled, what zeros take.
  Bytes piece{areInPieces ? ofWeights : 0, 0};
  if (pieces.count > 1 && !areInPieces) { // exact floats, added up as integers
    piece = piece + Bytes{matrix, matrix};
  }
  Bytes group = piece * pieces.bodies() +
                Bytes{(hasGroups() ? 1.0 : 0.0) * matrix + (op.product.hasZeros ? 2 * matrix : 0), matrix};
  if (pieces.count > 1 && !areInPieces) {
    group.spad += matrix;
  }
  const double ofGroups =
      op.groupBytes * columns * std::ceil(static_cast<double>(inRound) / static_cast<double>(span));
  const Bytes round = group * groups.bodies() + Bytes{areInPieces ? 0 : ofWeights + ofGroups, 0};
  const Bytes panel = round * rounds.bodies() + Bytes{(hasGroups() ? 2.0 : 1.0) * matrix, 0};
  return panel * panels.bodies();
}

Bytes NpuProduct::tileBytes() const {
  const auto rows = static_cast<double>(mostRows), ofActivations = rows * static_cast<double>(depth);
  return Bytes{ofActivations * activationBytes + (isConverted ? 2 * ofActivations : 0) + 4 * rows, 0};
}

void NpuProduct::makeBuffers(NpuTimeline &timeline, NpuTimeline::Buffer loops) {
  loopBytes = loops;
  for (size_t tile = 0; tile < 3; ++tile) {
    activations[tile] = timeline.buffer();
    scales[tile] = timeline.buffer();
    converted[tile] = timeline.buffer();
    for (size_t slot = 0; slot < 3; ++slot) {
      for (auto *of : {&weights, &made, &sums, &parts}) {
        (*of)[tile][slot] = timeline.buffer();
      }
    }
  }
}

/// Where in a program a step is made.
struct NpuProduct::Place {
  NpuTimeline &timeline;
  const NpuSteps &steps;
  int64_t rows;
  int64_t columns; ///< of the panels
  size_t tile;     ///< slot of the tile
  NpuTimeline::Buffer result;

  void map(const std::string &function, double rowCount, double columnCount, double operands,
           std::initializer_list<NpuTimeline::Buffer> reads,
           std::initializer_list<NpuTimeline::Buffer> writes) {
    timeline.run(steps.map(function, rowCount, columnCount, operands), reads, writes);
    timeline.count(0, 4 * (operands + 1) * rowCount * columnCount);
  }
  void load(Transfer of, NpuTimeline::Buffer to) {
    timeline.run(steps.transfer(of), {}, {to});
    timeline.count(0, of.runs * of.bytes);
    timeline.count(2, of.runs * of.bytes);
  }
};

/// Scales and zeros of the groups of some steps of k.
void NpuProduct::loadParts(Place &at, int64_t extent, size_t slot) {
  if (op.groupBytes > 0) {
    const double bytes = std::ceil(static_cast<double>(extent) / static_cast<double>(span)) * op.groupBytes *
                         static_cast<double>(width);
    at.load({1, bytes, 0, true, false}, parts[at.tile][slot]);
  }
}

/// Weights of a panel, all of k; of floats, what makes them.
void NpuProduct::loadPanel(Place &at, size_t slot) {
  if (op.product.isOfFloats) {
    loadParts(at, depth, slot);
  }
  load(at, depth, slot);
}

/// Weights of some steps of k, and what the array takes made from them.
void NpuProduct::load(Place &at, int64_t extent, size_t slot) {
  Transfer of{1, storedBytes(extent), 0, true, false};
  if (mode == ArrayMode::TableLookup) { // of each panel some planes
    of.runs = static_cast<double>(ceilDiv(width, at.steps.core.mxu->cols));
    of.bytes /= of.runs;
    of.distance = of.bytes * static_cast<double>(depth) / static_cast<double>(extent);
  }
  at.load(of, weights[at.tile][slot]);
  if (!isWidened) {
    return;
  }
  const double elements = storedBytes(extent) * 8 / op.product.bits;
  const auto lanes = static_cast<double>(at.steps.core.vec->lanes);
  if (!op.product.isOfFloats) {
    at.map("copy", 1, std::max(elements, lanes), 1, {weights[at.tile][slot]}, {made[at.tile][slot]});
    return;
  }
  // Group by group, in lines of a panel's columns.
  const double lines = elements / static_cast<double>(width), ofGroup = std::min<double>(lines, span);
  const auto columns = static_cast<double>(width);
  for (double line = 0; line < lines; line += ofGroup) {
    const double count = std::min(ofGroup, lines - line);
    if (op.product.hasZeros) {
      at.map("add", count, columns, 1, {weights[at.tile][slot], parts[at.tile][slot]}, {});
    }
    at.map("mul", count, columns, 1, {weights[at.tile][slot], parts[at.tile][slot]}, {made[at.tile][slot]});
  }
}

void NpuProduct::multiply(Place &at, int64_t extent, size_t sumSlot, size_t weightSlot) {
  const int64_t count = ceilDiv(at.columns, at.steps.core.mxu->cols);
  const NpuTimeline::Step step = at.steps.product(op, mode, at.rows, extent, count);
  const NpuTimeline::Buffer w = (isWidened ? made : weights)[at.tile][weightSlot],
                            a = (isConverted ? converted : activations)[at.tile];
  at.timeline.run(step, {a, w}, {sums[at.tile][sumSlot]});
  const double products = static_cast<double>(at.rows) * static_cast<double>(extent) *
                          static_cast<double>(at.columns) * static_cast<double>(op.kept) /
                          static_cast<double>(op.group);
  const double blocks = std::ceil(static_cast<double>(extent) / static_cast<double>(at.steps.core.mxu->rows));
  at.timeline.count(0, madeBytes(extent) + static_cast<double>(at.rows * extent));
  at.timeline.count(1, 8 * blocks * static_cast<double>(at.rows * at.columns));
  at.timeline.count(3, products);
}

/// What the vector unit does with the sums of a group.
void NpuProduct::finishSum(Place &at, size_t slot) {
  const auto rows = static_cast<double>(at.rows), columns = static_cast<double>(at.columns);
  const NpuTimeline::Buffer sum = sums[at.tile][slot], part = parts[at.tile][slot];
  const bool areFloats = isConverted && pieces.count == 1;
  if (areFloats && (op.product.hasZeros || op.scales == TileOp::Scales::TwoLevels)) {
    at.map("copy", rows, columns, 1, {sum}, {});
  }
  if (op.product.hasZeros) {
    at.map("select", rows, columns, 2, {sum, part}, {});
    at.map("fma", rows, columns, 2, {sum, part}, {});
  }
  if (op.scales == TileOp::Scales::TwoLevels) {
    at.map("fma", rows, columns, 2, {sum, part}, {});
  } else if (op.scales == TileOp::Scales::Group) {
    at.map("mul", rows, columns, 1, {sum, part}, {});
    at.map("add", rows, columns, 2, {}, {});
  }
}

/// A sum of so many steps of k: of a group, or of all.
void NpuProduct::sum(Place &at, int64_t extent, size_t slot, size_t weightSlot) {
  const auto rows = static_cast<double>(at.rows), columns = static_cast<double>(at.columns);
  if (!hasWeightsOfSpan()) {
    at.timeline.run(at.steps.fill(4 * rows * columns), {}, {sums[at.tile][slot]});
    runRounds(
        at.timeline, pieces, {weights[at.tile][0], weights[at.tile][1], made[at.tile][0], made[at.tile][1]},
        {.bring = [&](int64_t piece, size_t of) { load(at, std::min(most, extent - piece * most), of); },
         .work = [&](int64_t piece,
                     size_t of) { multiply(at, std::min(most, extent - piece * most), slot, of); }});
  } else if (pieces.count > 1) {
    at.timeline.run(at.steps.fill(4 * rows * columns), {}, {});
    runRounds(at.timeline, pieces, {sums[at.tile][0], sums[at.tile][1]},
              {.work = [&](int64_t piece, size_t of) {
                multiply(at, std::min(exact, extent - piece * exact), of, weightSlot);
                at.map("copy", rows, columns, 1, {sums[at.tile][of]}, {});
                at.map("add", rows, columns, 2, {}, {});
              }});
  } else {
    multiply(at, extent, slot, weightSlot);
  }
  finishSum(at, slot);
}

/// Some whole groups, whose weights are there.
void NpuProduct::round(Place &at, int64_t extent, size_t slot) {
  if (op.product.isOfFloats) {
    return multiply(at, extent, 0, slot);
  }
  if (groups.count == 1 && !groups.hasRest) {
    return sum(at, extent, slot, slot);
  }
  Rounds whole = groups;
  whole.count = extent / span;
  whole.hasRest = extent % span != 0;
  runRounds(at.timeline, whole, {sums[at.tile][0], sums[at.tile][1]}, {.work = [&](int64_t group, size_t of) {
              sum(at, std::min(span, extent - group * span), of, slot);
            }});
}

void NpuProduct::panel(Place &at, int64_t columns, size_t slot, bool wasBrought) {
  at.columns = columns;
  const auto rows = static_cast<double>(at.rows);
  if (hasGroups() || op.product.isOfFloats) {
    at.timeline.run(at.steps.fill(4 * rows * static_cast<double>(width)), {}, {});
  }
  const bool isInOne = rounds.count == 1 && !rounds.hasRest;
  // In a loop over k rounds have slots of their own, else they are the panel's.
  auto slotOf = [&](size_t of) { return isInOne ? slot : of; };
  auto extentOf = [&](int64_t number) { return std::min(roundSteps, depth - number * roundSteps); };
  auto bringRound = [&](int64_t number, size_t of) {
    if (!wasBrought || !op.product.isOfFloats) {
      loadParts(at, extentOf(number), slotOf(of));
    }
    if (hasWeightsOfSpan() && !wasBrought) {
      load(at, extentOf(number), slotOf(of));
    }
  };
  runRounds(at.timeline, rounds,
            {weights[at.tile][0], weights[at.tile][1], made[at.tile][0], made[at.tile][1], parts[at.tile][0],
             parts[at.tile][1], sums[at.tile][0], sums[at.tile][1]},
            {.bring = bringRound,
             .work = [&](int64_t number, size_t of) { round(at, extentOf(number), slotOf(of)); }});
  const auto all = static_cast<double>(columns);
  if (op.product.isOfFloats) {
    at.map("copy", rows, all, 1, {sums[at.tile][0]}, {at.result});
    return;
  }
  if (op.scales != TileOp::Scales::Group) {
    at.map("mul", rows, all, 1, {sums[at.tile][slot], scales[at.tile]}, {});
  }
  at.map("mul", rows, all, 1, {scales[at.tile]}, {at.result});
}

bool NpuProduct::canBring() const {
  return rounds.count == 1 && !rounds.hasRest && hasWeightsOfSpan() && panels.isKnown &&
         (panels.count == 1 || (panels.isDoubled && panels.count < 4));
}

void NpuProduct::bring(NpuTimeline &timeline, const NpuSteps &steps, size_t slot) {
  Place at{timeline, steps, mostRows, width, slot, 0};
  for (int64_t panel = 0; panel < panels.count; ++panel) {
    // As runRounds has them: a round that is left over, or alone, is the third.
    const bool isOver = panel == 2 || panels.count == 1;
    loadPanel(at, isOver ? 2 : static_cast<size_t>(panel));
  }
}

void NpuProduct::begin(NpuTimeline &timeline, const NpuSteps &steps, int64_t rows, int64_t tileColumns,
                       size_t slot) {
  Place at{timeline, steps, rows, width, slot, 0};
  const auto count = static_cast<double>(rows), all = static_cast<double>(depth);
  at.load({count, activationBytes * all, activationBytes * all, false, false}, activations[slot]);
  if (!op.product.isOfFloats) {
    at.load({1, 4 * count, 0, true, false}, scales[slot]);
  }
  if (op.scales != TileOp::Scales::Group) {
    at.load({1, 4 * static_cast<double>(tileColumns), 0, true, false}, scales[slot]);
  }
  if (op.product.hasZeros && !op.product.isOfFloats) {
    const double sumsOfRows = std::ceil(all / static_cast<double>(span));
    NpuTimeline::Step step = steps.reduce("sum", count, static_cast<double>(span));
    step.cycles *= sumsOfRows;
    timeline.run(step, {activations[slot]}, {});
  }
  if (isConverted) {
    at.map("copy", count, all, 1, {activations[slot]}, {converted[slot]});
  }
}

void NpuProduct::run(NpuTimeline &timeline, const NpuSteps &steps, int64_t rows, int64_t tileColumns,
                     size_t slot, NpuTimeline::Buffer result, bool wasBrought) {
  Place at{timeline, steps, rows, width, slot, result};
  auto columnsOf = [&](int64_t panel) { return std::min(width, tileColumns - panel * width); };
  Rounds all = panels;
  all.count = std::min(panels.count, ceilDiv(tileColumns, width));
  const bool isInOne = rounds.count == 1 && !rounds.hasRest && hasWeightsOfSpan();
  auto bring = [&](int64_t, size_t of) {
    if (isInOne && !wasBrought) {
      loadPanel(at, of);
    }
  };
  auto work = [&](int64_t number, size_t of) { panel(at, columnsOf(number), of, isInOne || wasBrought); };
  if (hasLoop()) {
    timeline.run({NpuTimeline::Loads, 0, 0, 1, 1}, {}, {loopBytes});
  }
  runRounds(timeline, all,
            {weights[slot][0], weights[slot][1], made[slot][0], made[slot][1], parts[slot][0], parts[slot][1],
             sums[slot][0], sums[slot][1]},
            {.bring = bring, .work = work});
  if (hasLoop()) {
    timeline.run({NpuTimeline::Vector, 0, 0, 1, 1}, {loopBytes}, {});
  }
}
