#include "Device/CpuDevice.h"

#include "Executor/Fault.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::runtime;
using package::Buffer;
using package::BufferKind;
using package::Command;

Expected<std::unique_ptr<Device>> CpuDevice::open(const LoadedPackage &package, const CpuCode &code,
                                                  int threads) {
  std::unique_ptr<CpuDevice> device(
      new CpuDevice(package, code, threads == 0 ? std::min(availableThreads(), kMaxThreads) : threads));
  uint64_t scratchBytes = 0;
  for (const package::Kernel &kernel : package.program().kernels) {
    scratchBytes = std::max(scratchBytes, kernel.scratchBytes);
  }
  for (int i = 0; i < device->threads(); ++i) {
    auto memory = AlignedMemory::allocate(scratchBytes);
    if (!memory) {
      return forward(memory.error(), "scratch");
    }
    device->scratch.push_back(std::move(*memory));
  }
  return device;
}

struct CpuDevice::Job {
  abi::Kernel kernel;
  const abi::Block *blocks;
  const abi::Services *services;
  uint32_t first = 0; ///< item of the run

  static void runItems(void *context, int worker, uint32_t first, uint32_t last);
};

// UBSan's check of the function's type reads the eight bytes before it, where generated code has none: at the
// start of a segment that may be unmapped.
#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
void CpuDevice::Job::runItems(void *context, int worker, uint32_t first, uint32_t last) {
  const Job &job = *static_cast<const Job *>(context);
  job.kernel(&job.blocks[worker], job.services, job.first + first, job.first + last);
}

static const abi::Services services{abi::kVersion};

uint32_t CpuDevice::expertsOf(const DispatchView &dispatch) const {
  if (package.experts() && dispatch.command.segments != Command::kNoSegments) {
    for (size_t i = 0; i < dispatch.operands(); ++i) {
      const Buffer &buffer = dispatch.buffer(i);
      uint32_t group = buffer.kind == BufferKind::Parameter ? package.experts()->groupOf(buffer.index)
                                                            : ExpertStore::kNoGroup;
      if (group != ExpertStore::kNoGroup) {
        return group;
      }
    }
  }
  return ExpertStore::kNoGroup;
}

Status CpuDevice::runSegments(const DispatchView &dispatch, uint32_t group, Job &job) {
  ExpertStore &experts = *package.experts();
  const uint32_t place = dispatch.command.segments;
  const auto *segments = static_cast<const int32_t *>(dispatch.buffers[place]);
  auto count = static_cast<uint32_t>(dispatch.operandShapes[place][0]);
  if (count == 0 || dispatch.items % count != 0) {
    return fail(std::to_string(dispatch.items) + " work items are not equally many for each of " +
                std::to_string(count) + " segments");
  }
  const uint32_t each = dispatch.items / count, last = experts.expertsOf(group) - 1;
  std::vector<ExpertStore::Request> requests;
  std::vector<uint32_t> segmentOf; // a request
  for (uint32_t i = 0; i < count; ++i) {
    const int32_t *segment = segments + i * package::kSegmentParts;
    if (segment[2] > 0) { // no rows, no work
      requests.push_back(
          {std::min(static_cast<uint32_t>(segment[0]), last), static_cast<uint32_t>(segment[2])});
      segmentOf.push_back(i);
    }
  }
  ExpertStore::Use use(experts, group, std::move(requests));
  while (true) {
    auto ready = use.next();
    if (!ready || ready->empty()) {
      return ready ? Status() : Status(forward(ready.error()));
    }
    // Neighbours run together.
    for (size_t i = 0, end = 0; i < ready->size(); i = end) {
      const uint32_t first = segmentOf[(*ready)[i]];
      for (end = i + 1; end < ready->size() && segmentOf[(*ready)[end]] == first + (end - i);) {
        ++end;
      }
      job.first = first * each;
      pool.run(static_cast<uint32_t>(end - i) * each, Job::runItems, &job);
    }
  }
}

Status CpuDevice::run(DispatchView &dispatch) {
  faults.assign(scratch.size(), abi::Fault());
  blocks.resize(scratch.size());
  for (size_t i = 0; i < scratch.size(); ++i) {
    blocks[i] = {dispatch.buffers, dispatch.scalars.data(), scratch[i].data(), &faults[i]};
  }
  Job job{code.kernel(dispatch.command.kernel), blocks.data(), &services};
  if (uint32_t group = expertsOf(dispatch); group == ExpertStore::kNoGroup) {
    pool.run(dispatch.items, Job::runItems, &job);
  } else if (auto status = runSegments(dispatch, group, job); !status) {
    return status;
  }
  for (const abi::Fault &fault : faults) {
    if (fault.kind != abi::FaultKind::None) {
      return fail(describe(fault));
    }
  }
  return {};
}
