//===- RegisterTiles.cpp ----------------------------------------------------===//
#include "RegisterTiles.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace coopt {

// A vector of 16 x 32 bits is 4 registers of SSE2 (of 16), 2 of AVX2 (of 16), 1 of AVX-512 (of 32).
TileShape blockShape(Isa isa) {
  switch (isa) {
  case Isa::Generic:
    return {2, 1};
  case Isa::Avx2:
    return {4, 1};
  case Isa::Avx512:
  case Isa::Amx:
    return {4, 4};
  }
  llvm_unreachable("unknown instruction set");
}

TileShape rowShape(Isa isa) {
  switch (isa) {
  case Isa::Generic:
    return {1, 2};
  case Isa::Avx2:
    return {1, 4};
  case Isa::Avx512:
  case Isa::Amx:
    return {1, 8};
  }
  llvm_unreachable("unknown instruction set");
}

Value multiplyAdd(ImplicitLocOpBuilder &b, Isa isa, Value x, Value y, Value sum) {
  // Not vector.fma: that becomes llvm.fmuladd, fused only where contraction is allowed.
  if (isa != Isa::Generic) {
    return math::FmaOp::create(b, x, y, sum);
  }
  return arith::AddFOp::create(b, sum, arith::MulFOp::create(b, x, y));
}

Value addIndex(ImplicitLocOpBuilder &b, Value x, int64_t offset) {
  if (offset == 0) {
    return x;
  }
  return arith::AddIOp::create(b, x, constantIndex(b, offset));
}

Value addIndex(ImplicitLocOpBuilder &b, Value x, Value offset) { return arith::AddIOp::create(b, x, offset); }

Value times(ImplicitLocOpBuilder &b, Value x, int64_t factor) {
  return arith::MulIOp::create(b, x, constantIndex(b, factor));
}

Value over(ImplicitLocOpBuilder &b, Value x, int64_t divisor) {
  return arith::DivUIOp::create(b, x, constantIndex(b, divisor));
}

Value modulo(ImplicitLocOpBuilder &b, Value x, int64_t divisor) {
  return arith::RemUIOp::create(b, x, constantIndex(b, divisor));
}

using BlockBody = function_ref<void(ImplicitLocOpBuilder &, Value)>;

static void emitBlockLoop(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step, BlockBody body) {
  emitFor(b, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
    body(inner, iv);
    return SmallVector<Value>();
  });
}

void emitBlocks(ImplicitLocOpBuilder &b, OpFoldResult extent, int64_t block,
                function_ref<void(ImplicitLocOpBuilder &, Value, int64_t)> body) {
  auto whole = [&](ImplicitLocOpBuilder &inner, Value iv) { body(inner, iv, block); };
  if (std::optional<int64_t> size = getConstantIntValue(extent)) {
    int64_t rest = *size % block;
    if (*size > rest) {
      emitBlockLoop(b, constantIndex(b, 0), constantIndex(b, *size - rest), block, whole);
    }
    if (rest > 0) {
      body(b, constantIndex(b, *size - rest), rest);
    }
    return;
  }
  Value size = asValue(b, extent);
  Value end = size;
  if (block > 1) {
    end = arith::SubIOp::create(b, size, arith::RemUIOp::create(b, size, constantIndex(b, block)));
  }
  emitBlockLoop(b, constantIndex(b, 0), end, block, whole);
  if (block > 1) {
    emitBlockLoop(b, end, size, 1, [&](ImplicitLocOpBuilder &inner, Value iv) { body(inner, iv, 1); });
  }
}

void emitColumnTiles(ImplicitLocOpBuilder &b, OpFoldResult columns, Tile tile,
                     function_ref<void(ImplicitLocOpBuilder &, const Tile &)> body) {
  auto emit = [&](ImplicitLocOpBuilder &inner, Value column, int64_t panels, Chunk last) {
    Tile piece = tile;
    piece.column = column;
    piece.panels = panels;
    piece.last = last;
    body(inner, piece);
  };
  int64_t width = tile.panels * kLanes;
  if (std::optional<int64_t> size = getConstantIntValue(columns)) {
    int64_t rest = *size % width;
    if (*size > rest) {
      emitBlockLoop(b, constantIndex(b, 0), constantIndex(b, *size - rest), width,
                    [&](ImplicitLocOpBuilder &inner, Value iv) { emit(inner, iv, tile.panels, Chunk()); });
    }
    if (rest > 0) {
      Chunk last;
      last.lanes = rest % kLanes == 0 ? kLanes : rest % kLanes;
      emit(b, constantIndex(b, *size - rest), llvm::divideCeil(rest, kLanes), last);
    }
    return;
  }
  Value size = asValue(b, columns);
  auto wholeOf = [&](int64_t unit) {
    return arith::SubIOp::create(b, size, arith::RemUIOp::create(b, size, constantIndex(b, unit)))
        .getResult();
  };
  Value tiles = wholeOf(width), panels = wholeOf(kLanes);
  emitBlockLoop(b, constantIndex(b, 0), tiles, width,
                [&](ImplicitLocOpBuilder &inner, Value iv) { emit(inner, iv, tile.panels, Chunk()); });
  if (tile.panels > 1) {
    emitBlockLoop(b, tiles, panels, kLanes,
                  [&](ImplicitLocOpBuilder &inner, Value iv) { emit(inner, iv, 1, Chunk()); });
  }
  Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, panels, size);
  scf::IfOp::create(b, hasRest, [&](OpBuilder &nested, Location loc) {
    ImplicitLocOpBuilder inner(loc, nested);
    Chunk last;
    Value rest = arith::SubIOp::create(inner, size, panels);
    last.mask = vector::CreateMaskOp::create(inner, VectorType::get({kLanes}, inner.getI1Type()), rest);
    emit(inner, panels, 1, last);
    scf::YieldOp::create(inner);
  });
}

} // namespace coopt
