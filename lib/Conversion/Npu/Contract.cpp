//===- Contract.cpp - Products of codes on the array ---------------------------===//
//
// y[m, n] = sum over k of a[m, k] w[n, k], panel by panel of n. The array sums a group of k (without groups: all of k); the vector unit takes the
// part of the zeros from the sum and adds it to those before, in the order of the contract:
//
//   acc   = sum over the group of a[m, k] w[n, k] - z[n, g] sum over the group of a[m, k]         i32, wraps
//   output      y = (f32(acc) sw[n]) sa[m]
//   group       t = t + f32(acc) sw[n, g], from 0;   y = t sa[m]
//   two levels  t = t + acc sw[n, g], i32, from 0;   y = (f32(t) ow[n]) sa[m]
//
//===----------------------------------------------------------------------===//
#include "ContractLowering.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

LogicalResult ContractLowering::check() {
  if (!core.mxu || !core.vec) {
    return op.emitError("needs a vector unit and a matrix unit");
  }
  if (isOfFloats()) {
    return checkFloats();
  }
  const bool isOfCodes = op.getAScheme() && !op.getAScheme()->isAsymmetric() &&
                         !op.getAScheme()->getFormat() && op.getAScheme()->getBits() == 8 &&
                         !op.getWScheme().getFormat() && op.getScaleAt() != quantized::ScaleAt::Element;
  if (!isOfCodes) {
    return op.emitError("is a contraction that the accelerator has no code for: expected symmetric codes of "
                        "8 bits with a scale for each row as activations, integer codes as weights");
  }
  return success();
}

/// Zeros are bytes, 0 .. 2^bits - 1. 2^(bits - 1) - z is what the sums of activations are multiplied by (Weights.h).
FailureOr<Tile> ContractLowering::minusZeros(Tile of) {
  const unsigned bits = op.getWScheme().getBits();
  Type i16 = IntegerType::get(op.getContext(), 16);
  FailureOr<Tile> result = tiles.make(Space::Spad, of.extents, i16);
  FailureOr<Tile> minusOne = tiles.constant(IntegerAttr::get(i16, -1)),
                  half = tiles.constant(IntegerAttr::get(i16, int64_t(1) << (bits - 1))),
                  byte = tiles.constant(IntegerAttr::get(i16, 255));
  if (failed(result) || failed(minusOne) || failed(half) || failed(byte)) {
    return failure();
  }
  auto whole = [&](const Tile &tile) {
    return of.rank() == 1 ? tiles.matrix(tile, kSame, 0, tiles.index(1), tile.extents[0])
                          : tiles.matrix(tile, 0, 1, tile.extents[0], tile.extents[1]);
  };
  Value to = whole(*result);
  tiles.map("and", {whole(of), tiles.all(*byte)}, to);
  tiles.map("fma", {to, tiles.all(*minusOne), tiles.all(*half)}, to);
  return result;
}

/// Scales or zeros of some groups, [count][width].
FailureOr<Tile> ContractLowering::parts(const Panels &of, const Round &round, OpFoldResult group,
                                        int64_t count) {
  Type element = cast<MemRefType>(of.storage.getType()).getElementType();
  FailureOr<Tile> tile = tiles.make(Space::Spad, {tiles.index(count), tiles.index(width)}, element);
  if (failed(tile) || failed(looksUp() ? of.bringSeveral(tiles, round.begin, round.extent, group, *tile)
                                       : of.bring(tiles, round.begin, group, *tile))) {
    return failure();
  }
  return tile;
}

/// What a quarter of the scratchpad holds, with all that is made from it: another quarter is for the next ones.
int64_t ContractLowering::mostSteps() {
  int64_t ofGroup = 0;
  if (groupScales) {
    ofGroup += cast<MemRefType>(groupScales->storage.getType()).getElementTypeBitWidth() / 8;
  }
  if (groupZeros) {
    ofGroup += 1 + 2;
  }
  // Floats are decoded by way of integers of 16 bits if there are zeros.
  const int64_t decoded = isOfFloats() && op.getWZeros() ? 2 * weights.width : 0;
  const int64_t ofSpan = weightTiles->bytesOf(span) + decoded * span + ofGroup * weights.width;
  const int64_t all = core.spad.bytes / 4 * span / ofSpan, block = blockSteps();
  return std::max(all / block * block, block);
}

