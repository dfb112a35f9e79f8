#include "CodedState.h"
#include "MathBuilder.h"
#include "RegisterTiles.h"
#include "coopt/Numerics/GroupQuantization.h"
#include <limits>

using namespace mlir;

namespace coopt {

namespace {

void forRange(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step,
              function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
  emitFor(b, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
    body(inner, iv);
    return SmallVector<Value>();
  });
}

void forRange(ImplicitLocOpBuilder &b, int64_t to, function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
  if (to == 1) {
    body(b, constantIndex(b, 0));
    return;
  }
  forRange(b, constantIndex(b, 0), constantIndex(b, to), 1, body);
}

VectorType floatsOf(ImplicitLocOpBuilder &b, int64_t lanes) {
  return VectorType::get({lanes}, b.getF32Type());
}

} // namespace

CodedState::CodedState(ImplicitLocOpBuilder &b, numerics::CodedCache cache, Value buffer) : cache(cache) {
  bytes = memref::CollapseShapeOp::create(b, buffer, ArrayRef<ReassociationIndices>{{0}, {1, 2}});
}

Value CodedState::load(Builder &b, Value slab, Value byte, int64_t lanes, Type element) const {
  auto type = VectorType::get({lanes * element.getIntOrFloatBitWidth() / 8}, b.getI8Type());
  Value raw = vector::LoadOp::create(b, type, bytes, ValueRange{slab, byte});
  return element.isInteger(8)
             ? raw
             : vector::BitCastOp::create(b, VectorType::get({lanes}, element), raw).getResult();
}

void CodedState::store(Builder &b, Value vector, Value slab, Value byte) const {
  auto type = cast<VectorType>(vector.getType());
  if (!type.getElementType().isInteger(8)) {
    int64_t count = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    vector = vector::BitCastOp::create(b, VectorType::get({count}, b.getI8Type()), vector);
  }
  vector::StoreOp::create(b, vector, bytes, ValueRange{slab, byte});
}

Value CodedState::loadHalves(Builder &b, Value slab, Value byte, int64_t lanes) const {
  Value words = load(b, slab, byte, lanes, b.getI16Type());
  Value halves = arith::BitcastOp::create(b, VectorType::get({lanes}, b.getF16Type()), words);
  return arith::ExtFOp::create(b, floatsOf(b, lanes), halves);
}

void CodedState::storeHalves(Builder &b, Value vector, Value slab, Value byte) const {
  auto type = cast<VectorType>(vector.getType());
  Value halves = arith::TruncFOp::create(b, type.clone(b.getF16Type()), vector);
  store(b, arith::BitcastOp::create(b, type.clone(b.getI16Type()), halves), slab, byte);
}

Value CodedState::residualByte(Builder &b, Value position) const {
  Value row = arith::RemUIOp::create(b, position, constantIndex(b, cache.residual));
  return addIndex(b, times(b, row, cache.channels * 2), numerics::CodedCache::kMarkBytes);
}

Value CodedState::blockByte(Builder &b, Value position) const {
  return times(b, addIndex(b, position, cache.keptPositions()), cache.positionBytes());
}

Value CodedState::boundaryOf(Builder &b, Value position) const {
  if (!cache.hasResidual()) {
    return {};
  }
  Value inBlock = arith::RemUIOp::create(b, position, constantIndex(b, cache.group));
  return arith::SubIOp::create(b, position, inBlock);
}

void CodedState::forPlanes(const Run &run, function_ref<void(int64_t, int64_t)> body) const {
  for (int64_t plane = 0; plane < cache.planes(); ++plane) {
    int64_t channel = plane * cache.codeBytes() + run.byte;
    if (channel < cache.channels) {
      body(plane, channel);
    }
  }
}

