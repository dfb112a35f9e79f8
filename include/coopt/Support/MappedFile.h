//===- MappedFile.h - A file mapped read-only -----------------------------===//
#ifndef COOPT_SUPPORT_MAPPEDFILE_H
#define COOPT_SUPPORT_MAPPEDFILE_H

#include "coopt/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace coopt {

/// A read-only memory map of a whole regular file; movable, unmapped on destruction. Weights are read through
/// it and never copied whole.
class MappedFile {
public:
  /// Maps `path`. An empty file maps to a null pointer and size 0.
  /// Errors: the file can't be opened, is no regular file, or can't be mapped; the message starts with the
  /// path.
  static Expected<MappedFile> open(const std::string &path);

  /// Maps the file that `file` names relative to `folder`. Errors besides those of open: `file` is absolute or
  /// has a part "..", and so may lie outside.
  static Expected<MappedFile> openInside(const std::string &folder, const std::string &file);

  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept { swap(other); }
  MappedFile &operator=(MappedFile &&other) noexcept {
    swap(other);
    return *this;
  }
  ~MappedFile();

  const uint8_t *data() const { return base; }
  size_t size() const { return length; }
  const std::string &path() const { return name; }

private:
  void swap(MappedFile &other) noexcept {
    std::swap(base, other.base);
    std::swap(length, other.length);
    std::swap(name, other.name);
  }

  const uint8_t *base = nullptr;
  size_t length = 0;
  std::string name;
};

} // namespace coopt

#endif // COOPT_SUPPORT_MAPPEDFILE_H
