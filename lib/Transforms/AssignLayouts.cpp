#include "coopt/Transforms/AssignLayouts.h"

#include "KeptLayouts.h"
#include "coopt/CostModel/ArrayChoice.h"
#include "coopt/Layout/Layout.h"
#include "coopt/Layout/Panels.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Schedule/IR/Schedule.h"
#include "dialects/Sparse/IR/Sparse.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The weight operand of a contraction y[m,n] = sum x[m,k] w[n,k], or null.
OpOperand *weightOf(Operation *op) {
  if (auto contract = dyn_cast<quantized::ContractOp>(op)) {
    return &contract.getInputsMutable()[contract.getFirstWeightOperand()];
  }
  if (auto contract = dyn_cast<moe::ContractOp>(op)) {
    return &contract.getInputsMutable()[contract.getFirstWeightOperand()];
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 2 || linalgOp.getNumLoops() != 3 ||
      !linalg::isaContractionOpInterface(linalgOp) ||
      !llvm::all_of(op->getOperandTypes(), [](Type type) { return getElementTypeOrSelf(type).isF32(); })) {
    return nullptr;
  }
  AffineExpr m, n, k;
  bindDims(op->getContext(), m, n, k);
  SmallVector<AffineMap> wanted =
      AffineMap::inferFromExprList({ArrayRef<AffineExpr>{m, k}, {n, k}, {m, n}}, op->getContext());
  return linalgOp.getIndexingMapsArray() == wanted ? linalgOp.getDpsInputOperand(1) : nullptr;
}

/// The parameter that a kernel's operand loads, or null.
model::LoadOp loadBehind(schedule::KernelOp kernel, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != &kernel.getBody().front()) {
    return nullptr;
  }
  return kernel->getOperand(argument.getArgNumber()).getDefiningOp<model::LoadOp>();
}

/// The scheme of the codes that an operand of a coded contraction holds; null for other operands.
quantized::SchemeAttr codeSchemeOf(OpOperand &weight) {
  if (auto contract = dyn_cast<moe::ContractOp>(weight.getOwner())) {
    return contract.getWScheme().value_or(quantized::SchemeAttr());
  }
  auto contract = dyn_cast<quantized::ContractOp>(weight.getOwner());
  return contract ? contract.getWScheme() : quantized::SchemeAttr();
}

/// Whether codes meet floats: they are then expanded and converted one by one, which takes longer than reading zeros does.
bool meetsFloats(OpOperand &weight) {
  if (auto contract = dyn_cast<moe::ContractOp>(weight.getOwner())) {
    return contract.getWScheme() && !contract.getAScheme();
  }
  auto contract = dyn_cast<quantized::ContractOp>(weight.getOwner());
  return contract && !contract.getAScheme();
}

/// What stands beside the codes of a weight: scales, zeros and what else its scheme has.
ValueRange partsBehind(OpOperand &weight) {
  Operation *op = weight.getOwner();
  if (auto contract = dyn_cast<quantized::ContractOp>(op)) {
    return contract.getInputs().drop_front(contract.getFirstWeightOperand() + 1);
  }
  auto contract = dyn_cast<moe::ContractOp>(op);
  return contract ? contract.getInputs().drop_front(contract.getFirstWeightOperand() + 1) : ValueRange();
}

/// The CPU's layout for a weight; null where the kernels read it row-major. Panels of 16 rows of f32:
/// [N/16][K][16 n]. Codes: tiles of 16 rows and 64 columns, four columns of a row side by side, [N/16][K/64][16
/// k][16 n][4 k]: a run of 64 codes is a vector of dot products of four, a tile one of the matrix unit's.
model::LayoutAttr cpuWeightLayout(RankedTensorType type, unsigned bits) {
  if (type.getRank() != 2 || !type.hasStaticShape()) {
    return nullptr;
  }
  std::vector<int64_t> sizes(type.getShape().begin(), type.getShape().end());
  Expected<layout::Layout> layout = bits != 0 ? layout::blocked(sizes, {{1, 2}, {0, 4}, {1, 4}})
                                    : type.getElementType().isF32() ? layout::blocked(sizes, {{0, 4}})
                                                                    : fail("read row-major");
  return layout ? model::LayoutAttr::get(type.getContext(), *layout, bits) : nullptr;
}

