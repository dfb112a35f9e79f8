//===- CodedState.h - Appending to and reading a state of codes -------------===//
//
// coopt/Numerics/CodedCache.h says what becomes of keys and values and where it lies.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_CODEDSTATE_H
#define COOPT_LIB_CONVERSION_CODEDSTATE_H

#include "Chunks.h"
#include "dialects/Attention/IR/Attention.h"

namespace coopt {

class CodedState {
public:
  /// `buffer`: the state's, slabs x positions x bytes.
  CodedState(mlir::ImplicitLocOpBuilder &b, numerics::CodedCache cache, mlir::Value buffer);

  /// The position from which on a query sees the residual: the first of its own block. Null without residual.
  mlir::Value boundaryOf(mlir::ImplicitLocOpBuilder &b, mlir::Value position) const;

  /// Writes positions first .. first + count - 1, as a query with that boundary sees them, to rows 0 .. of `rows`,
  /// ? x channels of f32, of which it may write whole blocks. With a residual, `first` is a multiple of the group.
  void emitDecode(mlir::ImplicitLocOpBuilder &b, bool keys, mlir::Value slab, mlir::Value first,
                  mlir::Value count, mlir::Value boundary, mlir::Value rows) const;

  /// keys and values: positions x heads x channels of f32; the layer's slabs are keySlab .. for keys, and then as
  /// many for values.
  void emitAppend(mlir::ImplicitLocOpBuilder &b, mlir::Value keys, mlir::Value values, mlir::Value past,
                  int64_t keySlab) const;

private:
  using Builder = mlir::ImplicitLocOpBuilder;
  using Run = numerics::CodedCache::Run;

  mlir::Value load(Builder &b, mlir::Value slab, mlir::Value byte, int64_t lanes, mlir::Type element) const;
  void store(Builder &b, mlir::Value vector, mlir::Value slab, mlir::Value byte) const;
  mlir::Value loadHalves(Builder &b, mlir::Value slab, mlir::Value byte, int64_t lanes) const;
  void storeHalves(Builder &b, mlir::Value vector, mlir::Value slab, mlir::Value byte) const;
  mlir::Value residualByte(Builder &b, mlir::Value position) const;
  mlir::Value blockByte(Builder &b, mlir::Value position) const;
  /// Calls `body` for the planes of a run that have channels: the plane and its first channel.
  void forPlanes(const Run &run, llvm::function_ref<void(int64_t, int64_t)> body) const;
  struct Scaling {
    mlir::Value scale, minimum;
  };
  /// Of the channels from `channel` on at a position of the block that begins at `block`.
  Scaling scalingOf(Builder &b, bool keys, mlir::Value slab, mlir::Value block, mlir::Value position,
                    int64_t channel, int64_t lanes) const;
  void encodeRow(Builder &b, mlir::Value source, mlir::ValueRange at, mlir::Value slab,
                 mlir::Value position) const;
  void encodeBlock(Builder &b, bool keys, mlir::Value slab, mlir::Value position) const;
  void storeScaling(Builder &b, bool keys, mlir::Value slab, mlir::Value block, mlir::Value residual) const;
  void appendWithResidual(Builder &b, bool keys, mlir::Value source, mlir::Value head, mlir::Value past,
                          mlir::Value slab, mlir::Value decoded) const;

  numerics::CodedCache cache;
  mlir::Value bytes; ///< slabs x bytes
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_CODEDSTATE_H
