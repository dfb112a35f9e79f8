//===- CodeContraction.cpp - Contractions with packed codes -----------------===//
//
// For a register tile of rows and panels, columns pass by in quads. Integer activations are contracted with
// unsigned codes; the zeros are subtracted once a group, with the group's sum of activations. Float
// activations meet the differences of codes and zeros, converted. A group ends in a *fold*, which applies its
// scale. Integer sums are exact, so tiles and instruction sets do not matter; folds in float come in
// ascending order and are not fused.
//
//===----------------------------------------------------------------------===//
#include "CodeContraction.h"
#include "DotQuads.h"
#include "PaddedRows.h"
#include "RegisterTiles.h"
#include "WeightNumbers.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace coopt {
namespace {

/// Up to here fetching ahead was measured to help (Sapphire Rapids: 2 and 4 bits of 2048 columns, 2 bits of 8192;
/// not 8 of 2048).
constexpr int64_t kShortPanelBytes = 16 << 10;
constexpr int64_t kLongPanelBytes = 64 << 10; ///< up to here with few bits

/// Rows or panels of sums of pairs, which take four registers of AVX2 each: all sixteen would leave none for codes.
constexpr int64_t kMostPairs = 3;

class Emitter {
public:
  Emitter(quantized::ContractOp op, CodeWeights weights, std::optional<WeightNumbers> numbers, Isa isa)
      : op(op), weights(std::move(weights)), numbers(std::move(numbers)), isa(isa),
        isFloat(!op.getAScheme()) {}

  void emit(ImplicitLocOpBuilder &b) {
    OpFoldResult columns = extentOf(b, op.getInit(), 1), rows = extentOf(b, op.getInit(), 0);
    TileShape block = getConstantIntValue(rows) == 1 ? rowShape(isa) : blockShape(isa);
    if (!isFloat && isa == Isa::Avx2) {
      block.rows = std::min(block.rows, kMostPairs);
    }
    // The totals of groups take as many registers as the sums.
    auto shapeOf = [&](int64_t count) {
      int64_t panels = block.panels;
      if (count == 1) {
        // Few bits are short runs of memory: fewer at a time are read to their end sooner (measured with 2 and 4
        // bits, as below).
        panels = std::max<int64_t>(rowShape(isa).panels / (hasFewBits() ? 2 : 1), 1);
        if (!isFloat && isa == Isa::Avx2) {
          panels = std::min(panels, kMostPairs);
        }
      }
      return weights.groups() > 1 && count > 1 ? std::max<int64_t>(panels / 2, 1) : panels;
    };
    emitBlocks(b, rows, block.rows, [&](ImplicitLocOpBuilder &inner, Value row, int64_t count) {
      PaddedRows a = PaddedRows::of(inner, op.getA(), row, count, weights.tiles() * kTileColumns);
      Value sums;
      if (!isFloat) {
        sums = emitActivationSums(inner, a, count);
      } else if (numbers->needsActivationSums()) {
        sums = emitFloatActivationSums(inner, a, count);
      }
      Tile tile;
      tile.row = row;
      tile.rows = count;
      tile.panels = shapeOf(count);
      emitColumnTiles(inner, columns, tile, [&](ImplicitLocOpBuilder &nested, const Tile &piece) {
        emitTile(nested, piece, a, sums);
      });
    });
  }

private:
  quantized::ContractOp op;
  CodeWeights weights;
  /// With float activations.
  std::optional<WeightNumbers> numbers;
  Isa isa;
  bool isFloat;

  bool hasFewBits() const { return weights.scheme().getBits() <= 4; }

  /// Of the tile being made.
  struct Context {
    const Tile &tile;
    const PaddedRows &a;
    Value activationSums;
    SmallVector<Value> panels; ///< counted from the view's first

    int64_t size() const { return tile.rows * static_cast<int64_t>(panels.size()); }
  };

  /// Whether the kept codes of a single row meet activations that are gathered for them. Sums are then those of the codes, and
  /// behind them those of the activations, which differ from row to row of the weights.
  bool gathersActivations(const Context &context) const {
    // A dropped code is 0, which means nothing only where there are no zeros.
    if (isFloat || !machine::expandsVectors(isa) || context.tile.rows != 1 || !weights.codes().sparse ||
        weights.codes().isWide() || weights.scheme().isAsymmetric()) {
      return false;
    }
    return weights.groupColumns() == weights.columns() || weights.groupColumns() % columnsOfRuns() == 0;
  }

