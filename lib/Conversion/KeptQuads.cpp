#include "KeptQuads.h"
#include "KeptPanels.h"
#include "KeptRuns.h"
#include "PackedView.h"
#include "RegisterTiles.h"
#include "WideTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace coopt {
namespace {

using Builder = ImplicitLocOpBuilder;

VectorType lanes(Builder &b) { return VectorType::get({kLanes}, b.getI32Type()); }
VectorType bytes(Builder &b) { return VectorType::get({4 * kLanes}, b.getI8Type()); }

Value lanesOf(Builder &b, int64_t value) {
  return constantOf(b, lanes(b), b.getI32IntegerAttr(static_cast<int32_t>(value)));
}
Value asLanes(Builder &b, Value quad) { return vector::BitCastOp::create(b, lanes(b), quad); }
Value asBytes(Builder &b, Value x) { return vector::BitCastOp::create(b, bytes(b), x); }
Value spread(Builder &b, Value number) {
  return vector::BroadcastOp::create(b, lanes(b), arith::IndexCastOp::create(b, b.getI32Type(), number));
}

Value add(Builder &b, Value x, Value y) { return arith::AddIOp::create(b, x, y); }
Value both(Builder &b, Value x, Value y) { return arith::AndIOp::create(b, x, y); }
Value either(Builder &b, Value x, Value y) { return arith::OrIOp::create(b, x, y); }
Value right(Builder &b, Value x, Value bits) { return arith::ShRUIOp::create(b, x, bits); }
Value left(Builder &b, Value x, Value bits) { return arith::ShLIOp::create(b, x, bits); }

/// How the elements of a pattern lie in vectors of kept codes. A chunk is a quad, or the two of a run of eight.
struct ElementRuns {
  int64_t quads;  ///< of a chunk
  int64_t codes;  ///< of a chunk and a row that are kept: 1, 2 or 4
  int64_t chunks; ///< in a vector: 4 / codes

  explicit ElementRuns(const numerics::SparsePattern &pattern)
      : quads(std::max<int64_t>(pattern.of / 4, 1)), codes(4 * quads * pattern.kept / pattern.of),
        chunks(4 / codes) {}
};

/// Sixteen numbers of 32 bits, of which f gives byte k of number i.
Value byteTable(Builder &b, llvm::function_ref<uint8_t(unsigned i, unsigned k)> f) {
  SmallVector<int32_t> table;
  for (unsigned i = 0; i < kLanes; ++i) {
    uint32_t word = 0;
    for (unsigned k = 0; k < 4; ++k) {
      word |= uint32_t(f(i, k)) << (8 * k);
    }
    table.push_back(static_cast<int32_t>(word));
  }
  return arith::ConstantOp::create(b, DenseElementsAttr::get(lanes(b), ArrayRef(table)));
}

/// Of a table of 16 numbers of 32 bits, the ones that the lowest four bits of `bits` name.
Value lookUp(Builder &b, Value table, Value bits) {
  return LLVM::CallIntrinsicOp::create(b, lanes(b), b.getStringAttr("llvm.x86.avx512.permvar.si.512"),
                                       ValueRange{table, bits})
      .getResult(0);
}

/// Of each 16 bytes, those that the bytes of `places` name; zero where these are 128 and more.
Value permuteBytes(Builder &b, Value codes, Value places) {
  return LLVM::CallIntrinsicOp::create(b, bytes(b), b.getStringAttr("llvm.x86.avx512.pshuf.b.512"),
                                       ValueRange{codes, asBytes(b, places)})
      .getResult(0);
}

/// Where each row's byte `first` is among the 16 that are permuted, in which four rows lie; four times.
Value ownBytes(Builder &b, int64_t first) {
  return byteTable(b, [&](unsigned i, unsigned) {
    return static_cast<uint8_t>(i % 4 * 4 + static_cast<unsigned>(first));
  });
}

/// The four bytes of each row, put together one by one: `bits` has those of the quad lowest, `shift` is the place of the row's
/// first code among the bits of `codes`.
Value emitExpanded(Builder &b, Value bits, Value shift, Value codes) {
  Value one = lanesOf(b, 1), none = lanesOf(b, 0), result;
  for (int64_t k = 0; k < 4; ++k) {
    Value bit = both(b, k == 0 ? bits : right(b, bits, lanesOf(b, k)), one);
    Value code = both(b, right(b, codes, both(b, shift, lanesOf(b, 31))), lanesOf(b, 255));
    code = both(b, code, arith::SubIOp::create(b, none, bit));
    code = k == 0 ? code : left(b, code, lanesOf(b, 8 * k));
    result = result ? either(b, result, code) : code;
    shift = add(b, shift, left(b, bit, lanesOf(b, 3)));
  }
  return asBytes(b, result);
}

/// Eight times the number of ones among the lowest four bits.
Value emitKeptBits(Builder &b, Value bits) {
  Value one = lanesOf(b, 1), sum;
  for (int64_t k = 0; k < 4; ++k) {
    Value bit = both(b, right(b, bits, lanesOf(b, k)), one);
    sum = sum ? add(b, sum, bit) : bit;
  }
  return left(b, sum, lanesOf(b, 3));
}

} // namespace

