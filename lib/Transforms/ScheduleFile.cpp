#include "ScheduleFile.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace coopt;

FailureOr<ScheduleFile> ScheduleFile::read(ModuleOp module, const std::string &path) {
  ScheduleFile file;
  file.path = path;
  if (path.empty()) {
    return file;
  }
  auto error = [&](const llvm::Twine &message) -> FailureOr<ScheduleFile> {
    mlir::emitError(UnknownLoc::get(module.getContext())) << path << ": " << message;
    return failure();
  };
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    return error(buffer.getError().message());
  }
  llvm::Expected<llvm::json::Value> json = llvm::json::parse((*buffer)->getBuffer());
  if (!json) {
    return error(llvm::toString(json.takeError()));
  }
  const llvm::json::Object *object = json->getAsObject();
  const llvm::json::Array *schedules = object ? object->getArray("schedules") : nullptr;
  if (!schedules) {
    return error("/schedules: expected an array of {\"op\", \"set\"}");
  }
  for (auto [index, value] : llvm::enumerate(*schedules)) {
    std::string place = "/schedules/" + std::to_string(index);
    const llvm::json::Object *entry = value.getAsObject();
    auto op = entry ? entry->getString("op") : std::nullopt;
    auto set = entry ? entry->getString("set") : std::nullopt;
    if (!op || !set || entry->size() != 2) {
      return error(place + ": expected an object of two strings, \"op\" and \"set\"");
    }
    if (llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(*op); !glob) {
      return error(place + "/op: " + llvm::toString(glob.takeError()));
    }
    auto attribute = dyn_cast_or_null<schedule::SetAttr>(parseAttribute(*set, module.getContext()));
    if (!attribute) {
      return error(place + "/set: expected a #schedule.set, got '" + *set + "'");
    }
    file.entries.push_back({op->str(), attribute});
  }
  return file;
}

std::optional<schedule::SetAttr> ScheduleFile::find(StringRef opId) {
  for (Entry &entry : entries) {
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(entry.pattern);
    if (glob && glob->match(opId)) {
      entry.used = true;
      return entry.set;
    }
    llvm::consumeError(glob.takeError());
  }
  return std::nullopt;
}

LogicalResult ScheduleFile::reportUnused(ModuleOp module) const {
  for (const Entry &entry : entries) {
    if (!entry.used) {
      return mlir::emitError(UnknownLoc::get(module.getContext()))
             << path << ": no kernel's op id matches '" << entry.pattern << "'";
    }
  }
  return success();
}
