#include "Loader/CodeObject.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace coopt;
using namespace coopt::runtime;

Expected<CodeObject> CodeObject::load(const uint8_t *bytes, size_t size) {
  if (size < 64 || std::memcmp(bytes, "\177ELF", 4) != 0) {
    return fail("not an ELF object");
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
  const char *reason = object.handle ? nullptr : ::dlerror();
  ::close(descriptor);
  if (!object.handle) {
    return fail(std::string("can't be loaded: ") + (reason ? reason : "unknown reason"));
  }
  return object;
}

CodeObject::~CodeObject() {
  if (handle) {
    ::dlclose(handle);
  }
}

Expected<abi::Kernel> CodeObject::kernel(const std::string &symbol) const {
  void *address = ::dlsym(handle, symbol.c_str());
  if (!address) {
    return fail("kernel '" + symbol + "' is not in it");
  }
  return reinterpret_cast<abi::Kernel>(address);
}
