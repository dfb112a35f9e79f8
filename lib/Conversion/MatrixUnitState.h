//===- MatrixUnitState.h - Keys and values of attention on AMX --------------===//
//
// The keys and values of a block of positions as lines of bf16, once for all rows and heads that share them: keys as they lie in
// memory, values transposed. A state of codes is decoded on the way.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_MATRIXUNITSTATE_H
#define COOPT_LIB_CONVERSION_MATRIXUNITSTATE_H

#include "AttendLowering.h"
#include "MatrixUnitLines.h"

namespace coopt {

class StateLines {
public:
  static constexpr int64_t kBlock = 128; ///< keys whose bf16 copies are made at a time
  static constexpr int64_t kUnit = 32;   ///< keys of a tile of weights

  /// `prefetches`: as nothing else brings the state into a cache.
  StateLines(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op, bool prefetches);

  struct Slabs {
    mlir::Value keys, values;
    mlir::Value boundary; ///< see CodedState
  };
  /// The keys of a block below `count`. Lines beyond keep what they hold: their scores are to be masked.
  void emitKeys(mlir::ImplicitLocOpBuilder &b, const Slabs &slabs, mlir::Value block, mlir::Value count);
  /// The values of a block below `count`; those beyond are zero.
  void emitValues(mlir::ImplicitLocOpBuilder &b, const Slabs &slabs, mlir::Value block, mlir::Value count);

  int64_t dotTiles, outTiles; ///< of a key's elements; of a value's
  Lines keys;                 ///< [16 keys][dot tile]: keys by elements
  Lines values;               ///< [unit][out tile]: elements by keys

private:
  using Builder = mlir::ImplicitLocOpBuilder;

  mlir::Value elementsAt(Builder &b, mlir::Value slab, mlir::Value block, mlir::Value j, int64_t d);
  mlir::Value chunkOf(Builder &b, const Chunk &chunk, mlir::Value slab, mlir::Value block, mlir::Value j);
  void decodeBlock(Builder &b, bool isKeys, const Slabs &slabs, mlir::Value block, mlir::Value here);
  void emitPrefetch(Builder &b, mlir::Value slab, mlir::Value key);
  void emitUnitOfValues(Builder &b, mlir::Value first,
                        llvm::function_ref<mlir::Value(Builder &, mlir::Value, int64_t)> load);

  attention::AttendOp op;
  int64_t headSize;
  bool prefetches;
  mlir::Value lastKeys; ///< the values of an incomplete unit
  std::optional<CodedState> coded;
  mlir::Value decoded; ///< keys, then values of the block in work, of a state of codes
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_MATRIXUNITSTATE_H
