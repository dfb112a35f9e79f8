//===- AttentionAttrs.td - Attributes of the attention dialect -*- tablegen -*-===//
#ifndef COOPT_ATTENTION_ATTRS_TD
#define COOPT_ATTENTION_ATTRS_TD

include "dialects/Attention/IR/AttentionDialect.td"
include "mlir/IR/EnumAttr.td"

def Attention_Part : I32EnumAttr<"Part", "which half of a state", [
    I32EnumAttrCase<"key", 0>, I32EnumAttrCase<"value", 1>]> {
  let cppNamespace = "::coopt::attention";
}

def Attention_Numerics : I32EnumAttr<"Numerics", "what fixes the values of an attention", [
    I32EnumAttrCase<"fixed", 0>, I32EnumAttrCase<"fast", 1>]> {
  let cppNamespace = "::coopt::attention";
}

def Attention_Encoding : I32EnumAttr<"Encoding", "how numbers of a state become codes", [
    I32EnumAttrCase<"symmetric", 0>, I32EnumAttrCase<"minmax", 1>]> {
  let cppNamespace = "::coopt::attention";
}

#endif // COOPT_ATTENTION_ATTRS_TD
