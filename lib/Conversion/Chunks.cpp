//===- Chunks.cpp -----------------------------------------------------------===//
#include "Chunks.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace coopt {

Value asValue(ImplicitLocOpBuilder &b, OpFoldResult index) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), index);
}

Value constantIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

SmallVector<Value> emitFor(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step, ValueRange inits,
                           function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, from, to, constantIndex(b, step), inits,
                                 [&](OpBuilder &nested, Location loc, Value iv, ValueRange carried) {
                                   ImplicitLocOpBuilder inner(loc, nested);
                                   scf::YieldOp::create(inner, body(inner, iv, carried));
                                 });
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> emitIf(ImplicitLocOpBuilder &b, Value condition,
                          function_ref<SmallVector<Value>(ImplicitLocOpBuilder &)> whenTrue,
                          function_ref<SmallVector<Value>(ImplicitLocOpBuilder &)> whenFalse) {
  auto branch = [](function_ref<SmallVector<Value>(ImplicitLocOpBuilder &)> body) {
    return [body](OpBuilder &nested, Location loc) {
      ImplicitLocOpBuilder inner(loc, nested);
      scf::YieldOp::create(inner, body(inner));
    };
  };
  auto choice = scf::IfOp::create(b, condition, branch(whenTrue), branch(whenFalse));
  return SmallVector<Value>(choice.getResults());
}

/// A loop whose body is a chunk.
static SmallVector<Value> loopOver(ImplicitLocOpBuilder &b, Value bound, int64_t step, ValueRange inits,
                                   Chunk chunk, ChunkBody body) {
  return emitFor(b, constantIndex(b, 0), bound, step, inits,
                 [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange carried) {
                   chunk.base = iv;
                   return body(inner, chunk, carried);
                 });
}

SmallVector<Value> emitScalars(ImplicitLocOpBuilder &b, OpFoldResult extent, ValueRange inits,
                               ChunkBody body) {
  Chunk chunk;
  chunk.lanes = 1;
  chunk.scalar = true;
  if (getConstantIntValue(extent) == 1) {
    chunk.base = constantIndex(b, 0);
    return body(b, chunk, inits);
  }
  return loopOver(b, asValue(b, extent), 1, inits, chunk, body);
}

SmallVector<Value> emitChunks(ImplicitLocOpBuilder &b, OpFoldResult extent, int64_t width, ValueRange inits,
                              ChunkBody body) {
  Chunk full;
  full.lanes = width;
  SmallVector<Value> carried(inits);
  if (std::optional<int64_t> size = getConstantIntValue(extent)) {
    int64_t rest = *size % width;
    int64_t whole = *size - rest;
    if (whole == width) {
      full.base = constantIndex(b, 0);
      carried = body(b, full, carried);
    } else if (whole > 0) {
      carried = loopOver(b, constantIndex(b, whole), width, carried, full, body);
    }
    if (rest > 0) {
      Chunk tail;
      tail.base = constantIndex(b, whole);
      tail.lanes = rest;
      carried = body(b, tail, carried);
    }
    return carried;
  }

  Value size = asValue(b, extent);
  Value rest = arith::RemUIOp::create(b, size, constantIndex(b, width));
  Value whole = arith::SubIOp::create(b, size, rest);
  carried = loopOver(b, whole, width, carried, full, body);
  Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, constantIndex(b, 0));
  auto guarded = scf::IfOp::create(
      b, hasRest,
      [&](OpBuilder &nested, Location loc) {
        ImplicitLocOpBuilder inner(loc, nested);
        Chunk tail;
        tail.base = whole;
        tail.lanes = width;
        tail.mask = vector::CreateMaskOp::create(inner, VectorType::get({width}, inner.getI1Type()), rest);
        scf::YieldOp::create(inner, body(inner, tail, carried));
      },
      carried.empty() ? function_ref<void(OpBuilder &, Location)>()
                      : [&](OpBuilder &nested, Location loc) { scf::YieldOp::create(nested, loc, carried); });
  return SmallVector<Value>(guarded.getResults());
}

void emitLoop(ImplicitLocOpBuilder &b, OpFoldResult extent,
              function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
  emitScalars(b, extent, {}, [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
    body(inner, chunk.base);
    return SmallVector<Value>();
  });
}