int64_t KeptQuads::firstKept(const layout::SparseTile &tile, int64_t index) {
  const numerics::SparsePattern &pattern = tile.pattern();
  if (pattern.block == 1) {
    const ElementRuns runs(pattern);
    return index / runs.quads / runs.chunks;
  }
  const int64_t quads = pattern.block / 4, group = index / quads, place = group % pattern.of;
  const int64_t least = std::max<int64_t>(pattern.kept - (pattern.of - place), 0);
  return (group / pattern.of * pattern.kept + least) * quads + index % quads;
}

Value KeptQuads::wordAt(Builder &b, Value half) const {
  Value place = add(b, start, times(b, half, 4 * kLanes));
  return asLanes(b, vector::LoadOp::create(b, bytes(b), storage, place));
}

Value KeptQuads::maskAt(Builder &b, Value group) const {
  Value place = add(b, start, times(b, group, kLanes / 8));
  Value raw = vector::LoadOp::create(b, VectorType::get({kLanes / 8}, b.getI8Type()), storage, place);
  return vector::BitCastOp::create(b, VectorType::get({kLanes}, b.getI1Type()), raw);
}

Value KeptQuads::maskOf(Builder &b, int64_t group) {
  Value &mask = masks[group];
  return mask ? mask : mask = maskAt(b, constantIndex(b, group));
}

/// Whether of the groups of the run before `group` at least `least` are kept.
Value KeptQuads::hasKept(Builder &b, int64_t group, int64_t least) {
  const int64_t place = group % tile.pattern().of;
  if (least > place) {
    return nullptr; // never
  }
  if (Value known = counts.lookup(256 * group + least)) {
    return known;
  }
  Value fewer = hasKept(b, group - 1, least), result = maskOf(b, group - 1);
  if (least > 1) {
    result = both(b, result, hasKept(b, group - 1, least - 1));
  }
  result = fewer ? either(b, result, fewer) : result;
  return counts[256 * group + least] = result;
}

Value KeptQuads::permuted(Builder &b, Value word, int64_t index, Value codes) const {
  const ElementRuns runs(tile.pattern());
  const int64_t shift = index % 8 * 4, chunk = index / runs.quads, first = chunk % runs.chunks * runs.codes;
  auto bitsAt = [&](int64_t bits) -> Value { return bits == 0 ? word : right(b, word, lanesOf(b, bits)); };
  // Byte 128 and above makes a zero.
  auto ones = [](unsigned bits) { return static_cast<uint8_t>(__builtin_popcount(bits)); };
  Value table = byteTable(
      b, [&](unsigned i, unsigned k) -> uint8_t { return (i >> k) & 1 ? ones(i & ((1u << k) - 1)) : 128; });
  Value control = lookUp(b, table, bitsAt(shift));
  if (index % 2 != 0) {
    // The second quad of a run goes on where the first one ends.
    Value before = byteTable(b, [&](unsigned i, unsigned) { return ones(i); });
    control = add(b, control, lookUp(b, before, bitsAt(shift - 4)));
  }
  return permuteBytes(b, codes, add(b, control, ownBytes(b, first)));
}

