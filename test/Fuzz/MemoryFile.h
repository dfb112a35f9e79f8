//===- MemoryFile.h - Bytes under a path, without a disk ----------------------------===//
#ifndef COOPT_TEST_FUZZ_MEMORYFILE_H
#define COOPT_TEST_FUZZ_MEMORYFILE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

class MemoryFile {
public:
  MemoryFile(const void *data, size_t size) : descriptor(::memfd_create("fuzz", MFD_CLOEXEC)) {
    for (size_t done = 0; done < size;) {
      ssize_t written = ::write(descriptor, static_cast<const uint8_t *>(data) + done, size - done);
      if (written <= 0) {
        break;
      }
      done += static_cast<size_t>(written);
    }
  }
  ~MemoryFile() { ::close(descriptor); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }

private:
  int descriptor;
};

#endif // COOPT_TEST_FUZZ_MEMORYFILE_H