/// The CPU's for scales and zeros of groups: 16 rows side by side. Null where there are no groups.
model::LayoutAttr cpuPartLayout(RankedTensorType type) {
  if (type.getRank() != 2 || !type.hasStaticShape()) {
    return nullptr;
  }
  std::vector<int64_t> sizes(type.getShape().begin(), type.getShape().end());
  Expected<layout::Layout> layout = layout::blocked(sizes, {{0, 4}});
  return layout ? model::LayoutAttr::get(type.getContext(), *layout, 0) : nullptr;
}

/// An accelerator's, of codes or, without a scheme, of their scales and zeros: panels of as many rows as its array has columns. Its types have signs:
/// unsigned codes are centred.
model::LayoutAttr arrayLayout(RankedTensorType type, quantized::SchemeAttr scheme, int64_t columns) {
  if (type.getRank() != 2 || !type.hasStaticShape()) {
    return nullptr;
  }
  const unsigned bits = scheme ? scheme.getBits() : 0;
  const bool isCentred = scheme && !scheme.getFormat() && scheme.isAsymmetric();
  std::vector<int64_t> sizes(type.getShape().begin(), type.getShape().end());
  Expected<layout::Layout> layout =
      layout::panels(sizes, llvm::Log2_64(static_cast<uint64_t>(columns)), bits);
  return layout ? model::LayoutAttr::get(type.getContext(), *layout, bits, StringAttr(), isCentred) : nullptr;
}

/// Of codes that an accelerator's array looks up in tables of sums of activations, because that takes the least time: planes of single bits. Null where it does not.
model::LayoutAttr lookUpLayout(RankedTensorType type, quantized::SchemeAttr scheme, OpOperand &weight,
                               const machine::NpuCore &core) {
  Operation *op = weight.getOwner();
  auto contract = dyn_cast<quantized::ContractOp>(op);
  auto ofExperts = dyn_cast<moe::ContractOp>(op);
  const bool isOfCodes = contract ? bool(contract.getAScheme()) : ofExperts && ofExperts.getAScheme();
  if (!isOfCodes || scheme.getFormat() || type.getRank() != 2 || !type.hasStaticShape()) {
    return nullptr;
  }
  const int64_t depth = type.getDimSize(1), group = scheme.getGroup(), panel = core.mxu->cols;
  const cost::CodeProduct product{ofExperts ? cast<ShapedType>(ofExperts.getInit().getType()).getDimSize(1)
                                            : type.getDimSize(0),
                                  depth,
                                  group == 0 ? depth : std::min<int64_t>(group, depth),
                                  scheme.getBits(),
                                  scheme.isAsymmetric(),
                                  false};
  // What begins within a panel is not looked up.
  const int64_t stride = ofExperts ? static_cast<int64_t>(ofExperts.getStride()) : 0;
  if (cost::chooseMode(core, product, core.mxu->rows, stride % panel != 0) != cost::ArrayMode::TableLookup) {
    return nullptr;
  }
  // Tiles of as many panels as are looked up at a time, for one instruction and one run of bytes, if they take at most a sixteenth more storage.
  const int64_t most = cost::columnsOfTables(core, core.mxu->rows);
  auto rounded = [&](int64_t width) { return (product.columns + width - 1) / width * width; };
  int64_t width = panel;
  while (2 * width <= most && stride % (2 * width) == 0 && 16 * rounded(2 * width) <= 17 * rounded(panel)) {
    width *= 2;
  }
  auto log2 = [](int64_t value) { return llvm::Log2_64(static_cast<uint64_t>(value)); };
  Expected<layout::Layout> layout =
      layout::lookUps({type.getDimSize(0), depth}, log2(width), log2(cost::tableDepth(core, product)));
  return layout ? model::LayoutAttr::get(type.getContext(), *layout, scheme.getBits(), StringAttr(),
                                         scheme.isAsymmetric(), /*planes=*/true)
                : nullptr;
}

