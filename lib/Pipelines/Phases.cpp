#include "coopt/Pipelines/Phases.h"

#include "coopt/Pipelines/Register.h"

#include "coopt/Analysis/VerifySchedule.h"
#include "coopt/Conversion/Passes.h"
#include "coopt/Import/CalibrationFile.h"
#include "coopt/Numerics/QuantizationScheme.h"
#include "coopt/Package/RecipeEvaluator.h"
#include "coopt/Support/OutputFile.h"
#include "coopt/Target/KernelEntries.h"
#include "coopt/Transforms/AssignLayouts.h"
#include "coopt/Transforms/Compress.h"
#include "coopt/Transforms/ConfigureAttention.h"
#include "coopt/Transforms/FormKernels.h"
#include "coopt/Transforms/OutlineKernels.h"
#include "coopt/Transforms/SelectSchedules.h"
#include "coopt/Transforms/TileKernels.h"
#include "dialects/Npu/Transforms/Passes.h"
#include "dialects/Program/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace coopt;

namespace {

constexpr Phase kPhases[] = {Phase::Import,   Phase::Compress, Phase::Fuse,    Phase::Layout,
                             Phase::Schedule, Phase::Tile,     Phase::Kernels, Phase::Package};

LogicalResult runPasses(ModuleOp module, llvm::function_ref<void(OpPassManager &)> add) {
  PassManager manager(module.getContext(), module.getOperationName());
  add(manager);
  return manager.run(module);
}

/// A file of statistics that is opened when it is first asked.
class LazyCalibration {
public:
  explicit LazyCalibration(std::string path) : path(std::move(path)) {}
  Expected<const import::CalibrationFile *> open() {
    if (!file) {
      file = import::CalibrationFile::open(path);
    }
    if (!*file) {
      return forward(file->error());
    }
    return &**file;
  }

private:
  std::string path;
  std::optional<Expected<import::CalibrationFile>> file;
};

/// What the model's files, the statistics and the machine say.
ModelKnowledge modelKnowledge(ModuleOp module, const CompileOptions &options) {
  ModelKnowledge knowledge;
  knowledge.machine = &options.machine;
  knowledge.variants = options.variants;
  // Planned for the module as it is at the first question: parameters come and go afterwards.
  auto evaluator = std::make_shared<std::optional<Expected<RecipeEvaluator>>>();
  knowledge.weights = [=](const std::string &parameter, const ModelKnowledge::Sink &sink) -> Status {
    if (!*evaluator) {
      auto root = module->getAttrOfType<StringAttr>("model.root");
      *evaluator = RecipeEvaluator::create(module, root ? root.str() : std::string());
    }
    if (!**evaluator) {
      return forward((*evaluator)->error());
    }
    return (**evaluator)->write(parameter, sink);
  };
  if (!options.calibration.empty()) {
    auto calibration = std::make_shared<LazyCalibration>(options.calibration);
    knowledge.rows = [calibration](const std::string &opId,
                                   int64_t experts) -> Expected<std::vector<double>> {
      auto file = calibration->open();
      return file ? (*file)->expertRows(opId, experts) : forward(file.error());
    };
    knowledge.meanSquares = [calibration](const std::string &opId,
                                          int64_t K) -> Expected<std::vector<double>> {
      auto file = calibration->open();
      return file ? (*file)->meanSquares(opId, K) : forward(file.error());
    };
  }
  return knowledge;
}

/// Writes the plan that a budget came to, for --quantize=FILE.json.
LogicalResult savePlan(ModuleOp module, const numerics::QuantizationPlan &plan, const std::string &path) {
  const std::string text = numerics::toJson(plan);
  auto file = OutputFile::create(path);
  Status written = file ? file->write(text.data(), text.size()) : forward(file.error());
  if (Status done = written ? file->commit() : written; !done) {
    return module.emitError("--save-plan: " + done.error().message);
  }
  return success();
}

LogicalResult compressPhase(ModuleOp module, const CompileOptions &options) {
  CompressOptions compress;
  auto plan = numerics::readQuantizationPlan(options.quantize);
  if (!plan) {
    return module.emitError(plan.error().message);
  }
  compress.plan = std::move(*plan);
  if (options.activations != "f32" && options.activations != "bf16") {
    return module.emitError("activations: expected f32 or bf16, got '") << options.activations << "'";
  }
  compress.roundActivations = options.activations == "bf16";
  auto method = calibration::parseCalibrationMethod(options.rounding);
  if (!method) {
    return module.emitError("rounding: " + method.error().message);
  }
  compress.method = *method;
  compress.calibrationFile = options.calibration;
  if (!options.sparsify.empty()) {
    auto pattern = numerics::parseSparsePattern(options.sparsify);
    if (!pattern) {
      return module.emitError(pattern.error().message);
    }
    compress.sparsity = *pattern;
  }
  compress.scoresByInputs = options.sparsityScore == "inputs";
  compress.knowledge = modelKnowledge(module, options);
  if (!options.sensitivities.empty()) {
    auto sensitivities = numerics::Sensitivities::read(options.sensitivities);
    if (!sensitivities) {
      return module.emitError("--sensitivities: " + sensitivities.error().message);
    }
    compress.knowledge.sensitivities = std::move(*sensitivities);
  }
  if (!options.planFile.empty()) {
    compress.decided = [&](const numerics::QuantizationPlan &plan) {
      return savePlan(module, plan, options.planFile);
    };
  }
  compress.report = options.report;
  // Without another wish, weights are what the model's files have.
  auto info = module->getAttrOfType<DictionaryAttr>("model.info");
  if (info && (options.quantize != "f32" || compress.sparsity)) {
    NamedAttrList named(info);
    auto stored = info.getAs<StringAttr>("quantization");
    const std::string name = options.quantize == "f32" && stored ? stored.str() : options.quantize;
    const std::string kept = compress.sparsity ? "+" + numerics::toString(*compress.sparsity) : "";
    named.set("quantization", StringAttr::get(module.getContext(), name + kept));
    module->setAttr("model.info", named.getDictionary(module.getContext()));
  }
  return failure(failed(configureAttention(module, {options.kv, options.attention, options.attentionWindow,
                                                    options.attentionSinks})) ||
                 failed(coopt::compress(module, compress)) ||
                 failed(runPasses(module, [](OpPassManager &manager) { manager.addPass(createCSEPass()); })));
}

LogicalResult fusePhase(ModuleOp module) {
  // Sizes of computed tensors become sizes of the entry's own before kernels take the tensors away.
  LogicalResult resolved = runPasses(module, [](OpPassManager &manager) {
    manager.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
    manager.addPass(createCSEPass());
  });
  return failure(failed(resolved) || failed(formKernels(module)));
}

LogicalResult layoutPhase(ModuleOp module, const CompileOptions &options) {
  if (options.sparseStorage != "auto" && options.sparseStorage != "kept") {
    return module.emitError("sparse storage: expected auto or kept, got '") << options.sparseStorage << "'";
  }
  if (const machine::NpuMachine *npu = options.machine.npu()) {
    return assignArrayLayouts(module, npu->cores.front());
  }
  SmallVector<machine::InstructionSet> sets;
  for (const std::string &variant : options.variants) {
    auto set = machine::parseInstructionSet(std::string_view(variant));
    if (!set) {
      return module.emitError(set.error().message);
    }
    sets.push_back(*set);
  }
  return assignLayouts(module, sets, options.sparseStorage == "kept");
}

LogicalResult schedulePhase(ModuleOp module, const CompileOptions &options) {
  cost::DecisionTrace trace;
  if (failed(selectSchedules(module, options.machine, {options.scheduleFile, options.tuningDatabase},
                             options.explain ? &trace : nullptr))) {
    return failure();
  }
  if (options.explain) {
    options.explain(trace);
  }
  return success();
}

/// Lowers one instruction-set variant of the kernels: a module @<variant> in the LLVM dialect.
LogicalResult lowerVariant(ModuleOp module, ModuleOp kernels, StringRef variant) {
  auto isa = machine::parseInstructionSet(std::string_view(variant));
  if (!isa) {
    return module.emitError(isa.error().message);
  }
  OpBuilder builder(kernels);
  auto lowered = cast<ModuleOp>(builder.clone(*kernels));
  lowered.setSymName(variant);
  PassManager manager(module.getContext(), lowered.getOperationName());
#ifdef NDEBUG
  // The phase is verified at its end, and so is the LLVM IR: after each of thirty passes it would take as long as the passes.
  manager.enableVerifier(false);
#endif
  LowerLeavesOptions leaves;
  leaves.isa = *isa;
  buildLowerLeavesPipeline(manager, leaves);
  buildLowerToLlvmPipeline(manager);
  if (failed(manager.run(lowered))) {
    return failure();
  }
  // The largest scratch that any variant wants is what the package asks for.
  for (auto declaration : kernels.getOps<func::FuncOp>()) {
    Operation *body = SymbolTable::lookupSymbolIn(lowered, declaration.getSymName());
    auto bytes = body ? body->getAttrOfType<IntegerAttr>("coopt.scratch_bytes") : IntegerAttr();
    auto known = declaration->getAttrOfType<IntegerAttr>("coopt.scratch_bytes");
    if (bytes && (!known || known.getInt() < bytes.getInt())) {
      declaration->setAttr("coopt.scratch_bytes", bytes);
    }
  }
  return addKernelEntries(lowered, kernels);
}

/// Lowers the kernels for an accelerator: a module @npu in its dialect, and, of what the host computes, @generic.
LogicalResult lowerForNpu(ModuleOp module, ModuleOp kernels, const machine::NpuMachine &machine) {
  auto copyOf = [&](StringRef name, bool ofDevice) {
    OpBuilder builder(kernels);
    auto copy = cast<ModuleOp>(builder.clone(*kernels));
    copy.setSymName(name);
    for (auto function : llvm::make_early_inc_range(copy.getOps<func::FuncOp>())) {
      if (function->hasAttr(kDeviceName) != ofDevice) {
        function.erase();
      }
    }
    return copy;
  };
  ModuleOp host = copyOf("host", false);
  const bool hasHost = !host.getOps<func::FuncOp>().empty();
  if (hasHost && failed(lowerVariant(module, host, "generic"))) {
    return failure();
  }
  for (auto function : host.getOps<func::FuncOp>()) { // what their scratch takes
    kernels.lookupSymbol(function.getSymName())->setAttrs(function->getAttrs());
  }
  host.erase();
  ModuleOp device = copyOf("npu", true);
  PassManager manager(module.getContext(), device.getOperationName());
#ifdef NDEBUG
  manager.enableVerifier(false);
#endif
  manager.addPass(createLowerToNpuPass(machine));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(npu::createDoubleBufferPass(machine));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(npu::createAllocateMemoryPass(machine));
  manager.addPass(npu::createSynchronisePass(machine));
  return manager.run(device);
}

LogicalResult planArenas(ModuleOp module, const CompileOptions &options) {
  for (auto entry : module.getOps<program::EntryOp>()) {
    FailureOr<program::ArenaPlan> plan = program::planArena(entry);
    if (failed(plan)) {
      return failure();
    }
    if (options.report) {
      options.report(llvm::formatv("workspace of @{0}: {1} bytes, of which {2} are used at a time",
                                   entry.getSymName(), plan->bytes, plan->bound)
                         .str());
    }
  }
  return success();
}

LogicalResult kernelsPhase(ModuleOp module, const CompileOptions &options) {
  const machine::NpuMachine *npu = options.machine.npu();
  if (failed(outlineKernels(module, {/*loopsOverItems=*/npu != nullptr}))) {
    return failure();
  }
  LogicalResult clean = runPasses(module, [](OpPassManager &manager) {
    // Equal subviews first: a copy of a tile to itself is then seen as one.
    manager.addPass(createCSEPass());
    manager.addPass(createCanonicalizerPass());
  });
  if (failed(clean) || failed(planArenas(module, options))) {
    return failure();
  }
  auto kernels = cast<ModuleOp>(SymbolTable::lookupSymbolIn(module, "kernels"));
  if (npu && failed(lowerForNpu(module, kernels, *npu))) {
    return failure();
  }
  for (const std::string &variant : npu ? std::vector<std::string>() : options.variants) {
    if (options.progress) {
      options.progress("code for " + variant, 0, 0);
    }
    if (failed(lowerVariant(module, kernels, variant))) {
      return failure();
    }
  }
  // What remains of the kernels is their names, types and needs.
  for (auto function : kernels.getOps<func::FuncOp>()) {
    function.eraseBody();
    function.setPrivate();
  }
  return success();
}

} // namespace