  /// Whether the kept groups of a single row are folded one by one with their own scales; what is dropped is then never computed.
  bool gathersGroups(const Context &context) const {
    return !isFloat && machine::expandsVectors(isa) && context.tile.rows == 1 && weights.keepsScaledGroups();
  }

  /// Columns of whole runs and of whole vectors of kept codes.
  int64_t columnsOfRuns() const {
    const numerics::SparsePattern &pattern = weights.codes().sparse->pattern();
    return std::max(pattern.span(), kQuad * pattern.of / pattern.kept);
  }

  /// rows x groups: the sums of each group's activations.
  Value emitActivationSums(ImplicitLocOpBuilder &b, const PaddedRows &a, int64_t rows) {
    Value sums = memref::AllocOp::create(b, MemRefType::get({rows, weights.groups()}, b.getI32Type()));
    const int64_t group = weights.groupColumns(), step = 4 * kLanes;
    Value ones = bytesOf(b, 1);
    for (int64_t r = 0; r < rows; ++r) {
      emitLoop(b, b.getIndexAttr(weights.groups()), [&](ImplicitLocOpBuilder &inner, Value g) {
        DotQuads dots(inner, isa);
        Value first = arith::MulIOp::create(inner, g, constantIndex(inner, group));
        Value sum;
        if (group == weights.columns() || group % step == 0) {
          Value last = arith::AddIOp::create(inner, first, constantIndex(inner, llvm::alignTo(group, step)));
          last = arith::MinUIOp::create(inner, last, constantIndex(inner, weights.tiles() * kTileColumns));
          sum = emitFor(inner, first, last, step, dots.zero(),
                        [&](ImplicitLocOpBuilder &nested, Value k, ValueRange carried) {
                          DotQuads nestedDots(nested, isa);
                          Value quads = nestedDots.signedQuad(a.memref, a.at(nested, r, k));
                          return SmallVector<Value>{nestedDots.add(carried[0], ones, quads)};
                        })[0];
          sum = DotQuads(inner, isa).lanes(sum);
        } else {
          Type type = VectorType::get({group}, inner.getI8Type());
          Value codes =
              vector::LoadOp::create(inner, cast<VectorType>(type), a.memref, a.at(inner, r, first));
          sum = arith::ExtSIOp::create(inner, VectorType::get({group}, inner.getI32Type()), codes);
        }
        Value total = vector::ReductionOp::create(inner, vector::CombiningKind::ADD, sum);
        memref::StoreOp::create(inner, total, sums, ValueRange{constantIndex(inner, r), g});
      });
    }
    return sums;
  }

  /// The same of float activations.
  Value emitFloatActivationSums(ImplicitLocOpBuilder &b, const PaddedRows &a, int64_t rows) {
    Value sums = memref::AllocOp::create(b, MemRefType::get({rows, weights.groups()}, b.getF32Type()));
    const int64_t group = weights.groupColumns(), step = std::min(kLanes, group & -group);
    auto lanes = VectorType::get({step}, b.getF32Type());
    for (int64_t r = 0; r < rows; ++r) {
      emitLoop(b, b.getIndexAttr(weights.groups()), [&](ImplicitLocOpBuilder &inner, Value g) {
        Value first = arith::MulIOp::create(inner, g, constantIndex(inner, group));
        // Beyond the last column there are zeros up to a whole tile.
        Value last = addIndex(inner, first, group);
        last = arith::MinUIOp::create(inner, last, constantIndex(inner, weights.tiles() * kTileColumns));
        Value sum = emitFor(inner, first, last, step, constantF32(inner, lanes, 0.0f),
                            [&](ImplicitLocOpBuilder &nested, Value k, ValueRange carried) {
                              Type element = cast<MemRefType>(a.memref.getType()).getElementType();
                              Value x = vector::LoadOp::create(nested, VectorType::get({step}, element),
                                                               a.memref, a.at(nested, r, k));
                              x = element.isF32() ? x : arith::ExtFOp::create(nested, lanes, x).getResult();
                              return SmallVector<Value>{arith::AddFOp::create(nested, carried[0], x)};
                            })[0];
        Value total = vector::ReductionOp::create(inner, vector::CombiningKind::ADD, sum);
        memref::StoreOp::create(inner, total, sums, ValueRange{constantIndex(inner, r), g});
      });
    }
    return sums;
  }

