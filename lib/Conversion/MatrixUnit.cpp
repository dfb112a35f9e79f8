#include "MatrixUnit.h"

using namespace mlir;

namespace coopt {
namespace {

constexpr int64_t kBlock = 2 * kTileRows; ///< rows and columns of the result at a time
constexpr int64_t kStripBytes = 1 << 20;  ///< of weights that stay in the second cache
constexpr int64_t kRowsAhead = 4;         ///< of the rows after a block, fetched by each block of columns
constexpr int64_t kLineBytes = 64;
constexpr int64_t kRowBlocksToFetchIn = 4;
constexpr int64_t kBytesAhead = 4096; ///< in each panel, where few rows read weights as fast as they come

/// Emits the loops of one group.
class Nest {
public:
  using Builder = ImplicitLocOpBuilder;

  explicit Nest(UnitGroup &group) : group(group) {}

  void emit(Builder &b);

private:
  /// One contraction of the group and its buffers.
  struct Part {
    UnitContraction *of;
    bool isStored; ///< as the unit reads it
    Value lines;   ///< of 64 bytes, 16 to a tile: all stored ones, or those decoded of a strip
    Value tiles;   ///< two pairs of decoded tiles of 64 columns, where a strip is not decoded as a whole
    Value sums;    ///< of two blocks
    Value padded;  ///< a block of rows, filled up; parts with the same rows have the same
  };
  /// Columns first .. last - 1; `inLoop`: weights that are not stored as the unit reads them are decoded as they are needed.
  struct Strip {
    Value first, last;
    bool inLoop;
  };
  /// A block of 32 rows of one part's operand: from row `from` of `a` on, row `row` of the result.
  struct Rows {
    Value a, from;
  };
  /// What becomes of a block's sums, which stand in their buffers from `sumLine` on. Rows from `count` on do not exist.
  struct Result {
    Value row, count, sumLine;
    SmallVector<Chunk> chunks;
    SmallVector<Value> starts;
    SmallVector<SmallVector<Value>> scales; ///< of each chunk, for each part
  };

  UnitGroup &group;
  SmallVector<Part> parts;
  Value rows, columns, rowBlocks;
  int64_t stripColumns = 0;

  Value destination();
  void allocate(Builder &b);
  void emitPanels(Builder &b, const Part &part, const Strip &strip);
  void emitStrip(Builder &b, const Strip &strip);
  SmallVector<Rows> emitRows(Builder &b, Value row, Value count);
  void emitCopy(Builder &b, const Part &part, Value row, Value count);
  void emitBlock(Builder &b, const Strip &strip, size_t number, const Rows &from, Value rowBlock,
                 Value column, Value sumLine, const Result &previous, Value hasPrevious);
  Value linesAhead(Builder &b, const Strip &strip, const Part &part, Value block);
  void emitFetch(Builder &b, const Part &part, ArrayRef<Value> panels, Value tile);
  static void emitFetchAt(Builder &b, const CodePanels &codes, Value place);
  Result resultAt(Builder &b, Value row, Value column, Value sumLine);
  void emitResultRow(Builder &b, const Result &result, Value line);
  Value lineOf(Builder &b, const Part &part, const Strip &strip, Value column);
  Value blocksOf(Builder &b, const Strip &strip);

