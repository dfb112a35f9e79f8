#include "coopt/Package/PackageBuilder.h"

#include "coopt/Import/Gguf.h"
#include "coopt/Layout/Layout.h"
#include "coopt/Package/ProgramSerializer.h"
#include "coopt/Package/RecipeEvaluator.h"
#include "coopt/PackageFormat/KernelImage.h"
#include "coopt/PackageFormat/Package.h"
#include "coopt/Target/Npu.h"
#include "coopt/Target/X86.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Program/IR/Program.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::package;

namespace {

std::optional<ModelInfo> modelInfo(ModuleOp module) {
  auto facts = module->getAttrOfType<DictionaryAttr>("model.info");
  if (!facts) {
    return std::nullopt;
  }
  auto text = [&](StringRef key) {
    auto attribute = facts.getAs<StringAttr>(key);
    return attribute ? attribute.str() : std::string();
  };
  auto number = [&](StringRef key) -> std::optional<int64_t> {
    auto attribute = facts.getAs<IntegerAttr>(key);
    return attribute ? std::optional(attribute.getInt()) : std::nullopt;
  };
  ModelInfo info;
  info.name = text("name");
  info.family = text("family");
  info.quantization = text("quantization");
  info.sparsity = text("sparsity");
  info.vocabulary = number("vocabulary").value_or(0);
  info.context = number("context").value_or(0);
  info.chunk = number("chunk").value_or(0);
  info.bos = number("bos");
  if (auto eos = facts.getAs<DenseI64ArrayAttr>("eos")) {
    info.eos.assign(eos.asArrayRef().begin(), eos.asArrayRef().end());
  }
  return info;
}

/// The text of the layout that a parameter is stored in, and its noise, as the manifest says them.
void describeParameter(model::ParameterOp op, Parameter &parameter) {
  if (auto layout = dyn_cast_or_null<model::LayoutAttr>(op.getTensorType().getEncoding())) {
    parameter.layout = layout.getText().str();
  }
  if (auto noise = dyn_cast_or_null<model::NoiseAttr>(op.getOriginAttr())) {
    parameter.noise = Parameter::Noise{noise.getSeed(), noise.getScale().getValueAsDouble()};
  }
}

/// The contractions that dispatches say they are.
std::vector<Contraction> collectContractions(ModuleOp module) {
  std::vector<Contraction> contractions;
  llvm::StringSet<> ids;
  module.walk([&](program::DispatchOp dispatch) {
    auto facts = dispatch->getAttrOfType<DictionaryAttr>("coopt.contraction");
    if (!facts) {
      return;
    }
    auto operand = facts.getAs<IntegerAttr>("operand"), columns = facts.getAs<IntegerAttr>("columns");
    auto source = facts.getAs<StringAttr>("source");
    auto names = facts.getAs<ArrayAttr>("ids");
    if (!operand || !columns || !source || !names || operand.getInt() < 0 || columns.getInt() <= 0) {
      return;
    }
    for (StringAttr name : names.getAsRange<StringAttr>()) {
      if (ids.insert(name.getValue()).second) {
        contractions.push_back({name.str(), dispatch.getId().str(), static_cast<uint32_t>(operand.getInt()),
                                columns.getInt(), source.str()});
      }
    }
  });
  return contractions;
}

/// Whether the rows of a parameter can be cut into `experts` parts that are stored one behind the other.
bool holdsParts(model::ParameterOp op, const Parameter &parameter, int64_t experts) {
  if (parameter.noise || experts < 1 || experts > UINT16_MAX ||
      parameter.bytes % static_cast<uint64_t>(experts) != 0) {
    return false;
  }
  auto packed = dyn_cast_or_null<model::LayoutAttr>(op.getTensorType().getEncoding());
  if (!packed) {
    return op.getTensorType().getDimSize(0) % experts == 0;
  }
  auto layout = layout::parse(packed.getText().str());
  if (!layout || layout->dims[0].size % experts != 0) {
    return false;
  }
  const layout::Dim &rows = layout->dims[0];
  const int64_t tile = int64_t(1) << rows.tileBits;
  return (rows.size / experts) % tile == 0 &&
         llvm::all_of(llvm::drop_begin(layout->dims), [&](const layout::Dim &dim) {
           return dim.outerExtent() == 1 || dim.outerStride < rows.outerStride;
         });
}

/// Marks the parameters that hold experts' weights, as dispatches say, where each expert's are in one piece.
void markExperts(ModuleOp module, SymbolTable &symbols, std::vector<Parameter> &parameters) {
  llvm::StringMap<Parameter *> byName;
  for (Parameter &parameter : parameters) {
    byName[parameter.name] = &parameter;
  }
  module.walk([&](program::DispatchOp dispatch) {
    program::ExpertsAttr experts = dispatch.getExpertsAttr();
    for (int64_t place : experts ? experts.getWeights() : ArrayRef<int64_t>()) {
      auto read = dispatch.getReads()[static_cast<unsigned>(place)].getDefiningOp<program::ParameterOp>();
      auto op = symbols.lookup<model::ParameterOp>(read.getName());
      Parameter *parameter = byName.lookup(read.getName());
      if (op && parameter && holdsParts(op, *parameter, experts.getCount())) {
        parameter->experts = static_cast<uint32_t>(experts.getCount());
      }
    }
  });
}

} // namespace

