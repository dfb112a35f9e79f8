//===- ModelOps.td - Operations of the model dialect --------*- tablegen -*-===//
#ifndef COOPT_MODEL_OPS_TD
#define COOPT_MODEL_OPS_TD

include "dialects/Model/IR/ModelAttrs.td"
include "dialects/Model/IR/StructuredOpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

class Model_Op<string mnemonic, list<Trait> traits = []> : Op<Model_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Parameters and recipes
//===----------------------------------------------------------------------===//

def Model_ParameterOp : Model_Op<"parameter", [Symbol]> {
  let summary = "a named weight of the model";
  let description = [{
    Declares a constant tensor of the model. `from` says where its values come from: the model's files
    (`#model.source`), seeded noise (`#model.noise`) or a rotary table (`#model.rotary`). Without it, a `model.recipe` defines it. A source stored as
    bf16 or f16 under an f32 parameter is converted (exactly) at load.

    ```mlir
    model.parameter @"model.norm.weight" : tensor<64xf32> from #model.source<"model.safetensors", 232, tensor<64xbf16>>
    ```

    C5: the type is static; the origin is a `#model.source`, a `#model.noise` or a `#model.rotary`; a source has the
    parameter's shape and its element type, or bf16 or f16 where the parameter has f32; noise is for float elements; a
    rotary table is f32 of rank 2 with one column per frequency.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, OptionalAttr<AnyAttr>:$origin);
  let assemblyFormat = "$sym_name `:` $type (`from` $origin^)? attr-dict";
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() { return ::llvm::cast<::mlir::RankedTensorType>(getType()); }
  }];
  let hasVerifier = 1;
}

def Model_RecipeOp : Model_Op<"recipe", [
    Symbol, IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">, NoRegionArguments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "defines parameters from other parameters";
  let description = [{
    The region computes the values of the parameters that `defines` names, in order, from the parameters it loads. The
    packager evaluates it, streamed and in parallel; the oracle can run it too.

    ```mlir
    model.recipe @"gate.quantize" defines [@"gate.codes", @"gate.scales"] {
      %w = model.load @"gate.weight" : tensor<172x64xf32>
      ...
      model.yield %codes, %scales : tensor<172x64xi8>, tensor<172xf32>
    }
    ```

    C6: what is defined are parameters, each once, without an origin of their own.
    C7: the yielded types are the parameters' types, in order.
    C8: the region's ops have no side effects.
    C9: a parameter is defined by at most one recipe of the module.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypedArrayAttrBase<FlatSymbolRefAttr, "array of symbols">:$defines);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `defines` $defines attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Model_YieldOp : Model_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"RecipeOp">]> {
  let summary = "ends a recipe with the values it defines";
  let description = "The operands are the values of the parameters that the recipe defines, in order (C7).";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), "(void)$_builder, (void)$_state;">];
}