/// Of weights of which some are kept.
LogicalResult ContractLowering::checkKept() {
  const numerics::SparsePattern &pattern = weights.kept->pattern();
  const std::string name = numerics::toString(pattern);
  const quantized::SchemeAttr scheme = op.getWScheme();
  if (scheme.isAsymmetric()) {
    return op.emitError("keeps ") << name << " of weights with zeros: what is dropped would be none";
  }
  const bool isThere = llvm::any_of(core.mxu->modes.nm, [&](const machine::NpuNmPattern &of) {
    return of.n == pattern.kept && of.m == pattern.of;
  });
  if (!isThere) {
    return op.emitError("keeps ") << name << " of its weights: the array has no mode for it";
  }
  const int64_t group = scheme.getGroup();
  if (group != 0 && group < weights.depth && group % pattern.of != 0) {
    return op.emitError("keeps ") << name << " of weights in groups of " << group
                                  << ", which end within such runs";
  }
  return success();
}

/// Zeros behind the last step of k, up to so many.
LogicalResult ContractLowering::padActivations(int64_t all) {
  OpFoldResult columns = a.extents[1];
  if (getConstantIntValue(columns) == all) {
    return success();
  }
  FailureOr<Tile> padded = tiles.make(Space::Spad, {rows, tiles.index(all)}, a.element());
  if (failed(padded)) {
    return failure();
  }
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(*padded), 0, DenseI64ArrayAttr(),
                 DenseI64ArrayAttr());
  tiles.map("copy", tiles.matrix(a, 0, 1, rows, columns), tiles.matrix(*padded, 0, 1, rows, columns));
  a = *padded;
  return success();
}

/// Steps of k that the array's rows take at a time.
int64_t ContractLowering::blockSteps() const {
  const int64_t rows = core.mxu->rows;
  return weights.kept ? rows / weights.kept->pattern().kept * weights.run() : rows;
}