  void emitTile(ImplicitLocOpBuilder &b, const Tile &tile, const PaddedRows &a, Value sums) {
    Context context{tile, a, sums, {}};
    Value panel = arith::DivUIOp::create(b, tile.column, constantIndex(b, kLanes));
    for (int64_t p = 0; p < tile.panels; ++p) {
      context.panels.push_back(addIndex(b, panel, p));
    }
    emitResult(b, context, emitGroups(b, context));
  }

  SmallVector<Value> zeroSums(ImplicitLocOpBuilder &b, const Context &context) {
    Value zero =
        isFloat ? constantF32(b, VectorType::get({kLanes}, b.getF32Type()), 0.0f) : DotQuads(b, isa).zero();
    return SmallVector<Value>(context.size() * (gathersActivations(context) ? 2 : 1), zero);
  }

  SmallVector<Value> zeroTotals(ImplicitLocOpBuilder &b, const Context &context) {
    bool isInteger = !isFloat && op.getScaleAt() == quantized::ScaleAt::Output;
    Value zero = isInteger ? constantOf(b, VectorType::get({kLanes}, b.getI32Type()), b.getI32IntegerAttr(0))
                           : constantF32(b, VectorType::get({kLanes}, b.getF32Type()), 0.0f);
    return SmallVector<Value>(context.size(), zero);
  }

  /// The totals over all groups, a row of panels after the other.
  SmallVector<Value> emitGroups(ImplicitLocOpBuilder &b, const Context &context) {
    const int64_t group = weights.groupColumns();
    if (group == weights.columns()) {
      Value first = constantIndex(b, 0);
      SmallVector<Value> sums = emitTiles(b, context, first, first, constantIndex(b, weights.tiles()));
      return emitFold(b, context, first, sums, zeroTotals(b, context));
    }
    if (group % kTileColumns == 0) {
      return emitFor(b, constantIndex(b, 0), constantIndex(b, weights.groups()), 1, zeroTotals(b, context),
                     [&](ImplicitLocOpBuilder &inner, Value g, ValueRange totals) {
                       Value step = constantIndex(inner, group / kTileColumns);
                       Value first = arith::MulIOp::create(inner, g, step);
                       Value last = arith::AddIOp::create(inner, first, step);
                       last = arith::MinUIOp::create(inner, last, constantIndex(inner, weights.tiles()));
                       SmallVector<Value> sums = emitTiles(inner, context, g, first, last);
                       return emitFold(inner, context, g, sums, totals);
                     });
    }
    const int64_t perTile = kTileColumns / group, wholeTiles = weights.columns() / kTileColumns;
    auto emitTileGroups = [&](ImplicitLocOpBuilder &inner, Value tile, int64_t count, ValueRange totals) {
      Value first = arith::MulIOp::create(inner, tile, constantIndex(inner, perTile));
      SmallVector<TileCodes> codes = codesOf(inner, context, tile);
      SmallVector<Value> next(totals);
      for (int64_t j = 0; j < count; ++j) {
        Value g = addIndex(inner, first, j);
        SmallVector<Value> sums =
            emitQuads(inner, context, codes, groupsOf(inner, context, g), tile, j * group / kQuad,
                      (j + 1) * group / kQuad, zeroSums(inner, context));
        next = emitFold(inner, context, g, sums, next);
      }
      return next;
    };
    SmallVector<Value> totals = emitFor(
        b, constantIndex(b, 0), constantIndex(b, wholeTiles), 1, zeroTotals(b, context),
        [&](ImplicitLocOpBuilder &inner, Value tile, ValueRange carried) {
          if (!gathersGroups(context)) {
            return emitTileGroups(inner, tile, perTile, carried);
          }
          return emitIf(
              inner, emitHasScaledGroups(inner, context, tile),
              [&](ImplicitLocOpBuilder &then) { return emitScaledGroups(then, context, tile, carried); },
              [&](ImplicitLocOpBuilder &other) { return emitTileGroups(other, tile, perTile, carried); });
        });
    if (int64_t rest = weights.groups() - wholeTiles * perTile; rest > 0) {
      totals = emitTileGroups(b, constantIndex(b, wholeTiles), rest, totals);
    }
    return totals;
  }

