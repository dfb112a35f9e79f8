#include "Experts/ExpertReader.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace coopt;
using namespace coopt::runtime;

namespace {

class FileReader : public ExpertReader {
public:
  FileReader(std::string path, int file, uint64_t size) : path(std::move(path)), file(file), size(size) {}
  ~FileReader() override { ::close(file); }
  FileReader(const FileReader &) = delete;
  FileReader &operator=(const FileReader &) = delete;

  Status read(uint64_t offset, uint8_t *to, size_t bytes) override {
    uint64_t end = std::min(offset + bytes, size);
    while (offset < end) {
      // The last page may be cut short, but what is asked for is whole pages.
      size_t asked = static_cast<size_t>((end - offset + kPage - 1) / kPage * kPage);
      ssize_t got = ::pread(file, to, asked, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0 && errno == EINVAL && isDirect && useCache()) {
        continue;
      }
      if (got <= 0) {
        return fail(path + ": reading at byte " + std::to_string(offset) + ": " +
                    (got < 0 ? std::strerror(errno) : "the file became shorter"));
      }
      // Direct reads go on at a page; what a short one brought beyond it is read again.
      auto step = static_cast<size_t>(got);
      if (offset + step < end) {
        step = step / kPage * kPage;
        if (step == 0) {
          return fail(path + ": reading at byte " + std::to_string(offset) + ": the file became shorter");
        }
      }
      offset += step;
      to += step;
    }
    return {};
  }

  bool isDirect = false;

private:
  /// Goes on through the system's cache; false if that can't be.
  bool useCache() {
    isDirect = false;
    int flags = ::fcntl(file, F_GETFL);
    return flags >= 0 && ::fcntl(file, F_SETFL, flags & ~O_DIRECT) == 0;
  }

  std::string path;
  int file;
  uint64_t size;
};

class ModelledDrive : public ExpertReader {
public:
  ModelledDrive(std::string path, int file, uint64_t rate) : path(std::move(path)), file(file), rate(rate) {}
  ~ModelledDrive() override { ::close(file); }
  ModelledDrive(const ModelledDrive &) = delete;
  ModelledDrive &operator=(const ModelledDrive &) = delete;

  bool bringsMemory() const override { return true; }
  Status read(uint64_t offset, uint8_t *to, size_t bytes) override {
    using Clock = std::chrono::steady_clock;
    // One that was idle starts anew; one that is busy goes on where it was, however late it was asked.
    free = std::max(free, Clock::now()) + std::chrono::nanoseconds(static_cast<int64_t>(
                                              static_cast<double>(bytes) * 1e9 / static_cast<double>(rate)));
    void *mapped =
        ::mmap(to, bytes, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, static_cast<off_t>(offset));
    if (mapped == MAP_FAILED) {
      return fail(path + ": mapping at byte " + std::to_string(offset) + ": " + std::strerror(errno));
    }
    std::this_thread::sleep_until(free);
    return {};
  }

private:
  std::string path;
  int file;
  uint64_t rate;
  std::chrono::steady_clock::time_point free;
};

/// Opens a file of that size; -1 as direct, where the file system can't, is no error.
Expected<int> openOfSize(const std::string &path, uint64_t size, int flags) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (file < 0) {
    return flags != 0 ? Expected<int>(-1) : fail(path + ": " + std::strerror(errno));
  }
  struct stat facts;
  if (::fstat(file, &facts) != 0 || static_cast<uint64_t>(facts.st_size) != size) {
    ::close(file);
    return fail(path + ": changed while it was opened");
  }
  return file;
}

} // namespace

Expected<std::unique_ptr<ExpertReader>> runtime::openExpertReader(const std::string &path, uint64_t size) {
  auto file = openOfSize(path, size, O_DIRECT);
  const bool isDirect = file && *file >= 0;
  if (file && !isDirect) {
    file = openOfSize(path, size, 0);
  }
  if (!file) {
    return forward(file.error());
  }
  auto reader = std::make_unique<FileReader>(path, *file, size);
  reader->isDirect = isDirect;
  return std::unique_ptr<ExpertReader>(std::move(reader));
}

Expected<std::unique_ptr<ExpertReader>> runtime::openModelledDrive(const std::string &path, uint64_t size,
                                                                   uint64_t rate) {
  auto file = openOfSize(path, size, 0);
  if (!file) {
    return forward(file.error());
  }
  return std::unique_ptr<ExpertReader>(std::make_unique<ModelledDrive>(path, *file, rate));
}