def Model_LoadOp : Model_Op<"load", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a parameter";
  let description = [{
    Legal in entries, kernels and recipes. In memref form the buffer is the parameter's storage and must not be written.

    ```mlir
    %w = model.load @"model.norm.weight" : tensor<64xf32>
    ```

    C10: the symbol is a parameter, and the type is its type (in memref form: its shape and element type).
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs TensorOrMemRefOf<[AnyType]>:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

def Model_EntryOp : Model_Op<"entry", [AffineScope, AutomaticAllocationScope, FunctionOpInterface, IsolatedFromAbove]> {
  let summary = "a function of the model that the runtime can call";
  let description = [{
    `sizes` lists the run-time sizes with their bounds; `dims` names, for each argument and each result, the dynamic
    extents in order. State arguments (types with the `IsState` trait) are tied: the i-th state result is the new value
    of the i-th state argument.

    ```mlir
    model.entry @forward(%tokens: tensor<?xi32>, %cache: !attention.state<..>) -> (tensor<?x512xf32>, !attention.state<..>)
        sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>, #model.size<"past", min = 0, max = 448, multiple = 1>]
        dims [["tokens"], []] -> [["tokens"], []] {
      ...
      model.return %logits, %new : tensor<?x512xf32>, !attention.state<..>
    }
    ```

    C11: size names are unique.
    C12: `dims` has one list per argument and result, with one name per dynamic extent (or no list at all
    where nothing is dynamic), and every name is one of `sizes`.
    C13: arguments and results are ranked tensors without encoding, or states.
    C14: there are as many state results as state arguments, of the same types in the same order.
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
    TypedArrayAttrBase<Model_SizeAttr, "array of sizes">:$sizes,
    TypedArrayAttrBase<StrArrayAttr, "array of string arrays">:$argument_dims,
    TypedArrayAttrBase<StrArrayAttr, "array of string arrays">:$result_dims,
    OptionalAttr<StrAttr>:$sym_visibility,
    OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::mlir::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The size of that name, or null.
    ::coopt::model::SizeAttr findSize(::llvm::StringRef name);
    /// The names of the dynamic extents of an argument or result, in order.
    ::llvm::SmallVector<::llvm::StringRef> getArgumentDimNames(unsigned argument);
    ::llvm::SmallVector<::llvm::StringRef> getResultDimNames(unsigned result);
    /// The numbers of the state arguments, and of the state results tied to them.
    ::llvm::SmallVector<unsigned> getStateArguments();
    ::llvm::SmallVector<unsigned> getStateResults();
  }];
}

def Model_ReturnOp : Model_Op<"return", [Pure, Terminator, ReturnLike, HasParent<"EntryOp">]> {
  let summary = "returns from an entry";
  let description = "C15: the operand types are the entry's result types.";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let hasVerifier = 1;
}

def Model_SizeOp : Model_Op<"size", [Pure]> {
  let summary = "the value of a run-time size of the entry";
  let description = [{
    ```mlir
    %tokens = model.size "tokens" : index
    ```
    C16: the name is one of the sizes of the enclosing entry. Folds to a constant where min and max are equal.
  }];
  let arguments = (ins StrAttr:$size);
  let results = (outs Index:$result);
  let assemblyFormat = "$size attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Model_RequireOp : Model_Op<"require"> {
  let summary = "ends the call with an error unless a condition holds";
  let description = [{
    Nothing that comes after it is computed where the condition is false. `value` and `bound` are what the message says:
    `index` is outside [0, bound), a `slice` reaches outside [0, bound), two `sizes` differ, a size is `negative`.
    `place` is the line and the column of what asks for it in the function's text, for the message. In a kernel the
    first check of a worker that fails ends that worker's part; the runtime then ends the call.

    ```mlir
    model.require %inside index(%i, %n) {place = array<i64: 12, 5>}
    ```
  }];
  let arguments = (ins I1:$condition, Model_Requirement:$kind, Index:$value, Index:$bound,
                       OptionalAttr<DenseI64ArrayAttr>:$place);
  let assemblyFormat = "$condition $kind `(` $value `,` $bound `)` attr-dict";
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// Line and column; zeros where they are not known.
    std::pair<int64_t, int64_t> getLineAndColumn() {
      ::llvm::ArrayRef<int64_t> place = getPlace().value_or(::llvm::ArrayRef<int64_t>());
      return place.size() == 2 ? std::pair(place[0], place[1]) : std::pair<int64_t, int64_t>(0, 0);
    }
  }];
}

//===----------------------------------------------------------------------===//
// Structured ops
//===----------------------------------------------------------------------===//

def Model_GatherOp : StructuredOp<Model_Dialect, "gather"> {
  let summary = "rows of a table";
  let description = [{
    `result[i, j] = table[ids[i], j]`. Ids are in range by contract (the runtime checks them at the entry). Exact.
    Loops: i and j, both parallel.

    ```mlir
    %x = model.gather ins(%table, %ids : tensor<512x64xf32>, tensor<?xi32>) outs(%init : tensor<?x64xf32>)
        -> tensor<?x64xf32>
    ```

    C17: the init has the extents of `ids` and of a row, and the table's element type.
    C19: all operands are tensors and there is one result of the init's type, or all are memrefs and there is none.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[AnyType], [2]>:$table, TensorOrMemRefRankOf<[I32, I64], [1]>:$ids,
                       TensorOrMemRefRankOf<[AnyType], [2]>:$init);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $table `,` $ids `:` type($table) `,` type($ids) `)` `outs` `(` $init `:` type($init) `)` attr-dict
    (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    unsigned getNumTiledLoops() { return 2; }
    ::llvm::SmallVector<int64_t> getOperandLoops(::mlir::OpOperand &operand);
    void shiftTile(::mlir::OpBuilder &, ::llvm::ArrayRef<::mlir::OpFoldResult>) {}
  }];
}