CodedState::Scaling CodedState::scalingOf(Builder &b, bool keys, Value slab, Value block, Value position,
                                          int64_t channel, int64_t lanes) const {
  auto splatted = [&](Value single) -> Value {
    return vector::BroadcastOp::create(b, floatsOf(b, lanes), vector::ExtractOp::create(b, single, 0));
  };
  if (cache.symmetric) {
    return {splatted(load(b, slab, block, 1, b.getF32Type())), Value()};
  }
  Value minimums = addIndex(b, block, cache.minimumOffset(keys));
  if (keys) {
    Value offset = constantIndex(b, channel * 2);
    return {loadHalves(b, slab, addIndex(b, block, offset), lanes),
            loadHalves(b, slab, addIndex(b, minimums, offset), lanes)};
  }
  Value offset = addIndex(b, times(b, position, cache.valueGroups() * 2), channel / cache.group * 2);
  return {splatted(loadHalves(b, slab, addIndex(b, block, offset), 1)),
          splatted(loadHalves(b, slab, addIndex(b, minimums, offset), 1))};
}

void CodedState::emitDecode(Builder &b, bool keys, Value slab, Value first, Value count, Value boundary,
                            Value rows) const {
  Value none = constantIndex(b, 0), coded = count;
  if (boundary) {
    coded = arith::MaxSIOp::create(b, arith::SubIOp::create(b, boundary, first), none);
    coded = arith::MinSIOp::create(b, coded, count);
  }
  const std::vector<Run> runs = cache.runs(kLanes);
  // A run's codes at a position of the block; `scalings` are those of its planes.
  auto decode = [&](Builder &at, const Run &run, ArrayRef<Scaling> scalings, Value block, Value position,
                    Value row) {
    Value byte = addIndex(at, block, times(at, position, cache.codeBytes()));
    byte = addIndex(at, byte, cache.codeOffset(keys) + run.byte);
    auto words = VectorType::get({run.length}, at.getI32Type());
    Value codes = load(at, slab, byte, run.length, at.getI8Type());
    codes = cache.symmetric ? arith::ExtSIOp::create(at, words, codes).getResult()
                            : arith::ExtUIOp::create(at, words, codes).getResult();
    size_t index = 0;
    forPlanes(run, [&](int64_t plane, int64_t channel) {
      MathBuilder m(at, floatsOf(at, run.length));
      const Scaling &scaling = scalings[index++];
      Value code = codes;
      if (plane > 0) {
        code = m.shiftRightLogical(code, m.integer(static_cast<int32_t>(plane * cache.bits)));
      }
      if (!cache.symmetric && plane + 1 < cache.planes()) {
        code = m.andInt(code, m.integer((1 << cache.bits) - 1));
      }
      Value x = arith::SIToFPOp::create(at, floatsOf(at, run.length), code);
      x = m.mul(x, scaling.scale);
      x = scaling.minimum ? m.add(x, scaling.minimum) : x;
      vector::StoreOp::create(at, x, rows, ValueRange{row, constantIndex(at, channel)});
    });
  };
  forRange(b, none, coded, cache.group, [&](Builder &blocks, Value j) {
    Value block = blockByte(blocks, addIndex(blocks, first, j));
    auto scalingsOf = [&](Builder &at, const Run &run, Value position) {
      SmallVector<Scaling> scalings;
      forPlanes(run, [&](int64_t, int64_t channel) {
        scalings.push_back(scalingOf(at, keys, slab, block, position, channel, run.length));
      });
      return scalings;
    };
    if (keys && !cache.symmetric) {
      // A channel's scaling is that of all positions.
      for (const Run &run : runs) {
        SmallVector<Scaling> scalings = scalingsOf(blocks, run, Value());
        forRange(blocks, cache.group, [&](Builder &inner, Value i) {
          decode(inner, run, scalings, block, i, addIndex(inner, j, i));
        });
      }
      return;
    }
    forRange(blocks, cache.group, [&](Builder &inner, Value i) {
      SmallVector<SmallVector<Scaling>> scalings;
      for (const Run &run : runs) {
        scalings.push_back(scalingsOf(inner, run, i));
      }
      for (auto [run, scaling] : llvm::zip_equal(runs, scalings)) {
        decode(inner, run, scaling, block, i, addIndex(inner, j, i));
      }
    });
  });
  if (!boundary) {
    return;
  }
  forRange(b, coded, count, 1, [&](Builder &inner, Value j) {
    Value from = residualByte(inner, addIndex(inner, first, j));
    emitChunks(inner, inner.getIndexAttr(cache.channels), kLanes, {},
               [&](Builder &at, const Chunk &chunk, ValueRange) {
                 Value byte = addIndex(at, from, times(at, chunk.base, 2));
                 storeChunk(at, chunk, loadHalves(at, slab, byte, chunk.lanes), rows, {j, chunk.base});
                 return SmallVector<Value>();
               });
  });
}