  /// The sums of group `g` over the tiles first .. last - 1.
  SmallVector<Value> emitTiles(ImplicitLocOpBuilder &b, const Context &context, Value g, Value first,
                               Value last) {
    SmallVector<WeightNumbers::Group> groups = groupsOf(b, context, g);
    return emitFor(b, first, last, 1, zeroSums(b, context),
                   [&](ImplicitLocOpBuilder &inner, Value tile, ValueRange sums) {
                     SmallVector<TileCodes> codes = codesOf(inner, context, tile);
                     return emitQuads(inner, context, codes, groups, tile, 0, kQuadsPerTile, sums);
                   });
  }

  /// A single row only waits for memory. The processor sees long runs coming; where a panel is a short one, the
  /// next panels are fetched while these are read: so many from each. Beyond the last there is nothing to fetch, which does no harm.
  int64_t panelsAhead(const Context &context) const {
    const int64_t longest = hasFewBits() ? kLongPanelBytes : kShortPanelBytes;
    return context.tile.rows == 1 && weights.codes().panelStride <= longest
               ? static_cast<int64_t>(context.panels.size())
               : 0;
  }

  SmallVector<TileCodes> codesOf(ImplicitLocOpBuilder &b, const Context &context, Value tile) {
    const int64_t next = panelsAhead(context) * weights.codes().panelStride;
    SmallVector<TileCodes> codes;
    for (Value panel : context.panels) {
      codes.emplace_back(b, weights.codes(), weights.tileOffset(b, panel, tile), next);
    }
    return codes;
  }

  /// What float activations need of a group before its codes.
  SmallVector<WeightNumbers::Group> groupsOf(ImplicitLocOpBuilder &b, const Context &context, Value g) {
    SmallVector<WeightNumbers::Group> groups;
    for (Value panel : context.panels) {
      if (isFloat) {
        groups.push_back(numbers->group(b, panel, g));
      }
    }
    return groups;
  }

  SmallVector<Value> emitQuads(ImplicitLocOpBuilder &b, const Context &context,
                               MutableArrayRef<TileCodes> codes, ArrayRef<WeightNumbers::Group> groups,
                               Value tile, int64_t from, int64_t to, ValueRange sums) {
    Value base = arith::MulIOp::create(b, tile, constantIndex(b, kTileColumns));
    if (gathersActivations(context)) {
      return emitGathered(b, context, codes, base, from, to, sums);
    }
    if (!writesQuadsOut(context)) {
      return emitFor(b, constantIndex(b, from), constantIndex(b, to), 1, sums,
                     [&](ImplicitLocOpBuilder &inner, Value q, ValueRange carried) {
                       SmallVector<Value> next(carried), quads;
                       for (const TileCodes &one : codes) {
                         quads.push_back(one.quadAt(inner, q));
                       }
                       Value k = arith::MulIOp::create(inner, q, constantIndex(inner, kQuad));
                       k = arith::AddIOp::create(inner, base, k);
                       emitQuad(inner, context, quads, groups, k, next);
                       return next;
                     });
    }
    SmallVector<Value> next(sums);
    for (int64_t q : weights.codes().quadOrder(from, to)) {
      SmallVector<Value> quads;
      for (TileCodes &one : codes) {
        quads.push_back(one.quad(q));
      }
      Value k = addIndex(b, base, q * kQuad);
      emitQuad(b, context, quads, groups, k, next);
    }
    return next;
  }

  /// What is kept of the quads from .. to - 1 of a tile whose first column is `base`.
  SmallVector<Value> emitGathered(ImplicitLocOpBuilder &b, const Context &context,
                                  MutableArrayRef<TileCodes> codes, Value base, int64_t from, int64_t to,
                                  ValueRange sums) {
    const numerics::SparsePattern &pattern = weights.codes().sparse->pattern();
    const int64_t columns = KeptQuads::gatheredColumns(*weights.codes().sparse), panels = codes.size();
    DotQuads dots(b, isa);
    Value ones = bytesOf(b, 1), activations;
    SmallVector<Value> next(sums);
    for (int64_t index :
         weights.codes().storedOrder(from * pattern.kept / pattern.of, to * pattern.kept / pattern.of)) {
      if (!activations || columns < kTileColumns) {
        Value k = columns < kTileColumns ? addIndex(b, base, index * columns) : base;
        activations = repeatColumns(b, context, k, columns);
      }
      for (int64_t p = 0; p < panels; ++p) {
        Value met = codes[p].gather(index, activations);
        next[p] = dots.add(next[p], weights.unsignedQuad(b, codes[p].keptCodes(index)), met);
        next[panels + p] = dots.add(next[panels + p], ones, met);
      }
    }
    return next;
  }

