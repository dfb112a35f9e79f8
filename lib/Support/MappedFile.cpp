#include "coopt/Support/MappedFile.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace coopt;

Expected<MappedFile> MappedFile::open(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return fail(path + ": " + std::strerror(errno));
  }
  struct stat info;
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return fail(path + ": not a regular file");
  }
  MappedFile file;
  file.name = path;
  file.length = static_cast<size_t>(info.st_size);
  if (file.length > 0) {
    void *base = ::mmap(nullptr, file.length, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (base == MAP_FAILED) {
      int reason = errno;
      ::close(descriptor);
      file.length = 0;
      return fail(path + ": can't be mapped: " + std::strerror(reason));
    }
    file.base = static_cast<const uint8_t *>(base);
  }
  ::close(descriptor);
  return file;
}

Expected<MappedFile> MappedFile::openInside(const std::string &folder, const std::string &file) {
  const std::filesystem::path path(file);
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end()) {
    return fail("expected a file under the model's folder, got '" + file + "'");
  }
  return open((std::filesystem::path(folder) / path).string());
}

MappedFile::~MappedFile() {
  if (base) {
    ::munmap(const_cast<uint8_t *>(base), length);
  }
}