  static void forRange(Builder &b, Value from, Value to, int64_t step,
                       function_ref<void(Builder &, Value)> body) {
    UnitContraction::forRange(b, from, to, step, body);
  }
};

Value multiplied(ImplicitLocOpBuilder &b, Value x, int64_t factor) {
  return arith::MulIOp::create(b, x, constantIndex(b, factor));
}

void ifTrue(ImplicitLocOpBuilder &b, Value condition, function_ref<void(ImplicitLocOpBuilder &)> body) {
  scf::IfOp::create(b, condition, [&](OpBuilder &nested, Location loc) {
    ImplicitLocOpBuilder inner(loc, nested);
    body(inner);
    scf::YieldOp::create(inner);
  });
}

/// A memref of two dimensions that says nothing of its extents and its place.
Value anyRows(ImplicitLocOpBuilder &b, Value memref) {
  const int64_t any = ShapedType::kDynamic;
  auto type = cast<MemRefType>(memref.getType());
  auto layout = StridedLayoutAttr::get(b.getContext(), any, {any, 1});
  return memref::CastOp::create(b, MemRefType::get({any, any}, type.getElementType(), layout), memref);
}

Value Nest::destination() {
  return group.consumer ? group.consumer->getOp().getDpsInits()[0] : parts[0].of->op.getInit();
}

void Nest::allocate(Builder &b) {
  auto buffer = [&](int64_t count, int64_t width, Type element) -> Value {
    return memref::AllocOp::create(b, MemRefType::get({count, width}, element));
  };
  int64_t lines = 0; // of a panel, in all parts
  for (Part &part : parts) {
    lines += part.of->codes().tiles() * part.of->linesPerTile();
  }
  // As many columns as the second cache holds beside the rows are kept for all rows.
  stripColumns = std::max(kStripBytes / (lines * kLineBytes) * kLanes / kBlock * kBlock, kBlock);
  if (std::optional<int64_t> extent = getConstantIntValue(columns)) {
    stripColumns = std::min(stripColumns, int64_t(llvm::alignTo(*extent, kBlock)));
  }
  for (auto [number, part] : llvm::enumerate(parts)) {
    UnitContraction &of = *part.of;
    part.sums = buffer(2 * kBlock, kBlock, of.sum);
    for (const Part &other : ArrayRef(parts).take_front(number)) {
      if (other.of->op.getA() == of.op.getA() && other.of->length() == of.length()) {
        part.padded = other.padded;
      }
    }
    if (!part.padded) {
      part.padded = buffer(kBlock, of.length(), of.operand);
    }
    part.lines = of.storedLines(b);
    part.isStored = static_cast<bool>(part.lines);
    if (!part.isStored) {
      part.lines =
          buffer(stripColumns / kLanes * of.codes().tiles() * of.linesPerTile(), of.step, of.operand);
      part.tiles = buffer(4 * of.linesPerTile(), of.step, of.operand);
    }
  }
}

void Nest::emit(Builder &b) {
  for (const auto &part : group.parts) {
    parts.push_back({part.get(), false, {}, {}, {}, {}});
  }
  rows = asValue(b, extentOf(b, destination(), 0));
  columns = asValue(b, extentOf(b, destination(), 1));
  rowBlocks = arith::DivUIOp::create(b, addIndex(b, rows, kBlock - 1), constantIndex(b, kBlock));
  allocate(b);
  Value none = constantIndex(b, 0);
  auto emitStrips = [&](Builder &at) {
    forRange(at, none, columns, stripColumns, [&](Builder &inner, Value column) {
      Value last = arith::MinUIOp::create(inner, columns, addIndex(inner, column, stripColumns));
      const Strip strip{column, last, false};
      for (const Part &part : parts) {
        if (!part.isStored) {
          emitPanels(inner, part, strip);
        }
      }
      emitStrip(inner, strip);
    });
  };
  if (llvm::all_of(parts, [](const Part &part) { return part.isStored; })) {
    emitStrips(b);
    return;
  }
  Value isOneBlock = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, rows, constantIndex(b, kBlock));
  scf::IfOp::create(
      b, isOneBlock,
      [&](OpBuilder &nested, Location loc) {
        Builder inner(loc, nested);
        emitStrip(inner, {none, columns, true});
        scf::YieldOp::create(inner);
      },
      [&](OpBuilder &nested, Location loc) {
        Builder inner(loc, nested);
        emitStrips(inner);
        scf::YieldOp::create(inner);
      });
}

/// Decodes the columns of a strip.
void Nest::emitPanels(Builder &b, const Part &part, const Strip &strip) {
  UnitContraction &of = *part.of;
  forRange(b, strip.first, strip.last, kLanes, [&](Builder &inner, Value column) {
    Value panel = arith::DivUIOp::create(inner, column, constantIndex(inner, kLanes));
    Value line = lineOf(inner, part, strip, column);
    forRange(inner, constantIndex(inner, 0), constantIndex(inner, of.codes().tiles()), 1,
             [&](Builder &nested, Value tile) {
               emitFetchAt(nested, of.codes().codes(),
                           addIndex(nested, of.codes().tileOffset(nested, panel, tile), kBytesAhead));
               Value distance = multiplied(nested, tile, of.linesPerTile());
               of.emitDecodedTile(nested, panel, tile, part.lines,
                                  arith::AddIOp::create(nested, line, distance));
             });
  });
}

/// Blocks of 32 columns in a strip.
Value Nest::blocksOf(Builder &b, const Strip &strip) {
  Value extent = arith::SubIOp::create(b, strip.last, strip.first);
  return arith::DivUIOp::create(b, addIndex(b, extent, kBlock - 1), constantIndex(b, kBlock));
}

/// All rows of a strip, block by block, each block's result while the sums of the next are made.
void Nest::emitStrip(Builder &b, const Strip &strip) {
  Value none = constantIndex(b, 0), block = constantIndex(b, kBlock);
  Value lastColumn =
      arith::AddIOp::create(b, strip.first, multiplied(b, addIndex(b, blocksOf(b, strip), -1), kBlock));
  // Blocks take turns in the two halves of the buffers of sums.
  auto nextHalf = [&](Builder &at, Value half) -> Value { return arith::SubIOp::create(at, block, half); };
  Value half = emitFor(
      b, none, rows, kBlock, none, [&](Builder &inner, Value row, ValueRange rowHalf) -> SmallVector<Value> {
        Value count = arith::MinUIOp::create(inner, arith::SubIOp::create(inner, rows, row), block);
        SmallVector<Rows> from = emitRows(inner, row, count);
        Value rowBlock = arith::DivUIOp::create(inner, row, block);
        return emitFor(
            inner, strip.first, strip.last, kBlock, rowHalf,
            [&](Builder &nested, Value column, ValueRange carried) -> SmallVector<Value> {
              Value isFirst = arith::CmpIOp::create(nested, arith::CmpIPredicate::eq, column, strip.first);
              auto choose = [&](Value a, Value c) -> Value {
                return arith::SelectOp::create(nested, isFirst, a, c);
              };
              Value other = nextHalf(nested, carried[0]);
              // At the very first block the block before does not exist; its row is none.
              Value rowBefore = choose(addIndex(nested, row, -kBlock), row);
              Value hasPrevious = arith::CmpIOp::create(nested, arith::CmpIPredicate::sge, rowBefore, none);
              Result previous =
                  resultAt(nested, rowBefore, choose(lastColumn, addIndex(nested, column, -kBlock)), other);
              for (size_t number = 0; number < parts.size(); ++number) {
                emitBlock(nested, strip, number, from[number], rowBlock, column, carried[0], previous,
                          hasPrevious);
              }
              return {other};
            });
      })[0];
  Value lastRow = multiplied(b, addIndex(b, rowBlocks, -1), kBlock);
  Value hasRows = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rows, none);
  ifTrue(b, hasRows, [&](Builder &inner) {
    Result last = resultAt(inner, lastRow, lastColumn, nextHalf(inner, half));
    forRange(inner, none, last.count, 1,
             [&](Builder &nested, Value line) { emitResultRow(nested, last, line); });
  });
}

