#include "coopt/Support/OutputFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace coopt;

Expected<OutputFile> OutputFile::create(const std::string &path) {
  OutputFile file;
  file.name = path;
  std::vector<char> pattern(path.begin(), path.end());
  const char suffix[] = ".XXXXXX";
  pattern.insert(pattern.end(), suffix, suffix + sizeof(suffix));
  file.descriptor = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (file.descriptor < 0) {
    return fail(path + ": can't be written: " + std::strerror(errno));
  }
  file.temporary = pattern.data();
  // mkostemp makes private files; results are ordinary ones.
  mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(file.descriptor, 0666 & ~mask);
  return file;
}

OutputFile::~OutputFile() {
  if (descriptor >= 0) {
    ::close(descriptor);
    ::unlink(temporary.c_str());
  }
}

void OutputFile::swap(OutputFile &other) noexcept {
  std::swap(descriptor, other.descriptor);
  std::swap(length, other.length);
  std::swap(name, other.name);
  std::swap(temporary, other.temporary);
}

Status OutputFile::writeAt(uint64_t offset, const void *bytes, size_t size) {
  const char *next = static_cast<const char *>(bytes);
  while (size > 0) {
    ssize_t written =
        ::pwrite(descriptor, next, std::min<size_t>(size, 1u << 30), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return fail(name + ": can't be written: " + std::strerror(errno));
    }
    next += written;
    offset += static_cast<uint64_t>(written);
    size -= static_cast<size_t>(written);
  }
  return {};
}

Status OutputFile::write(const void *bytes, size_t size) {
  if (auto status = writeAt(length, bytes, size); !status) {
    return status;
  }
  length += size;
  return {};
}

Status OutputFile::align(size_t alignment) {
  static const char zeros[4096] = {};
  while (length % alignment != 0) {
    size_t gap = std::min<uint64_t>(alignment - length % alignment, sizeof(zeros));
    if (auto status = write(zeros, gap); !status) {
      return status;
    }
  }
  return {};
}

Status OutputFile::rewrite(uint64_t offset, const void *bytes, size_t size) {
  return writeAt(offset, bytes, size);
}

Status OutputFile::commit() {
  if (::fsync(descriptor) != 0 || ::rename(temporary.c_str(), name.c_str()) != 0) {
    return fail(name + ": can't be written: " + std::strerror(errno));
  }
  ::close(descriptor);
  descriptor = -1;
  size_t slash = name.find_last_of('/');
  std::string folder = slash == std::string::npos ? "." : name.substr(0, slash + 1);
  int folderDescriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folderDescriptor >= 0) {
    // Only makes the rename durable; some file systems refuse it for folders, and the file is complete either
    // way.
    ::fsync(folderDescriptor);
    ::close(folderDescriptor);
  }
  return {};
}
