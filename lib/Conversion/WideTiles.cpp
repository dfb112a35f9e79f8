#include "WideTiles.h"
#include "KeptPanels.h"
#include "PackedView.h"
#include "RegisterTiles.h"

using namespace mlir;

namespace coopt {
namespace {

using Builder = ImplicitLocOpBuilder;

constexpr int64_t kVectorBytes = 64;
constexpr int64_t kWords = layout::SparseTile::kCodes / 64; ///< of a bitmap

Value byteOf(Builder &b, int64_t value) {
  return arith::ConstantOp::create(b, b.getI8IntegerAttr(static_cast<int8_t>(value)));
}

Value longOf(Builder &b, int64_t value) { return arith::ConstantOp::create(b, b.getI64IntegerAttr(value)); }

Value allocate(Builder &b, int64_t bytes) {
  return memref::AllocOp::create(b, MemRefType::get({bytes}, b.getI8Type()));
}

/// Writes codes in bit planes that begin at byte `start` to `to`, a byte each.
void emitUnpackedPlanes(Builder &b, unsigned bits, int64_t codes, Value storage, Value start, Value to) {
  for (const layout::BitPlane &plane : layout::bitPlanes(bits, codes)) {
    // Codes whose bits are neighbours in a plane are neighbours: vectors of the greatest power of two that divides it.
    const int64_t bytes = std::min(plane.bytes & -plane.bytes, kVectorBytes);
    auto type = VectorType::get({bytes}, b.getI8Type());
    auto all = [&](Builder &at, int64_t value) {
      return constantOf(at, type, at.getI8IntegerAttr(static_cast<int8_t>(value)));
    };
    emitFor(b, constantIndex(b, 0), constantIndex(b, plane.bytes), bytes, {},
            [&](Builder &inner, Value byte, ValueRange) {
              Value from = arith::AddIOp::create(inner, start, addIndex(inner, byte, plane.byteOffset));
              Value raw = vector::LoadOp::create(inner, type, storage, ValueRange{from});
              for (unsigned part = 0; part * plane.width < 8; ++part) {
                Value those = raw, place = addIndex(inner, byte, part * plane.bytes);
                if (part > 0) {
                  those = arith::ShRUIOp::create(inner, those, all(inner, part * plane.width));
                }
                if ((part + 1) * plane.width < 8) {
                  those = arith::AndIOp::create(inner, those, all(inner, (1 << plane.width) - 1));
                }
                if (plane.firstBit > 0) {
                  those = arith::ShLIOp::create(inner, those, all(inner, plane.firstBit));
                  Value known = vector::LoadOp::create(inner, type, to, ValueRange{place});
                  those = arith::OrIOp::create(inner, those, known);
                }
                vector::StoreOp::create(inner, those, to, ValueRange{place});
              }
              return SmallVector<Value>();
            });
  }
}

/// 64 bits of a bitmap: those of quad `index`.
Value loadWord(Builder &b, Value storage, Value start, Value index) {
  Value at = arith::AddIOp::create(b, start, times(b, index, 8));
  Value raw = vector::LoadOp::create(b, VectorType::get({8}, b.getI8Type()), storage, ValueRange{at});
  return vector::ExtractOp::create(b, vector::BitCastOp::create(b, VectorType::get({1}, b.getI64Type()), raw),
                                   0);
}

Value bitAt(Builder &b, Value word, Value position) {
  Value shifted = arith::ShRUIOp::create(b, word, arith::IndexCastOp::create(b, word.getType(), position));
  return arith::AndIOp::create(b, shifted, longOf(b, 1));
}

/// Spreads `codes` over `dense` by the bitmap at `start`.
void emitBitmap(Builder &b, const layout::SparseTile &tile, Isa isa, Value storage, Value start, Value codes,
                Value dense) {
  // Whatever the bits of a file say, nothing behind the codes is read.
  Value most = constantIndex(b, tile.values());
  emitFor(b, constantIndex(b, 0), constantIndex(b, kWords), 1, constantIndex(b, 0),
          [&](Builder &inner, Value index, ValueRange carried) -> SmallVector<Value> {
            Value word = loadWord(inner, storage, start, index), first = times(inner, index, 64);
            if (!machine::expandsVectors(isa)) {
              return emitFor(inner, constantIndex(inner, 0), constantIndex(inner, 64), 1, carried,
                             [&](Builder &each, Value position, ValueRange next) {
                               Value bit = bitAt(each, word, position);
                               Value isKept = arith::TruncIOp::create(each, each.getI1Type(), bit);
                               Value code = memref::LoadOp::create(each, codes, ValueRange{next[0]});
                               code = arith::SelectOp::create(each, isKept, code, byteOf(each, 0));
                               Value to = arith::AddIOp::create(each, first, position);
                               memref::StoreOp::create(each, code, dense, ValueRange{to});
                               Value at = arith::IndexCastUIOp::create(each, each.getIndexType(), bit);
                               at = arith::AddIOp::create(each, next[0], at);
                               return SmallVector<Value>{arith::MinUIOp::create(each, at, most)};
                             });
            }
            Value at = carried[0];
            auto few = VectorType::get({kLanes}, inner.getI8Type());
            for (int64_t part = 0; part < 4; ++part) {
              Value shift = longOf(inner, part * kLanes);
              Value own = arith::TruncIOp::create(inner, inner.getI16Type(),
                                                  arith::ShRUIOp::create(inner, word, shift));
              Value ones = countOnes(inner, own);
              Value spread = loadSpread(inner, codes, at, own);
              vector::StoreOp::create(inner, arith::TruncIOp::create(inner, few, spread), dense,
                                      ValueRange{addIndex(inner, first, part * kLanes)});
              at = arith::MinUIOp::create(inner, arith::AddIOp::create(inner, at, ones), most);
            }
            return {at};
          });
}

/// Where the code of a row and column stands in a dense tile.
Value densePosition(Builder &b, Value row, Value column) {
  Value quad = times(b, over(b, column, 4), 4 * kLanes);
  return arith::AddIOp::create(b, arith::AddIOp::create(b, quad, times(b, row, 4)), modulo(b, column, 4));
}

/// Puts `codes` into `dense`, each at its place of `places`.
void emitCoordinates(Builder &b, const layout::SparseTile &tile, Value codes, Value places, Value dense) {
  const numerics::SparsePattern &pattern = tile.pattern();
  auto vector = VectorType::get({kVectorBytes}, b.getI8Type());
  auto nothing = [](Builder &) { return SmallVector<Value>(); };
  emitFor(b, constantIndex(b, 0), constantIndex(b, layout::SparseTile::kCodes), kVectorBytes, {},
          [&](Builder &inner, Value at, ValueRange) {
            Value zeros = constantOf(inner, vector, inner.getI8IntegerAttr(0));
            vector::StoreOp::create(inner, zeros, dense, ValueRange{at});
            return nothing(inner);
          });
  emitFor(b, constantIndex(b, 0), constantIndex(b, tile.values() / kLanes), 1, {},
          [&](Builder &inner, Value slot, ValueRange) {
            Value run = times(inner, over(inner, slot, pattern.kept), pattern.of);
            emitFor(inner, constantIndex(inner, 0), constantIndex(inner, kLanes), 1, {},
                    [&](Builder &each, Value row, ValueRange) {
                      Value from = arith::AddIOp::create(each, times(each, slot, kLanes), row);
                      Value place = memref::LoadOp::create(each, places, ValueRange{from});
                      place = arith::IndexCastUIOp::create(each, each.getIndexType(), place);
                      Value to = densePosition(each, row, arith::AddIOp::create(each, run, place));
                      Value code = memref::LoadOp::create(each, codes, ValueRange{from});
                      memref::StoreOp::create(each, code, dense, ValueRange{to});
                      return nothing(each);
                    });
            return nothing(inner);
          });
}

} // namespace

Value emitExpandedTile(Builder &b, const layout::SparseTile &tile, Isa isa, Value storage, Value start) {
  Value dense = allocate(b, layout::SparseTile::kCodes);
  // What is read where nothing is kept may be one behind the last.
  Value codes = allocate(b, tile.values() + kVectorBytes);
  emitUnpackedPlanes(b, tile.bits(), tile.values(), storage, addIndex(b, start, tile.metadataBytes()), codes);
  if (tile.hasCoordinates()) {
    Value places = allocate(b, tile.values());
    emitUnpackedPlanes(b, tile.placeBits(), tile.values(), storage, start, places);
    emitCoordinates(b, tile, codes, places, dense);
  } else {
    emitBitmap(b, tile, isa, storage, start, codes, dense);
  }
  return dense;
}

Value emitWideCode(Builder &b, const layout::SparseTile &tile, Value storage, Value start, Value row,
                   Value column) {
  const numerics::SparsePattern &pattern = tile.pattern();
  Value values = addIndex(b, start, tile.metadataBytes());
  if (tile.hasCoordinates()) {
    Value run = over(b, column, pattern.of), code = byteOf(b, 0);
    Value place = arith::IndexCastOp::create(b, b.getI8Type(), modulo(b, column, pattern.of));
    for (int64_t slot = 0; slot < pattern.kept; ++slot) {
      Value position = addIndex(b, times(b, run, pattern.kept), slot);
      position = arith::AddIOp::create(b, times(b, position, kLanes), row);
      Value its = emitPlaneCode(b, tile.placeBits(), tile.values(), storage, start, position);
      Value mine = emitPlaneCode(b, tile.bits(), tile.values(), storage, values, position);
      Value isIt = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, its, place);
      code = arith::SelectOp::create(b, isIt, mine, code);
    }
    return code;
  }
  Value position = densePosition(b, row, column), index = over(b, position, 64);
  Value before = emitFor(b, constantIndex(b, 0), index, 1, constantIndex(b, 0),
                         [&](Builder &inner, Value other, ValueRange sum) {
                           Value ones = countOnes(inner, loadWord(inner, storage, start, other));
                           return SmallVector<Value>{arith::AddIOp::create(inner, sum[0], ones)};
                         })[0];
  Value word = loadWord(b, storage, start, index), inWord = modulo(b, position, 64);
  Value one = longOf(b, 1);
  Value below = arith::ShLIOp::create(b, one, arith::IndexCastOp::create(b, b.getI64Type(), inWord));
  below = arith::AndIOp::create(b, word, arith::SubIOp::create(b, below, one));
  before = arith::AddIOp::create(b, before, countOnes(b, below));
  // Of a dropped code, this may be one behind the last.
  before = arith::MinUIOp::create(b, before, constantIndex(b, tile.values() - 1));
  Value code = emitPlaneCode(b, tile.bits(), tile.values(), storage, values, before);
  Value isKept = arith::TruncIOp::create(b, b.getI1Type(), bitAt(b, word, inWord));
  return arith::SelectOp::create(b, isKept, code, byteOf(b, 0));
}

} // namespace coopt
