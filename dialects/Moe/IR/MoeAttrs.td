//===- MoeAttrs.td - Attributes of the moe dialect -----------*- tablegen -*-===//
#ifndef COOPT_MOE_ATTRS_TD
#define COOPT_MOE_ATTRS_TD

include "dialects/Moe/IR/MoeDialect.td"
include "mlir/IR/EnumAttr.td"

def Moe_Scores : I32EnumAttr<"Scores", "how logits of experts become scores", [
    I32EnumAttrCase<"softmax", 0>, I32EnumAttrCase<"sigmoid", 1>]> {
  let cppNamespace = "::coopt::moe";
}

def Moe_GroupRank : I32EnumAttr<"GroupRank", "what groups of experts are ranked by", [
    I32EnumAttrCase<"best", 0>, I32EnumAttrCase<"two_best", 1>]> {
  let cppNamespace = "::coopt::moe";
}

#endif // COOPT_MOE_ATTRS_TD
