#include "MatrixUnitState.h"
#include "RegisterTiles.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace coopt {

StateLines::StateLines(Builder &b, attention::AttendOp op, bool prefetches)
    : op(op), headSize(cast<MemRefType>(op.getQ().getType()).getDimSize(2)), prefetches(prefetches) {
  dotTiles = llvm::divideCeil(headSize, 2 * kLanes);
  outTiles = llvm::divideCeil(headSize, kLanes);
  keys = Lines::allocate(b, kBlock / kLanes * dotTiles);
  values = Lines::allocate(b, kBlock / kUnit * outTiles);
  lastKeys = allocateVectors(b, kUnit, outTiles * kLanes);
  coded = codedStateOf(b, op);
  if (coded) {
    decoded = allocateVectors(b, kBlock, headSize);
  }
}

Value StateLines::elementsAt(Builder &b, Value slab, Value block, Value j, int64_t d) {
  return headElements(b, headSize, d, [&](const Chunk &chunk) { return chunkOf(b, chunk, slab, block, j); });
}

Value StateLines::chunkOf(Builder &b, const Chunk &chunk, Value slab, Value block, Value j) {
  return coded ? loadChunk(b, chunk, decoded, {j, chunk.base})
               : loadState(b, chunk, op.getState(), {slab, addIndex(b, block, j), chunk.base});
}

void StateLines::decodeBlock(Builder &b, bool isKeys, const Slabs &slabs, Value block, Value here) {
  if (coded) {
    coded->emitDecode(b, isKeys, isKeys ? slabs.keys : slabs.values, block, here, slabs.boundary, decoded);
  }
}

void StateLines::emitKeys(Builder &b, const Slabs &slabs, Value block, Value count) {
  Value here = least(b, minus(b, count, block), kBlock);
  decodeBlock(b, /*isKeys=*/true, slabs, block, here);
  forRange(b, constantIndex(b, 0), here, 1, [&](Builder &inner, Value j) {
    Value key = addIndex(inner, block, j), lanes = constantIndex(inner, kLanes);
    Value part = arith::RemUIOp::create(inner, j, lanes);
    Value line = addIndex(inner, times(inner, minus(inner, j, part), dotTiles), part);
    if (prefetches && !coded) {
      // A single row comes to keys and values that no cache holds: their values are next, then the next block.
      emitPrefetch(inner, slabs.values, key);
      emitPrefetch(inner, slabs.keys, addIndex(inner, key, kBlock));
    }
    for (int64_t tile = 0; tile < dotTiles; ++tile) {
      Value first = elementsAt(inner, slabs.keys, block, j, 2 * tile * kLanes);
      Value second = elementsAt(inner, slabs.keys, block, j, (2 * tile + 1) * kLanes);
      keys.store(inner, lineRow(inner, first, second), addIndex(inner, line, tile * kLanes));
    }
  });
}

/// A row beyond the last is fetched by no one: a prefetch of what is not there does nothing.
void StateLines::emitPrefetch(Builder &b, Value slab, Value key) {
  Type element = cast<MemRefType>(op.getState().getType()).getElementType();
  const int64_t perLine = 64 * 8 / element.getIntOrFloatBitWidth();
  for (int64_t d = 0; d < headSize; d += perLine) {
    memref::PrefetchOp::create(b, op.getState(), ValueRange{slab, key, constantIndex(b, d)},
                               /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
  }
}

void StateLines::emitValues(Builder &b, const Slabs &slabs, Value block, Value count) {
  Value here = least(b, minus(b, count, block), kBlock);
  decodeBlock(b, /*isKeys=*/false, slabs, block, here);
  Value rest = arith::RemUIOp::create(b, here, constantIndex(b, kUnit)), whole = minus(b, here, rest);
  forRange(b, constantIndex(b, 0), whole, kUnit, [&](Builder &inner, Value first) {
    emitUnitOfValues(inner, first, [&](Builder &nested, Value j, int64_t d) {
      return elementsAt(nested, slabs.values, block, addIndex(nested, first, j), d);
    });
  });
  auto vectors = VectorType::get({kLanes}, b.getF32Type());
  emitIf(b, isLess(b, constantIndex(b, 0), rest), [&](Builder &inner) {
    Value end = constantIndex(inner, kUnit);
    forRange(inner, constantIndex(inner, 0), end, 1, [&](Builder &nested, Value j) {
      for (int64_t d = 0; d < outTiles * kLanes; d += kLanes) {
        Value zero = constantF32(nested, vectors, 0.0f);
        vector::StoreOp::create(nested, zero, lastKeys, ValueRange{j, constantIndex(nested, d)});
      }
    });
    forRange(inner, constantIndex(inner, 0), rest, 1, [&](Builder &nested, Value j) {
      Value key = addIndex(nested, whole, j);
      for (int64_t d = 0; d < headSize; d += kLanes) {
        Chunk chunk = headChunk(nested, headSize, d);
        storeChunk(nested, chunk, chunkOf(nested, chunk, slabs.values, block, key), lastKeys,
                   {j, chunk.base});
      }
    });
    emitUnitOfValues(inner, whole, [&](Builder &nested, Value j, int64_t d) {
      return vector::LoadOp::create(nested, vectors, lastKeys, ValueRange{j, constantIndex(nested, d)});
    });
  });
}

/// 32 keys from `first` of the block on; `load` gives elements d .. d + 15 of the value of one of them.
void StateLines::emitUnitOfValues(Builder &b, Value first,
                                  llvm::function_ref<Value(Builder &, Value, int64_t)> load) {
  Value unit = arith::DivUIOp::create(b, first, constantIndex(b, kUnit));
  Value line = times(b, unit, outTiles * kLanes);
  for (int64_t tile = 0; tile < outTiles; ++tile) {
    SmallVector<Value> square;
    for (int64_t j = 0; j < kUnit; j += 2) {
      Value even = load(b, constantIndex(b, j), tile * kLanes);
      Value odd = load(b, constantIndex(b, j + 1), tile * kLanes);
      square.push_back(linePairs(b, even, odd));
    }
    transposeSquare(b, square);
    for (auto [i, row] : llvm::enumerate(square)) {
      values.store(b, row, addIndex(b, line, tile * kLanes + static_cast<int64_t>(i)));
    }
  }
}

} // namespace coopt