machine::Machine coopt::defaultMachine() { return *machine::findMachine("cpu"); }

llvm::ArrayRef<Phase> coopt::allPhases() { return kPhases; }

StringRef coopt::phaseName(Phase phase) {
  switch (phase) {
  case Phase::Import:
    return "import";
  case Phase::Compress:
    return "compress";
  case Phase::Fuse:
    return "fuse";
  case Phase::Layout:
    return "layout";
  case Phase::Schedule:
    return "schedule";
  case Phase::Tile:
    return "tile";
  case Phase::Kernels:
    return "kernels";
  case Phase::Package:
    return "package";
  }
  return "";
}

std::optional<Phase> coopt::parsePhase(StringRef name) {
  for (Phase phase : kPhases) {
    if (phaseName(phase) == name) {
      return phase;
    }
  }
  return std::nullopt;
}

LogicalResult coopt::runPhase(Phase phase, ModuleOp module, const CompileOptions &options) {
  auto run = [&]() -> LogicalResult {
    switch (phase) {
    case Phase::Compress:
      return compressPhase(module, options);
    case Phase::Fuse:
      return fusePhase(module);
    case Phase::Layout:
      return layoutPhase(module, options);
    case Phase::Schedule:
      return schedulePhase(module, options);
    case Phase::Tile:
      // Schedules may come from a file or a hand-written module: what does not fit is refused here.
      return failure(failed(verifySchedules(module, options.machine)) ||
                     failed(tileKernels(module, {options.machine.npu() != nullptr})));
    case Phase::Kernels:
      return kernelsPhase(module, options);
    case Phase::Import:
    case Phase::Package:
      break;
    }
    return module.emitError("phase ") << phaseName(phase) << " is no transformation of a module";
  };
  return failure(failed(run()) || failed(mlir::verify(module)));
}

