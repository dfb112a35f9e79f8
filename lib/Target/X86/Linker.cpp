//===- Linker.cpp - lld as a process, and what must be true of its output -----===//
#include "Linker.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace llvm::object;

namespace {

Error failure(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

Expected<std::unique_ptr<ELF64LEObjectFile>> openElf(StringRef bytes) {
  auto file = ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, "kernels"));
  if (!file) {
    return file.takeError();
  }
  auto *elf = dyn_cast<ELF64LEObjectFile>(file->get());
  if (!elf) {
    return failure("expected a 64-bit little-endian ELF object");
  }
  file->release();
  return std::unique_ptr<ELF64LEObjectFile>(elf);
}

Expected<bool> isImport(const SymbolRef &symbol) {
  Expected<uint32_t> flags = symbol.getFlags();
  if (!flags) {
    return flags.takeError();
  }
  Expected<StringRef> name = symbol.getName();
  if (!name) {
    return name.takeError();
  }
  // The table's own symbol is the linker's to define, and the first symbol of every table has no name.
  return (*flags & SymbolRef::SF_Undefined) && !name->empty() && *name != "_GLOBAL_OFFSET_TABLE_";
}

/// The function around `offset` of a section; empty if there is none.
std::string functionAt(const ELF64LEObjectFile &elf, const SectionRef &section, uint64_t offset) {
  for (const ELFSymbolRef symbol : elf.symbols()) {
    Expected<section_iterator> home = symbol.getSection();
    Expected<uint64_t> start = symbol.getValue();
    Expected<StringRef> name = symbol.getName();
    if (home && start && name && symbol.getELFType() == ELF::STT_FUNC && *home != elf.section_end() &&
        **home == section && offset >= *start && offset - *start < symbol.getSize()) {
      return name->str();
    }
    consumeError(home.takeError());
    consumeError(start.takeError());
    consumeError(name.takeError());
  }
  return {};
}

/// A temporary file that is removed in the end.
class TemporaryFile {
public:
  static Expected<TemporaryFile> create(StringRef suffix) {
    SmallString<128> path;
    if (std::error_code error = sys::fs::createTemporaryFile("coopt-kernels", suffix, path)) {
      return failure("cannot make a temporary file: " + error.message());
    }
    return TemporaryFile(path);
  }
  StringRef path() const { return name; }

private:
  explicit TemporaryFile(StringRef path) : name(path), remover(std::make_unique<FileRemover>(path)) {}
  std::string name;
  std::unique_ptr<FileRemover> remover;
};

Expected<std::string> findLinker() {
  if (sys::fs::can_execute(COOPT_LLD_PATH)) {
    return std::string(COOPT_LLD_PATH);
  }
  for (StringRef name : {"ld.lld-22", "ld.lld"}) {
    if (ErrorOr<std::string> path = sys::findProgramByName(name)) {
      return *path;
    }
  }
  return failure("no linker: neither '" COOPT_LLD_PATH "' nor ld.lld in PATH can be executed");
}

/// What an object that stands alone has none of: a needed library, an undefined symbol.
Error checkShared(StringRef bytes) {
  auto elf = openElf(bytes);
  if (!elf) {
    return elf.takeError();
  }
  for (const SymbolRef symbol : (*elf)->getDynamicSymbolIterators()) {
    Expected<bool> import = isImport(symbol);
    if (!import) {
      return import.takeError();
    }
    if (*import) {
      return failure("the shared object imports '" + *symbol.getName() + "', which no object provides");
    }
  }
  auto entries = (*elf)->getELFFile().dynamicEntries();
  if (!entries) {
    return entries.takeError();
  }
  for (const auto &entry : *entries) {
    if (entry.getTag() == ELF::DT_NEEDED) {
      return failure("the shared object needs a library");
    }
  }
  return Error::success();
}

} // namespace

Error coopt::target::checkSelfContained(StringRef bytes) {
  auto elf = openElf(bytes);
  if (!elf) {
    return elf.takeError();
  }
  for (const SectionRef &section : (*elf)->sections()) {
    Expected<section_iterator> relocated = section.getRelocatedSection();
    if (!relocated) {
      return relocated.takeError();
    }
    for (const RelocationRef &relocation : section.relocations()) {
      auto symbol = relocation.getSymbol();
      if (symbol == (*elf)->symbol_end()) {
        continue;
      }
      Expected<bool> import = isImport(*symbol);
      if (!import) {
        return import.takeError();
      }
      if (*import) {
        std::string caller = functionAt(**elf, **relocated, relocation.getOffset());
        return failure(
            (caller.empty() ? "the kernels' data refers to '" : "kernel '" + caller + "' calls '") +
            cantFail(symbol->getName()) + "', which no object provides");
      }
    }
  }
  return Error::success();
}

Expected<std::vector<uint8_t>> coopt::target::linkSharedObject(StringRef relocatable) {
  Expected<std::string> linker = findLinker();
  if (!linker) {
    return linker.takeError();
  }
  auto input = TemporaryFile::create("o");
  if (!input) {
    return input.takeError();
  }
  auto output = TemporaryFile::create("so");
  if (!output) {
    return output.takeError();
  }
  auto messages = TemporaryFile::create("txt");
  if (!messages) {
    return messages.takeError();
  }
  std::error_code code;
  raw_fd_ostream stream(input->path(), code);
  stream << relocatable;
  stream.close();
  if (code || stream.has_error()) {
    std::string reason = (code ? code : stream.error()).message();
    stream.clear_error();
    return failure("cannot write '" + input->path() + "': " + reason);
  }
  // -Bsymbolic: calls between kernels stay in the object, whatever else the process has loaded.
  SmallVector<StringRef> arguments = {*linker};
  StringRef("-shared -nostdlib --no-undefined -Bsymbolic --no-dynamic-linker -znow -znoexecstack -ztext "
            "--gc-sections "
            "--build-id=none --hash-style=gnu --threads=1")
      .split(arguments, ' ');
  arguments.append({input->path(), "-o", output->path()});
  std::optional<StringRef> redirects[] = {StringRef(), messages->path(), messages->path()};
  std::string error;
  int result = sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, /*SecondsToWait=*/600,
                                   /*MemoryLimit=*/0, &error);
  if (result != 0) {
    auto text = MemoryBuffer::getFile(messages->path());
    return failure("linker failed: " + (error.empty() ? "" : error + " ") +
                   (text ? (*text)->getBuffer().trim().str() : "exit status " + std::to_string(result)));
  }
  auto linked = MemoryBuffer::getFile(output->path(), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!linked) {
    return failure("cannot read the linker's output: " + linked.getError().message());
  }
  StringRef bytes = (*linked)->getBuffer();
  if (Error check = checkShared(bytes)) {
    return check;
  }
  return std::vector<uint8_t>(bytes.bytes_begin(), bytes.bytes_end());
}
