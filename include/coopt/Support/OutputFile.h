//===- OutputFile.h - A file that appears whole or not at all -------------===//
#ifndef COOPT_SUPPORT_OUTPUTFILE_H
#define COOPT_SUPPORT_OUTPUTFILE_H

#include "coopt/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace coopt {

/// A file being written beside its final path under a temporary name. commit() makes it durable and renames
/// it; without commit() nothing is left behind. Messages start with the path.
class OutputFile {
public:
  static Expected<OutputFile> create(const std::string &path);

  OutputFile(OutputFile &&other) noexcept { swap(other); }
  OutputFile &operator=(OutputFile &&other) noexcept {
    swap(other);
    return *this;
  }
  ~OutputFile();

  /// Appends.
  Status write(const void *bytes, size_t size);
  /// Appends zeros up to the next multiple of `alignment` bytes.
  Status align(size_t alignment);
  /// Overwrites bytes at an offset that was written before.
  Status rewrite(uint64_t offset, const void *bytes, size_t size);
  /// Bytes appended so far.
  uint64_t size() const { return length; }
  /// fsync, rename, fsync of the folder.
  Status commit();

private:
  OutputFile() = default;
  void swap(OutputFile &other) noexcept;
  Status writeAt(uint64_t offset, const void *bytes, size_t size);

  int descriptor = -1;
  uint64_t length = 0;
  std::string name, temporary;
};

} // namespace coopt

#endif // COOPT_SUPPORT_OUTPUTFILE_H