/// Where each part finds its operand's rows row .. row + count - 1: in place, or copied if they are not whole
/// tiles.
SmallVector<Nest::Rows> Nest::emitRows(Builder &b, Value row, Value count) {
  SmallVector<Rows> from;
  Value none = constantIndex(b, 0);
  Value isBegun = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, count, constantIndex(b, kBlock));
  for (auto [number, part] : llvm::enumerate(parts)) {
    const Part *same = llvm::find_if(parts, [&](const Part &p) { return p.padded == part.padded; });
    if (same != &part) {
      from.push_back(from[same - parts.begin()]);
      continue;
    }
    if (part.of->aType.getDimSize(1) != part.of->length()) {
      emitCopy(b, part, row, count);
      from.push_back({anyRows(b, part.padded), none});
      continue;
    }
    auto chosen = scf::IfOp::create(
        b, isBegun,
        [&](OpBuilder &nested, Location loc) {
          Builder inner(loc, nested);
          emitCopy(inner, part, row, count);
          scf::YieldOp::create(inner, ValueRange{anyRows(inner, part.padded), none});
        },
        [&](OpBuilder &nested, Location loc) {
          Builder inner(loc, nested);
          scf::YieldOp::create(inner, ValueRange{anyRows(inner, part.of->op.getA()), row});
        });
    from.push_back({chosen.getResult(0), chosen.getResult(1)});
  }
  return from;
}

