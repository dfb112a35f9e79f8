#include "Npu/Core/Core.h"

#include <algorithm>
#include <cstdio>

#include <sys/mman.h>

using namespace coopt;
using namespace coopt::npu;

void Memory::Free::operator()(uint8_t *pointer) const { munmap(pointer, mapped); }

Expected<Memory> Memory::create(uint64_t size) {
  Memory memory;
  memory.length = size;
  // Pages that are never touched take no memory, so a machine may have more than there is here.
  const size_t mapped = size == 0 ? 1 : size;
  void *pages =
      mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) {
    return fail("a memory of " + std::to_string(size) + " bytes: there is not so much");
  }
  memory.bytes = std::unique_ptr<uint8_t, Free>(static_cast<uint8_t *>(pages), Free(mapped));
  return memory;
}

Memory Memory::over(std::vector<Window> windows) {
  Memory memory;
  memory.windows = std::move(windows);
  // Nothing lies in an empty one, and another may begin at its address.
  memory.windows.erase(std::remove_if(memory.windows.begin(), memory.windows.end(),
                                      [](const Window &window) { return window.bytes == 0; }),
                       memory.windows.end());
  std::sort(memory.windows.begin(), memory.windows.end(),
            [](const Window &a, const Window &b) { return a.address < b.address; });
  return memory;
}

const Window *Memory::find(uint64_t address) const {
  auto behind = std::upper_bound(windows.begin(), windows.end(), address,
                                 [](uint64_t value, const Window &window) { return value < window.address; });
  return behind != windows.begin() && address - std::prev(behind)->address < std::prev(behind)->bytes
             ? &*std::prev(behind)
             : nullptr;
}

bool Memory::windowHolds(uint64_t address, uint64_t count, bool isWrite) const {
  const Window *window = find(address);
  return window && count <= window->bytes - (address - window->address) && (window->isWritable || !isWrite);
}

uint8_t *Memory::windowAt(uint64_t address) const {
  const Window *window = find(address);
  return window ? window->data + (address - window->address) : nullptr;
}

std::string Memory::whyNot(const char *name, uint64_t address, uint64_t count) const {
  if (windows.empty()) {
    return std::string("outside of ") + name;
  }
  char range[80];
  std::snprintf(range, sizeof range, "%s[0x%llx .. 0x%llx]", name, static_cast<unsigned long long>(address),
                static_cast<unsigned long long>(address + count - 1));
  return windowHolds(address, count, /*isWrite=*/false) ? std::string(range) + " is only read"
                                                        : std::string("no window holds ") + range;
}