/// Gives every tensor of codes of fewer bits than a byte a byte for each code. What computes with the codes
/// themselves gets them back from the byte.
void widenCodes(ModuleOp module) {
  auto widened = [](Type type) -> Type {
    auto tensor = dyn_cast<RankedTensorType>(type);
    bool isSubByte = tensor && tensor.getElementType().isSignlessInteger() &&
                     tensor.getElementTypeBitWidth() > 1 && tensor.getElementTypeBitWidth() < 8;
    return isSubByte ? tensor.clone(IntegerType::get(type.getContext(), 8)) : Type();
  };
  module.walk([&](Operation *op) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      if (Type type = widened(extract.getTensor().getType())) {
        OpBuilder builder(op->getContext());
        builder.setInsertionPointAfter(op);
        Type narrow = extract.getType();
        extract.getResult().setType(getElementTypeOrSelf(type));
        auto cut = arith::TruncIOp::create(builder, op->getLoc(), narrow, extract.getResult());
        extract.getResult().replaceAllUsesExcept(cut, cut);
      }
    }
    if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      OpBuilder builder = OpBuilder::atBlockBegin(generic.getBody());
      for (OpOperand &operand : generic->getOpOperands()) {
        if (Type type = widened(operand.get().getType())) {
          BlockArgument code = generic.getMatchingBlockArgument(&operand);
          Type narrow = code.getType();
          code.setType(getElementTypeOrSelf(type));
          if (code.use_empty()) {
            continue; // a destination that is not read stays so
          }
          auto cut = arith::TruncIOp::create(builder, op->getLoc(), narrow, code);
          code.replaceAllUsesExcept(cut, cut);
        }
      }
      Operation *yield = generic.getBody()->getTerminator();
      builder.setInsertionPoint(yield);
      for (OpOperand &operand : yield->getOpOperands()) {
        if (Type type = widened(generic.getDpsInitOperand(operand.getOperandNumber())->get().getType())) {
          operand.set(
              arith::ExtUIOp::create(builder, op->getLoc(), getElementTypeOrSelf(type), operand.get()));
        }
      }
    }
  });
  module.walk([&](Operation *op) {
    if (auto parameter = dyn_cast<model::ParameterOp>(op)) {
      if (Type type = widened(parameter.getTensorType())) {
        parameter.setTypeAttr(TypeAttr::get(type));
      }
    }
    for (Value result : op->getResults()) {
      if (Type type = widened(result.getType())) {
        result.setType(type);
      }
    }
    // What an entry takes and gives is its caller's: there such a type stays, to be refused.
    if (isa<model::EntryOp>(op)) {
      return;
    }
    for (Region &region : op->getRegions()) {
      for (BlockArgument argument : region.getArguments()) {
        if (Type type = widened(argument.getType())) {
          argument.setType(type);
        }
      }
    }
  });
}

class LayoutAssigner {
public:
  LayoutAssigner(ModuleOp module, ArrayRef<machine::InstructionSet> variants, bool alwaysKept,
                 const machine::NpuCore *core = nullptr)
      : module(module), symbols(module), builder(module.getContext()), variants(variants),
        alwaysKept(alwaysKept), core(core) {}
  LogicalResult run();

private:
  /// A layout that stores what the parameter's pattern keeps, if that is of use for the op that reads it.
  void choose(StringAttr parameter, model::LayoutAttr dense, OpOperand &reader);
  LogicalResult repack(StringAttr parameter, model::LayoutAttr encoding);
  /// Says what patterns save of the weights: in the module's `model.info`, and in a warning where some instruction set would rather
  /// have it otherwise.
  void describeSparsity();
  void warnOfVariants(StringRef names, bool isDense);
  /// An accelerator's for a weight of codes.
  model::LayoutAttr codeLayout(StringAttr name, RankedTensorType type, quantized::SchemeAttr scheme,
                               OpOperand &weight);
  void useStorage(schedule::KernelOp kernel, BlockArgument argument, StringAttr stored,
                  RankedTensorType type);

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  ArrayRef<machine::InstructionSet> variants;
  bool alwaysKept;
  const machine::NpuCore *core;           ///< of an accelerator; null: kernels are for the CPU
  llvm::SetVector<StringRef> reasons;     ///< why some weights are stored dense for it
  llvm::SmallDenseSet<StringAttr> tables; ///< parameters of which kernels read rows by themselves
  bool hasWideRuns = false,
       haveFloats =
           false; ///< some weights are stored dense because of wide runs, or of floats that they meet
  /// By the parameter, in the order of their readers.
  llvm::MapVector<StringAttr, model::LayoutAttr> chosen;
  llvm::SmallDenseSet<StringAttr> weights; ///< of these, not what goes with codes
  /// Packed parameter and its type, by the parameter that it stands for.
  DenseMap<StringAttr, std::pair<StringAttr, RankedTensorType>> packed;
};

} // namespace