/// Rows row .. row + count - 1 into the padded block. Rows beyond keep what they hold: their sums are not
/// stored. Columns beyond the last are zero.
void Nest::emitCopy(Builder &b, const Part &part, Value row, Value count) {
  UnitContraction &of = *part.of;
  forRange(b, constantIndex(b, 0), count, 1, [&](Builder &inner, Value line) {
    Value from = arith::AddIOp::create(inner, row, line);
    const int64_t extent = of.aType.getDimSize(1), whole = extent / of.step * of.step;
    auto vector = VectorType::get({of.step}, of.operand);
    auto zero = cast<TypedAttr>(inner.getZeroAttr(of.operand));
    forRange(inner, constantIndex(inner, 0), constantIndex(inner, whole), of.step,
             [&](Builder &nested, Value k) {
               Value x = vector::LoadOp::create(nested, vector, of.op.getA(), ValueRange{from, k});
               vector::StoreOp::create(nested, x, part.padded, ValueRange{line, k});
             });
    for (int64_t k = whole; k < of.length(); k += of.step) {
      Value x = constantOf(inner, vector, zero), at = constantIndex(inner, k);
      if (k < extent) {
        Chunk rest;
        rest.lanes = extent - k;
        x = widen(inner, loadChunk(inner, rest, of.op.getA(), {from, at}), zero, of.step);
      }
      vector::StoreOp::create(inner, x, part.padded, ValueRange{line, at});
    }
  });
}

/// Lines of the weights after the strip that each tile of a block fetches, so that all have been when the
/// strip ends: 0 where they have been already. Null where fetching is of no use: if both strips do not fit into the
/// second cache beside the rows.
Value Nest::linesAhead(Builder &b, const Strip &strip, const Part &part, Value block) {
  int64_t bytes = 0;
  for (const Part &other : parts) {
    bytes += stripColumns / kLanes * other.of->codes().codes().panelStride;
  }
  if (strip.inLoop || bytes > kStripBytes / 2) {
    return nullptr;
  }
  const int64_t linesOfTiles = llvm::divideCeil(2 * part.of->codes().codes().tileStride, kLineBytes);
  Value lines = arith::DivUIOp::create(b, addIndex(b, rowBlocks, linesOfTiles - 1), rowBlocks);
  Value needed = multiplied(b, blocksOf(b, strip), linesOfTiles);
  Value isNeeded =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, arith::MulIOp::create(b, block, lines), needed);
  // A few blocks of rows are done before what they would fetch is there.
  Value areMany =
      arith::CmpIOp::create(b, arith::CmpIPredicate::uge, rowBlocks, constantIndex(b, kRowBlocksToFetchIn));
  return arith::SelectOp::create(b, arith::AndIOp::create(b, isNeeded, areMany), lines, constantIndex(b, 0));
}

