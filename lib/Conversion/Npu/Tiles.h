//===- Tiles.h - Operands in the accelerator's memories -----------------------===//
//
// The ops of a kernel see memrefs: arguments, which are in DRAM, temporaries, and views of them. Engines see matrices in the scratchpad.
// Here the ones become the others: what is in DRAM is copied, temporaries lie in the scratchpad from the start, and of whatever lies
// there any two dimensions are a matrix.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_NPU_TILES_H
#define COOPT_LIB_CONVERSION_NPU_TILES_H

#include "dialects/Npu/IR/Npu.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace coopt::npu {

/// Elements in one memory, at the strides of a buffer of static extents. Offset and strides in elements.
struct Tile {
  mlir::Value buffer;
  mlir::OpFoldResult offset;
  llvm::SmallVector<mlir::OpFoldResult> extents;
  llvm::SmallVector<int64_t> strides;

  mlir::Type element() const { return llvm::cast<mlir::MemRefType>(buffer.getType()).getElementType(); }
  size_t rank() const { return extents.size(); }
};

/// One of the dimensions of a matrix: of `dimension` of a tile, or the same element again and again.
constexpr int kSame = -1;

/// A number that divides it, whatever it is at run time; 0 of 0.
int64_t divisorOf(mlir::OpFoldResult number);

/// Builds the ops of one function, before the op that is lowered.
class Tiles {
public:
  /// `channels`: of DMA; what is stored has one of its own where there are several.
  Tiles(mlir::func::FuncOp function, mlir::OpBuilder &builder, int64_t channels)
      : function(function), builder(builder), channels(channels) {}

  /// Where the next ops go, and their location.
  void moveTo(mlir::Operation *op);
  mlir::OpBuilder &ops() { return builder; }
  mlir::Location loc() const { return location; }
  mlir::OpFoldResult index(int64_t value) { return builder.getIndexAttr(value); }

  /// Room in a memory; extents of run time get the room of their bounds. Failure: one of them has none.
  mlir::FailureOr<Tile> make(Space space, llvm::ArrayRef<mlir::OpFoldResult> extents, mlir::Type element);
  /// Whether an operand is an argument or a view of one.
  bool isInDram(mlir::Value operand) const { return llvm::isa<mlir::BlockArgument>(rootOf(operand)); }
  /// The elements of an operand where they are. Failure: their strides are not known.
  mlir::FailureOr<Tile> where(mlir::Value operand);
  /// The elements of an operand, copied to the scratchpad if they are in DRAM.
  mlir::FailureOr<Tile> read(mlir::Value operand);
  /// Where results for an operand go: itself if it is there already, else room for it, to be given to write().
  mlir::FailureOr<Tile> room(mlir::Value operand);
  /// Copies results to their operand if that is in DRAM.
  void write(const Tile &tile, mlir::Value operand);
  /// Copies elements to an operand, wherever it is.
  mlir::LogicalResult copyTo(const Tile &tile, mlir::Value operand);
  /// One number, in the scratchpad from the kernel's beginning on.
  mlir::FailureOr<Tile> constant(mlir::TypedAttr value);

  /// A memref of all of a tile's elements.
  mlir::Value all(const Tile &tile);
  /// The matrix of two dimensions of a tile (or kSame: 1), beginning at these indices of all its dimensions (missing: 0), with these extents.
  mlir::Value matrix(const Tile &tile, int rows, int columns, mlir::OpFoldResult rowExtent,
                     mlir::OpFoldResult columnExtent, llvm::ArrayRef<mlir::OpFoldResult> begin = {});
  /// An extent of an argument that is known at run time only, where an op asks for it.
  void setExtent(mlir::Value argument, int64_t dimension, mlir::Value extent) {
    extents[{argument, dimension}] = extent;
  }
  /// Extents of an operand.
  llvm::SmallVector<mlir::OpFoldResult> extentsOf(mlir::Value operand);

  /// a * b + .. of numbers of either kind.
  mlir::OpFoldResult times(mlir::OpFoldResult a, int64_t b);
  mlir::OpFoldResult over(mlir::OpFoldResult a, int64_t b); ///< rounded down
  mlir::OpFoldResult plus(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult minus(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult least(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult greatest(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::Value value(mlir::OpFoldResult number);
  mlir::OpFoldResult apply(mlir::AffineMap map, llvm::ArrayRef<mlir::OpFoldResult> operands);
  /// The most that a number may be.
  mlir::FailureOr<int64_t> boundOf(mlir::OpFoldResult number);
  /// for (i = 0; i < count; i += step); the body is built with the builder in it. Without a loop where there is one round.
  mlir::LogicalResult loop(mlir::OpFoldResult count, int64_t step,
                           llvm::function_ref<mlir::LogicalResult(mlir::OpFoldResult)> body);
  /// `count` in pieces of `step` and a shorter rest: body(first, extent), a loop for those that are whole.
  mlir::LogicalResult pieces(int64_t count, int64_t step,
                             llvm::function_ref<mlir::LogicalResult(mlir::OpFoldResult, int64_t)> body);

  void map(llvm::StringRef function, mlir::ValueRange inputs, mlir::Value to);
  void reduce(llvm::StringRef function, mlir::Value from, mlir::Value to);
  void copy(mlir::Value from, mlir::Value to);
  void gather(mlir::Value table, mlir::Value indices, mlir::Value to);

private:
  mlir::func::FuncOp function;
  mlir::OpBuilder &builder;
  int64_t channels;
  mlir::Location location = mlir::UnknownLoc::get(builder.getContext());
  llvm::DenseMap<mlir::Value, mlir::Value> temporaries; ///< allocations as they were and as they are
  llvm::DenseMap<mlir::Attribute, Tile> constants;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> extents; ///< of arguments

  /// Failure: DMA can't follow an operand in DRAM.
  mlir::LogicalResult checkRows(mlir::Value operand);
  /// An operand in DRAM as a view that says its extents.
  mlir::FailureOr<mlir::Value> viewOf(mlir::Value operand);
  mlir::FailureOr<Tile> inPlace(mlir::Value operand);
};

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_TILES_H
