//===- RecipeEvaluator.h - What parameters hold ------------------------------------------===//
//
// Evaluates parameters on the host: tensors of the model's own files (mapped, never copied whole), rotary tables, and what
// recipes make of them. Work goes row block by row block, a few blocks at a time in parallel, so that memory is bounded by
// threads x one block whatever the model's size. Ops in recipes: model.load, quantized.quantize, model.pack.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGE_RECIPEEVALUATOR_H
#define COOPT_PACKAGE_RECIPEEVALUATOR_H

#include "coopt/PackageFormat/Package.h"
#include "coopt/Support/Error.h"
#include "coopt/Support/MappedFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

#include <map>
#include <string>
#include <vector>

namespace coopt::package {

class RecipeEvaluator {
public:
  /// `root` is the folder that source files are relative to.
  RecipeEvaluator(mlir::ModuleOp module, std::string root);

  /// Sends the bytes of parameter `name`, as stored, to `sink` in order. Errors name the parameter and the file or op.
  Status write(llvm::StringRef name, const ByteSink &sink);

private:
  using Bytes = std::vector<uint8_t>;

  /// Rows [begin, end) of a value: dense, row-major, in its element type. A tensor of rank 1 has rows of one element.
  Expected<Bytes> rows(mlir::Value value, int64_t begin, int64_t end);
  Expected<Bytes> parameterRows(llvm::StringRef name, int64_t begin, int64_t end);
  Status writeRows(mlir::RankedTensorType type, int64_t alignment, const ByteSink &sink,
                   llvm::function_ref<Expected<Bytes>(int64_t begin, int64_t end)> produce);
  Status writePacked(mlir::Operation *pack, const ByteSink &sink);
  /// The value that a recipe defines a parameter as; null if it has an origin.
  mlir::Value definition(llvm::StringRef name);
  /// Maps every file that parameters come from, once.
  Status mapSources();

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  std::string root;
  std::map<std::string, MappedFile> files;
  bool mapped = false;
};

} // namespace coopt::package

#endif // COOPT_PACKAGE_RECIPEEVALUATOR_H