/// Fetches the tiles of a block's panels that come some tiles after `tile`, in the panels of the next block where these end.
void Nest::emitFetch(Builder &b, const Part &part, ArrayRef<Value> panels, Value tile) {
  const CodeWeights &weights = part.of->codes();
  const CodePanels &codes = weights.codes();
  Value later = addIndex(b, tile, std::max<int64_t>(kBytesAhead / codes.tileStride, 1));
  Value isBeyond =
      arith::CmpIOp::create(b, arith::CmpIPredicate::uge, later, constantIndex(b, weights.tiles()));
  // The panel after the next is twice as far as the next; the tiles beyond the end are one of them already.
  Value skipped =
      arith::SelectOp::create(b, isBeyond, constantIndex(b, codes.panelStride), constantIndex(b, 0));
  for (Value panel : panels) {
    emitFetchAt(b, codes, arith::AddIOp::create(b, weights.tileOffset(b, panel, later), skipped));
  }
}

/// Fetches the bytes of a tile at `place`.
void Nest::emitFetchAt(Builder &b, const CodePanels &codes, Value place) {
  for (int64_t byte = 0; byte < codes.tileStride; byte += kLineBytes) {
    memref::PrefetchOp::create(b, codes.storage, ValueRange{addIndex(b, place, byte)}, /*isWrite=*/false,
                               /*localityHint=*/3, /*isDataCache=*/true);
  }
}

