#include "Device/CodeObject.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace coopt;
using namespace coopt::runtime;

/// The dynamic loader maps what the headers say and touches pages that a short file does not have: SIGBUS. So
/// the headers are checked first.
static Status checkElf(const uint8_t *bytes, size_t size) {
  Elf64_Ehdr header;
  if (size < sizeof(header) || std::memcmp(bytes, ELFMAG, SELFMAG) != 0) {
    return fail("not an ELF object");
  }
  std::memcpy(&header, bytes, sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return fail("not a 64-bit little-endian shared object");
  }
  if (header.e_phoff > size || header.e_phnum > (size - header.e_phoff) / sizeof(Elf64_Phdr)) {
    return fail("program headers lie outside the object");
  }
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC) {
      if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset) {
        return fail("segment " + std::to_string(i) + " lies outside the object");
      }
    }
  }
  return {};
}

Expected<CodeObject> CodeObject::load(const uint8_t *bytes, size_t size) {
  if (auto status = checkElf(bytes, size); !status) {
    return forward(status.error());
  }
  int descriptor = ::memfd_create("coopt-code", MFD_CLOEXEC);
  if (descriptor < 0) {
    return fail(std::string("no anonymous file: ") + std::strerror(errno));
  }
  for (size_t done = 0; done < size;) {
    ssize_t written = ::write(descriptor, bytes + done, std::min<size_t>(size - done, 1u << 30));
    if (written < 0 && errno != EINTR) {
      int reason = errno;
      ::close(descriptor);
      return fail(std::string("anonymous file can't be written: ") + std::strerror(reason));
    }
    done += written > 0 ? static_cast<size_t>(written) : 0;
  }
  CodeObject object;
  std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  object.handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  object.descriptor = descriptor;
  if (!object.handle) {
    const char *reason = ::dlerror();
    return fail(std::string("can't be loaded: ") + (reason ? reason : "unknown reason"));
  }
  return object;
}

CodeObject::~CodeObject() {
  if (handle) {
    ::dlclose(handle);
  }
  if (descriptor >= 0) {
    ::close(descriptor);
  }
}

Expected<abi::Kernel> CodeObject::kernel(const std::string &symbol) const {
  void *address = ::dlsym(handle, symbol.c_str());
  if (!address) {
    return fail("kernel '" + symbol + "' is not in it");
  }
  return reinterpret_cast<abi::Kernel>(address);
}