LogicalResult ContractLowering::read() {
  FailureOr<Panels> panels = panelsOf(tiles, op.getW(), /*mayBePlanes=*/!isOfFloats());
  if (failed(panels)) {
    return failure();
  }
  weights = *panels;
  if (weights.kept && failed(checkKept())) {
    return failure();
  }
  // The last run has all of its columns: behind K activations are zero.
  depth = llvm::alignTo(weights.depth, weights.run());
  // What is looked up may be several panels wide.
  if (weights.tableDepth > 0 ? weights.width % core.mxu->cols != 0 : weights.width != core.mxu->cols) {
    return op.emitError("has weights in panels of ")
           << weights.width << " rows, where the array has " << core.mxu->cols << " columns";
  }
  if (weights.bits != op.getWScheme().getBits()) {
    return op.emitError("has codes of ")
           << op.getWScheme().getBits() << " bits that are stored in " << weights.bits;
  }
  if (weights.areCentred != op.getWScheme().isAsymmetric()) {
    return op.emitError("has weights of which just unsigned codes are to be stored centred");
  }
  span = hasGroups() ? std::min(op.getWScheme().getGroup(), depth) : depth;
  auto tile = [](Tile &to, FailureOr<Tile> from) {
    to = succeeded(from) ? *from : Tile();
    return LogicalResult(from);
  };
  if (failed(tile(a, tiles.read(op.getA()))) ||
      (!isOfFloats() && failed(tile(aScales, tiles.read(op.getAScales())))) ||
      failed(tile(result, tiles.room(op.getInit())))) {
    return failure();
  }
  rows = a.extents[0];
  FailureOr<int64_t> bound = tiles.boundOf(rows);
  if (failed(bound)) {
    return failure();
  }
  mostRows = *bound;
  if (failed(choose())) {
    return failure();
  }
  if (isTwoLevel() || !hasGroups()) {
    FailureOr<Tile> ofColumns = tiles.read(isTwoLevel() ? op.getWOuterScales() : op.getWScales());
    if (failed(ofColumns)) {
      return failure();
    }
    factors = *ofColumns;
  }
  if (hasGroups()) {
    FailureOr<Panels> scales = panelsOf(tiles, op.getWScales());
    FailureOr<Panels> ofZeros =
        succeeded(scales) && op.getWZeros() ? panelsOf(tiles, op.getWZeros()) : scales;
    if (failed(ofZeros)) {
      return failure();
    }
    auto areInPanels = [&](const Panels &parts) { return parts.width == core.mxu->cols && parts.bits == 0; };
    if (!areInPanels(*scales) || !areInPanels(*ofZeros)) {
      return op.emitError("has scales or zeros in other panels than the weights'");
    }
    groupScales = *scales;
    if (op.getWZeros()) {
      groupZeros = *ofZeros;
    }
  } else if (op.getWZeros()) {
    FailureOr<Tile> codes = tiles.read(op.getWZeros());
    FailureOr<Tile> made = succeeded(codes) ? minusZeros(*codes) : codes;
    if (failed(made)) {
      return failure();
    }
    zeros = *made;
  }
  weightTiles.emplace(tiles, weights, types.weight, core);
  most = mostSteps();
  width = weights.width;
  roundSteps = std::max(most / span * span, span);
  if (looksUp() && failed(chooseTables())) {
    return failure();
  }
  return op.getWZeros() && !isOfFloats() ? sumActivations() : success();
}

/// The array's mode, and what it is given. What stands in planes is looked up.
LogicalResult ContractLowering::choose() {
  const cost::CodeProduct product{
      weights.rows, depth, span, op.getWScheme().getBits(), !isOfFloats() && bool(op.getWZeros()),
      isOfFloats()};
  if (weights.kept) {
    mode = cost::ArrayMode::KeptWeights;
  } else if (weights.tableDepth > 0) {
    mode = cost::ArrayMode::TableLookup;
    if (failed(checkTables())) {
      return failure();
    }
  } else if (std::optional<cost::ArrayMode> chosen =
                 cost::chooseMode(core, product, mostRows, /*arePanels=*/true)) {
    mode = *chosen;
  } else if (isOfFloats() || cost::denseTypes(*core.mxu, product.bits)) {
    return op.emitError(
        "needs a matrix unit with dense products, weights or sums standing still, or of slices "
        "of bits; tables of 2, 4 or 8 activations take weights whose groups are of whole ones");
  }
  Type bf16 = BFloat16Type::get(op.getContext());
  FailureOr<Products> products = isOfFloats() ? FailureOr<Products>(Products{bf16, bf16, f32()})
                                              : chooseProducts(op, *core.mxu, mode, product.bits);
  if (succeeded(products)) {
    types = *products;
    types.depth = types.depth / weights.run() * weights.run();
  }
  return LogicalResult(products);
}

/// Before activations get another type.
LogicalResult ContractLowering::sumActivations() {
  FailureOr<Tile> sums = tiles.make(Space::Spad, {rows, tiles.index(llvm::divideCeil(depth, span))}, i32());
  if (failed(sums)) {
    return failure();
  }
  aSums = *sums;
  return tiles.pieces(depth, span, [&](OpFoldResult k, int64_t extent) {
    tiles.reduce("sum", tiles.matrix(a, 0, 1, rows, tiles.index(extent), {tiles.index(0), k}),
                 tiles.matrix(*aSums, 0, kSame, rows, tiles.index(1), {tiles.index(0), tiles.over(k, span)}));
    return success();
  });
}

