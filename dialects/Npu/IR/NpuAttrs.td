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

#endif // COOPT_NPU_ATTRS_TD
