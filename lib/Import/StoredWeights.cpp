#include "StoredWeights.h"

#include "coopt/Numerics/FormatTable.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/Path.h"

#include <cstring>

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

using Method = CheckpointQuantization::Method;
using quantized::SchemeAttr;

/// Builds the body of one recipe, and the parameters that it loads before it.
class Declaration {
public:
  Declaration(OpBuilder &builder, Location loc, const StoredMatrix &matrix,
              const CheckpointQuantization &quantization, const TensorFiles &files)
      : b(builder), loc(loc), matrix(matrix), quantization(quantization), files(files), N(matrix.shape[0]),
        K(matrix.shape[1]), G(matrix.groups()) {}

  void declare(const std::string &name);

private:
  /// A tensor of the files as a parameter of `shape`, loaded.
  Value load(const TensorInfo &info, const std::string &name, ArrayRef<int64_t> shape, Type element,
             Type stored);
  Value words(const TensorInfo &info) {
    return load(info, info.name, info.shape, b.getI32Type(), b.getI32Type());
  }
  Value unpacked(Value words, int64_t dimension, ArrayRef<int64_t> shape, int64_t add = 0,
                 ArrayRef<int64_t> order = {});
  Value transposed(Value x);
  /// The rows of a K x N, or the columns of an N x K, in the order in which they are decoded.
  Value sortedRows(Value x);
  Value sortedColumns(Value x) { return matrix.order.empty() ? x : transposed(sortedRows(transposed(x))); }
  /// N x 1 as N.
  Value column(Value x);
  /// The scheme's scales; `byGroup`: the file has G x N of them, not N x G.
  Value scales(bool byGroup);
  Type scaleType() {
    return matrix.scales->type == coopt::import::TensorType::F16 ? Type(b.getF16Type()) : b.getF32Type();
  }
  SchemeAttr integers(bool isSymmetric) {
    return SchemeAttr::get(
        b.getContext(), static_cast<unsigned>(quantization.bits), G == 1 ? 0 : matrix.group,
        isSymmetric ? quantized::Symmetry::Symmetric : quantized::Symmetry::Asymmetric, scaleType());
  }
  SchemeAttr blocks(SmallVector<Value> &parts);
  /// GPTQ and AWQ: K x N in the files.
  SchemeAttr columns(SmallVector<Value> &parts);
  SchemeAttr packed(SmallVector<Value> &parts);
  SchemeAttr bytes(SmallVector<Value> &parts);

  OpBuilder &b;
  Location loc;
  const StoredMatrix &matrix;
  const CheckpointQuantization &quantization;
  const TensorFiles &files;
  int64_t N, K, G;
  Operation *recipe = nullptr;
};

} // namespace

Value Declaration::load(const TensorInfo &info, const std::string &name, ArrayRef<int64_t> shape,
                        Type element, Type stored) {
  std::string file = llvm::sys::path::filename(files.files()[info.file].path()).str();
  auto type = RankedTensorType::get(shape, element);
  auto source = model::SourceAttr::get(b.getContext(), file, static_cast<int64_t>(info.offset),
                                       RankedTensorType::get(shape, stored));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(recipe);
    model::ParameterOp::create(b, loc, name, type, source);
  }
  return model::LoadOp::create(b, loc, type, name);
}

Value Declaration::unpacked(Value words, int64_t dimension, ArrayRef<int64_t> shape, int64_t add,
                            ArrayRef<int64_t> order) {
  return quantized::UnpackWordsOp::create(
      b, loc, RankedTensorType::get(shape, b.getI8Type()), words, static_cast<uint64_t>(dimension),
      static_cast<uint64_t>(quantization.bits),
      order.empty() ? DenseI64ArrayAttr() : b.getDenseI64ArrayAttr(order), static_cast<uint64_t>(add));
}

Value Declaration::transposed(Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  Value init = tensor::EmptyOp::create(b, loc, ArrayRef<int64_t>{type.getDimSize(1), type.getDimSize(0)},
                                       type.getElementType());
  return linalg::TransposeOp::create(b, loc, x, init, ArrayRef<int64_t>{1, 0})->getResult(0);
}

Value Declaration::sortedRows(Value x) {
  if (matrix.order.empty()) {
    return x;
  }
  auto type = cast<RankedTensorType>(x.getType());
  Value ids = arith::ConstantOp::create(b, loc, b.getI32TensorAttr(matrix.order));
  Value init = tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
  return model::GatherOp::create(b, loc, type, x, ids, init)->getResult(0);
}

Value Declaration::column(Value x) {
  SmallVector<ReassociationIndices> all = {{0, 1}};
  return tensor::CollapseShapeOp::create(b, loc, x, all);
}

Value Declaration::scales(bool byGroup) {
  const TensorInfo &info = *matrix.scales;
  Type stored = info.type == coopt::import::TensorType::F16    ? Type(b.getF16Type())
                : info.type == coopt::import::TensorType::BF16 ? Type(b.getBF16Type())
                                                               : b.getF32Type();
  if (info.elements() == 1 && N * G != 1) {
    // One for all: a number of the program.
    uint32_t bits = 0;
    std::memcpy(&bits, files.data(info), info.bytes);
    llvm::APFloat value(stored.isF16()    ? llvm::APFloat::IEEEhalf()
                        : stored.isBF16() ? llvm::APFloat::BFloat()
                                          : llvm::APFloat::IEEEsingle(),
                        llvm::APInt(stored.getIntOrFloatBitWidth(), bits));
    bool lost = false;
    if (!stored.isF16()) {
      value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &lost); // exact
    }
    auto type = RankedTensorType::get({N}, scaleType());
    return arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, value));
  }
  if (G == 1) {
    return load(info, info.name, {N}, scaleType(), stored);
  }
  Value x = load(info, info.name, info.shape, scaleType(), stored);
  return byGroup ? transposed(x) : x;
}