LogicalResult coopt::writePackageFile(ModuleOp module, const CompileOptions &options,
                                      const std::string &path) {
  std::vector<std::string> variants = options.variants;
  if (options.machine.npu()) { // what the host computes, on any processor
    variants.clear();
    if (module.lookupSymbol<ModuleOp>("generic")) {
      variants.push_back("generic");
    }
  }
  return package::buildPackage(module, options.machine, variants, path, options.progress);
}

namespace {

/// A phase as a pass, for coopt-opt.
template <Phase phase>
class PhasePass : public PassWrapper<PhasePass<phase>, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PhasePass)
  PhasePass() = default;
  PhasePass(const PhasePass &other) : PassWrapper<PhasePass<phase>, OperationPass<ModuleOp>>(other) {}

  StringRef getArgument() const final {
    static const std::string name = "coopt-phase-" + phaseName(phase).str();
    return name;
  }
  StringRef getDescription() const final { return "One phase of the compiler, as the driver runs it."; }
  void getDependentDialects(DialectRegistry &registry) const final { insertPhaseDialects(registry); }
  void runOnOperation() final {
    CompileOptions options;
    options.quantize = quantize;
    options.sparsify = sparsify;
    options.sparseStorage = sparseStorage;
    options.kv = kv;
    options.attention = attention;
    options.attentionWindow = attentionWindow;
    options.attentionSinks = attentionSinks;
    options.activations = activations;
    options.scheduleFile = scheduleFile;
    if (!target.empty()) {
      Expected<machine::Machine> machine = machine::findMachine(target);
      if (!machine) {
        this->getOperation().emitError(machine.error().message);
        return this->signalPassFailure();
      }
      options.machine = std::move(*machine);
    }
    if (!variants.empty()) {
      options.variants.assign(variants.begin(), variants.end());
    }
    if (failed(runPhase(phase, this->getOperation(), options))) {
      this->signalPassFailure();
    }
  }