/// The codes of a position that is a block.
void CodedState::encodeRow(Builder &b, Value source, ValueRange at, Value slab, Value position) const {
  auto rowChunk = [&](Builder &inner, const Chunk &chunk) {
    return loadChunk(inner, chunk, source, {at[0], at[1], chunk.base});
  };
  Value largest = constantF32(b, floatsOf(b, kLanes), 0.0f);
  largest = emitChunks(b, b.getIndexAttr(cache.channels), kLanes, largest,
                       [&](Builder &inner, const Chunk &chunk, ValueRange carried) {
                         Value x = math::AbsFOp::create(inner, rowChunk(inner, chunk));
                         x = widen(inner, x, inner.getF32FloatAttr(0.0f));
                         return SmallVector<Value>{arith::MaximumFOp::create(inner, carried[0], x)};
                       })[0];
  largest = reduceTree(b, largest,
                       [&](Value x, Value y) { return arith::MaximumFOp::create(b, x, y).getResult(); });
  constexpr float limit = 127;
  Value scale = arith::DivFOp::create(b, largest, constantF32(b, b.getF32Type(), limit));
  Value isZero =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, constantF32(b, b.getF32Type(), 0.0f));
  scale = arith::SelectOp::create(b, isZero, constantF32(b, b.getF32Type(), 1.0f), scale);
  Value block = blockByte(b, position), codes = addIndex(b, block, cache.codeOffset(true));
  store(b, vector::BroadcastOp::create(b, floatsOf(b, 1), scale), slab, block);
  emitChunks(
      b, b.getIndexAttr(cache.channels), kLanes, {}, [&](Builder &inner, const Chunk &chunk, ValueRange) {
        MathBuilder m(inner, chunk.typeOf(inner.getF32Type()));
        Value code =
            numerics::quantizeElement(m, rowChunk(inner, chunk), splat(inner, chunk, scale), -limit, limit);
        code = arith::FPToSIOp::create(inner, chunk.typeOf(inner.getI32Type()), code);
        code = arith::TruncIOp::create(inner, chunk.typeOf(inner.getI8Type()), code);
        store(inner, code, slab, addIndex(inner, codes, chunk.base));
        return SmallVector<Value>();
      });
}