LogicalResult LayoutAssigner::repack(StringAttr name, model::LayoutAttr encoding) {
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  RankedTensorType logical = parameter.getTensorType();
  auto storage = RankedTensorType::get({encoding.getStorageElements(logical.getElementType())},
                                       logical.getElementType(), encoding);

  // The recipe that makes the parameter packs it as its last step; a parameter that comes straight from a
  // file gets a recipe of its own.
  for (auto recipe : module.getOps<model::RecipeOp>()) {
    for (auto [index, defined] : llvm::enumerate(recipe.getDefines().getAsRange<FlatSymbolRefAttr>())) {
      if (defined.getAttr() == name) {
        Operation *yield = recipe.getBody().front().getTerminator();
        builder.setInsertionPoint(yield);
        Value pack = model::PackOp::create(builder, yield->getLoc(), storage, yield->getOperand(index));
        yield->setOperand(index, pack);
        parameter.setTypeAttr(TypeAttr::get(storage));
        parameter->removeAttr(sparse::SparseDialect::kPatternName); // the encoding says it from now on
        packed[name] = {name, storage};
        return success();
      }
    }
  }
  builder.setInsertionPointAfter(parameter);
  std::string packedName = (name.getValue() + ".packed").str();
  auto storedParameter = cast<model::ParameterOp>(builder.clone(*parameter));
  storedParameter.setSymName(packedName);
  storedParameter.setTypeAttr(TypeAttr::get(storage));
  storedParameter.removeOriginAttr();
  storedParameter->removeAttr(sparse::SparseDialect::kPatternName);
  symbols.insert(storedParameter);
  StringAttr storedName = storedParameter.getSymNameAttr();
  builder.setInsertionPointAfter(storedParameter);
  auto recipe =
      model::RecipeOp::create(builder, parameter.getLoc(), (storedName.getValue() + ".recipe").str(),
                              builder.getArrayAttr({FlatSymbolRefAttr::get(storedName)}));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
  Value source = model::LoadOp::create(builder, parameter.getLoc(), logical, FlatSymbolRefAttr::get(name));
  Value pack = model::PackOp::create(builder, parameter.getLoc(), storage, source);
  model::YieldOp::create(builder, parameter.getLoc(), pack);
  packed[name] = {storedName, storage};
  return success();
}

void LayoutAssigner::useStorage(schedule::KernelOp kernel, BlockArgument argument, StringAttr stored,
                                RankedTensorType storage) {
  auto logical = cast<RankedTensorType>(argument.getType());
  builder.setInsertionPoint(kernel);
  Value load = model::LoadOp::create(builder, kernel.getLoc(), storage, FlatSymbolRefAttr::get(stored));
  kernel->setOperand(argument.getArgNumber(), load);
  argument.setType(storage);
  builder.setInsertionPointToStart(&kernel.getBody().front());
  auto unpack = model::UnpackOp::create(builder, kernel.getLoc(), logical, argument);
  argument.replaceAllUsesExcept(unpack.getResult(), unpack);
}

void LayoutAssigner::choose(StringAttr parameter, model::LayoutAttr dense, OpOperand &reader) {
  if (chosen.contains(parameter)) {
    return; // the first reader decides
  }
  model::LayoutAttr layout = dense;
  auto op = symbols.lookup<model::ParameterOp>(parameter);
  auto pattern = op->getAttrOfType<sparse::PatternAttr>(sparse::SparseDialect::kPatternName);
  if (core) {
    StringRef reason;
    if (pattern && weights.contains(parameter)) {
      const ArrayReader by{codeSchemeOf(reader), tables.contains(parameter)};
      auto kept = keepingRows(dense, pattern, by, *core->mxu, reason);
      layout = kept ? kept : dense;
    }
    if (!reason.empty()) {
      reasons.insert(reason);
    }
  } else if (auto kept = pattern ? keeping(dense, pattern, op.getTensorType().getElementType())
                                 : model::LayoutAttr()) {
    const bool isWide = kept.getSparseTile() && kept.getSparseTile()->isWide();
    const bool isForFloats = !isWide && meetsFloats(reader);
    if (alwaysKept || (!isWide && !isForFloats && llvm::any_of(variants, machine::expandsVectors))) {
      layout = kept;
    } else {
      hasWideRuns |= isWide;
      haveFloats |= isForFloats;
    }
  }
  chosen.insert({parameter, layout});
}