/// The images of kernels for an accelerator, in the order of the program; nothing for those that the host computes. They pass all that a loader
/// checks.
static FailureOr<std::vector<std::vector<uint8_t>>> emitImages(ModuleOp kernels, const Program &program,
                                                               const machine::Machine &machine,
                                                               const std::string &description) {
  const uint64_t hash = npu::machineHash(description);
  std::vector<std::vector<uint8_t>> images;
  for (auto [number, kernel] : llvm::enumerate(program.kernels)) {
    auto function = kernels.lookupSymbol<func::FuncOp>(kernel.symbol);
    images.emplace_back();
    if (!function) {
      continue;
    }
    FailureOr<npu::Image> image = target::emitImage(function, hash);
    if (failed(image)) {
      return failure();
    }
    std::vector<uint8_t> bytes = npu::write(*image);
    auto read =
        readKernelImage(bytes.data(), bytes.size(), program, static_cast<uint32_t>(number), machine, hash);
    if (!read) {
      return function.emitError("can't run on '") << machine.name << "': " << read.error().message;
    }
    images.back() = std::move(bytes);
  }
  return images;
}

LogicalResult coopt::package::buildPackage(ModuleOp module, const machine::Machine &machine,
                                           const std::vector<std::string> &variants, const std::string &path,
                                           const Progress &progress) {
  SymbolTable symbols(module);
  PackageContents contents;
  contents.manifest.producer = "coopt 0.1.0";
  contents.manifest.target = machine.kind();
  contents.manifest.model = modelInfo(module);
  contents.manifest.parameters = collectParameters(module);
  contents.manifest.contractions = collectContractions(module);
  for (Parameter &parameter : contents.manifest.parameters) {
    if (auto op = symbols.lookup<model::ParameterOp>(parameter.name)) {
      describeParameter(op, parameter);
    }
  }
  markExperts(module, symbols, contents.manifest.parameters);
  FailureOr<Program> program = serializeProgram(module, contents.manifest.parameters);
  if (failed(program)) {
    return failure();
  }
  contents.program = std::move(*program);

  if (machine.npu()) {
    contents.manifest.machine = machine::toJson(machine);
    auto kernels = symbols.lookup<ModuleOp>("npu");
    if (!kernels) {
      return module.emitError("holds no kernels for the accelerator: expected a module @npu");
    }
    auto images = emitImages(kernels, contents.program, machine, contents.manifest.machine);
    if (failed(images)) {
      return failure();
    }
    contents.images = std::move(*images);
  }
  for (const std::string &name : variants) {
    auto lowered = symbols.lookup<ModuleOp>(name);
    const target::CpuVariant *variant = target::findCpuVariant(name);
    if (!lowered || !variant) {
      return module.emitError("holds no kernels for the instruction-set variant '") << name << "'";
    }
    if (progress) {
      progress("code for " + name, 0, 0);
    }
    auto elf = target::emitSharedObject(lowered, *variant);
    if (failed(elf)) {
      return failure();
    }
    contents.code.push_back({name, variant->required, std::move(*elf)});
  }

  std::string root;
  if (auto attribute = module->getAttrOfType<StringAttr>("model.root")) {
    root = attribute.str();
  }
  if (auto tokenizer = module->getAttrOfType<StringAttr>("model.tokenizer")) {
    llvm::SmallString<256> file(root);
    llvm::sys::path::append(file, tokenizer.getValue());
    auto tables = import::readTokenizer(std::string(file));
    if (!tables) {
      return mlir::emitError(UnknownLoc::get(module.getContext())) << tables.error().message;
    }
    auto bytes = serializeTokenizer(*tables);
    if (!bytes) {
      return mlir::emitError(UnknownLoc::get(module.getContext()))
             << std::string(file) << ": " << bytes.error().message;
    }
    contents.tokenizer = std::move(*bytes);
  }

  std::vector<std::string> names;
  uint64_t done = 0, total = 0;
  for (const Parameter &parameter : contents.manifest.parameters) {
    names.push_back(parameter.name);
    total += parameter.noise ? 0 : parameter.bytes;
  }
  auto evaluator = RecipeEvaluator::create(module, root);
  if (!evaluator) {
    return mlir::emitError(UnknownLoc::get(module.getContext())) << evaluator.error().message;
  }
  Status written = writePackage(path, std::move(contents), [&](size_t index, const ByteSink &sink) -> Status {
    return evaluator->write(names[index], [&](const uint8_t *bytes, size_t size) {
      Status status = sink(bytes, size);
      done += size;
      if (progress) {
        progress("parameters", done, total);
      }
      return status;
    });
  });
  if (!written) {
    return mlir::emitError(UnknownLoc::get(module.getContext())) << written.error().message;
  }
  return success();
}