bool hasUnitInnerStride(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t offset;
  SmallVector<int64_t> strides;
  if (type.getRank() == 0 || failed(type.getStridesAndOffset(strides, offset))) {
    return false;
  }
  return strides.back() == 1;
}

OpFoldResult extentOf(ImplicitLocOpBuilder &b, Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dim)) {
    return b.getIndexAttr(type.getDimSize(dim));
  }
  return OpFoldResult(Value(memref::DimOp::create(b, memref, dim)));
}

Value constantOf(ImplicitLocOpBuilder &b, Type type, TypedAttr element) {
  if (auto vector = dyn_cast<VectorType>(type)) {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, static_cast<Attribute>(element)));
  }
  return arith::ConstantOp::create(b, element);
}

Value constantF32(ImplicitLocOpBuilder &b, Type type, float value) {
  return constantOf(b, type, b.getF32FloatAttr(value));
}

Value loadChunk(ImplicitLocOpBuilder &b, const Chunk &chunk, Value memref, ValueRange indices,
                TypedAttr absent) {
  if (chunk.scalar) {
    return memref::LoadOp::create(b, memref, indices);
  }
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto type = VectorType::get({chunk.lanes}, element);
  if (!chunk.mask) {
    return vector::LoadOp::create(b, type, memref, indices);
  }
  Value fill = constantOf(b, type, absent ? absent : b.getZeroAttr(element));
  return vector::MaskedLoadOp::create(b, type, memref, indices, chunk.mask, fill);
}

void storeChunk(ImplicitLocOpBuilder &b, const Chunk &chunk, Value value, Value memref, ValueRange indices) {
  if (chunk.scalar) {
    memref::StoreOp::create(b, value, memref, indices);
  } else if (chunk.mask) {
    vector::MaskedStoreOp::create(b, memref, indices, chunk.mask, value);
  } else {
    vector::StoreOp::create(b, value, memref, indices);
  }
}

Value splat(ImplicitLocOpBuilder &b, const Chunk &chunk, Value value) {
  if (chunk.scalar || isa<VectorType>(value.getType())) {
    return value;
  }
  return vector::BroadcastOp::create(b, chunk.typeOf(value.getType()), value);
}

Value widen(ImplicitLocOpBuilder &b, Value vector, TypedAttr absent, int64_t lanes) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getNumElements() == lanes) {
    return vector;
  }
  Value rest = constantOf(b, VectorType::get({lanes}, type.getElementType()), absent);
  return vector::InsertStridedSliceOp::create(b, vector, rest, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
}

Value narrow(ImplicitLocOpBuilder &b, Value vector, int64_t lanes) {
  if (cast<VectorType>(vector.getType()).getNumElements() == lanes) {
    return vector;
  }
  return vector::ExtractStridedSliceOp::create(b, vector, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{lanes},
                                               ArrayRef<int64_t>{1});
}

Value reduceTree(ImplicitLocOpBuilder &b, Value vector, function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  for (int64_t half = lanes / 2; half >= 1; half /= 2) {
    auto slice = [&](int64_t from) {
      return vector::ExtractStridedSliceOp::create(b, vector, ArrayRef<int64_t>{from},
                                                   ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1})
          .getResult();
    };
    vector = combine(slice(0), slice(half));
  }
  return vector::ExtractOp::create(b, vector, 0);
}

// Swaps the off-diagonal blocks of 8, then those of 4, 2 and 1 within each.
void transposeSquare(ImplicitLocOpBuilder &b, SmallVectorImpl<Value> &square) {
  for (int64_t h = kLanes / 2; h > 0; h /= 2) {
    SmallVector<int64_t> upper, lower;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      upper.push_back(lane & h ? kLanes + lane - h : lane);
      lower.push_back(lane & h ? kLanes + lane : lane + h);
    }
    for (int64_t i = 0; i < kLanes; ++i) {
      if ((i & h) == 0) {
        Value x = square[i], y = square[i + h];
        square[i] = vector::ShuffleOp::create(b, x, y, upper);
        square[i + h] = vector::ShuffleOp::create(b, x, y, lower);
      }
    }
  }
}

} // namespace coopt