  /// Whether the kept scales of a tile are those of its kept groups of codes: so, but for groups of which only the scale or only all
  /// codes are zero.
  Value emitHasScaledGroups(ImplicitLocOpBuilder &b, const Context &context, Value tile) {
    const layout::SparseTile &sparse = *weights.codes().sparse;
    Value isEqual;
    for (Value panel : context.panels) {
      const KeptQuads kept(sparse, isa, weights.codes().storage, weights.tileOffset(b, panel, tile));
      for (int64_t run = 0; run < kTileColumns / sparse.pattern().span(); ++run) {
        Value ofScales = weights.scaleRun(b, panel, tile, run).allBits(b);
        Value isSame = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, kept.groupBits(b, run), ofScales);
        isEqual = isEqual ? arith::AndIOp::create(b, isEqual, isSame).getResult() : isSame;
      }
    }
    return isEqual;
  }

  /// The totals with the kept groups of a tile, in ascending order as all groups would come.
  SmallVector<Value> emitScaledGroups(ImplicitLocOpBuilder &b, const Context &context, Value tile,
                                      ValueRange totals) {
    const numerics::SparsePattern &pattern = weights.codes().sparse->pattern();
    const int64_t quads = pattern.block / kQuad, groups = kTileColumns / pattern.block;
    DotQuads dots(b, isa);
    Value base = arith::MulIOp::create(b, tile, constantIndex(b, kTileColumns));
    Value activations = repeatColumns(b, context, base, kTileColumns);
    // The sum of a group, for each of its quads.
    Value first = arith::MulIOp::create(b, tile, constantIndex(b, groups));
    Value sums = vector::LoadOp::create(b, VectorType::get({groups}, b.getI32Type()), context.activationSums,
                                        ValueRange{constantIndex(b, 0), first});
    SmallVector<int64_t> groupOf;
    for (int64_t quad = 0; quad < kQuadsPerTile; ++quad) {
      groupOf.push_back(quad / quads);
    }
    sums = vector::ShuffleOp::create(b, sums, sums, groupOf);
    SmallVector<TileCodes> codes = codesOf(b, context, tile);
    SmallVector<Value> next(totals), panels(context.panels);
    for (auto [panel, ofPanel, total] : llvm::zip_equal(panels, codes, next)) {
      for (int64_t group = 0; group < groups / pattern.of * pattern.kept; ++group) {
        const int64_t run = group / pattern.kept, slot = group % pattern.kept;
        const KeptColumns scales = weights.scaleRun(b, panel, tile, run);
        if (slot == 0 && panelsAhead(context) != 0) {
          weights.fetchScales(b, scales, panelsAhead(context));
        }
        Value sum = dots.zero();
        for (int64_t index = group * quads; index < (group + 1) * quads; ++index) {
          sum = dots.add(sum, weights.unsignedQuad(b, ofPanel.keptCodes(index)),
                         ofPanel.gather(index, activations));
        }
        const GroupNumbers numbers{weights.zeros(b, panel, first), weights.keptScales(b, scales, slot)};
        total = foldIntegers(b, numbers, sum, ofPanel.keptQuads().ofGroup(b, run, slot, sums), total);
      }
    }
    return next;
  }

  /// The activations of 8, 16 or 64 columns from k on, again and again in a vector.
  Value repeatColumns(ImplicitLocOpBuilder &b, const Context &context, Value k, int64_t columns) {
    auto few = VectorType::get({columns}, b.getI8Type());
    Value x = vector::LoadOp::create(b, few, context.a.memref, context.a.at(b, 0, k));
    if (columns == kTileColumns) {
      return x;
    }
    auto all = VectorType::get({kTileColumns / columns, columns}, b.getI8Type());
    return vector::ShapeCastOp::create(b, VectorType::get({kTileColumns}, b.getI8Type()),
                                       vector::BroadcastOp::create(b, all, x));
  }