/// The sums of part `number` of the block at `column` into its buffer, from line `sumLine` on, and its share of the
/// rows of the result before, if there is one. Each block fetches four of the rows after its own ahead, a
/// tile's columns a step. What does not exist is fetched by no one: such a prefetch does nothing.
void Nest::emitBlock(Builder &b, const Strip &strip, size_t number, const Rows &from, Value rowBlock,
                     Value column, Value sumLine, const Result &previous, Value hasPrevious) {
  const Part &part = parts[number];
  UnitContraction &of = *part.of;
  const bool decodes = strip.inLoop && !part.isStored;
  // Where the second panel does not exist, the first stands for it, and nothing of it is stored.
  Value lastPanel = arith::DivUIOp::create(b, addIndex(b, strip.last, -1), constantIndex(b, kLanes));
  Value panel = arith::DivUIOp::create(b, column, constantIndex(b, kLanes));
  const SmallVector<Value> panels = {panel, arith::MinUIOp::create(b, addIndex(b, panel, 1), lastPanel)};
  SmallVector<Value> firstLines;
  for (Value p : panels) {
    firstLines.push_back(decodes ? Value() : lineOf(b, part, strip, multiplied(b, p, kLanes)));
  }
  Value distance = arith::SubIOp::create(b, column, strip.first);
  Value inRow = arith::DivUIOp::create(b, distance, constantIndex(b, kBlock));
  Value block = arith::AddIOp::create(b, arith::MulIOp::create(b, rowBlock, blocksOf(b, strip)), inRow);
  Value turn = addIndex(b, multiplied(b, inRow, parts.size()), number);
  Value quarter = arith::RemUIOp::create(b, turn, constantIndex(b, kBlock / kRowsAhead));
  Value rowAhead =
      arith::AddIOp::create(b, addIndex(b, from.from, kBlock), multiplied(b, quarter, kRowsAhead));
  const CodePanels &codes = of.codes().codes();
  Value ahead = linesAhead(b, strip, part, block), none = constantIndex(b, 0);
  Value stripAfter = of.codes().tileOffset(b, addIndex(b, lastPanel, 1), none);
  Value lineAhead = // after the strip
      ahead ? arith::MulIOp::create(b, multiplied(b, block, of.codes().tiles()), ahead).getResult() : Value();
  Value secondRow = addIndex(b, from.from, kTileRows);
  // The first of a few blocks of rows reads the weights from memory.
  Value fetches;
  if (part.isStored) {
    Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rowBlock, none);
    Value areFew =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, rowBlocks, constantIndex(b, kRowBlocksToFetchIn));
    fetches = arith::AndIOp::create(b, isFirst, areFew);
  }

  SmallVector<Value> products;
  for (int64_t i = 0; i < 4; ++i) {
    products.push_back(amx::TileZeroOp::create(b, of.sumTile));
  }
  // This part's share of the rows of the result, as few a tile as there are tiles for.
  const int64_t tiles = of.codes().tiles();
  const int64_t share = llvm::divideCeil(kBlock, static_cast<int64_t>(parts.size()));
  const int64_t rowsPerTile = llvm::divideCeil(share, tiles);
  const int64_t tilesWithRows = llvm::divideCeil(share, rowsPerTile);
  // Tiles that are decoded as they are needed are so a tile ahead: nobody waits for what was just stored.
  auto decodedTiles = [&](Builder &inner, Value tile) -> SmallVector<Value> {
    Value start =
        multiplied(inner, arith::AndIOp::create(inner, tile, constantIndex(inner, 1)), 2 * of.linesPerTile());
    return {start, addIndex(inner, start, of.linesPerTile())};
  };
  auto decode = [&](Builder &inner, Value tile, Value turnOfTile) {
    for (auto [p, start] : llvm::zip_equal(panels, decodedTiles(inner, turnOfTile))) {
      of.emitDecodedTile(inner, p, tile, part.tiles, start);
    }
  };
  if (decodes) {
    decode(b, none, none);
  }
  auto emitTile = [&](Builder &inner, Value tile, ValueRange carried, bool hasResult) -> SmallVector<Value> {
    if (hasResult) {
      Value first =
          addIndex(inner, multiplied(inner, tile, rowsPerTile), static_cast<int64_t>(number) * share);
      Value last = arith::MinUIOp::create(inner, addIndex(inner, first, rowsPerTile), previous.count);
      forRange(inner, first, last, 1,
               [&](Builder &nested, Value line) { emitResultRow(nested, previous, line); });
    }
    if (ahead) {
      Value at = arith::AddIOp::create(inner, lineAhead, arith::MulIOp::create(inner, tile, ahead));
      forRange(inner, none, ahead, 1, [&](Builder &nested, Value line) {
        Value byte = multiplied(nested, arith::AddIOp::create(nested, at, line), kLineBytes);
        memref::PrefetchOp::create(nested, codes.storage,
                                   ValueRange{arith::AddIOp::create(nested, stripAfter, byte)},
                                   /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
      });
    }
    if (fetches) {
      ifTrue(inner, fetches, [&](Builder &nested) { emitFetch(nested, part, panels, tile); });
    } else if (strip.inLoop) {
      emitFetch(inner, part, panels, tile);
    }
    Value lines = part.lines;
    SmallVector<Value> starts;
    if (decodes) {
      lines = part.tiles;
      starts = decodedTiles(inner, tile);
    } else {
      for (Value first : firstLines) {
        starts.push_back(arith::AddIOp::create(inner, first, multiplied(inner, tile, of.linesPerTile())));
      }
    }
    SmallVector<Value> c(carried);
    for (int64_t unit = 0; unit < of.stepsPerTile(); ++unit) {
      Value k = addIndex(inner, multiplied(inner, tile, kTileColumns), unit * of.step);
      for (int64_t i = 0; i < kRowsAhead; ++i) {
        memref::PrefetchOp::create(inner, from.a, ValueRange{addIndex(inner, rowAhead, i), k},
                                   /*isWrite=*/false,
                                   /*localityHint=*/2, /*isDataCache=*/true);
      }
      auto right = [&](Value start) -> Value {
        Value line = addIndex(inner, start, unit * kTileRows);
        return amx::TileLoadOp::create(inner, of.operandTile, lines, ValueRange{line, none});
      };
      Value upper = amx::TileLoadOp::create(inner, of.operandTile, from.a, ValueRange{from.from, k});
      Value right0 = right(starts[0]), right1 = right(starts[1]);
      c[0] = of.multiply(inner, upper, right0, c[0]);
      c[1] = of.multiply(inner, upper, right1, c[1]);
      Value lower = amx::TileLoadOp::create(inner, of.operandTile, from.a, ValueRange{secondRow, k});
      c[2] = of.multiply(inner, lower, right0, c[2]);
      c[3] = of.multiply(inner, lower, right1, c[3]);
    }
    if (decodes) {
      decode(inner, arith::MinUIOp::create(inner, addIndex(inner, tile, 1), constantIndex(inner, tiles - 1)),
             addIndex(inner, tile, 1));
    }
    return c;
  };
  Value withRows =
      arith::SelectOp::create(b, hasPrevious, constantIndex(b, tilesWithRows), constantIndex(b, 0));
  products = emitFor(b, none, withRows, 1, products, [&](Builder &inner, Value tile, ValueRange carried) {
    return emitTile(inner, tile, carried, true);
  });
  products = emitFor(
      b, withRows, constantIndex(b, tiles), 1, products,
      [&](Builder &inner, Value tile, ValueRange carried) { return emitTile(inner, tile, carried, false); });
  for (auto [index, product] : llvm::enumerate(products)) {
    Value i = addIndex(b, sumLine, static_cast<int64_t>(index / 2) * kTileRows);
    Value j = constantIndex(b, static_cast<int64_t>(index % 2) * kTileRows);
    amx::TileStoreOp::create(b, part.sums, ValueRange{i, j}, product);
  }
}