int64_t KeptQuads::gatheredColumns(const layout::SparseTile &tile) {
  if (tile.pattern().block > 1) {
    return layout::SparseTile::kColumns;
  }
  const ElementRuns runs(tile.pattern());
  return 4 * runs.quads * runs.chunks;
}

/// The first quad of the group that comes as number `slot` of the kept ones of a run, for each row.
Value KeptQuads::firstQuadOf(Builder &b, int64_t run, int64_t slot) {
  const numerics::SparsePattern &pattern = tile.pattern();
  Value &known = firsts[64 * run + slot];
  if (known) {
    return known;
  }
  // The last group that it can be, unless so many are kept before one of these.
  const int64_t first = run * pattern.of, last = pattern.of - pattern.kept + slot, quads = pattern.block / 4;
  Value result = lanesOf(b, (first + last) * quads);
  for (int64_t place = last; place > slot; --place) {
    result = arith::SelectOp::create(b, hasKept(b, first + place, slot + 1),
                                     lanesOf(b, (first + place - 1) * quads), result);
  }
  return firsts[64 * run + slot] = result;
}

Value KeptQuads::ofGroup(Builder &b, int64_t run, int64_t slot, Value numbers) {
  return lookUp(b, numbers, firstQuadOf(b, run, slot));
}

Value KeptQuads::groupBits(Builder &b, int64_t run) const {
  const int64_t size = tile.pattern().of * (kLanes / 8);
  return loadBits(b, storage, addIndex(b, start, run * size), size);
}

Value KeptQuads::gather(Builder &b, int64_t index, Value activations, Kept kept) {
  const numerics::SparsePattern pattern = tile.pattern();
  if (pattern.block > 1) {
    const int64_t quads = pattern.block / 4, group = index / quads;
    Value quad = firstQuadOf(b, group / pattern.kept, group % pattern.kept);
    quad = index % quads == 0 ? quad : add(b, quad, lanesOf(b, index % quads));
    return asBytes(b, lookUp(b, asLanes(b, activations), quad));
  }
  if (!tile.hasPlaces()) {
    return permuteBytes(b, activations, placesOfEight(b, index));
  }
  Value firsts = byteTable(b, [&](unsigned, unsigned k) { // of the runs
    return static_cast<uint8_t>(k / static_cast<unsigned>(pattern.kept) * static_cast<unsigned>(pattern.of));
  });
  return permuteBytes(b, activations, either(b, asLanes(b, kept.places(index)), firsts));
}

