#include "Device/NpuDevice.h"

#include <algorithm>
#include <cstring>
#include <map>

using namespace coopt;
using namespace coopt::runtime;
using package::KernelImage;

Expected<std::unique_ptr<Device>> NpuDevice::open(const NpuCode &code, const LoadedPackage &package,
                                                  int threads) {
  std::unique_ptr<NpuDevice> device(new NpuDevice(code));
  const npu::Limits limits = npu::limitsOf(code.npu());
  for (npu::Space space : {npu::Space::L2, npu::Space::Spad, npu::Space::Acc}) {
    auto memory = npu::Memory::create(limits.bytes[static_cast<size_t>(space)]);
    if (!memory) {
      return forward(memory.error(), npu::name(space));
    }
    device->memories[static_cast<size_t>(space)] = std::move(*memory);
  }
  if (code.host()) {
    auto host = code.host()->open(package, threads);
    if (!host) {
      return forward(host.error());
    }
    device->host = std::move(*host);
  }
  uint64_t blockBytes = 0, scratchBytes = 0;
  for (const KernelImage &kernel : code.kernels()) {
    blockBytes = std::max(blockBytes, kernel.block ? kernel.block->bytes : 0);
    scratchBytes = std::max(scratchBytes, kernel.scratch ? kernel.scratch->bytes : 0);
  }
  for (auto [memory, bytes, what] : {std::tuple(&device->block, blockBytes, "block"),
                                     std::tuple(&device->scratch, scratchBytes, "scratch")}) {
    auto made = AlignedMemory::allocate(bytes);
    if (!made) {
      return forward(made.error(), what);
    }
    *memory = std::move(*made);
  }
  return device;
}

Status NpuDevice::fillBlock(const DispatchView &dispatch) {
  std::vector<int32_t> numbers;
  auto append = [&](int64_t number, auto what) -> Status {
    numbers.push_back(static_cast<int32_t>(number));
    return numbers.back() == number
               ? Status()
               : fail(what() + " is " + std::to_string(number) + ", expected a number of 32 bits");
  };
  Status status;
  for (size_t i = 0; status && i < dispatch.scalars.size(); ++i) {
    status = append(dispatch.scalars[i], [&] { return "scalar " + std::to_string(i); });
  }
  for (size_t i = 0; i < dispatch.operands(); ++i) {
    const std::vector<int64_t> &shape = dispatch.operandShapes[i];
    for (size_t d = 0; status && d < shape.size(); ++d) {
      status = append(shape[d],
                      [&] { return "extent " + std::to_string(d) + " of operand " + std::to_string(i); });
    }
  }
  if (status) {
    std::memcpy(block.data(), numbers.data(), 4 * numbers.size());
    if (numbers.size() < filled) {
      std::memset(block.data() + 4 * numbers.size(), 0, 4 * (filled - numbers.size()));
    }
    filled = numbers.size();
  }
  return status;
}

npu::Memory NpuDevice::dramOf(const KernelImage &kernel, const DispatchView &dispatch) {
  std::map<uint64_t, npu::Window> windows; // by address; operands of one range are one buffer
  for (size_t i = 0; i < dispatch.operands(); ++i) {
    const uint64_t bytes = dispatch.bytes(i);
    if (bytes > 0) {
      auto &window = windows[kernel.operands[i].address];
      window = {kernel.operands[i].address, bytes, static_cast<uint8_t *>(dispatch.buffers[i]),
                window.isWritable || dispatch.isWritten(i)};
    }
  }
  std::vector<npu::Window> all;
  for (const auto &[address, window] : windows) {
    all.push_back(window);
  }
  if (kernel.block) {
    all.push_back({kernel.block->address, kernel.block->bytes, block.data(), false});
  }
  if (kernel.scratch) {
    all.push_back({kernel.scratch->address, kernel.scratch->bytes, scratch.data(), true});
  }
  for (const npu::Data &data : kernel.image.data) {
    all.push_back({data.address, data.bytes.size(), const_cast<uint8_t *>(data.bytes.data()), false});
  }
  return npu::Memory::over(std::move(all));
}

Status NpuDevice::run(DispatchView &dispatch) {
  if (dispatch.items == 0) {
    return {};
  }
  const KernelImage &kernel = code.kernels()[dispatch.command.kernel];
  if (kernel.image.cores.empty()) {
    return host->run(dispatch);
  }
  if (kernel.block) {
    if (Status status = fillBlock(dispatch); !status) {
      return status;
    }
  }
  memories[static_cast<size_t>(npu::Space::Dram)] = dramOf(kernel, dispatch);
  npu::MemoryMap map = {};
  for (size_t i = 0; i < memories.size(); ++i) {
    map[i] = &memories[i];
  }
  auto simulated = npu::simulateChecked(code.npu(), kernel.image, map, code.needed(dispatch.command.kernel),
                                        dispatch.isTraced);
  if (!simulated) {
    return forward(simulated.error());
  }
  report = std::move(*simulated);
  dispatch.report = &report;
  dispatch.image = &kernel.image;
  return {};
}
