//===- NpuOps.td - Operations of the npu dialect --------------*- tablegen -*-===//
#ifndef COOPT_NPU_OPS_TD
#define COOPT_NPU_OPS_TD

include "dialects/Npu/IR/NpuAttrs.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ValueBoundsOpInterface.td"

// An op that the control unit hands to an engine, or executes itself. C1: waits are at most three, signals at most two pairs of a semaphore,
// 0 to 63, and a count, 1 to 255.
class Npu_Op<string opMnemonic, dag operands, list<Trait> traits = []> : Op<Npu_Dialect, opMnemonic, traits> {
  // Pairs of a semaphore and a count: what is taken before the op begins, what is added once its results are visible.
  let arguments = !con(operands, (ins OptionalAttr<DenseI64ArrayAttr>:$waits, OptionalAttr<DenseI64ArrayAttr>:$signals));
  let hasVerifier = 1;
}

class Npu_Read<string what> : Arg<AnyMemRef, what, [MemRead]>;
class Npu_Written<string what> : Arg<AnyMemRef, what, [MemWrite]>;

//===----------------------------------------------------------------------===//
// DMA
//===----------------------------------------------------------------------===//

def Npu_CopyOp : Npu_Op<"copy", (ins Npu_Read<"source">:$source, Npu_Written<"destination">:$target,
                                     DefaultValuedAttr<I64Attr, "0">:$channel)> {
  let summary = "copies between memories";
  let description = [{
    dma.copy. Element by element, in any strides; rows that lie side by side are moved as one.

    C2: both have the same extents and elements, of whole bytes, and static strides that are not negative; what remains when neighbours
    are one has at most five dimensions: the bytes that lie side by side, and four of which one, its extent of run time, or none is.
    C11: the channel is 0 to 7.

    ```mlir
    npu.copy channel(1) %a to %b : memref<8x64xi8, strided<[256, 1], offset: ?>> to memref<8x64xi8, #npu.space<spad>>
    ```
  }];
  let assemblyFormat = "(`channel` `(` $channel^ `)`)? $source `to` $target attr-dict `:` type($source) `to` type($target)";
}

def Npu_FillOp : Npu_Op<"fill", (ins I64Attr:$value, Npu_Written<"destination">:$target,
                                     DefaultValuedAttr<I64Attr, "0">:$channel)> {
  let summary = "fills memory with a byte";
  let description = [{
    dma.fill.

    C3: the byte is 0 to 255; the destination has elements of whole bytes, static strides that are not negative and, when neighbours are
    one, at most two dimensions.

    Also C11.
  }];
  let assemblyFormat = "(`channel` `(` $channel^ `)`)? $value `to` $target attr-dict `:` type($target)";
}

def Npu_GatherOp : Npu_Op<"gather", (ins Npu_Read<"table">:$table, Npu_Read<"places of rows">:$indices, Npu_Written<"rows">:$target,
                                         DefaultValuedAttr<I64Attr, "0">:$channel)> {
  let summary = "copies the rows that a list names";
  let description = [{
    dma.gather. target[i] = table[indices[i]]. A place that is negative or none of the table's rows is a fault of the run.

    C14: the table is R x C and the rows are N x C, of the same elements, the table's with elements of a row side by side and the rows one behind the other; C
    is known; the places are 1 x N of i32 in spad, side by side.

    Also C11.

    ```mlir
    npu.gather %x[%places] to %rows : memref<?x64xi8>[memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>] to memref<?x64xi8, #npu.space<spad>>
    ```
  }];
  let assemblyFormat = [{
    (`channel` `(` $channel^ `)`)? $table `[` $indices `]` `to` $target attr-dict `:` type($table) `[` type($indices) `]` `to` type($target)
  }];
}

//===----------------------------------------------------------------------===//
// The array
//===----------------------------------------------------------------------===//