/// The first product may write the sums, others add to them. Where weights stand still there is one for each block of the array's rows, of k; where
/// sums do, one for each block of rows of activations: all of a block, also those that run time has no use for.
void ContractLowering::add(const Round &round, const ElementRows &w, OpFoldResult first, OpFoldResult k,
                           int64_t extent, const Tile &sums, bool isFirst) {
  if (looksUp()) {
    return lookUp(round, w, first, k, extent, sums, isFirst);
  }
  const bool isSerial = mode == cost::ArrayMode::BitSerial;
  const StringRef name = weights.kept               ? "nm"
                         : isSerial                 ? "bitserial"
                         : cost::keepsOutputs(mode) ? "os"
                                                    : "ws";
  DenseI64ArrayAttr slices;
  if (isSerial) {
    slices = tiles.ops().getDenseI64ArrayAttr(
        {core.mxu->modes.bitserial->aSlice, core.mxu->modes.bitserial->wSlice});
  }
  KeptAttr kept;
  if (weights.kept) {
    const numerics::SparsePattern &pattern = weights.kept->pattern();
    kept = KeptAttr::get(op.getContext(), pattern.kept, pattern.of, types.weight);
  }
  auto product = [&](OpFoldResult row, OpFoldResult count, OpFoldResult at, int64_t steps, bool isAdded) {
    Value activations = tiles.matrix(a, 0, 1, count, tiles.index(steps), {row, tiles.plus(k, at)});
    Value to = tiles.matrix(sums, 0, 1, count, tiles.index(weights.width), {row, tiles.index(0)});
    Value lines = w.block(tiles, weights.lineOf(tiles, tiles.plus(first, at)), weights.lines(steps));
    MatmulOp::create(tiles.ops(), tiles.loc(), activations, lines, to, isAdded, name, kept, slices,
                     DenseI64ArrayAttr(), DenseI64ArrayAttr());
    return success();
  };
  OpFoldResult zero = tiles.index(0);
  const int64_t block = cost::keepsOutputs(mode) ? core.mxu->rows : blockSteps();
  if (cost::keepsOutputs(mode)) {
    const int64_t whole = mostRows / block * block, rest = mostRows % block;
    (void)tiles.loop(whole > 0 ? tiles.least(rows, tiles.index(whole)) : zero, block, [&](OpFoldResult row) {
      return product(row, tiles.index(block), zero, extent, !isFirst);
    });
    if (rest > 0) {
      (void)tiles.loop(tiles.minus(rows, tiles.index(whole)), rest, [&](OpFoldResult) {
        return product(tiles.index(whole), tiles.index(rest), zero, extent, !isFirst);
      });
    }
    return;
  }
  const int64_t written = isFirst ? std::min(block, extent) : 0;
  if (isFirst) {
    (void)product(zero, rows, zero, written, false);
  }
  (void)tiles.pieces(extent - written, block, [&](OpFoldResult at, int64_t count) {
    return product(zero, rows, tiles.plus(at, tiles.index(written)), count, true);
  });
}

FailureOr<ElementRows> ContractLowering::bring(const Round &round, OpFoldResult k, int64_t extent) {
  return looksUp() ? bringPlanes(round, k, extent) : weightTiles->bring(round.begin, k, extent);
}

/// At most so many steps of k as have exact sums.
LogicalResult ContractLowering::exactSums(const Round &round, OpFoldResult k, int64_t extent,
                                          const Tile &sums) {
  if (round.weights) {
    add(round, *round.weights, tiles.minus(k, round.firstK), k, extent, sums, true);
    return success();
  }
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(sums), 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  return tiles.pieces(extent, most, [&](OpFoldResult at, int64_t count) -> LogicalResult {
    OpFoldResult first = tiles.plus(k, at);
    FailureOr<ElementRows> w = bring(round, first, count);
    if (failed(w)) {
      return failure();
    }
    add(round, *w, tiles.index(0), first, count, sums, false);
    return success();
  });
}