/// Scales and minimums of a block whose numbers stand in the residual.
void CodedState::storeScaling(Builder &b, bool keys, Value slab, Value block, Value residual) const {
  const float limit = static_cast<float>((1 << cache.bits) - 1);
  const float infinity = std::numeric_limits<float>::infinity();
  Value minimums = addIndex(b, block, cache.minimumOffset(keys));
  auto storeBoth = [&](Builder &at, Value low, Value high, Value offset) {
    MathBuilder m(at, low.getType());
    auto type = cast<VectorType>(low.getType());
    Value scale = m.div(m.sub(high, low), m.constant(limit));
    Value rounded = arith::TruncFOp::create(at, type.clone(at.getF16Type()), scale);
    scale = arith::ExtFOp::create(at, type, rounded);
    Value isZero = arith::CmpFOp::create(at, arith::CmpFPredicate::OEQ, scale, m.constant(0.0f));
    scale = m.select(isZero, m.constant(1.0f), scale);
    storeHalves(at, scale, slab, addIndex(at, block, offset));
    storeHalves(at, low, slab, addIndex(at, minimums, offset));
  };
  auto lowest = [](Builder &at, Value x, Value y) -> Value { return arith::MinimumFOp::create(at, x, y); };
  auto highest = [](Builder &at, Value x, Value y) -> Value { return arith::MaximumFOp::create(at, x, y); };
  if (keys) {
    emitChunks(
        b, b.getIndexAttr(cache.channels), kLanes, {}, [&](Builder &inner, const Chunk &chunk, ValueRange) {
          Value offset = times(inner, chunk.base, 2), from = addIndex(inner, residual, offset);
          Value first = loadHalves(inner, slab, from, chunk.lanes);
          SmallVector<Value> range =
              emitFor(inner, constantIndex(inner, 1), constantIndex(inner, cache.group), 1, {first, first},
                      [&](Builder &at, Value i, ValueRange carried) {
                        Value byte = addIndex(at, from, times(at, i, cache.channels * 2));
                        Value x = loadHalves(at, slab, byte, chunk.lanes);
                        return SmallVector<Value>{lowest(at, carried[0], x), highest(at, carried[1], x)};
                      });
          storeBoth(inner, range[0], range[1], offset);
          return SmallVector<Value>();
        });
    return;
  }
  forRange(b, cache.group, [&](Builder &inner, Value i) {
    Value from = addIndex(inner, residual, times(inner, i, cache.channels * 2));
    for (int64_t number = 0; number < cache.valueGroups(); ++number) {
      Value low = constantF32(inner, floatsOf(inner, kLanes), infinity);
      Value high = constantF32(inner, floatsOf(inner, kLanes), -infinity);
      int64_t end = std::min((number + 1) * cache.group, cache.channels);
      for (int64_t channel = number * cache.group; channel < end; channel += kLanes) {
        Value x =
            loadHalves(inner, slab, addIndex(inner, from, channel * 2), std::min(end - channel, kLanes));
        low = lowest(inner, low, widen(inner, x, inner.getF32FloatAttr(infinity)));
        high = highest(inner, high, widen(inner, x, inner.getF32FloatAttr(-infinity)));
      }
      auto single = [&](Value x) -> Value {
        return vector::BroadcastOp::create(inner, floatsOf(inner, 1), x);
      };
      low = reduceTree(inner, low, [&](Value x, Value y) { return lowest(inner, x, y); });
      high = reduceTree(inner, high, [&](Value x, Value y) { return highest(inner, x, y); });
      Value offset = addIndex(inner, times(inner, i, cache.valueGroups() * 2), number * 2);
      storeBoth(inner, single(low), single(high), offset);
    }
  });
}

/// The block that begins at `position`, from the residual.
void CodedState::encodeBlock(Builder &b, bool keys, Value slab, Value position) const {
  Value block = blockByte(b, position), residual = residualByte(b, position);
  storeScaling(b, keys, slab, block, residual);
  const float limit = static_cast<float>((1 << cache.bits) - 1);
  for (const Run &run : cache.runs(kLanes)) {
    forRange(b, cache.group, [&](Builder &inner, Value i) {
      MathBuilder m(inner, floatsOf(inner, run.length));
      Value word = m.integer(0);
      Value from = addIndex(inner, residual, times(inner, i, cache.channels * 2));
      forPlanes(run, [&](int64_t plane, int64_t channel) {
        Scaling scaling = scalingOf(inner, keys, slab, block, i, channel, run.length);
        Value x = loadHalves(inner, slab, addIndex(inner, from, channel * 2), run.length);
        x = numerics::quantizeElement(m, m.sub(x, scaling.minimum), scaling.scale, 0, limit);
        Value code = arith::FPToSIOp::create(inner, VectorType::get({run.length}, inner.getI32Type()), x);
        word = m.orInt(word, m.shiftLeft(code, m.integer(static_cast<int32_t>(plane * cache.bits))));
      });
      Value codes = arith::TruncIOp::create(inner, VectorType::get({run.length}, inner.getI8Type()), word);
      Value byte = addIndex(inner, block, times(inner, i, cache.codeBytes()));
      store(inner, codes, slab, addIndex(inner, byte, cache.codeOffset(keys) + run.byte));
    });
  }
}

