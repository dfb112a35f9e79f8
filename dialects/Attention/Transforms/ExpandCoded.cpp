//===- ExpandCoded.cpp - coopt/Numerics/CodedCache.h, number by number ------===//
#include "dialects/Attention/Transforms/ExpandCoded.h"

#include "coopt/Numerics/GroupQuantization.h"
#include "dialects/Model/IR/ReferenceBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::attention;
using coopt::model::indexConstant;

namespace {

using Builder = ImplicitLocOpBuilder;

/// The builder that Numerics' sequences are instantiated with.
struct FloatBuilder {
  using F32 = Value;
  Builder &b;

  Value constant(float x) { return arith::ConstantOp::create(b, b.getF32FloatAttr(x)); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y);
  }
  Value lessThan(Value x, Value y) { return compare(arith::CmpFPredicate::OLT, x, y); }
  Value greaterThan(Value x, Value y) { return compare(arith::CmpFPredicate::OGT, x, y); }
  Value isNan(Value x) { return compare(arith::CmpFPredicate::UNO, x, x); }
  Value select(Value c, Value x, Value y) { return arith::SelectOp::create(b, c, x, y); }
  /// A scale is never 0.
  Value scale(Value x) { return select(compare(arith::CmpFPredicate::OEQ, x, constant(0)), constant(1), x); }
};

/// Keys or values of one head.
class Slab {
public:
  Slab(Value buffer, Value slab, numerics::CodedCache cache, bool keys)
      : buffer(buffer), slab(slab), cache(cache), keys(keys) {}

  Value read(Builder &b, Value position, Value d, Value query) {
    if (!cache.hasResidual()) {
      return decode(b, position, d);
    }
    Value isOwn = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, position, blockOf(b, query));
    auto either = scf::IfOp::create(
        b, isOwn,
        [&](OpBuilder &nested, Location loc) {
          Builder inner(loc, nested);
          scf::YieldOp::create(inner, loadHalf(inner, residualByte(inner, position, d)));
        },
        [&](OpBuilder &nested, Location loc) {
          Builder inner(loc, nested);
          scf::YieldOp::create(inner, decode(inner, position, d));
        });
    return either.getResult(0);
  }

  void append(Builder &b, Value rows, Value head, Value past) {
    Value zero = indexConstant(b, 0), count = tensor::DimOp::create(b, rows, 0);
    Value channels = indexConstant(b, cache.channels);
    auto element = [&](Builder &at, Value row, Value d) -> Value {
      return tensor::ExtractOp::create(at, rows, ValueRange{row, head, d});
    };
    if (!cache.hasResidual()) {
      forRange(b, zero, count, 1, [&](Builder &at, Value row) {
        encodeSymmetric(at, add(at, past, row),
                        [&](Builder &inner, Value d) { return element(inner, row, d); });
      });
      return;
    }
    Value held = arith::IndexCastOp::create(b, b.getIndexType(), loadWord(b, zero, 8));
    Value block = blockOf(b, past), end = add(b, past, count);
    Value isLost = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, block, held);
    Value lostEnd = arith::SelectOp::create(b, isLost, past, block);
    auto store = [&](Builder &at, Value from, Value to, function_ref<Value(Builder &, Value, Value)> number) {
      forRange(at, from, to, 1, [&](Builder &outer, Value position) {
        forRange(outer, zero, channels, 1, [&](Builder &inner, Value d) {
          storeHalf(inner, residualByte(inner, position, d), number(inner, position, d));
        });
      });
    };
    store(b, block, lostEnd, [&](Builder &at, Value position, Value d) { return decode(at, position, d); });
    store(b, past, end, [&](Builder &at, Value position, Value d) {
      return element(at, arith::SubIOp::create(at, position, past), d);
    });
    forRange(b, block, blockOf(b, end), cache.group,
             [&](Builder &at, Value first) { encodeBlock(at, first); });
    Value kept = arith::SelectOp::create(b, isLost, block, held);
    Value oldest = arith::SubIOp::create(b, end, indexConstant(b, cache.residual));
    kept = arith::MaxSIOp::create(b, kept, oldest);
    storeWord(b, zero, 8, arith::IndexCastOp::create(b, b.getI64Type(), kept));
  }

