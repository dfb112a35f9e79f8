#include "Device/NpuTiming.h"

#include <set>
#include <tuple>

using namespace coopt;
using namespace coopt::runtime;
using package::Command;
using package::CommandKind;
using package::Entry;
using package::KernelImage;

namespace {

/// Follows what decides from buffer to buffer, back to what computes it.
class Follower {
public:
  Follower(const package::Program &program, const std::vector<KernelImage> &kernels,
           std::vector<npu::DecidingPart> &parts)
      : program(program), kernels(kernels), parts(parts), areComplete(kernels.size(), false) {}

  void run() {
    do {
      isNew = false;
      for (size_t entry = 0; entry < program.entries.size(); ++entry) {
        for (const Command &command : program.entries[entry].commands) {
          visit(entry, command);
        }
      }
    } while (isNew);
  }

private:
  /// A buffer of an entry, that of the arena by its offset (views have the same), or a state, which belongs to all entries.
  using Place = std::tuple<package::BufferKind, size_t, uint64_t>;

  const package::Program &program;
  const std::vector<KernelImage> &kernels;
  std::vector<npu::DecidingPart> &parts;
  std::vector<bool> areComplete; ///< by kernel
  std::set<Place> deciding;
  bool isNew = false;

  Place placeOf(size_t entry, uint32_t buffer) const {
    const package::Buffer &of = program.entries[entry].buffers[buffer];
    switch (of.kind) {
    case package::BufferKind::State:
      return {of.kind, 0, of.index};
    case package::BufferKind::Arena:
      return {of.kind, entry, of.offset};
    default:
      return {of.kind, entry, of.index};
    }
  }
  bool decides(size_t entry, uint32_t buffer) const { return deciding.count(placeOf(entry, buffer)) != 0; }
  void mark(size_t entry, uint32_t buffer) { isNew |= deciding.insert(placeOf(entry, buffer)).second; }

  void visit(size_t entry, const Command &command) {
    if (command.kind == CommandKind::Copy && decides(entry, command.buffers[1])) {
      mark(entry, command.buffers[0]);
    }
    if (command.kind != CommandKind::Dispatch || kernels[command.kernel].image.cores.empty()) {
      return;
    }
    const KernelImage &kernel = kernels[command.kernel];
    for (size_t i = command.firstWritten; i < command.buffers.size(); ++i) {
      if (decides(entry, command.buffers[i]) && !areComplete[command.kernel]) {
        areComplete[command.kernel] = isNew = true;
        parts[command.kernel].entries[0].assign(kernel.image.cores[0].size(), true);
      }
    }
    for (size_t i = 0; i < command.firstWritten; ++i) {
      const npu::Symbol &symbol = kernel.operands[i];
      if (areComplete[command.kernel] || parts[command.kernel].reads(symbol.address, symbol.bytes)) {
        mark(entry, command.buffers[i]);
      }
    }
  }
};

} // namespace

Expected<std::vector<npu::DecidingPart>> runtime::partsThatDecide(const package::Program &program,
                                                                  const std::vector<KernelImage> &kernels) {
  std::vector<npu::DecidingPart> parts(kernels.size());
  for (size_t i = 0; i < kernels.size(); ++i) {
    if (kernels[i].image.cores.empty()) {
      continue;
    }
    auto part = npu::partThatDecides(kernels[i].image);
    if (!part) {
      return forward(part.error(), "kernel '" + program.kernels[i].symbol + "'");
    }
    parts[i] = std::move(*part);
  }
  Follower(program, kernels, parts).run();
  return parts;
}
