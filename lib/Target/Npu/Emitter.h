//===- Emitter.h - A kernel function becomes a stream of entries --------------===//
//
// EmitImage.cpp: arguments, blocks, loops, numbers; EmitInstructions.cpp: the ops of the npu dialect; EmitLookups.cpp: tables and
// what is looked up in them; EmitSelection.cpp: those of choices and
// the rows that they name.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TARGET_NPU_EMITTER_H
#define COOPT_LIB_TARGET_NPU_EMITTER_H

#include "Registers.h"
#include "coopt/Target/Npu.h"
#include "dialects/Npu/IR/Npu.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace coopt::target {

class Emitter {
public:
  explicit Emitter(mlir::func::FuncOp kernel) : kernel(kernel), registers(stream) {}
  mlir::FailureOr<npu::Image> run();

private:
  /// Where a buffer begins.
  struct Place {
    npu::Space space = npu::Space::Dram;
    int64_t address = 0;
  };
  /// A memref as an instruction sees it: extents, strides in bytes, where its first element is.
  struct View {
    npu::Space space = npu::Space::Dram;
    Number address; ///< in bytes
    int64_t elementBytes = 1;
    llvm::SmallVector<Number> extents;
    llvm::SmallVector<int64_t> strides; ///< in bytes
  };
  /// A dimension of a copy.
  struct Step {
    Number extent;
    int64_t from, to; ///< bytes
  };

  mlir::func::FuncOp kernel;
  npu::Image image;
  std::vector<npu::Entry> stream;
  Registers registers;
  llvm::DenseMap<mlir::Value, Place> places;
  llvm::DenseMap<mlir::Value, Number> numbers;
  llvm::DenseMap<mlir::Value, mlir::Operation *> lastUses;
  std::array<unsigned, npu::kRegisters> holders = {}; ///< values whose number a register holds
  /// What the array was told last, where that is known.
  struct MatrixSettings {
    std::optional<npu::Entry> known;
    size_t count = 0;       ///< of entries that tell it, since the loop began
    bool areNeeded = false; ///< those that were known when the loop began
  };
  MatrixSettings matrix;
  /// .. and other engines.
  std::optional<npu::Entry> vectorMode;
  std::array<std::optional<npu::Entry>, npu::kChannels> shapes;

  mlir::LogicalResult placeArguments();
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emit(mlir::Operation &op);
  mlir::LogicalResult emitLoop(mlir::scf::ForOp loop);
  mlir::LogicalResult emitNumber(mlir::Operation &op);
  void bind(mlir::Value value, Number number);
  void forget(mlir::Value value);
  mlir::FailureOr<Number> numberOf(mlir::Operation *at, mlir::OpFoldResult value);
  uint32_t locationOf(mlir::Operation *op);
  void push(npu::Entry entry);
  size_t settleMatrix(size_t place, const MatrixSettings &around);

  mlir::LogicalResult emitInstruction(mlir::Operation &op);
  mlir::FailureOr<View> viewOf(mlir::Operation *at, mlir::Value memref);
  void doneWith(const View &view);
  npu::Entry instruction(mlir::Operation *op, std::string_view mnemonic);
  void setAddress(npu::Entry &entry, std::string_view field, const View &view);
  mlir::LogicalResult setExtent(mlir::Operation *op, npu::Entry &entry, std::string_view field,
                                Number number);
  /// False if they are known already.
  bool emitMode(std::optional<npu::Entry> &known, npu::Entry entry);
  void emitMatrixMode(npu::Entry entry);
  mlir::LogicalResult emitCopy(npu::CopyOp op);
  mlir::LogicalResult emitSteps(npu::CopyOp op, const View &from, const View &to, mlir::ArrayRef<Step> steps,
                                Number bytes);
  mlir::LogicalResult emitFill(npu::FillOp op);
  mlir::LogicalResult emitMatmul(npu::MatmulOp op);
  mlir::LogicalResult emitTables(npu::TablesOp op);
  mlir::LogicalResult emitLookup(npu::LookupOp op);
  /// The array's settings for look-ups: those that it has, if it has any, so that tables and look-ups need not set them in turn.
  npu::Entry lookupMode(mlir::Operation *op, uint64_t group);
  mlir::LogicalResult emitMap(npu::MapOp op);
  mlir::LogicalResult emitReduce(npu::ReduceOp op);
  mlir::LogicalResult emitLoad(npu::LoadOp op);
  mlir::LogicalResult emitSync(npu::SyncOp op);
  mlir::LogicalResult emitGather(npu::GatherOp op);
  mlir::LogicalResult emitSelect(npu::SelectOp op);
  mlir::LogicalResult emitRoute(npu::RouteOp op);
  /// Pushes the only entry of an op, with what it waits for and signals.
  void issue(mlir::Operation *op, npu::Entry entry);
  /// A stride between `extent` rows; 0 where there is but one.
  int64_t strideOf(const View &view, unsigned dimension) const;
};

} // namespace coopt::target

#endif // COOPT_LIB_TARGET_NPU_EMITTER_H
