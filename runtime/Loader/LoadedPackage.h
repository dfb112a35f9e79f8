//===- LoadedPackage.h - A package made ready to run ------------------------===//
#ifndef COOPT_RUNTIME_LOADER_LOADEDPACKAGE_H
#define COOPT_RUNTIME_LOADER_LOADEDPACKAGE_H

#include "Device/Device.h"
#include "Executor/AlignedMemory.h"
#include "Experts/ExpertStore.h"
#include "Tokenizer/Tokenizer.h"
#include "coopt/PackageFormat/Package.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coopt::runtime {

struct LoadOptions {
  std::string device;  ///< one of deviceNames(); empty: what the package has code for
  std::string isa;     ///< a variant of the code for a CPU; empty: the best one that the processor has
  bool verify = false; ///< compare the parameters with their checksums
  bool timingOnly =
      false; ///< of npu-sim: values only where they decide what is executed; results mean nothing
  ExpertOptions experts;
};

/// Shared by sessions, and immutable but for which experts are in memory: the mapped file, code,
/// parameters made from noise.
class LoadedPackage {
public:
  /// Errors, with the path in front: those of PackageFile::open; no code for the device; those of CpuCode::load and NpuCode::load; a broken
  /// tokenizer; not enough memory; with experts limited those of ExpertStore::create.
  static Expected<std::shared_ptr<const LoadedPackage>> load(const std::string &path,
                                                             const LoadOptions &options = {});

  const package::PackageFile &file() const { return packageFile; }
  const package::Program &program() const { return packageFile.program(); }
  const package::Manifest &manifest() const { return packageFile.manifest(); }
  const LoadedCode &code() const { return *loadedCode; }
  /// The code's variant.
  const std::string &isa() const { return loadedCode->variant(); }
  /// The bytes of a parameter, 64-byte aligned; of one that holds experts a map of the file, however few of them are kept in
  /// memory.
  const void *parameter(size_t index) const { return parameters[index]; }
  /// Null if all experts are mapped.
  ExpertStore *experts() const { return expertStore.get(); }
  /// Null if the package has none.
  const Tokenizer *tokenizer() const { return tokens ? &*tokens : nullptr; }

private:
  Status prepare(const LoadOptions &options);
  Status loadCode(const LoadOptions &options);
  Status placeParameters();

  package::PackageFile packageFile;
  std::unique_ptr<LoadedCode> loadedCode;
  std::vector<const void *> parameters;
  std::vector<AlignedMemory> noise;
  std::optional<Tokenizer> tokens;
  std::unique_ptr<ExpertStore> expertStore;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_LOADER_LOADEDPACKAGE_H