def Npu_MatmulOp : Npu_Op<"matmul", (ins Npu_Read<"activations">:$a, Npu_Read<"weights">:$w,
                                         Arg<AnyMemRef, "sums", [MemRead, MemWrite]>:$sums, DefaultValuedAttr<BoolAttr, "false">:$add,
                                         DefaultValuedAttr<StrAttr, "\"ws\"">:$mode, OptionalAttr<Npu_KeptAttr>:$kept,
                                         OptionalAttr<DenseI64ArrayAttr>:$slices)> {
  let summary = "a tile of a product";
  let description = [{
    sums[m][n] = (with `add`: +=) sum over k of a[m][k] w[k][n]. Mode `ws`, weights stand still, is mxu.weights and mxu.stream: K and N are at most
    the array's rows and columns, M may be known at run time only. Mode `os`, sums stand still, is mxu.multiply and mxu.drain: M and N are at most
    the array's rows and columns, K may be known at run time only. Mode `nm` is as ws, of weights of which some are kept: w is bytes, its rows are those
    that `kept` describes, and there are as many as the array has rows at most. Mode `bitserial` is as os, with `slices` of so many bits of an activation and of
    a weight at a time, those of the array.

    C4: matrices of extents M x K, K x N and M x N, in spad, spad and acc; rows have their elements side by side and begin at whole bytes;
    elements are of a type of the accelerator; integers are summed in i32, floats in f32; the mode is ws, os, nm or bitserial. In mode nm alone there is `kept`: w has
    i8 in rows of the bytes that N kept weights take, N is known, K is the activations that the kept rows meet. Mode bitserial alone has slices, two of 1 to 16
    bits, of integers.

    ```mlir
    npu.matmul ins(%a, %w : memref<8x32xi8, #npu.space<spad>>, memref<32x16xi8, #npu.space<spad>>)
        outs(%sums : memref<8x16xi32, #npu.space<acc>>) add true
    npu.matmul ins(%a, %w : memref<8x64xi8, #npu.space<spad>>, memref<32x20xi8, #npu.space<spad>>)
        outs(%sums : memref<8x16xi32, #npu.space<acc>>) mode "nm" kept <2 of 4, i8>
    ```
  }];
  let assemblyFormat = [{
    `ins` `(` $a `,` $w `:` type($a) `,` type($w) `)` `outs` `(` $sums `:` type($sums) `)` (`add` $add^)? (`mode` $mode^)? (`kept` $kept^)?
    (`slices` $slices^)? attr-dict
  }];
}

def Npu_ArrayTables : Resource<"::coopt::npu::ArrayTables">;

def Npu_TablesOp : Npu_Op<"tables", (ins Npu_Read<"activations">:$a, I64Attr:$group), [MemoryEffects<[MemWrite<Npu_ArrayTables>]>]> {
  let summary = "tables of sums of activations";
  let description = [{
    mxu.tables. Of each row of activations, all sums of each `group` of them with signs: what npu.lookup adds up. They stay in the array until the next
    tables are made.

    C17: a matrix in spad, of integers that lie side by side in a row; the rows, at most the array's, may be known at run time only; there are as many
    columns as some groups have. The group is 2 to 8, the array's.

    ```mlir
    npu.tables %a group 4 : memref<?x32xi8, #npu.space<spad>>
    ```
  }];
  let assemblyFormat = "$a `group` $group attr-dict `:` type($a)";
}

def Npu_LookupOp : Npu_Op<"lookup", (ins Npu_Read<"planes of weights">:$planes, Arg<AnyMemRef, "sums", [MemRead, MemWrite]>:$sums, I64Attr:$group,
                                         DefaultValuedAttr<BoolAttr, "false">:$add), [MemoryEffects<[MemRead<Npu_ArrayTables>]>]> {
  let summary = "a tile of a product, looked up in tables";
  let description = [{
    mxu.lookup. sums[m][n] = (with `add`: +=) sum over k of a[m][k] w[n][k], a being the activations of the tables that were made last (npu.tables). Bit b of
    weight [n][k] is planes[b N + n][k], weights of several bits are in two's complement, one bit alone says +1 or -1.

    C18: planes in spad, w N x K of i1 one behind the other, whole bytes, of weights of w = 1, 2, 4 or 8 bits; M x N of i32 in acc, rows with their elements
    side by side; N and K are known, K is that of the tables. The group is 2 to 8, the array's.

    ```mlir
    npu.lookup %planes to %sums group 4 add true : memref<64x32xi1, #npu.space<spad>> to memref<?x32xi32, #npu.space<acc>>
    ```
  }];
  let assemblyFormat = "$planes `to` $sums `group` $group (`add` $add^)? attr-dict `:` type($planes) `to` type($sums)";
}

//===----------------------------------------------------------------------===//
// The vector unit
//===----------------------------------------------------------------------===//

def Npu_MapOp : Npu_Op<"map", (ins StrAttr:$function, Arg<Variadic<AnyMemRef>, "operands", [MemRead]>:$inputs,
                                   Npu_Written<"results">:$target)> {
  let summary = "a function of elements";
  let description = [{
    vec.map. The functions are those of the instruction table.

    C5: the function is one of the table, with as many operands as it has.
    C6: matrices whose rows have their elements side by side, in spad or acc, of elements as C4 has them. The first operand has the extents
    of the results; of the others, an extent may be 1: that row, column or number is taken for all.

    ```mlir
    npu.map "mul"(%x, %scale) to %y : memref<8x64xf32, #npu.space<spad>>, memref<8x1xf32, #npu.space<spad>> to memref<8x64xf32, #npu.space<spad>>
    ```
  }];
  let assemblyFormat = "$function `(` $inputs `)` `to` $target attr-dict `:` type($inputs) `to` type($target)";
}