private:
  Value buffer, slab;
  numerics::CodedCache cache;
  bool keys;

  static void forRange(Builder &b, Value from, Value to, int64_t step,
                       function_ref<void(Builder &, Value)> body) {
    scf::ForOp::create(b, from, to, indexConstant(b, step), ValueRange(),
                       [&](OpBuilder &nested, Location loc, Value iv, ValueRange) {
                         Builder inner(loc, nested);
                         body(inner, iv);
                         scf::YieldOp::create(inner);
                       });
  }
  static Value add(Builder &b, Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  static Value add(Builder &b, Value x, int64_t y) { return add(b, x, indexConstant(b, y)); }
  static Value times(Builder &b, Value x, int64_t y) {
    return arith::MulIOp::create(b, x, indexConstant(b, y));
  }
  static Value quotient(Builder &b, Value x, int64_t y) {
    return arith::DivUIOp::create(b, x, indexConstant(b, y));
  }
  static Value rest(Builder &b, Value x, int64_t y) {
    return arith::RemUIOp::create(b, x, indexConstant(b, y));
  }
  Value blockOf(Builder &b, Value position) {
    return arith::SubIOp::create(b, position, rest(b, position, cache.group));
  }

  SmallVector<Value> place(Builder &b, Value byte) {
    return {slab, quotient(b, byte, cache.positionBytes()), rest(b, byte, cache.positionBytes())};
  }
  /// Little-endian words.
  Value loadWord(Builder &b, Value byte, int64_t bytes) {
    Type type = b.getIntegerType(8 * bytes);
    Value word = arith::ConstantOp::create(b, b.getIntegerAttr(type, 0));
    for (int64_t i = 0; i < bytes; ++i) {
      Value part = memref::LoadOp::create(b, buffer, place(b, add(b, byte, i)));
      Value shift = arith::ConstantOp::create(b, b.getIntegerAttr(type, 8 * i));
      part = bytes == 1 ? part : arith::ExtUIOp::create(b, type, part).getResult();
      word = arith::OrIOp::create(b, word, arith::ShLIOp::create(b, part, shift));
    }
    return word;
  }
  void storeWord(Builder &b, Value byte, int64_t bytes, Value word) {
    for (int64_t i = 0; i < bytes; ++i) {
      Value shift = arith::ConstantOp::create(b, b.getIntegerAttr(word.getType(), 8 * i));
      Value part = arith::ShRUIOp::create(b, word, shift);
      part = bytes == 1 ? part : arith::TruncIOp::create(b, b.getI8Type(), part).getResult();
      memref::StoreOp::create(b, part, buffer, place(b, add(b, byte, i)));
    }
  }
  Value loadHalf(Builder &b, Value byte) {
    Value half = arith::BitcastOp::create(b, b.getF16Type(), loadWord(b, byte, 2));
    return arith::ExtFOp::create(b, b.getF32Type(), half);
  }
  void storeHalf(Builder &b, Value byte, Value x) {
    Value half = arith::TruncFOp::create(b, b.getF16Type(), x);
    storeWord(b, byte, 2, arith::BitcastOp::create(b, b.getI16Type(), half));
  }

  Value residualByte(Builder &b, Value position, Value d) {
    Value number = add(b, times(b, rest(b, position, cache.residual), cache.channels), d);
    return add(b, times(b, number, 2), numerics::CodedCache::kMarkBytes);
  }
  Value blockByte(Builder &b, Value position) {
    return times(b, add(b, blockOf(b, position), cache.keptPositions()), cache.positionBytes());
  }
  /// Of the scale of an element; its minimum is minimumOffset behind it.
  Value scaleByte(Builder &b, Value position, Value d) {
    Value number = keys ? d
                        : add(b, times(b, rest(b, position, cache.group), cache.valueGroups()),
                              quotient(b, d, cache.group));
    return add(b, blockByte(b, position), times(b, number, 2));
  }
  Value codeByte(Builder &b, Value position, Value d) {
    Value row = times(b, rest(b, position, cache.group), cache.codeBytes());
    Value byte = add(b, add(b, blockByte(b, position), row), rest(b, d, cache.codeBytes()));
    return add(b, byte, cache.codeOffset(keys));
  }
  /// Of a code in its byte.
  Value shift(Builder &b, Value d) {
    Value bits = times(b, quotient(b, d, cache.codeBytes()), cache.bits);
    return arith::IndexCastOp::create(b, b.getI8Type(), bits);
  }

  Value decode(Builder &b, Value position, Value d) {
    Value byte = loadWord(b, codeByte(b, position, d), 1);
    if (cache.symmetric) {
      Value scale = arith::BitcastOp::create(b, b.getF32Type(), loadWord(b, blockByte(b, position), 4));
      return arith::MulFOp::create(b, arith::SIToFPOp::create(b, b.getF32Type(), byte), scale);
    }
    Value mask = arith::ConstantOp::create(b, b.getI8IntegerAttr((1 << cache.bits) - 1));
    Value code = arith::AndIOp::create(b, arith::ShRUIOp::create(b, byte, shift(b, d)), mask);
    Value at = scaleByte(b, position, d);
    Value x = arith::MulFOp::create(b, arith::UIToFPOp::create(b, b.getF32Type(), code), loadHalf(b, at));
    return arith::AddFOp::create(b, x, loadHalf(b, add(b, at, cache.minimumOffset(keys))));
  }

  void encodeSymmetric(Builder &b, Value position, function_ref<Value(Builder &, Value)> element) {
    Value zero = indexConstant(b, 0), channels = indexConstant(b, cache.channels);
    FloatBuilder f{b};
    Value amax =
        model::emitLoop(b, zero, channels, f.constant(0), [&](Builder &at, Value d, Value most) -> Value {
          return arith::MaximumFOp::create(at, most, math::AbsFOp::create(at, element(at, d)));
        });
    Value scale = f.scale(f.div(amax, f.constant(127)));
    storeWord(b, blockByte(b, position), 4, arith::BitcastOp::create(b, b.getI32Type(), scale));
    forRange(b, zero, channels, 1, [&](Builder &at, Value d) {
      FloatBuilder inner{at};
      Value code = numerics::quantizeElement(inner, element(at, d), scale, -127, 127);
      storeWord(at, codeByte(at, position, d), 1, arith::FPToSIOp::create(at, at.getI8Type(), code));
    });
  }

  /// The block that begins at `first`, from the residual.
  void encodeBlock(Builder &b, Value first) {
    Value zero = indexConstant(b, 0), channels = indexConstant(b, cache.channels),
          end = add(b, first, cache.group);
    // The scale and minimum of the numbers of positions first .. and channels from ..
    auto storeScaling = [&](Builder &at, Value position, Value lastPosition, Value from, Value to) {
      FloatBuilder f{at};
      auto extreme = [&](bool isLow) {
        Value start = loadHalf(at, residualByte(at, position, from));
        return model::emitLoop(
            at, position, lastPosition, start, [&](Builder &outer, Value p, Value carried) {
              return model::emitLoop(outer, from, to, carried,
                                     [&](Builder &inner, Value d, Value so) -> Value {
                                       Value x = loadHalf(inner, residualByte(inner, p, d));
                                       return isLow ? arith::MinimumFOp::create(inner, so, x).getResult()
                                                    : arith::MaximumFOp::create(inner, so, x).getResult();
                                     });
            });
      };
      Value low = extreme(true), high = extreme(false);
      Value scale = f.div(f.sub(high, low), f.constant(static_cast<float>((1 << cache.bits) - 1)));
      Value half = arith::TruncFOp::create(at, at.getF16Type(), scale);
      Value byte = scaleByte(at, position, from);
      storeHalf(at, byte, f.scale(arith::ExtFOp::create(at, at.getF32Type(), half)));
      storeHalf(at, add(at, byte, cache.minimumOffset(keys)), low);
    };
    if (keys) {
      forRange(b, zero, channels, 1,
               [&](Builder &at, Value d) { storeScaling(at, first, end, d, add(at, d, 1)); });
    } else {
      forRange(b, first, end, 1, [&](Builder &outer, Value position) {
        forRange(outer, zero, channels, cache.group, [&](Builder &at, Value from) {
          Value to = arith::MinUIOp::create(at, add(at, from, cache.group), channels);
          storeScaling(at, position, add(at, position, 1), from, to);
        });
      });
    }
    forRange(b, first, end, 1, [&](Builder &outer, Value position) {
      forRange(outer, zero, channels, 1, [&](Builder &at, Value d) {
        FloatBuilder f{at};
        Value scale = scaleByte(at, position, d);
        Value low = loadHalf(at, add(at, scale, cache.minimumOffset(keys)));
        Value x = f.sub(loadHalf(at, residualByte(at, position, d)), low);
        x = numerics::quantizeElement(f, x, loadHalf(at, scale), 0,
                                      static_cast<float>((1 << cache.bits) - 1));
        Value code = arith::ShLIOp::create(at, arith::FPToUIOp::create(at, at.getI8Type(), x), shift(at, d));
        // The first plane's code begins the byte.
        Value byte = codeByte(at, position, d);
        Value isFirst =
            arith::CmpIOp::create(at, arith::CmpIPredicate::ult, d, indexConstant(at, cache.codeBytes()));
        Value none = arith::ConstantOp::create(at, at.getI8IntegerAttr(0));
        Value others = arith::SelectOp::create(at, isFirst, none, loadWord(at, byte, 1));
        storeWord(at, byte, 1, arith::OrIOp::create(at, others, code));
      });
    });
  }
};

} // namespace

Value attention::expandCodedRead(ImplicitLocOpBuilder &builder, ReadOp op, Value slab) {
  Slab state(op.getState(), slab, op.getCoded().getCache(op.getCodedHeadSize()), op.getPart() == Part::key);
  return state.read(builder, op.getPosition(), op.getD(), op.getQuery());
}

void attention::expandCodedAppend(ImplicitLocOpBuilder &builder, AppendOp op, Value head, Value keySlab,
                                  Value valueSlab) {
  numerics::CodedCache cache = op.getCoded().getCache(op.getKeys().getType().getDimSize(2));
  Slab(op.getState(), keySlab, cache, true).append(builder, op.getKeys(), head, op.getPast());
  Slab(op.getState(), valueSlab, cache, false).append(builder, op.getValues(), head, op.getPast());
}