  /// A single row waits for memory, dot products of four are one instruction, and codes of few bits are several to
  /// a byte: there every instruction counts, and all quads of a tile are written out. Elsewhere code stays small:
  /// written out, what takes sixteen products of pairs for a quad, or puts its bytes together, compiles three times as long.
  bool writesQuadsOut(const Context &context) const {
    if (isFloat) {
      return context.tile.rows == 1 && isa >= Isa::Avx512;
    }
    return isa >= Isa::Avx512 ||
           (isa == Isa::Avx2 && weights.scheme().getBits() < 8 && !weights.codes().sparse);
  }

  void emitQuad(ImplicitLocOpBuilder &b, const Context &context, ArrayRef<Value> quads,
                ArrayRef<WeightNumbers::Group> groups, Value k, SmallVectorImpl<Value> &sums) {
    if (isFloat) {
      emitFloatQuad(b, context, quads, groups, k, sums);
    } else {
      emitDotQuad(b, context, quads, k, sums);
    }
  }

  void emitDotQuad(ImplicitLocOpBuilder &b, const Context &context, ArrayRef<Value> quads, Value k,
                   SmallVectorImpl<Value> &sums) {
    DotQuads dots(b, isa);
    const int64_t panels = quads.size();
    SmallVector<Value> codes;
    for (Value quad : quads) {
      codes.push_back(weights.unsignedQuad(b, quad));
    }
    for (int64_t r = 0; r < context.tile.rows; ++r) {
      Value four = dots.repeat(context.a.memref, context.a.at(b, r, k));
      for (int64_t p = 0; p < panels; ++p) {
        Value &sum = sums[r * panels + p];
        sum = dots.add(sum, codes[p], four);
      }
    }
  }

  void emitFloatQuad(ImplicitLocOpBuilder &b, const Context &context, ArrayRef<Value> quads,
                     ArrayRef<WeightNumbers::Group> groups, Value k, SmallVectorImpl<Value> &sums) {
    auto floats = VectorType::get({kLanes}, b.getF32Type());
    const int64_t panels = quads.size();
    SmallVector<Value> lanes;
    for (auto [quad, group] : llvm::zip_equal(quads, groups)) {
      lanes.push_back(numbers->lanes(b, quad, group));
    }
    for (int64_t j = 0; j < kQuad; ++j) {
      SmallVector<Value> columns;
      for (auto [lane, group] : llvm::zip_equal(lanes, groups)) {
        columns.push_back(numbers->column(b, lane, j, group));
      }
      for (int64_t r = 0; r < context.tile.rows; ++r) {
        Value x = memref::LoadOp::create(b, context.a.memref, context.a.at(b, r, addIndex(b, k, j)));
        x = x.getType().isF32() ? x : arith::ExtFOp::create(b, b.getF32Type(), x).getResult();
        Value all = vector::BroadcastOp::create(b, floats, x);
        for (int64_t p = 0; p < panels; ++p) {
          Value &sum = sums[r * panels + p];
          // Bounded: fused where the instruction set has it.
          sum = isa != Isa::Generic
                    ? math::FmaOp::create(b, all, columns[p], sum).getResult()
                    : arith::AddFOp::create(b, sum, arith::MulFOp::create(b, all, columns[p])).getResult();
        }
      }
    }
  }

  /// Applies what belongs to group `g` to its sums, and adds them to the totals.
  SmallVector<Value> emitFold(ImplicitLocOpBuilder &b, const Context &context, Value g, ValueRange sums,
                              ValueRange totals) {
    const int64_t panels = context.panels.size();
    SmallVector<Value> next(totals);
    for (int64_t p = 0; p < panels; ++p) {
      const GroupNumbers group = isFloat ? GroupNumbers() : numbersOf(b, context.panels[p], g);
      for (int64_t r = 0; r < context.tile.rows; ++r) {
        Value &total = next[r * panels + p];
        Value sum = sums[r * panels + p], activations;
        if (gathersActivations(context)) {
          activations = DotQuads(b, isa).lanes(sums[panels + p]);
        } else if (context.activationSums) {
          activations = memref::LoadOp::create(b, context.activationSums, ValueRange{constantIndex(b, r), g});
        }
        if (isFloat) {
          sum = numbers->scaled(b, context.panels[p], g, sum, activations);
          total = arith::AddFOp::create(b, total, sum);
        } else {
          total = foldIntegers(b, group, sum, activations, total);
        }
      }
    }
    return next;
  }