LogicalResult ContractLowering::group(const Round &round, OpFoldResult inRound, OpFoldResult k,
                                      int64_t extent) {
  auto sumsOf = [&](OpFoldResult first, int64_t count) -> FailureOr<Elements> {
    FailureOr<Tile> sums = tiles.make(Space::Acc, {rows, tiles.index(width)}, types.sum);
    if (failed(sums) || failed(exactSums(round, first, count, *sums))) {
      return failure();
    }
    return Elements{tiles.matrix(*sums, 0, 1, rows, round.extent), true, true, false};
  };
  if (extent <= types.depth) {
    FailureOr<Elements> sums = sumsOf(k, extent);
    return succeeded(sums) ? finishGroup(round, inRound, k, *sums) : failure();
  }
  // Exact floats of some steps are added up as integers.
  MatrixMath math(tiles, rows, round.extent);
  FailureOr<Tile> all = tiles.make(Space::Spad, {rows, tiles.index(width)}, i32());
  if (failed(all)) {
    return failure();
  }
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(*all), 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  Value total = tiles.matrix(*all, 0, 1, rows, round.extent);
  LogicalResult done =
      tiles.pieces(extent, types.depth, [&](OpFoldResult at, int64_t count) -> LogicalResult {
        FailureOr<Elements> sums = sumsOf(tiles.plus(k, at), count);
        FailureOr<Elements> integers = succeeded(sums) ? math.apply("copy", *sums, i32()) : sums;
        if (failed(integers)) {
          return failure();
        }
        tiles.map("add", {total, integers->memref}, total);
        return success();
      });
  return succeeded(done) ? finishGroup(round, inRound, k, Elements{total, true, true, false}) : failure();
}

LogicalResult ContractLowering::finishGroup(const Round &round, OpFoldResult inRound, OpFoldResult k,
                                            Elements sums) {
  MatrixMath math(tiles, rows, round.extent);
  const bool areIntegers = getElementTypeOrSelf(sums.memref.getType()).isInteger(32);
  if (!areIntegers && (aSums || isTwoLevel())) {
    FailureOr<Elements> integers = math.apply("copy", sums, i32());
    if (failed(integers)) {
      return failure();
    }
    sums = *integers;
  }
  if (aSums) {
    const Elements ofRows{
        tiles.matrix(*aSums, 0, kSame, rows, tiles.index(1), {tiles.index(0), tiles.over(k, span)}), true,
        false, false};
    FailureOr<Elements> spread = math.spread(ofRows, sums);
    FailureOr<Value> less = math.room(true, true, i32());
    if (failed(spread) || failed(less)) {
      return failure();
    }
    Value factor = round.zeros ? rowOf(*round.zeros, inRound, round.extent)
                               : tiles.matrix(*zeros, kSame, 0, tiles.index(1), round.extent, {round.begin});
    tiles.map("fma", {spread->memref, factor, sums.memref}, *less);
    sums.memref = *less;
  }
  if (!hasGroups()) {
    return finishPanel(round, sums);
  }
  Value scales = rowOf(*round.scales, inRound, round.extent);
  Value total = tiles.matrix(*running, 0, 1, rows, round.extent);
  if (isTwoLevel()) {
    tiles.map("fma", {sums.memref, scales, total}, total);
    return success();
  }
  FailureOr<Elements> scaled = math.apply("mul", sums, Elements{scales, false, true, false}, f32());
  if (failed(scaled)) {
    return failure();
  }
  tiles.map("add", {total, scaled->memref}, total);
  return success();
}

/// What is left when all groups are there.
LogicalResult ContractLowering::finishPanel(const Round &round, Elements total) {
  MatrixMath math(tiles, rows, round.extent);
  if (factors) {
    const Elements ofColumns{tiles.matrix(*factors, kSame, 0, tiles.index(1), round.extent, {round.begin}),
                             false, true, false};
    FailureOr<Elements> scaled = math.apply("mul", total, ofColumns, f32());
    if (failed(scaled)) {
      return failure();
    }
    total = *scaled;
  }
  const Elements ofRows{tiles.matrix(aScales, 0, kSame, rows, tiles.index(1)), true, false, false};
  Value to = tiles.matrix(result, 0, 1, rows, round.extent, {tiles.index(0), round.begin});
  return LogicalResult(math.apply("mul", total, ofRows, f32(), to));
}

