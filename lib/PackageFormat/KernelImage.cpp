#include "coopt/PackageFormat/KernelImage.h"

#include "coopt/NpuIsa/Checker.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace coopt;
using namespace coopt::package;

namespace {

const std::string kOperand = "operand.";

/// Bytes of DRAM that something lies at.
struct Range {
  std::string name;
  uint64_t address, bytes;
  bool isOperand;
};

/// Sorts the symbols that mean something out of the others.
Status readSymbols(KernelImage &kernel, uint32_t operandCount) {
  std::map<std::string, const npu::Symbol *> byName;
  for (const npu::Symbol &symbol : kernel.image.symbols) {
    const bool isOperand = symbol.name.compare(0, kOperand.size(), kOperand) == 0;
    if (!isOperand && symbol.name != "block" && symbol.name != "scratch") {
      continue;
    }
    if (symbol.space != npu::Space::Dram) {
      return fail("symbol " + inQuotes(symbol.name) + ": expected in dram, got " + npu::name(symbol.space));
    }
    byName[symbol.name] = &symbol;
  }
  auto take = [&](const std::string &name) -> std::optional<npu::Symbol> {
    auto found = byName.extract(name);
    return found ? std::optional(*found.mapped()) : std::nullopt;
  };
  for (uint32_t i = 0; i < operandCount; ++i) {
    auto operand = take(kOperand + std::to_string(i));
    if (!operand) {
      return fail("no symbol '" + kOperand + std::to_string(i) + "'");
    }
    kernel.operands.push_back(std::move(*operand));
  }
  kernel.block = take("block");
  kernel.scratch = take("scratch");
  if (!byName.empty()) {
    return fail("symbol " + inQuotes(byName.begin()->first) + ": the kernel has " +
                std::to_string(operandCount) + " operands, from 0 on");
  }
  return {};
}

/// Everything has its own place in the machine's DRAM.
Status checkRanges(const KernelImage &kernel, uint64_t dramBytes) {
  std::vector<Range> ranges;
  for (const npu::Symbol &operand : kernel.operands) {
    ranges.push_back({"symbol '" + operand.name + "'", operand.address, operand.bytes, true});
  }
  for (const auto *symbol : {&kernel.block, &kernel.scratch}) {
    if (*symbol) {
      ranges.push_back({"symbol '" + (*symbol)->name + "'", (*symbol)->address, (*symbol)->bytes, false});
    }
  }
  for (size_t i = 0; i < kernel.image.data.size(); ++i) {
    const npu::Data &data = kernel.image.data[i];
    ranges.push_back({"data " + std::to_string(i), data.address, data.bytes.size(), false});
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range &a, const Range &b) {
    return std::tie(a.address, a.name) < std::tie(b.address, b.name);
  });
  const Range *last = nullptr; // the one that ends last of those before
  for (const Range &range : ranges) {
    if (range.bytes == 0) {
      continue;
    }
    if (range.address > dramBytes || range.bytes > dramBytes - range.address) {
      return fail(range.name + ": " + std::to_string(range.bytes) + " bytes at " +
                  std::to_string(range.address) + " lie outside of the machine's dram of " +
                  std::to_string(dramBytes) + " bytes");
    }
    if (last && range.address - last->address < last->bytes) {
      const bool isSame =
          range.isOperand && last->isOperand && range.address == last->address && range.bytes == last->bytes;
      if (!isSame) {
        return fail(last->name + " and " + range.name + " overlap");
      }
    }
    if (!last || range.address + range.bytes > last->address + last->bytes) {
      last = &range;
    }
  }
  return {};
}

/// What a dispatch passes finds its place.
Status checkDispatch(const KernelImage &kernel, const Entry &entry, const Command &dispatch) {
  std::map<uint64_t, uint32_t> byAddress; // the buffer that lies there
  for (size_t i = 0; i < kernel.operands.size(); ++i) {
    const npu::Symbol &symbol = kernel.operands[i];
    const uint32_t buffer = dispatch.buffers[i];
    if (entry.buffers[buffer].maxBytes > symbol.bytes) {
      return fail("symbol '" + symbol.name + "' has " + std::to_string(symbol.bytes) + " bytes, expected " +
                  std::to_string(entry.buffers[buffer].maxBytes) + " for " + inQuotes(dispatch.opId));
    }
    if (symbol.bytes > 0 && byAddress.emplace(symbol.address, buffer).first->second != buffer) {
      return fail("symbol '" + symbol.name + "' has the range of another operand, expected its own for " +
                  inQuotes(dispatch.opId) + ", which passes two buffers");
    }
  }
  const uint64_t needed = 4 * blockNumbers(entry, dispatch);
  if (kernel.block && kernel.block->bytes < needed) {
    return fail("symbol 'block' has " + std::to_string(kernel.block->bytes) + " bytes, expected " +
                std::to_string(needed) + " for " + inQuotes(dispatch.opId));
  }
  return {};
}

Status check(KernelImage &kernel, const Program &program, uint32_t number, const machine::Machine &machine,
             uint64_t hash) {
  if (kernel.image.machine != hash) {
    return fail("made for a machine of hash 0x" + hexadecimal(kernel.image.machine) + ", expected 0x" +
                hexadecimal(hash) + " of " + inQuotes(machine.name));
  }
  if (kernel.image.cores.size() != 1) {
    return fail("expected the code of one core, got that of " + std::to_string(kernel.image.cores.size()));
  }
  const npu::Limits limits = npu::limitsOf(*machine.npu());
  Status status = npu::checkProgram(kernel.image, limits);
  if (status) {
    status = readSymbols(kernel, program.kernels[number].bufferCount);
  }
  if (status) {
    status = checkRanges(kernel, limits.bytes[static_cast<size_t>(npu::Space::Dram)]);
  }
  for (const Entry &entry : program.entries) {
    for (const Command &command : entry.commands) {
      if (status && command.kind == CommandKind::Dispatch && command.kernel == number) {
        status = checkDispatch(kernel, entry, command);
      }
    }
  }
  return status;
}

} // namespace

size_t package::blockNumbers(const Entry &entry, const Command &dispatch) {
  size_t numbers = dispatch.scalars.size();
  for (uint32_t buffer : dispatch.buffers) {
    numbers += entry.buffers[buffer].shape.size();
  }
  return numbers;
}

Expected<KernelImage> package::readKernelImage(const uint8_t *bytes, size_t size, const Program &program,
                                               uint32_t number, const machine::Machine &machine,
                                               uint64_t machineHash) {
  const std::string place = "kernel " + inQuotes(program.kernels[number].symbol) + ": image";
  auto image = npu::read(bytes, size);
  if (!image) {
    return forward(image.error(), place);
  }
  KernelImage kernel;
  kernel.image = std::move(*image);
  if (Status status = check(kernel, program, number, machine, machineHash); !status) {
    return forward(status.error(), place);
  }
  return kernel;
}
