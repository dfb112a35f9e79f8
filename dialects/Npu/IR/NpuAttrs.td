//===- NpuAttrs.td - Attributes of the npu dialect ------------*- tablegen -*-===//
#ifndef COOPT_NPU_ATTRS_TD
#define COOPT_NPU_ATTRS_TD

include "dialects/Npu/IR/NpuDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

// In the order of Space in coopt/NpuIsa/Instruction.h.
def Npu_SpaceEnum : I32EnumAttr<"MemorySpace", "a memory of the accelerator", [
    I32EnumAttrCase<"Dram", 0, "dram">, I32EnumAttrCase<"L2", 1, "l2">, I32EnumAttrCase<"Spad", 2, "spad">,
    I32EnumAttrCase<"Acc", 3, "acc">]> {
  let cppNamespace = "::coopt::npu";
  let genSpecializedAttr = 0;
}

def Npu_SpaceAttr : EnumAttr<Npu_Dialect, Npu_SpaceEnum, "space"> {
  let assemblyFormat = "`<` $value `>`";
}

def Npu_KeptAttr : AttrDef<Npu_Dialect, "Kept"> {
  let mnemonic = "kept";
  let summary = "rows of weights of which some are kept";
  let description = [{
    `#npu.kept<2 of 4, i8>`: of each four consecutive weights of a column two are kept. A row of N kept weights in memory is their N codes of the
    type side by side and, from the next byte on, N places in their groups of ceil(log2 m) bits. Kept row r belongs to the group of the
    m activations from r / n m on.

    C19: n of m with 0 < n < m < 256, and a type of the accelerator.
  }];
  let parameters = (ins "int64_t":$n, "int64_t":$m, "::mlir::Type":$type);
  let assemblyFormat = "`<` $n `of` $m `,` $type `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Bits of a place in a group.
    int64_t getPlaceBits() const;
    /// Bytes of the codes of a row of so many weights; of the places behind them.
    int64_t getCodeBytes(int64_t columns) const;
    int64_t getPlaceBytes(int64_t columns) const;
    /// Activations that so many kept rows meet.
    int64_t getDepth(int64_t rows) const;
  }];
}

#endif // COOPT_NPU_ATTRS_TD