/// The result of the block of rows from `row` on and columns from `column` on.
Nest::Result Nest::resultAt(Builder &b, Value row, Value column, Value sumLine) {
  Value count = arith::MinSIOp::create(b, arith::SubIOp::create(b, rows, row), constantIndex(b, kBlock));
  Result result{row, count, sumLine, SmallVector<Chunk>(2), {column, addIndex(b, column, kLanes)}, {}};
  const bool isWhole = isMultipleOf(columns, kBlock);
  for (auto [chunk, start] : llvm::zip_equal(result.chunks, result.starts)) {
    if (!isWhole) {
      Value rest = arith::SubIOp::create(b, columns, start);
      rest = arith::MaxSIOp::create(b, rest, constantIndex(b, 0));
      chunk.mask = vector::CreateMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()), rest);
    }
    SmallVector<Value> scales;
    for (const Part &part : parts) {
      scales.push_back(part.of->columnScales(b, chunk, start));
    }
    result.scales.push_back(std::move(scales));
  }
  return result;
}

/// Row `line` of a block.
void Nest::emitResultRow(Builder &b, const Result &result, Value line) {
  Value row = arith::AddIOp::create(b, result.row, line);
  Value sumLine = arith::AddIOp::create(b, result.sumLine, line);
  for (int64_t i = 0; i < 2; ++i) {
    SmallVector<Value> numbers;
    for (auto [part, scales] : llvm::zip_equal(parts, result.scales[i])) {
      auto type = VectorType::get({kLanes}, part.of->sum);
      Value sums =
          vector::LoadOp::create(b, type, part.sums, ValueRange{sumLine, constantIndex(b, i * kLanes)});
      numbers.push_back(part.of->resultOf(b, sums, scales, row));
    }
    if (group.consumer) {
      group.consumer->emit(b, result.chunks[i], row, result.starts[i], numbers);
    } else {
      storeChunk(b, result.chunks[i], numbers[0], parts[0].of->op.getInit(), {row, result.starts[i]});
    }
  }
}

/// The first line of the panel at `column`; a strip that is decoded starts at its first column.
Value Nest::lineOf(Builder &b, const Part &part, const Strip &strip, Value column) {
  if (part.isStored) {
    return part.of->storedLineOf(b, arith::DivUIOp::create(b, column, constantIndex(b, kLanes)));
  }
  Value distance = arith::SubIOp::create(b, column, strip.first);
  Value panel = arith::DivUIOp::create(b, distance, constantIndex(b, kLanes));
  return multiplied(b, panel, part.of->codes().tiles() * part.of->linesPerTile());
}

} // namespace

void emitMatrixUnit(ImplicitLocOpBuilder &b, UnitGroup &group) { Nest(group).emit(b); }

} // namespace coopt