/// Of runs of eight: the columns of what is kept of the one or two runs of vector `index`, from the first one's on.
Value KeptQuads::placesOfEight(Builder &b, int64_t index) {
  const ElementRuns runs(tile.pattern());
  Value result;
  for (int64_t chunk = 0; chunk < runs.chunks; ++chunk) {
    const int64_t quad = 2 * (index * runs.chunks + chunk);
    Value word = wordOf(b, quad);
    auto bitsAt = [&](int64_t of) -> Value {
      return of % 8 == 0 ? word : right(b, word, lanesOf(b, of % 8 * 4));
    };
    // The columns of a quad's bits, one after the other from the run's first byte on; those of the second quad come behind those
    // of the first.
    auto columnsOf = [&](int64_t half) {
      return byteTable(b, [&](unsigned i, unsigned k) -> uint8_t {
        auto rank = static_cast<int64_t>(k) - chunk * runs.codes;
        for (unsigned column = 0; column < 4 && rank >= 0; ++column) {
          if (((i >> column) & 1) != 0 && rank-- == 0) {
            return static_cast<uint8_t>(8 * chunk + 4 * half + column);
          }
        }
        return 0;
      });
    };
    SmallVector<int32_t> sizes;
    for (unsigned i = 0; i < kLanes; ++i) {
      sizes.push_back(8 * __builtin_popcount(i)); // 32 for all four: what comes behind is none
    }
    Value before = arith::ConstantOp::create(b, DenseElementsAttr::get(lanes(b), ArrayRef(sizes)));
    Value first = bitsAt(quad);
    Value second = LLVM::CallIntrinsicOp::create(
                       b, lanes(b), b.getStringAttr("llvm.x86.avx512.psllv.d.512"),
                       ValueRange{lookUp(b, columnsOf(1), bitsAt(quad + 1)), lookUp(b, before, first)})
                       .getResult(0);
    Value both = either(b, lookUp(b, columnsOf(0), first), second);
    result = result ? either(b, result, both) : both;
  }
  return result;
}

/// The column in its quad of kept code `slot` (of a row) whose place is `place`.
static int64_t columnOf(const numerics::SparsePattern &pattern, int64_t slot, int64_t place) {
  return slot / pattern.kept * pattern.of + place;
}

/// The four bytes of each row, put together one by one: the row's codes of the quad and their places begin at bit `shift` (16 x i32).
static Value emitPlaced(Builder &b, const numerics::SparsePattern &pattern, Value codes, Value places,
                        Value shift) {
  Value result;
  for (int64_t slot = 0; slot < ElementRuns(pattern).codes; ++slot) {
    Value from = slot == 0 ? shift : add(b, shift, lanesOf(b, 8 * slot));
    auto byteAt = [&](Value x) { return both(b, right(b, asLanes(b, x), from), lanesOf(b, 255)); };
    Value column = add(b, byteAt(places), lanesOf(b, columnOf(pattern, slot, 0)));
    Value code = left(b, byteAt(codes), left(b, column, lanesOf(b, 3)));
    result = result ? either(b, result, code) : code;
  }
  return asBytes(b, result);
}

Value KeptQuads::placedQuad(Builder &b, int64_t index, Kept kept) const {
  const numerics::SparsePattern pattern = tile.pattern();
  const ElementRuns runs(pattern);
  const int64_t first = index % runs.chunks * runs.codes;
  Value codes = kept.codes(index / runs.chunks), places = kept.places(index / runs.chunks);
  if (!machine::expandsVectors(isa)) {
    return emitPlaced(b, pattern, codes, places, lanesOf(b, 8 * first));
  }
  // The places of one or two codes of the quad are a number of four bits.
  Value bits = asLanes(b, places);
  if (runs.codes == 2) {
    bits = either(b, bits, right(b, bits, lanesOf(b, 6)));
  }
  bits = first == 0 ? bits : right(b, bits, lanesOf(b, 8 * first));
  Value table = byteTable(b, [&](unsigned i, unsigned k) -> uint8_t {
    for (int64_t slot = 0; slot < runs.codes; ++slot) {
      if (columnOf(pattern, slot, (i >> (2 * slot)) & 3) == k) {
        return static_cast<uint8_t>(slot);
      }
    }
    return 128;
  });
  return permuteBytes(b, codes, add(b, lookUp(b, table, bits), ownBytes(b, first)));
}

Value KeptQuads::wordOf(Builder &b, int64_t quad) {
  Value &word = words[quad / 8];
  return word ? word : word = wordAt(b, constantIndex(b, quad / 8));
}

