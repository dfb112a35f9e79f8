#include "coopt/Import/HuggingFace.h"

#include "DecoderImporter.h"
#include "coopt/Import/HuggingFaceConfig.h"
#include "coopt/Import/TokenizerJson.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace coopt;

FailureOr<OwningOpRef<ModuleOp>> coopt::import::importHuggingFace(MLIRContext *context,
                                                                  const std::string &directory,
                                                                  const ImportOptions &options) {
  Location loc = UnknownLoc::get(context);
  auto wrong = [&](const Error &error) -> FailureOr<OwningOpRef<ModuleOp>> {
    mlir::emitError(loc) << error.message;
    return failure();
  };
  auto config = readHuggingFaceConfig(directory);
  if (!config) {
    return wrong(config.error());
  }
  auto weights = SafetensorsModel::open(directory);
  if (!weights) {
    return wrong(weights.error());
  }
  if (Status checked = checkDecoderTensors(*config, *weights); !checked) {
    // A tensor that no file has is a fact of the directory.
    bool hasPlace = llvm::StringRef(checked.error().message).starts_with(directory);
    return wrong(hasPlace ? checked.error() : std::move(checked.error()).in(directory));
  }
  auto tokenizer = readTokenizerJson(directory);
  if (!tokenizer) {
    return wrong(tokenizer.error());
  }
  int64_t positions = options.context > 0 ? options.context : config->maxPositions;
  if (positions > config->maxPositions) {
    return wrong({directory + ": a context of " + std::to_string(positions) +
                  " positions was asked for, the model allows " + std::to_string(config->maxPositions)});
  }

  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  Builder builder(context);
  llvm::SmallString<256> root(directory);
  llvm::sys::fs::make_absolute(root);
  llvm::sys::path::remove_dots(root, /*remove_dot_dot=*/true);
  (*module)->setAttr("model.root", builder.getStringAttr(root));
  (*module)->setAttr("model.tokenizer", builder.getStringAttr("tokenizer.json"));

  int64_t chunk = std::min(options.chunk, positions);
  NamedAttrList info;
  info.append("name", builder.getStringAttr(llvm::sys::path::filename(root)));
  info.append("family", builder.getStringAttr(config->family));
  info.append("quantization", builder.getStringAttr("f32"));
  info.append("vocabulary", builder.getI64IntegerAttr(config->vocabularySize));
  info.append("context", builder.getI64IntegerAttr(positions));
  info.append("chunk", builder.getI64IntegerAttr(chunk));
  if (config->bos) {
    info.append("bos", builder.getI64IntegerAttr(*config->bos));
  }
  info.append("eos", builder.getDenseI64ArrayAttr(config->eos));
  (*module)->setAttr("model.info", info.getDictionary(context));

  importDecoder(*module, *config, *weights, options);
  addSamplingEntries(*module, config->vocabularySize, chunk);
  if (failed(mlir::verify(*module))) {
    return failure();
  }
  return module;
}
