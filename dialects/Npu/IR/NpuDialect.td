//===- NpuDialect.td - The npu dialect ------------------------*- tablegen -*-===//
#ifndef COOPT_NPU_DIALECT_TD
#define COOPT_NPU_DIALECT_TD

include "mlir/IR/OpBase.td"

def Npu_Dialect : Dialect {
  let name = "npu";
  let cppNamespace = "::coopt::npu";
  let summary = "what a core of the accelerator does";
  let description = [{
    One op for each instruction that moves or computes, on memrefs in the accelerator's memories (`#npu.space`). Loops are scf.for, scalars
    arith on index: the control unit runs them. An op is handed to its engine; engines run side by side, each in order, and meet
    at semaphores (`waits`, `signals`), which a pass puts there. A memref without a space is in DRAM.

    C12: `npu.address` is a number of bytes, not negative, and stands at a memref.alloc; `npu.location` is a text.
    C13: `npu.symbol` is a text that is not empty, `npu.bytes` a number of bytes, not negative; both stand at arguments of functions.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
  let extraClassDeclaration = [{
    /// Of a memref.alloc: where it lies in its memory, in bytes.
    static constexpr ::llvm::StringLiteral kAddressName = "npu.address";
    /// Of an op or a function: the op id that its instructions are counted for.
    static constexpr ::llvm::StringLiteral kLocationName = "npu.location";
    /// Of a kernel's arguments: the symbol of the image that it is, and the most bytes that it takes.
    static constexpr ::llvm::StringLiteral kSymbolName = "npu.symbol", kBytesName = "npu.bytes";
  }];
}

#endif // COOPT_NPU_DIALECT_TD