def Model_RowReduceOp : StructuredOp<Model_Dialect, "row_reduce"> {
  let summary = "a reduction of the last dimension, in a fixed order";
  let description = [{
    Reduces each row x of K elements by R, in binary32: 16 partial results p_j = the identity; p_j op= x[j + 16 t] for t
    ascending, absent elements skipped; then p_j op= p_{j + h} for h = 8, 4, 2, 1; the result is p_0. `sum`: op is
    addition, the identity is +0. `max`: op is `arith.maximumf` (NaN wins, +0 over -0), the identity is -infinity.
    `amax`: `max` of the absolute values, the identity is +0. The init is only a destination. Fixed: the same bits for
    any tiling, vector width and thread count. Loops: all dimensions but the last, parallel.

    ```mlir
    %s = model.row_reduce sum ins(%x : tensor<?x64xf32>) outs(%init : tensor<?xf32>) -> tensor<?xf32>
    ```

    C18: the init has the input's extents without the last.
    C19: as for `model.gather`.
  }];
  let arguments = (ins Model_RowReduction:$kind, TensorOrMemRefOf<[F32]>:$input, TensorOrMemRefOf<[F32]>:$init);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $kind `ins` `(` $input `:` type($input) `)` `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    unsigned getNumTiledLoops() { return getInit().getType().getRank(); }
    ::llvm::SmallVector<int64_t> getOperandLoops(::mlir::OpOperand &operand);
    void shiftTile(::mlir::OpBuilder &, ::llvm::ArrayRef<::mlir::OpFoldResult>) {}
  }];
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Packed storage
//===----------------------------------------------------------------------===//

def Model_PackOp : Model_Op<"pack", [Pure]> {
  let summary = "lays a tensor out for storage";
  let description = [{
    The elements of the source in the order of the layout that is the result's encoding; padding is 0. Exact. Used in
    recipes.

    ```mlir
    %p = model.pack %x : tensor<512x64xf32> -> tensor<32768xf32, #model.layout<"..">>
    ```

    C20: the source is static and has the layout's logical extents; the result has the layout as encoding, rank 1, as
    many elements as the layout stores, and the source's element type.
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = "::coopt::model::LayoutAttr getLayout();";
}

def Model_UnpackOp : Model_Op<"unpack", [
    Pure, AttrSizedOperandSegments, DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "a slice of the logical tensor that packed storage holds";
  let description = [{
    `result[i...] = logical[i + offsets...]`, where the layout says at which element of `source` a logical element
    lies. No offsets means 0; `sizes` gives the dynamic extents of the result. As a producer it is tiled by adding to
    the offsets. Exact.

    In memref form (the layout then stands in the `layout` attribute) the result is a read-only view in logical
    coordinates: nothing is copied by this op. Kernels read the packed bytes; any other user gets a copy made.

    ```mlir
    %x = model.unpack %p[%n0, %k0] : tensor<32768xf32, #model.layout<"..">> -> tensor<16x64xf32>
    %y = model.unpack %p[%n0, %k0] (%n) : tensor<32768xf32, #model.layout<"..">> -> tensor<?x64xf32>
    %v = model.unpack %p[%n0, %k0] layout(<"..">) : memref<32768xf32> -> memref<16x64xf32>
    ```

    C21: source and result are both tensors, with the layout as the source's encoding, or both memrefs, with the
    `layout` attribute; the source has rank 1, the elements that the layout stores, and the result's element type.
    C22: the result has the layout's rank; its static extents do not exceed the layout's; there are as many offsets as
    dimensions or none, and one size per dynamic extent.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[AnyType], [1]>:$source, Variadic<Index>:$offsets, Variadic<Index>:$sizes,
                       OptionalAttr<Model_LayoutAttr>:$layout);
  let results = (outs TensorOrMemRefOf<[AnyType]>:$result);
  let assemblyFormat = [{
    $source (`[` $offsets^ `]`)? (`(` $sizes^ `)`)? (`layout` `(` $layout^ `)`)? attr-dict
    `:` type($source) `->` type($result)
  }];
  let builders = [
    /// The whole logical tensor of a packed tensor.
    OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$source), [{
      build($_builder, $_state, result, source, ::mlir::ValueRange{}, ::mlir::ValueRange{}, LayoutAttr());
    }]>
  ];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The layout, from the encoding in tensor form and from the attribute in memref form.
    ::coopt::model::LayoutAttr getStorageLayout();
    /// The extents of the result, static ones as attributes.
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedSizes();
    /// One offset per dimension; 0 where the op has none.
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedOffsets();
  }];
}

#endif // COOPT_MODEL_OPS_TD
