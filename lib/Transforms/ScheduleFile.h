//===- ScheduleFile.h - Schedules that a person wrote -------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_SCHEDULEFILE_H
#define COOPT_LIB_TRANSFORMS_SCHEDULEFILE_H

#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>
#include <vector>

namespace coopt {

class ScheduleFile {
public:
  /// Reads `path` (empty: no schedules); errors are emitted at `module` with the file's name and the JSON
  /// path.
  static mlir::FailureOr<ScheduleFile> read(mlir::ModuleOp module, const std::string &path);

  /// The schedule of the first entry whose pattern matches the op id.
  std::optional<schedule::SetAttr> find(llvm::StringRef opId);

  /// An entry that matched no kernel is a mistake: an error that names it.
  mlir::LogicalResult reportUnused(mlir::ModuleOp module) const;

private:
  struct Entry {
    std::string pattern;
    schedule::SetAttr set;
    bool used = false;
  };
  std::string path;
  std::vector<Entry> entries;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_SCHEDULEFILE_H
