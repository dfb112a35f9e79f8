#ifndef COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDATTRS_TD
#define COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDATTRS_TD

include "dialects/Quantized/IR/QuantizedDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Quantized_Symmetry : I32EnumAttr<"Symmetry", "whether codes have a zero point", [
    I32EnumAttrCase<"Symmetric", 0, "symmetric">,
    I32EnumAttrCase<"Asymmetric", 1, "asymmetric">
  ]> {
  let cppNamespace = "::coopt::quantized";
}

def Quantized_ScaleAt : I32EnumAttr<"ScaleAt", "where a coded contraction applies the scales", [
    I32EnumAttrCase<"Output", 0, "output">,
    I32EnumAttrCase<"Group", 1, "group">,
    I32EnumAttrCase<"Element", 2, "element">
  ]> {
  let cppNamespace = "::coopt::quantized";
}

def Quantized_SchemeAttr : AttrDef<Quantized_Dialect, "Scheme"> {
  let mnemonic = "scheme";
  let summary = "what the codes of a matrix mean";
  let description = [{
    The rows of a matrix of M x K elements are cut into groups of `group` elements (0: a whole row is one group; the last
    group of a row may be short). Each group has a scale of type `scale` and, if `asymmetric`, a zero point. Element x is

      symmetric:   code * scale           code in -(2^(bits-1) - 1) .. 2^(bits-1) - 1, two's complement
      asymmetric:  (code - zero) * scale  code and zero in 0 .. 2^bits - 1, unsigned

    With `outer` there are two levels: the scales of the groups are unsigned integers (i8), and each row has one scale
    more, of the type `outer`. Element x is

      (code - zero) * scale * outer       the first product an integer of 8 bits: QoQ of QServe

    Codes and zeros are signless integers `i<bits>`, or i8 where each stands in a byte: in its low bits if symmetric
    (those above say nothing), zero-extended otherwise. Scales and zeros are `tensor<M>` for group 0 and `tensor<M x ceil(K / group)>`
    otherwise; outer scales are `tensor<M>`. A tensor is given by its parts in this order: codes, scales, zeros if
    asymmetric, outer scales if there are two levels.

    Any other format of Numerics (BlockFormat.h) is given by its name in the table of formats or, for one of its own, by its
    JSON. Its parts are those of StoredParts.h: codes, innermost scales, then zeros, other scales, selectors and
    minimums where it has them. Numbers of f32, f16 and bf16 are elements of that type, others bytes (i8) that hold
    their codes. An element is what BlockFormat.h says. Where a level of scales has one number a row its part is a
    `tensor<M>`. `bits`, `group`, .. follow from the format and are not written.

    C1: bits is 2 to 8.
    C2: group is not negative.
    C3: scales are f32 or f16; with outer scales of f32 they are i8, and there is a group.
    C19: a format is the name of one, or valid JSON of one.

    ```mlir
    #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
    #quantized.scheme<bits = 4, group = 32, asymmetric, scale = f16>
    #quantized.scheme<bits = 4, group = 128, asymmetric, scale = i8, outer = f32>
    #quantized.scheme<format = "mxfp4">
    ```
  }];
  let parameters = (ins
    "unsigned":$bits,
    "int64_t":$group,
    EnumParameter<Quantized_Symmetry>:$symmetry,
    "::mlir::Type":$scale,
    OptionalParameter<"::mlir::Type">:$outer,
    OptionalParameter<"::mlir::StringAttr">:$format
  );
  let hasCustomAssemblyFormat = 1;
  let builders = [AttrBuilder<(ins "unsigned":$bits, "int64_t":$group, "Symmetry":$symmetry, "::mlir::Type":$scale,
                               CArg<"::mlir::Type", "{}">:$outer), [{
    return $_get($_ctxt, bits, group, symmetry, scale, outer, ::mlir::StringAttr());
  }]>];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isAsymmetric() const { return getSymmetry() == Symmetry::Asymmetric; }
    /// Integer scales of groups under a scale of the row.
    bool isTwoLevel() const { return bool(getOuter()); }
    /// The scheme of a valid format.
    static SchemeAttr getForFormat(::mlir::MLIRContext *context, const ::coopt::numerics::BlockFormat &format);
    /// The format behind `format`; only where that is set.
    ::coopt::numerics::BlockFormat getBlockFormat() const;
    /// The tensors that a matrix of this scheme consists of: its codes first.
    ::llvm::SmallVector<SchemePart> getParts() const;
    unsigned getNumParts() const { return getFormat() ? getParts().size() : 2 + isAsymmetric() + isTwoLevel(); }
    /// Whether the meaning of a code depends on its column.
    bool hasGroups() const;
    /// The signless integer type of codes and zeros.
    ::mlir::IntegerType getCodeType() const { return ::mlir::IntegerType::get(getContext(), getBits()); }
    /// Groups in a row of `columns` elements; dynamic columns give a dynamic count. Undefined for group 0.
    int64_t getGroups(int64_t columns) const {
      return ::mlir::ShapedType::isDynamic(columns) ? columns : columns / getGroup() + (columns % getGroup() != 0);
    }
  }];
}

def Quantized_RoundingMethod : I32EnumAttr<"RoundingMethod", "how codes of weights are chosen from statistics of their inputs", [
    I32EnumAttrCase<"Clip", 0, "clip">,
    I32EnumAttrCase<"Gptq", 1, "gptq">,
    I32EnumAttrCase<"ClipGptq", 2, "clip_gptq">
  ]> {
  let cppNamespace = "::coopt::quantized";
}

def Quantized_RoundingAttr : AttrDef<Quantized_Dialect, "Rounding"> {
  let mnemonic = "rounding";
  let summary = "how the packager chooses the codes of a weight";
  let description = [{
    `clip` searches the range of each group, `gptq` feeds the error of a column back to later ones, `clip_gptq` does both, with
    the statistics of op id `statistics` in the file that the module's `model.calibration` names. The meaning is
    Calibration's RoundMatrix.

    C21: `statistics` is not empty.

    ```mlir
    #quantized.rounding<gptq, statistics = "layers.0/mlp/gate_proj">
    ```
  }];
  let parameters = (ins EnumParameter<Quantized_RoundingMethod>:$method, StringRefParameter<>:$statistics);
  let assemblyFormat = "`<` $method `,` `statistics` `=` $statistics `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool searchesRanges() const { return getMethod() != RoundingMethod::Gptq; }
    bool feedsBack() const { return getMethod() != RoundingMethod::Clip; }
  }];
}

#endif // COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDATTRS_TD