  /// What the codes of a group of a panel have in common.
  struct GroupNumbers {
    Value zeros;  ///< 16 x i32
    Value scales; ///< null if the scheme has none for groups
  };

  GroupNumbers numbersOf(ImplicitLocOpBuilder &b, Value panel, Value g) {
    const bool hasScales = weights.scheme().getGroup() != 0 || op.getScaleAt() != quantized::ScaleAt::Output;
    return {weights.zeros(b, panel, g), hasScales ? weights.groupScales(b, panel, g) : Value()};
  }

  /// `activations`: their sum, one for all rows of the weights or one for each.
  Value foldIntegers(ImplicitLocOpBuilder &b, const GroupNumbers &group, Value sum, Value activations,
                     Value total) {
    Value moved = activations;
    if (moved.getType() != group.zeros.getType()) {
      moved = vector::BroadcastOp::create(b, group.zeros.getType(), activations);
    }
    sum = arith::SubIOp::create(b, DotQuads(b, isa).lanes(sum), arith::MulIOp::create(b, moved, group.zeros));
    if (op.getScaleAt() == quantized::ScaleAt::Output) {
      return arith::AddIOp::create(
          b, total, group.scales ? arith::MulIOp::create(b, sum, group.scales).getResult() : sum);
    }
    Value y = arith::SIToFPOp::create(b, total.getType(), sum);
    return arith::AddFOp::create(b, total, arith::MulFOp::create(b, y, group.scales));
  }

  /// Scales that belong to rows and outputs.
  void emitResult(ImplicitLocOpBuilder &b, const Context &context, ValueRange totals) {
    const Tile &tile = context.tile;
    for (int64_t p = 0; p < tile.panels; ++p) {
      Chunk chunk = tile.columns(p);
      Value column = addIndex(b, tile.column, p * kLanes);
      Value scales = numbers ? numbers->rowScales(b, chunk, column) : weights.rowScales(b, chunk, column);
      Type type = chunk.typeOf(b.getF32Type());
      for (int64_t r = 0; r < tile.rows; ++r) {
        Value row = addIndex(b, tile.row, r);
        Value y = narrow(b, totals[r * tile.panels + p], chunk.lanes);
        if (y.getType() != type) {
          y = arith::SIToFPOp::create(b, type, y);
        }
        if (scales) {
          y = arith::MulFOp::create(b, y, scales);
        }
        if (!isFloat) {
          Value scale = memref::LoadOp::create(b, op.getAScales(), row);
          y = arith::MulFOp::create(b, y, splat(b, chunk, scale));
        }
        storeChunk(b, chunk, y, op.getInit(), {row, column});
      }
    }
  }
};

/// Whether `value` is a matrix of this element type with rows in one piece.
bool isMatrixOf(Value value, Type element) {
  auto type = dyn_cast<MemRefType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType() == element && hasUnitInnerStride(value);
}

} // namespace

LogicalResult lowerPackedCodeContraction(OpBuilder &builder, quantized::ContractOp op, Isa isa) {
  const bool isFloat = !op.getAScheme();
  if (!hasUnitInnerStride(op.getInit())) {
    return failure();
  }
  if (isFloat ? !isMatrixOf(op.getA(), builder.getF32Type()) && !isMatrixOf(op.getA(), builder.getBF16Type())
              : op.getScaleAt() == quantized::ScaleAt::Element || op.getAZeros() ||
                    !isMatrixOf(op.getA(), builder.getI8Type()) ||
                    !cast<MemRefType>(op.getAScales().getType()).getElementType().isF32()) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  FailureOr<CodeWeights> weights = CodeWeights::match(b, op, isa);
  if (failed(weights)) {
    return failure();
  }
  std::optional<WeightNumbers> numbers;
  if (isFloat) {
    FailureOr<WeightNumbers> matched = WeightNumbers::match(b, op, isa);
    if (failed(matched)) {
      return failure();
    }
    numbers = std::move(*matched);
  }
  Emitter(op, *weights, std::move(numbers), isa).emit(b);
  return success();
}

} // namespace coopt
