#include "coopt/Import/HuggingFace.h"

#include "DecoderImporter.h"
#include "coopt/Import/Gguf.h"
#include "coopt/Import/HuggingFaceConfig.h"
#include "coopt/Import/StoredMatrix.h"
#include "coopt/Import/TokenizerJson.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

FailureOr<OwningOpRef<ModuleOp>> wrong(MLIRContext *context, const Error &error) {
  mlir::emitError(UnknownLoc::get(context)) << error.message;
  return failure();
}

/// The module of a model whose files lie in the folder `root`, `name` what messages call it.
FailureOr<OwningOpRef<ModuleOp>> importModel(MLIRContext *context, const DecoderConfig &config,
                                             const TensorFiles &weights, const std::string &name,
                                             const std::string &root, llvm::StringRef tokenizer,
                                             const ImportOptions &options) {
  Location loc = UnknownLoc::get(context);
  if (Status checked = checkDecoderTensors(config, weights); !checked) {
    // A tensor that no file has is a fact of the directory.
    bool hasPlace = llvm::StringRef(checked.error().message).starts_with(name);
    return wrong(context, hasPlace ? checked.error() : std::move(checked.error()).in(name));
  }
  int64_t positions = options.context > 0 ? options.context : config.maxPositions;
  if (positions > config.maxPositions) {
    return wrong(context,
                 {name + ": a context of " + std::to_string(positions) +
                  " positions was asked for, the model allows " + std::to_string(config.maxPositions)});
  }
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  Builder builder(context);
  llvm::SmallString<256> folder(root), path(name);
  for (auto *each : {&folder, &path}) {
    llvm::sys::fs::make_absolute(*each);
    llvm::sys::path::remove_dots(*each, /*remove_dot_dot=*/true);
  }
  (*module)->setAttr("model.root", builder.getStringAttr(folder));
  (*module)->setAttr("model.tokenizer", builder.getStringAttr(tokenizer));

  int64_t chunk = std::min(options.chunk, positions);
  NamedAttrList info;
  info.append("name", builder.getStringAttr(llvm::sys::path::filename(path)));
  info.append("family", builder.getStringAttr(config.family));
  info.append("quantization", builder.getStringAttr(storedAs(config, weights)));
  info.append("vocabulary", builder.getI64IntegerAttr(config.vocabularySize));
  info.append("context", builder.getI64IntegerAttr(positions));
  info.append("chunk", builder.getI64IntegerAttr(chunk));
  if (config.bos) {
    info.append("bos", builder.getI64IntegerAttr(*config.bos));
  }
  info.append("eos", builder.getDenseI64ArrayAttr(config.eos));
  (*module)->setAttr("model.info", info.getDictionary(context));

  importDecoder(*module, config, weights, options);
  addSamplingEntries(*module, config.vocabularySize, chunk);
  if (failed(mlir::verify(*module))) {
    return failure();
  }
  return module;
}

} // namespace

FailureOr<OwningOpRef<ModuleOp>> coopt::import::importHuggingFace(MLIRContext *context,
                                                                  const std::string &directory,
                                                                  const ImportOptions &options) {
  auto config = readHuggingFaceConfig(directory);
  if (!config) {
    return wrong(context, config.error());
  }
  auto weights = SafetensorsModel::open(directory);
  if (!weights) {
    return wrong(context, weights.error());
  }
  auto tokenizer = readTokenizerJson(directory);
  if (!tokenizer) {
    return wrong(context, tokenizer.error());
  }
  return importModel(context, *config, *weights, directory, directory, "tokenizer.json", options);
}

FailureOr<OwningOpRef<ModuleOp>> coopt::import::importGguf(MLIRContext *context, const std::string &file,
                                                           const ImportOptions &options) {
  auto weights = GgufModel::open(file);
  if (!weights) {
    return wrong(context, weights.error());
  }
  auto config = ggufConfig(weights->contents(), weights->files()[0].data());
  if (!config) {
    return wrong(context, config.error());
  }
  auto tokenizer = ggufTokenizer(weights->contents());
  if (!tokenizer) {
    return wrong(context, tokenizer.error());
  }
  std::string root = llvm::sys::path::parent_path(file).str();
  return importModel(context, *config, *weights, file, root.empty() ? "." : root,
                     llvm::sys::path::filename(file), options);
}