/// Scales and zeros of the groups of some steps of k.
LogicalResult ContractLowering::bringParts(Round &round, OpFoldResult k, int64_t extent) {
  OpFoldResult firstGroup = tiles.over(k, span);
  const auto groups = static_cast<int64_t>(llvm::divideCeil(extent, span));
  auto bring = [&](const std::optional<Panels> &of, std::optional<Tile> &to, bool areZeros) {
    FailureOr<Tile> tile = of ? parts(*of, round, firstGroup, groups) : FailureOr<Tile>(Tile());
    if (succeeded(tile) && of && areZeros) {
      tile = minusZeros(*tile);
    }
    if (succeeded(tile) && of) {
      to = *tile;
    }
    return LogicalResult(tile);
  };
  return failure(failed(bring(groupScales, round.scales, false)) ||
                 failed(bring(groupZeros, round.zeros, true)));
}

LogicalResult ContractLowering::panel(OpFoldResult begin) {
  Round round{begin, tiles.least(tiles.minus(result.extents[1], begin), tiles.index(width)), std::nullopt,
              std::nullopt, std::nullopt};
  if (hasGroups()) {
    FailureOr<Tile> made = tiles.make(Space::Spad, {rows, tiles.index(width)}, isTwoLevel() ? i32() : f32());
    if (failed(made)) {
      return failure();
    }
    running = *made;
    FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(*running), 0, DenseI64ArrayAttr(),
                   DenseI64ArrayAttr());
  }
  // Weights of whole groups; of one that is longer than there is room for they come by and by.
  LogicalResult done =
      tiles.pieces(depth, roundSteps, [&](OpFoldResult first, int64_t count) -> LogicalResult {
        if (failed(bringParts(round, first, count))) {
          return failure();
        }
        round.weights.reset();
        round.firstK = first;
        if (count <= most) {
          FailureOr<ElementRows> w = bring(round, first, count);
          if (failed(w)) {
            return failure();
          }
          round.weights = *w;
        }
        return tiles.pieces(count, span, [&](OpFoldResult at, int64_t extent) {
          return group(round, tiles.over(at, span), tiles.plus(first, at), extent);
        });
      });
  if (failed(done) || !hasGroups()) {
    return done;
  }
  return finishPanel(round, Elements{tiles.matrix(*running, 0, 1, rows, round.extent), true, true, false});
}

LogicalResult ContractLowering::run() {
  if (failed(check()) || failed(read())) {
    return failure();
  }
  if (a.element() != types.activation) { // of integers that are multiplied as floats
    FailureOr<Tile> converted = tiles.make(Space::Spad, a.extents, types.activation);
    if (failed(converted)) {
      return failure();
    }
    tiles.map("copy", tiles.matrix(a, 0, 1, rows, a.extents[1]),
              tiles.matrix(*converted, 0, 1, rows, a.extents[1]));
    a = *converted;
  }
  // What is looked up or kept comes as whole tables or runs.
  if (failed(padActivations(looksUp() ? llvm::alignTo(depth, weights.tableDepth) : depth))) {
    return failure();
  }
  LogicalResult done = tiles.loop(result.extents[1], width, [&](OpFoldResult begin) {
    return isOfFloats() ? floatPanel(begin) : panel(begin);
  });
  if (failed(done)) {
    return failure();
  }
  tiles.write(result, op.getInit());
  return success();
}

LogicalResult npu::lowerContract(Tiles &tiles, quantized::ContractOp op, const machine::NpuCore &core) {
  tiles.moveTo(op);
  return ContractLowering(tiles, op, core).run();
}
