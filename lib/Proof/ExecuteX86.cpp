// Instructions of x86: what they do is said by Intel's Software Developer's Manual, volumes 2A to 2C.
#include "Execution.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace coopt::proof;

namespace {
enum class Intrinsic { Unknown, DotBytes, MultiplyPairs, Permute, PermuteTwo };
} // namespace

LogicalResult Execution::runIntrinsic(Operation *op, bool &isKnown) {
  auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
  if (!call) {
    isKnown = false;
    return success();
  }
  const auto kind = llvm::StringSwitch<Intrinsic>(call.getIntrin())
                        .Case("llvm.x86.avx512.vpdpbusd.512", Intrinsic::DotBytes)
                        .Cases({"llvm.x86.sse2.pmadd.wd", "llvm.x86.avx2.pmadd.wd"}, Intrinsic::MultiplyPairs)
                        .Cases({"llvm.x86.avx2.permps", "llvm.x86.avx512.permvar.sf.512"}, Intrinsic::Permute)
                        .Case("llvm.x86.avx512.vpermi2var.ps.512", Intrinsic::PermuteTwo)
                        .Default(Intrinsic::Unknown);
  if (kind == Intrinsic::Unknown || call.getArgs().size() < 2) {
    return op->emitOpError("is an instruction whose bits are not known here: ") << call.getIntrin();
  }
  const Lanes x = lanes(call.getArgs()[0]), y = lanes(call.getArgs()[1]);
  auto product = [&](Term a, bool isSigned, Term b) {
    return t.mul(t.resized(a, 32, isSigned), t.resized(b, 32, /*isSigned=*/true));
  };
  Lanes all;
  switch (kind) {
  case Intrinsic::DotBytes:
    // VPDPBUSD: products of unsigned bytes of the first and signed bytes of the second source; sums wrap.
    for (size_t lane = 0; lane < x.size(); ++lane) {
      Term sum = x[lane];
      for (size_t i = 4 * lane; i < 4 * lane + 4; ++i) {
        sum = t.add(sum, product(y[i], false, lanes(call.getArgs()[2])[i]));
      }
      all.push_back(sum);
    }
    break;
  case Intrinsic::MultiplyPairs:
    // PMADDWD: products of signed words, neighbours added.
    for (size_t i = 0; i < x.size(); i += 2) {
      all.push_back(t.add(product(x[i], true, y[i]), product(x[i + 1], true, y[i + 1])));
    }
    break;
  case Intrinsic::Permute:
    // VPERMPS: elements by the lowest bits of indices.
    for (Term index : y) {
      all.push_back(t.elementAt(x, index));
    }
    break;
  case Intrinsic::PermuteTwo: {
    // VPERMI2PS: elements of two tables, one behind the other.
    Lanes table = x;
    llvm::append_range(table, lanes(call.getArgs()[2]));
    for (Term index : y) {
      all.push_back(t.elementAt(table, index));
    }
    break;
  }
  case Intrinsic::Unknown:
    break;
  }
  set(call.getResult(0), std::move(all));
  return success();
}

LogicalResult Execution::runTiles(Operation *op, bool &isKnown) {
  auto typeOf = [](Value tile) { return cast<amx::TileType>(tile.getType()); };
  if (auto zero = dyn_cast<amx::TileZeroOp>(op)) {
    const amx::TileType type = typeOf(zero);
    const int64_t count = type.getDimSize(0) * type.getDimSize(1);
    set(zero, Lanes(static_cast<size_t>(count), t.constant(bitsOf(type.getElementType()), 0)));
    return success();
  }
  /// Calls `each` with the byte of each element of a tile.
  auto forTile = [&](Value base, ValueRange indices, amx::TileType type,
                     llvm::function_ref<void(int64_t)> each) -> LogicalResult {
    FailureOr<SmallVector<int64_t>> index = numbers(op, indices, "an index");
    if (failed(index)) {
      return failure();
    }
    if (index->size() < 2 || view(base).strides.back() != 1) {
      return op->emitOpError("accesses a tile whose rows do not stand together");
    }
    const int64_t row = (*index)[index->size() - 2], column = index->back();
    for (int64_t r = 0; r < type.getDimSize(0); ++r) {
      for (int64_t c = 0; c < type.getDimSize(1); ++c) {
        (*index)[index->size() - 2] = row + r;
        index->back() = column + c;
        FailureOr<int64_t> byte = place(op, view(base), *index);
        if (failed(byte)) {
          return failure();
        }
        each(*byte);
      }
    }
    return success();
  };
  if (auto loaded = dyn_cast<amx::TileLoadOp>(op)) {
    Lanes all;
    const View &from = view(loaded.getBase());
    if (failed(forTile(loaded.getBase(), loaded.getIndices(), typeOf(loaded),
                       [&](int64_t byte) { all.push_back(load(from, byte)); }))) {
      return failure();
    }
    set(loaded, std::move(all));
    return success();
  }
  if (auto stored = dyn_cast<amx::TileStoreOp>(op)) {
    const Lanes &all = lanes(stored.getVal());
    const View &to = view(stored.getBase());
    size_t next = 0;
    return forTile(stored.getBase(), stored.getIndices(), typeOf(stored.getVal()),
                   [&](int64_t byte) { store(to, byte, all[next++]); });
  }
  if (auto product = dyn_cast<amx::TileMulIOp>(op)) {
    // TDPBSSD and its like: c[m][n] += sum over k and i < 4 of a[m][4 k + i] b[k][4 n + i]; sums wrap.
    const Lanes &a = lanes(product.getLhs()), &b = lanes(product.getRhs());
    Lanes all = lanes(product.getAcc());
    const int64_t rows = typeOf(product.getAcc()).getDimSize(0),
                  columns = typeOf(product.getAcc()).getDimSize(1),
                  depth = typeOf(product.getLhs()).getDimSize(1);
    for (int64_t m = 0; m < rows; ++m) {
      for (int64_t n = 0; n < columns; ++n) {
        Term &sum = all[static_cast<size_t>(m * columns + n)];
        for (int64_t k = 0; k < depth; ++k) {
          Term left = a[static_cast<size_t>(m * depth + k)],
               right = b[static_cast<size_t>((k / 4 * columns + n) * 4 + k % 4)];
          sum = t.add(sum, t.mul(t.resized(left, 32, !product.getIsZextLhs()),
                                 t.resized(right, 32, !product.getIsZextRhs())));
        }
      }
    }
    set(product, std::move(all));
    return success();
  }
  isKnown = false;
  return success();
}
