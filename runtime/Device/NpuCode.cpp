#include "Device/NpuCode.h"

#include "Device/CpuCode.h"
#include "Device/NpuDevice.h"
#include "Device/NpuTiming.h"

using namespace coopt;
using namespace coopt::runtime;

Expected<std::unique_ptr<LoadedCode>> NpuCode::load(const package::PackageFile &file,
                                                    const LoadOptions &options) {
  if (!options.isa.empty()) {
    return fail("package has no code for '" + options.isa + "', only for: npu-sim");
  }
  if (options.experts.isLimited()) {
    return fail("device npu-sim keeps all experts in memory: their memory can't be limited");
  }
  auto code = std::make_unique<NpuCode>();
  const std::string &description = file.manifest().machine;
  auto machine = machine::parseMachine(description, "machine");
  if (!machine) {
    return forward(machine.error());
  }
  code->machine = std::move(*machine);
  for (uint32_t i = 0; i < file.images().size(); ++i) {
    const package::PackageFile::ImageView &view = file.images()[i];
    if (view.size == 0) {
      code->images.emplace_back();
      continue;
    }
    auto kernel = package::readKernelImage(view.bytes, view.size, file.program(), i, code->machine,
                                           npu::machineHash(description));
    if (!kernel) {
      return forward(kernel.error());
    }
    code->images.push_back(std::move(*kernel));
  }
  if (options.timingOnly) {
    auto parts = partsThatDecide(file.program(), code->images);
    if (!parts) {
      return forward(parts.error());
    }
    code->deciding = std::move(*parts);
  }
  if (!file.code().empty()) {
    auto host = CpuCode::load(file, "");
    if (!host) {
      return forward(host.error());
    }
    code->hostCode = std::move(*host);
  }
  return code;
}

Expected<std::unique_ptr<Device>> NpuCode::open(const LoadedPackage &package, int threads) const {
  return NpuDevice::open(*this, package, threads);
}