void LayoutAssigner::warnOfVariants(StringRef names, bool isDense) {
  std::vector<std::string> slow;
  for (machine::InstructionSet variant : variants) {
    if (!machine::expandsVectors(variant)) {
      slow.push_back(machine::name(variant));
    }
  }
  const char *keep = " (--sparse-storage=kept stores only what is kept)";
  if (isDense && slow.size() == variants.size()) {
    module.emitWarning("weights of sparsity ")
        << names << " are stored dense, with their zeros: " << llvm::join(slow, " and ")
        << (slow.size() == 1 ? " has" : " have")
        << " no instructions that expand what is kept, and would take longer to read less" << keep;
  } else if (hasWideRuns || haveFloats) {
    module.emitWarning(isDense ? "weights of sparsity " : "some weights of sparsity ")
        << names << " are stored dense, with their zeros: expanding "
        << (!haveFloats    ? "such runs"
            : !hasWideRuns ? "codes for float activations"
                           : "such runs, or codes for float activations,")
        << " takes longer than reading them" << keep;
  } else if (isDense) {
    module.emitWarning("weights of sparsity ")
        << names << " are stored dense, with their zeros: what is kept and where it is takes as much memory";
  }
  if (!isDense && !slow.empty()) {
    module.emitWarning("sparse weights take less memory, but more time than dense ones on ")
        << llvm::join(slow, " and ") << ": each use of them expands them first (--isa chooses variants)";
  }
}

void LayoutAssigner::describeSparsity() {
  llvm::SetVector<StringRef> patterns;
  int64_t stored = 0, dense = 0;
  for (auto &[name, layout] : chosen) {
    auto op = symbols.lookup<model::ParameterOp>(name);
    auto pattern = op->getAttrOfType<sparse::PatternAttr>(sparse::SparseDialect::kPatternName);
    Type element = op.getTensorType().getElementType();
    // Scales that follow the pattern of their codes are no weights.
    if (!pattern || (layout.getBits() == 0 && !weights.contains(name))) {
      continue;
    }
    auto whole = model::LayoutAttr::get(module.getContext(), layout.getLayout(), layout.getBits());
    const int64_t bytes = element.getIntOrFloatBitWidth() / 8;
    patterns.insert(pattern.getText());
    stored += layout.getStorageElements(element) * bytes;
    dense += whole.getStorageElements(element) * bytes;
  }
  if (patterns.empty()) {
    return;
  }
  const std::string names = llvm::join(patterns, ", ");
  const bool isDense = stored == dense;
  if (!core) {
    warnOfVariants(names, isDense);
  } else if (!reasons.empty()) {
    module.emitWarning(isDense ? "weights of sparsity " : "some weights of sparsity ")
        << names << " are stored dense, with their zeros: " << llvm::join(reasons, "; ");
  }
  auto info = module->getAttrOfType<DictionaryAttr>("model.info");
  if (!info) {
    return;
  }
  auto megabytes = [](int64_t bytes) {
    return llvm::formatv("{0:f3} MB", static_cast<double>(bytes) * 1e-6).str();
  };
  NamedAttrList named(info);
  named.set("sparsity", builder.getStringAttr(names + ": " + megabytes(stored) + " of weights, " +
                                              (isDense ? "stored dense" : "dense " + megabytes(dense))));
  module->setAttr("model.info", named.getDictionary(module.getContext()));
}

