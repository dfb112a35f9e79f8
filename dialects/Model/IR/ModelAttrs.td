//===- ModelAttrs.td - Attributes of the model dialect ------*- tablegen -*-===//
#ifndef COOPT_MODEL_ATTRS_TD
#define COOPT_MODEL_ATTRS_TD

include "dialects/Model/IR/ModelDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Model_Attr<string name, string attrMnemonic> : AttrDef<Model_Dialect, name> {
  let mnemonic = attrMnemonic;
  let genVerifyDecl = 1;
}

def Model_SourceAttr : Model_Attr<"Source", "source"> {
  let summary = "where a parameter's bytes lie in the model's own files";
  let description = [{
    `#model.source<"model.safetensors", 232, tensor<512x64xbf16>>`: the file (relative to the module's `model.root`),
    the offset in bytes of the first element, and the type as stored: row-major, little-endian, dense.

    C1: the type is static, without encoding, of integers or floats of 8, 16, 32 or 64 bits; the offset is not
    negative, and offset plus size is representable in 63 bits; the file name is not empty.
  }];
  let parameters = (ins StringRefParameter<"file">:$file, "int64_t":$offset, "::mlir::RankedTensorType":$type);
  let assemblyFormat = "`<` $file `,` $offset `,` $type `>`";
}

def Model_NoiseAttr : Model_Attr<"Noise", "noise"> {
  let summary = "a parameter of seeded noise, made at load";
  let description = [{
    `#model.noise<seed = 7, scale = 5.0e-02>`: reproducible values in [-scale, scale], so that packages for benchmarks
    of any size travel without weights.

    C2: the scale is finite and not negative.
  }];
  let parameters = (ins "uint64_t":$seed, "::mlir::FloatAttr":$scale);
  let hasCustomAssemblyFormat = 1;
}

def Model_RotaryAttr : Model_Attr<"Rotary", "rotary"> {
  let summary = "a table of a rotary position embedding, made at compile time";
  let description = [{
    `#model.rotary<"cos", [1.0, 0.1]>`: as the origin of a tensor<P x F x f32> parameter, element (p, i) is the
    function of the binary32 product p * frequencies[i], evaluated in binary64 and rounded once.

    C23: the function is "cos" or "sin"; the frequencies are f32, of rank 1, at least one. (A dense array attribute
    would not do: its text keeps seven digits, and a float32 needs nine.)
  }];
  let parameters = (ins StringRefParameter<"cos or sin">:$function, "::mlir::DenseFPElementsAttr":$frequencies);
  let assemblyFormat = "`<` $function `,` $frequencies `>`";
}

def Model_SizeAttr : Model_Attr<"Size", "size"> {
  let summary = "a named run-time size of an entry";
  let description = [{
    `#model.size<"tokens", min = 1, max = 64, multiple = 1>`: the runtime calls an entry only with sizes in
    [min, max] that are multiples of `multiple`.

    C3: the name is not empty, 0 <= min <= max, multiple >= 1, and min and max are multiples of it.
  }];
  let parameters = (ins StringRefParameter<"name">:$name, "int64_t":$min, "int64_t":$max, "int64_t":$multiple);
  let assemblyFormat = "`<` $name `,` struct($min, $max, $multiple) `>`";
}

def Model_LayoutAttr : Model_Attr<"Layout", "layout"> {
  let summary = "the storage layout of a packed tensor";
  let description = [{
    `#model.layout<"..">` with the text of a layout (see Layout in base). As the encoding of a rank 1 tensor it says
    how the elements of a logical tensor lie in it. `bits` says that the elements are codes of fewer bits than the
    byte that holds each of them in the logical tensor: a tile of them is stored as bit planes (see BitPlanes in
    base); `centred` that each is stored in two's complement less 2^(bits-1), as unsigned codes are that meet signed arithmetic; `planes` that each plane is of one bit, as tables are looked up by. What it `keeps` is a pattern (see SparsePattern in base): of each tile of codes, or of each panel of 16 rows of whole
    elements, only those that it keeps are stored, and which ones these are (see SparseTile, for panels of codes SparseRows, and SparsePanel in base);
    all others are zero.

    C4: the text is that of a valid layout; bits is 1 to 8 (0: elements are stored whole), and the layout's tiles then
    hold a multiple of 8 elements; only all of the codes of some bits are centred, or in planes of one bit; what is kept is a pattern that the tiles can have: codes in tiles of 16 rows and 64
    columns, or in panels of 2, 4 or 8 bits, N:M of single elements; whole elements (of 1, 2 or 4 bytes) in panels of 16 rows.

    ```mlir
    #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)">
    #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 4>
    #model.layout<"[512, 64] basis(d0:8^1^2^4)", bits = 4 centred>
    #model.layout<"[512, 64] basis(d0:4^8^16, d1:32^64^128^1^2)", bits = 2 planes>
    #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4">
    #model.layout<"[512, 64] basis(d0:8^1^2^4)", bits = 4 keeps "2:4">
    #model.layout<"[512, 4] tile(d0:4)" keeps "2:4">
    ```
  }];
  let parameters = (ins StringRefParameter<"layout text">:$text, DefaultValuedParameter<"unsigned", "0">:$bits,
                        DefaultValuedParameter<"bool", "false">:$centred,
                        DefaultValuedParameter<"bool", "false">:$planes, OptionalParameter<"::mlir::StringAttr">:$kept);
  let assemblyFormat = "`<` $text (`,` `bits` `=` $bits^)? (custom<Centred>($centred)^)? (custom<Planes>($planes)^)? (`keeps` $kept^)? `>`";
  let builders = [AttrBuilder<(ins "const ::coopt::layout::Layout &":$layout, CArg<"unsigned", "0">:$bits,
                                   CArg<"::mlir::StringAttr", "{}">:$kept, CArg<"bool", "false">:$centred,
                                   CArg<"bool", "false">:$planes), [{
    return $_get($_ctxt, ::coopt::layout::print(layout), bits, centred, planes, kept);
  }]>];
  let extraClassDeclaration = [{
    /// The layout that the text describes.
    ::coopt::layout::Layout getLayout() const;
    /// Elements, of so many bytes, of the rank 1 tensor that has this encoding: the layout's, or bytes where there are bits.
    int64_t getStorageElements(unsigned elementBytes) const;
    int64_t getStorageElements(::mlir::Type element) const {
      return getStorageElements(element.getIntOrFloatBitWidth() / 8);
    }
    /// How a tile or a panel of codes, or a panel of elements of so many bytes is stored; nothing if all of it is.
    ::std::optional<::coopt::layout::SparseTile> getSparseTile() const;
    ::std::optional<::coopt::layout::SparseRows> getSparseRows() const;
    ::std::optional<::coopt::layout::SparsePanel> getSparsePanel(unsigned elementBytes) const;
  }];
}

def Model_Requirement : I32EnumAttr<"Requirement", "what a run-time check is about", [
    I32EnumAttrCase<"index", 1>, I32EnumAttrCase<"slice", 2>, I32EnumAttrCase<"sizes", 3>,
    I32EnumAttrCase<"negative", 4>]> {
  let cppNamespace = "::coopt::model";
}

def Model_RowReduction : I32EnumAttr<"RowReduction", "what a row reduction computes", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"max", 1>, I32EnumAttrCase<"amax", 2>]> {
  let cppNamespace = "::coopt::model";
}

#endif // COOPT_MODEL_ATTRS_TD
