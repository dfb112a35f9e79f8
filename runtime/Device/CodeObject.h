//===- CodeObject.h - Generated code, loaded from memory --------------------===//
#ifndef COOPT_RUNTIME_DEVICE_CODEOBJECT_H
#define COOPT_RUNTIME_DEVICE_CODEOBJECT_H

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
  CodeObject(CodeObject &&other) noexcept { swap(other); }
  CodeObject &operator=(CodeObject &&other) noexcept {
    swap(other);
    return *this;
  }
  ~CodeObject();

  Expected<abi::Kernel> kernel(const std::string &symbol) const;

private:
  void swap(CodeObject &other) noexcept {
    std::swap(handle, other.handle);
    std::swap(descriptor, other.descriptor);
  }

  void *handle = nullptr;
  /// Of the anonymous file, open as long as the object is loaded: the loader knows objects by their path, which is this
  /// number's, and would take another object of a reused number for this one.
  int descriptor = -1;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_DEVICE_CODEOBJECT_H