void CodedState::appendWithResidual(Builder &b, bool keys, Value source, Value head, Value past, Value slab,
                                    Value decoded) const {
  Value zero = constantIndex(b, 0), count = asValue(b, extentOf(b, source, 0));
  auto storeRow = [&](Builder &at, Value position, Value from, ArrayRef<Value> indices) {
    Value to = residualByte(at, position);
    emitChunks(at, at.getIndexAttr(cache.channels), kLanes, {},
               [&](Builder &inner, const Chunk &chunk, ValueRange) {
                 SmallVector<Value> place(indices);
                 place.push_back(chunk.base);
                 storeHalves(inner, loadChunk(inner, chunk, from, place), slab,
                             addIndex(inner, to, times(inner, chunk.base, 2)));
                 return SmallVector<Value>();
               });
  };

  // Positions behind `past` were given up. If the residual has gone on from its block, the rest of that comes back.
  Value mark = vector::ExtractOp::create(b, load(b, slab, zero, 1, b.getI64Type()), 0);
  mark = arith::IndexCastOp::create(b, b.getIndexType(), mark);
  Value block = boundaryOf(b, past), inBlock = arith::SubIOp::create(b, past, block);
  Value isLost = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, block, mark);
  Value lost = arith::SelectOp::create(b, isLost, inBlock, zero);
  Value blockEnd = addIndex(b, block, lost);
  emitDecode(b, keys, slab, block, lost, blockEnd, decoded);
  forRange(b, zero, lost, 1,
           [&](Builder &inner, Value j) { storeRow(inner, addIndex(inner, block, j), decoded, {j}); });

  forRange(b, zero, count, 1, [&](Builder &inner, Value row) {
    storeRow(inner, addIndex(inner, past, row), source, {row, head});
  });
  Value end = addIndex(b, past, count);
  forRange(b, block, boundaryOf(b, end), cache.group,
           [&](Builder &inner, Value position) { encodeBlock(inner, keys, slab, position); });
  mark = arith::MaxSIOp::create(b, arith::MinSIOp::create(b, mark, block), addIndex(b, end, -cache.residual));
  Value word = arith::IndexCastOp::create(b, b.getI64Type(), mark);
  store(b, vector::BroadcastOp::create(b, VectorType::get({1}, b.getI64Type()), word), slab, zero);
}

void CodedState::emitAppend(Builder &b, Value keys, Value values, Value past, int64_t keySlab) const {
  int64_t heads = cast<MemRefType>(keys.getType()).getDimSize(1);
  Value decoded;
  if (cache.hasResidual()) {
    decoded = memref::AllocOp::create(b, MemRefType::get({cache.group, cache.channels}, b.getF32Type()));
  }
  emitLoop(b, b.getIndexAttr(heads), [&](Builder &inner, Value head) {
    for (bool isKey : {true, false}) {
      Value source = isKey ? keys : values;
      Value slab = addIndex(inner, head, keySlab + (isKey ? 0 : heads));
      if (cache.hasResidual()) {
        appendWithResidual(inner, isKey, source, head, past, slab, decoded);
        continue;
      }
      emitLoop(inner, extentOf(inner, source, 0), [&](Builder &rows, Value row) {
        encodeRow(rows, source, {row, head}, slab, addIndex(rows, past, row));
      });
    }
  });
}

} // namespace coopt