private:
  Pass::Option<std::string> quantize{*this, "quantize", llvm::cl::desc("how weights are stored (compress)"),
                                     llvm::cl::init("f32")};
  Pass::Option<std::string> sparsify{
      *this, "sparsify", llvm::cl::desc("what is kept of weights: 2:4, group16:0.5, .. (compress)"),
      llvm::cl::init("")};
  Pass::Option<std::string> sparseStorage{
      *this, "sparse-storage", llvm::cl::desc("auto or kept: what of sparse weights is stored (layout)"),
      llvm::cl::init("auto")};
  Pass::Option<std::string> kv{*this, "kv", llvm::cl::desc("how keys and values are stored (compress)"),
                               llvm::cl::init("")};
  Pass::Option<std::string> activations{*this, "activations", llvm::cl::desc("f32 or bf16 (compress)"),
                                        llvm::cl::init("f32")};
  Pass::Option<std::string> attention{*this, "attention", llvm::cl::desc("fixed or fast (compress)"),
                                      llvm::cl::init("")};
  Pass::Option<int64_t> attentionWindow{
      *this, "attention-window", llvm::cl::desc("last keys that are attended (compress)"), llvm::cl::init(0)};
  Pass::Option<int64_t> attentionSinks{
      *this, "attention-sinks", llvm::cl::desc("first keys beside them (compress)"), llvm::cl::init(0)};
  Pass::Option<std::string> scheduleFile{*this, "schedule", llvm::cl::desc("file of schedules (schedule)"),
                                         llvm::cl::init("")};
  Pass::Option<std::string> target{
      *this, "target", llvm::cl::desc("machine, as coopt-compile --target takes it"), llvm::cl::init("")};
  Pass::ListOption<std::string> variants{*this, "isa",
                                         llvm::cl::desc("instruction-set variants (layout, kernels)")};
};

} // namespace

void coopt::registerPhasePipelines() {
  PassRegistration<PhasePass<Phase::Compress>>();
  PassRegistration<PhasePass<Phase::Fuse>>();
  PassRegistration<PhasePass<Phase::Layout>>();
  PassRegistration<PhasePass<Phase::Schedule>>();
  PassRegistration<PhasePass<Phase::Tile>>();
  PassRegistration<PhasePass<Phase::Kernels>>();
  PassPipelineRegistration<>("coopt-compile", "All phases between import and package, float32, all variants.",
                             [](OpPassManager &manager) {
                               manager.addPass(std::make_unique<PhasePass<Phase::Compress>>());
                               manager.addPass(std::make_unique<PhasePass<Phase::Fuse>>());
                               manager.addPass(std::make_unique<PhasePass<Phase::Layout>>());
                               manager.addPass(std::make_unique<PhasePass<Phase::Schedule>>());
                               manager.addPass(std::make_unique<PhasePass<Phase::Tile>>());
                               manager.addPass(std::make_unique<PhasePass<Phase::Kernels>>());
                             });
}
