#include "ScheduleFile.h"

#include "coopt/Support/Json.h"
#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace coopt;

FailureOr<ScheduleFile> ScheduleFile::read(ModuleOp module, const std::string &path) {
  ScheduleFile file;
  file.path = path;
  if (path.empty()) {
    return file;
  }
  auto error = [&](const Error &error) -> FailureOr<ScheduleFile> {
    mlir::emitError(UnknownLoc::get(module.getContext())) << error.message;
    return failure();
  };
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    return error(Error{path + ": " + buffer.getError().message()});
  }
  auto json = JsonDocument::parse((*buffer)->getBuffer(), path);
  if (!json) {
    return error(json.error());
  }
  JsonReader in;
  in.forEach(json->root()["schedules"], [&](const JsonValue &entry) {
    in.require(entry.expectKeys({"op", "set"}));
    std::string op = in.read(entry["op"].string()), set = in.read(entry["set"].string());
    if (!in.status) {
      return;
    }
    if (llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(op); !glob) {
      return in.mistake(entry["op"].error(llvm::toString(glob.takeError())));
    }
    // What the parser has to say becomes part of the one message that names the file.
    std::string reason;
    ScopedDiagnosticHandler keep(module.getContext(), [&](Diagnostic &diagnostic) {
      reason += reason.empty() ? diagnostic.str() : "";
      return success();
    });
    Attribute parsed = parseAttribute(set, module.getContext());
    if (!reason.empty()) {
      return in.mistake(entry["set"].error("expected a #schedule.set: " + reason));
    }
    auto attribute = dyn_cast_or_null<schedule::SetAttr>(parsed);
    if (!attribute) {
      return in.mistake(entry["set"].expected("a #schedule.set"));
    }
    file.entries.push_back({op, attribute});
  });
  if (!in.status) {
    return error(in.status.error());
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