model::LayoutAttr LayoutAssigner::codeLayout(StringAttr name, RankedTensorType type,
                                             quantized::SchemeAttr scheme, OpOperand &weight) {
  // What the array keeps of a pattern is stored so, and multiplied.
  const bool mayBeKept =
      !core->mxu->modes.nm.empty() && symbols.lookup(name)->hasAttr(sparse::SparseDialect::kPatternName);
  model::LayoutAttr lookUps =
      tables.contains(name) || mayBeKept ? nullptr : lookUpLayout(type, scheme, weight, *core);
  return lookUps ? lookUps : arrayLayout(type, scheme, core->mxu->cols);
}

LogicalResult LayoutAssigner::run() {
  widenCodes(module);
  module.walk([&](schedule::KernelOp kernel) {
    kernel.walk([&](model::GatherOp gather) {
      if (model::LoadOp load = loadBehind(kernel, gather.getTable())) {
        tables.insert(load.getParameterAttr().getAttr());
      }
    });
  });
  module.walk([&](schedule::KernelOp kernel) {
    kernel.walk([&](Operation *op) {
      OpOperand *weight = weightOf(op);
      if (!weight) {
        return;
      }
      if (model::LoadOp load = loadBehind(kernel, weight->get())) {
        StringAttr name = load.getParameterAttr().getAttr();
        auto type = cast<RankedTensorType>(load.getType());
        quantized::SchemeAttr scheme = codeSchemeOf(*weight);
        if (auto layout = !core    ? cpuWeightLayout(type, scheme ? scheme.getBits() : 0)
                          : scheme ? codeLayout(name, type, scheme, *weight)
                                   : model::LayoutAttr()) {
          weights.insert(name);
          choose(name, layout, *weight);
        }
      }
      // The scales and zeros of groups lie as the weights do.
      for (Value part : partsBehind(*weight)) {
        model::LoadOp load = loadBehind(kernel, part);
        auto type = load ? cast<RankedTensorType>(load.getType()) : RankedTensorType();
        if (!type || type.getEncoding()) {
          continue;
        }
        if (auto layout = !core ? cpuPartLayout(type) : arrayLayout(type, nullptr, core->mxu->cols)) {
          choose(load.getParameterAttr().getAttr(), layout, *weight);
        }
      }
    });
  });
  describeSparsity();
  for (auto &[name, layout] : chosen) {
    if (failed(repack(name, layout))) {
      return failure();
    }
  }
  module.walk([&](schedule::KernelOp kernel) {
    for (BlockArgument argument : kernel.getBody().getArguments()) {
      model::LoadOp load = loadBehind(kernel, argument);
      if (!load) {
        continue;
      }
      if (auto it = packed.find(load.getParameterAttr().getAttr()); it != packed.end()) {
        useStorage(kernel, argument, it->second.first, it->second.second);
        if (load->use_empty()) {
          load.erase();
        }
      }
    }
  });
  return verifyByteStorage(module);
}

LogicalResult coopt::assignLayouts(ModuleOp module, ArrayRef<machine::InstructionSet> variants,
                                   bool alwaysKept) {
  return LayoutAssigner(module, variants, alwaysKept).run();
}

LogicalResult coopt::assignArrayLayouts(ModuleOp module, const machine::NpuCore &core) {
  if (!core.mxu) {
    return module.emitError("layout: the machine has no matrix unit");
  }
  const int64_t arrayColumns = core.mxu->cols;
  if (!llvm::isPowerOf2_64(static_cast<uint64_t>(arrayColumns))) {
    return module.emitError("layout: an array of ") << arrayColumns << " columns: expected a power of two";
  }
  return LayoutAssigner(module, {}, false, &core).run();
}

LogicalResult coopt::verifyByteStorage(ModuleOp module) {
  auto isSubByte = [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped && shaped.getElementType().isIntOrFloat() && !shaped.getElementType().isInteger(1) &&
           shaped.getElementTypeBitWidth() % 8 != 0;
  };
  WalkResult result = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    SmallVector<Type> types(op->getResultTypes());
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        llvm::append_range(types, block.getArgumentTypes());
      }
    }
    if (auto parameter = dyn_cast<model::ParameterOp>(op)) {
      types.push_back(parameter.getTensorType());
    }
    for (Type type : types) {
      if (isSubByte(type)) {
        op->emitError("after layout every element must be a whole number of bytes, got ") << type;
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
