//===- CodeObject.h - Generated code, loaded from memory --------------------===//
#ifndef COOPT_RUNTIME_LOADER_CODEOBJECT_H
#define COOPT_RUNTIME_LOADER_CODEOBJECT_H

#include "coopt/PackageFormat/KernelAbi.h"
#include "coopt/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace coopt::runtime {

/// An ELF shared object without imports. Nothing is written to disk: the bytes go to an anonymous file
/// (memfd) that the dynamic loader maps.
class CodeObject {
public:
  static Expected<CodeObject> load(const uint8_t *bytes, size_t size);

  CodeObject() = default;
  CodeObject(CodeObject &&other) noexcept { std::swap(handle, other.handle); }
  CodeObject &operator=(CodeObject &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~CodeObject();

  Expected<abi::Kernel> kernel(const std::string &symbol) const;

private:
  void *handle = nullptr;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_LOADER_CODEOBJECT_H
