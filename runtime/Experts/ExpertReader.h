//===- ExpertReader.h - Where the bytes of experts come from ------------------===//
#ifndef COOPT_RUNTIME_EXPERTS_EXPERTREADER_H
#define COOPT_RUNTIME_EXPERTS_EXPERTREADER_H

#include "coopt/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace coopt::runtime {

/// What reads whole pages of a package's file. Used by one thread.
class ExpertReader {
public:
  static constexpr uint64_t kPage = 4096;

  virtual ~ExpertReader() = default;
  /// Reads `bytes` from `offset` on to `to`, all multiples of kPage; what lies behind the end of the file is not written.
  virtual Status read(uint64_t offset, uint8_t *to, size_t bytes) = 0;
  /// Whether reading puts other memory at `to`, in place of writing to what is there.
  virtual bool bringsMemory() const { return false; }
};

/// Reads a file of `size` bytes past the system's cache (O_DIRECT), which would otherwise hold again what was given up here; on
/// file systems that can't, through it. Errors: the file can't be opened, or has another size.
Expected<std::unique_ptr<ExpertReader>> openExpertReader(const std::string &path, uint64_t size);

/// A drive of `rate` bytes a second that, as drives do, takes no processor's time: pages of the system's cache are mapped where they
/// are to be read to, and a call lasts as long as that drive would take. For measurements. Errors as above.
Expected<std::unique_ptr<ExpertReader>> openModelledDrive(const std::string &path, uint64_t size,
                                                          uint64_t rate);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXPERTS_EXPERTREADER_H