Value KeptQuads::quad(Builder &b, int64_t index, Kept kept) {
  if (tile.hasPlaces()) {
    return placedQuad(b, index, kept);
  }
  if (tile.pattern().block > 1) {
    return groupQuad(b, index, kept);
  }
  // Of runs of eight, two quads each.
  Value word = wordOf(b, index), codes = kept.codes(firstKept(tile, index));
  if (machine::expandsVectors(isa)) {
    return permuted(b, word, index, codes);
  }
  const ElementRuns runs(tile.pattern());
  Value bits = right(b, word, lanesOf(b, index % 8 * 4));
  Value shift = lanesOf(b, index / 2 % runs.chunks * runs.codes * 8);
  if (index % 2 != 0) {
    shift = add(b, shift, emitKeptBits(b, right(b, word, lanesOf(b, index % 8 * 4 - 4))));
  }
  return emitExpanded(b, bits, shift, asLanes(b, codes));
}

Value KeptQuads::quadAt(Builder &b, Value index, KeptAt kept) const {
  const ElementRuns runs(tile.pattern());
  if (tile.hasPlaces()) {
    Value vector = over(b, index, runs.chunks);
    Value shift = spread(b, times(b, modulo(b, index, runs.chunks), 8 * runs.codes));
    return emitPlaced(b, tile.pattern(), kept.codes(vector), kept.places(vector), shift);
  }
  if (tile.pattern().block > 1) {
    return groupQuadAt(b, index, kept);
  }
  Value word = wordAt(b, over(b, index, 8)), inWord = times(b, modulo(b, index, 8), 4);
  Value run = over(b, index, 2), second = modulo(b, index, 2);
  Value codes = asLanes(b, kept.codes(over(b, run, runs.chunks)));
  Value shift = spread(b, times(b, modulo(b, run, runs.chunks), runs.codes * 8));
  Value before =
      emitKeptBits(b, right(b, word, spread(b, arith::SubIOp::create(b, inWord, times(b, second, 4)))));
  shift = add(b, shift, arith::MulIOp::create(b, before, spread(b, second)));
  return emitExpanded(b, right(b, word, spread(b, inWord)), shift, codes);
}

Value KeptQuads::groupQuad(Builder &b, int64_t index, Kept kept) {
  const numerics::SparsePattern &pattern = tile.pattern();
  const int64_t quads = pattern.block / 4, group = index / quads, place = group % pattern.of;
  const int64_t least = std::max<int64_t>(pattern.kept - (pattern.of - place), 0);
  const int64_t most = std::min(place, pattern.kept - 1), first = firstKept(tile, index);
  Value codes = asLanes(b, kept.codes(first));
  for (int64_t before = least + 1; before <= most; ++before) {
    Value later = asLanes(b, kept.codes(first + (before - least) * quads));
    codes = arith::SelectOp::create(b, hasKept(b, group, before), later, codes);
  }
  return asBytes(b, arith::SelectOp::create(b, maskOf(b, group), codes, lanesOf(b, 0)));
}

Value KeptQuads::groupQuadAt(Builder &b, Value index, KeptAt kept) const {
  const numerics::SparsePattern &pattern = tile.pattern();
  const int64_t quads = pattern.block / 4;
  Value group = over(b, index, quads), run = over(b, group, pattern.of), place = modulo(b, group, pattern.of);
  Value first = times(b, run, pattern.of), slots = times(b, run, pattern.kept);
  Value inGroup = modulo(b, index, quads);
  auto maskOfBlock = [&](Value block) { return maskAt(b, addIndex(b, first, block)); };
  auto codesAt = [&](int64_t slot) {
    return asLanes(b, kept.codes(add(b, times(b, addIndex(b, slots, slot), quads), inGroup)));
  };
  return asBytes(b, emitKeptInRows(b, pattern.of, pattern.kept, place, maskOfBlock, codesAt));
}

/// Bit `number` from `start` on, as an index: 0 or 1.
static Value emitBit(Builder &b, Value storage, Value start, Value number) {
  Value raw = memref::LoadOp::create(b, storage, ValueRange{add(b, start, over(b, number, 8))});
  Value byte = arith::IndexCastUIOp::create(b, b.getIndexType(), raw);
  return both(b, right(b, byte, modulo(b, number, 8)), constantIndex(b, 1));
}