SchemeAttr Declaration::blocks(SmallVector<Value> &parts) {
  const numerics::GgufType type = *matrix.codes->blocks;
  const int64_t rowBytes = K / numerics::ggufBlockElements(type) * numerics::ggufBlockBytes(type);
  Value stored =
      load(*matrix.codes, matrix.codes->name + ".blocks", {N, rowBytes}, b.getI8Type(), b.getI8Type());
  auto scheme = SchemeAttr::getForFormat(b.getContext(), numerics::ggufFormat(type));
  llvm::append_range(parts, quantized::SplitBlocksOp::create(b, loc, stored, scheme).getResults());
  return scheme;
}

SchemeAttr Declaration::columns(SmallVector<Value> &parts) {
  const bool isGptq = quantization.method == Method::Gptq;
  // Which element of eight a nibble holds.
  const int64_t order[] = {0, 2, 4, 6, 1, 3, 5, 7};
  ArrayRef<int64_t> places = isGptq ? ArrayRef<int64_t>() : ArrayRef<int64_t>(order);
  parts.push_back(transposed(sortedRows(unpacked(words(*matrix.codes), isGptq ? 0 : 1, {K, N}, 0, places))));
  parts.push_back(scales(/*byGroup=*/true));
  Value zeros =
      transposed(unpacked(words(*matrix.zeros), 1, {G, N}, quantization.zerosLessOne ? 1 : 0, places));
  parts.push_back(G == 1 ? column(zeros) : zeros);
  return integers(/*isSymmetric=*/false);
}

SchemeAttr Declaration::packed(SmallVector<Value> &parts) {
  const int64_t offset = int64_t(1) << (quantization.bits - 1);
  parts.push_back(
      sortedColumns(unpacked(words(*matrix.codes), 1, {N, K}, quantization.symmetric ? -offset : 0)));
  parts.push_back(scales(/*byGroup=*/false));
  if (!quantization.symmetric) {
    // Codes and zeros are both stored plus the offset, so that it cancels.
    Value zeros = unpacked(words(*matrix.zeros), 0, {N, G});
    parts.push_back(G == 1 ? column(zeros) : zeros);
  }
  return integers(quantization.symmetric);
}

SchemeAttr Declaration::bytes(SmallVector<Value> &parts) {
  parts.push_back(sortedColumns(
      load(*matrix.codes, matrix.codes->name + ".stored", {N, K}, b.getI8Type(), b.getI8Type())));
  parts.push_back(scales(/*byGroup=*/false));
  return quantization.method == Method::Integers
             ? integers(/*isSymmetric=*/true)
             : SchemeAttr::getForFormat(b.getContext(), *numerics::findFormat("fp8-channel"));
}

/// A parameter and the recipe that makes it, its body still empty.
static model::RecipeOp declareWithRecipe(OpBuilder &b, Location loc, const std::string &name,
                                         RankedTensorType type) {
  auto parameter = model::ParameterOp::create(b, loc, name, type, /*origin=*/Attribute());
  auto recipe = model::RecipeOp::create(b, loc, name + ".decode",
                                        b.getArrayAttr({FlatSymbolRefAttr::get(parameter.getSymNameAttr())}));
  if (recipe.getBody().empty()) {
    recipe.getBody().emplaceBlock();
  }
  return recipe;
}

void Declaration::declare(const std::string &name) {
  auto type = RankedTensorType::get(matrix.shape, b.getF32Type());
  auto made = declareWithRecipe(b, loc, name, type);
  recipe = made;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(&made.getBody().front());
  SmallVector<Value> parts;
  SchemeAttr scheme;
  if (matrix.codes->blocks) {
    scheme = blocks(parts);
  } else if (quantization.method == Method::Gptq || quantization.method == Method::Awq) {
    scheme = columns(parts);
  } else if (quantization.method == Method::Packed) {
    scheme = packed(parts);
  } else {
    scheme = bytes(parts);
  }
  Value init = tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
  auto decoded = quantized::DequantizeOp::create(b, loc, parts, init, scheme, Value());
  model::YieldOp::create(b, loc, decoded.getResult());
}

void coopt::import::declareStoredWeight(OpBuilder &builder, Location loc, const std::string &name,
                                        const StoredMatrix &matrix,
                                        const CheckpointQuantization &quantization,
                                        const TensorFiles &files) {
  Declaration(builder, loc, matrix, quantization, files).declare(name);
}

void coopt::import::declareColumnOrder(OpBuilder &builder, Location loc, const std::string &name,
                                       ArrayRef<int32_t> order) {
  auto values = builder.getI32TensorAttr(order);
  auto recipe = declareWithRecipe(builder, loc, name, cast<RankedTensorType>(values.getType()));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&recipe.getBody().front());
  Value constant = arith::ConstantOp::create(builder, loc, values);
  model::YieldOp::create(builder, loc, constant);
}