def Npu_ReduceOp : Npu_Op<"reduce", (ins StrAttr:$function, Npu_Read<"rows">:$input, Npu_Written<"a number for each row">:$target)> {
  let summary = "rows to numbers";
  let description = [{
    vec.reduce: sum, max, min or amax, in the order of the numeric contract.

    C7: the function is one of the table.
    C8: a matrix M x N whose rows have their elements side by side, and one of M x 1; in spad or acc, of elements as C4 has them.
  }];
  let assemblyFormat = "$function $input `to` $target attr-dict `:` type($input) `to` type($target)";
}

//===----------------------------------------------------------------------===//
// The selecting unit
//===----------------------------------------------------------------------===//

def Npu_SelectOp : Npu_Op<"select", (ins Npu_Read<"scores">:$scores, Npu_Written<"the greatest">:$values, Npu_Written<"their columns">:$indices)> {
  let summary = "the k greatest of each row";
  let description = [{
    topk.select. Descending; of equal ones the lowest column first, NaN behind all numbers.

    C15: scores are M x N and values M x k of f32, indices M x k of i32, all in spad, rows one behind the other; N and k are known, 1 <= k <= N, k is
    at most 255, N less than 65536.

    ```mlir
    npu.select %scores to %values, %indices : memref<?x8xf32, #npu.space<spad>> to memref<?x2xf32, #npu.space<spad>>, memref<?x2xi32, #npu.space<spad>>
    ```
  }];
  let assemblyFormat = "$scores `to` $values `,` $indices attr-dict `:` type($scores) `to` type($values) `,` type($indices)";
}

def Npu_RouteOp : Npu_Op<"route", (ins Npu_Read<"choices">:$choices, Npu_Written<"places of choices">:$places,
                                       Npu_Written<"rows of places">:$tokens, Npu_Written<"first places">:$segments)> {
  let summary = "sorts choices";
  let description = [{
    topk.route. The choices of all rows, in order, are sorted by their numbers, equal ones in their order: places[m][j] is where choice j of row m comes,
    tokens, read row by row, says of each place which row it came from, and segments where the choices of each number begin; its last number
    is their count. A number that is negative, or greater than there are segments for, is a fault of the run.

    C16: choices, places and tokens are M x k, segments 1 x (E + 1), all of i32 in spad, rows one behind the other; k and E are known, k is 1 to 255,
    E 1 to 65535.

    ```mlir
    npu.route %choices to %places, %tokens, %segments : memref<?x2xi32, #npu.space<spad>>
        to memref<?x2xi32, #npu.space<spad>>, memref<?x2xi32, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
    ```
  }];
  let assemblyFormat = [{
    $choices `to` $places `,` $tokens `,` $segments attr-dict `:` type($choices) `to` type($places) `,` type($tokens) `,` type($segments)
  }];
}

//===----------------------------------------------------------------------===//
// The control unit
//===----------------------------------------------------------------------===//

def Npu_LoadOp : Npu_Op<"load", (ins Npu_Read<"memory">:$source, I64Attr:$bound),
    [DeclareOpInterfaceMethods<ValueBoundsOpInterface, ["populateBoundsForIndexValue"]>]> {
  let summary = "reads an integer into a register";
  let description = [{
    load. What wrote it must have been waited for. A number that is negative or greater than the bound is a fault of the run.

    C9: one element of i8, i16 or i32 in spad or acc; the bound is 0 to 2^32 - 1.
  }];
  let results = (outs Index:$result);
  let assemblyFormat = "$source `bound` $bound attr-dict `:` type($source)";
}

def Npu_SyncOp : Npu_Op<"sync", (ins StrAttr:$engine, DefaultValuedAttr<I64Attr, "0">:$channel)> {
  let summary = "nothing but semaphores";
  let description = [{
    For an engine that has to wait or to signal where it has nothing to do.

    C10: the engine is dma, matrix, vector or topk.

    Also C11.
  }];
  let assemblyFormat = "$engine (`channel` `(` $channel^ `)`)? attr-dict";
}

def Npu_FenceOp : Npu_Op<"fence", (ins)> {
  let summary = "waits for all engines";
  let description = "The control unit goes on once all engines of the core have finished what they were given.";
  let assemblyFormat = "attr-dict";
}

#endif // COOPT_NPU_OPS_TD