Value emitKeptCode(Builder &b, const layout::SparseRows &rows, int64_t columns, Value storage, Value row,
                   Value position, Value column) {
  const numerics::SparsePattern &pattern = rows.pattern();
  Value run = over(b, column, pattern.of), wanted = modulo(b, column, pattern.of);
  Value panel = times(b, over(b, row, rows.width()), rows.panelBytes(columns));
  Value inLine = times(b, modulo(b, row, rows.width()), rows.placeBits());
  Value code = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  for (int64_t slot = 0; slot < pattern.kept; ++slot) {
    Value line = addIndex(b, times(b, run, pattern.kept), slot);
    Value start = add(b, panel, times(b, line, rows.lineBytes()));
    Value places = addIndex(b, start, rows.codeBytes()), place = constantIndex(b, 0);
    for (unsigned bit = 0; bit < rows.placeBits(); ++bit) {
      Value one = emitBit(b, storage, places, addIndex(b, inLine, bit));
      place = add(b, place, times(b, one, int64_t(1) << bit));
    }
    Value mine = emitPlaneCode(b, rows.bits(), rows.width(), storage, start, position);
    Value isIt = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, place, wanted);
    code = arith::SelectOp::create(b, isIt, mine, code);
  }
  return code;
}

Value emitKeptCode(Builder &b, const layout::SparseTile &tile, Value storage, Value start, Value row,
                   Value column) {
  if (tile.isWide()) {
    return emitWideCode(b, tile, storage, start, row, column);
  }
  const numerics::SparsePattern &pattern = tile.pattern();
  Value values = addIndex(b, start, tile.metadataBytes());
  auto positionOf = [&](Value kept) { // of column `kept` of the row's kept codes
    return add(b, add(b, times(b, over(b, kept, 4), 4 * kLanes), times(b, row, 4)), modulo(b, kept, 4));
  };
  if (tile.hasPlaces()) {
    Value run = over(b, column, pattern.of), none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
    Value place = arith::IndexCastOp::create(b, b.getI8Type(), modulo(b, column, pattern.of)), code = none;
    for (int64_t slot = 0; slot < pattern.kept; ++slot) {
      Value position = positionOf(addIndex(b, times(b, run, pattern.kept), slot));
      Value its = emitPlaneCode(b, tile.placeBits(), tile.values(), storage, start, position);
      Value mine = emitPlaneCode(b, tile.bits(), tile.values(), storage, values, position);
      Value isIt = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, its, place);
      code = arith::SelectOp::create(b, isIt, mine, code);
    }
    return code;
  }
  auto bitOf = [&](Builder &at, Value block) -> Value {
    Value number = pattern.block > 1
                       ? add(at, times(at, block, kLanes), row)
                       : add(at, add(at, times(at, over(at, block, 32), 32 * kLanes), times(at, row, 32)),
                             modulo(at, block, 32));
    return emitBit(at, storage, start, number);
  };
  Value block = over(b, column, pattern.block), run = over(b, block, pattern.of);
  Value place = modulo(b, block, pattern.of), first = times(b, run, pattern.of);
  Value before = emitKeptBefore(
      b, pattern.of, place, [&](Builder &at, Value other) { return bitOf(at, addIndex(at, first, other)); });
  Value kept = add(b, times(b, run, pattern.kept), before);
  kept = add(b, times(b, kept, pattern.block), modulo(b, column, pattern.block));
  // Of a dropped code, this may be one behind the run's last.
  kept = arith::MinUIOp::create(b, kept, constantIndex(b, tile.values() / kLanes - 1));
  Value code = emitPlaneCode(b, tile.bits(), tile.values(), storage, values, positionOf(kept));
  Value isKept = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bitOf(b, block), constantIndex(b, 0));
  return arith::SelectOp::create(b, isKept, code,
                                 arith::ConstantOp::create(b, b.getI8IntegerAttr(0)).getResult());
}

} // namespace coopt
