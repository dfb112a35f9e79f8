#include "ImageRun.h"

#include "coopt/Machine/Machine.h"
#include "coopt/Support/MappedFile.h"

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

Expected<ImageRun> ImageRun::create(const std::string &image, const std::string &machine, uint32_t seed) {
  auto file = MappedFile::open(image);
  if (!file) {
    return forward(file.error());
  }
  auto read = npu::read(file->data(), file->size());
  if (!read) {
    return forward(read.error(), image);
  }
  auto found = machine::findMachine(machine);
  if (!found || !found->npu()) {
    return fail(machine + ": expected a machine of kind npu");
  }
  if (read->symbols.empty() || read->symbols.back().name != "block") {
    return fail(image + ": expected a block as the last symbol");
  }
  ImageRun run;
  run.image = std::move(*read);
  run.machine = *found->npu();
  run.random.seed(seed);
  if (Status checked = checkProgram(run.image, limitsOf(run.machine)); !checked) {
    return forward(checked.error(), image);
  }
  run.reset();
  return run;
}

void ImageRun::reset() {
  uint64_t size = 0;
  for (const Symbol &symbol : image.symbols) {
    size = std::max(size, symbol.address + symbol.bytes);
  }
  for (const Data &data : image.data) {
    size = std::max(size, data.address + data.bytes.size());
  }
  dram.assign(size + 64, kNoise); // and what lies behind
  for (const Data &data : image.data) {
    std::memcpy(dram.data() + data.address, data.bytes.data(), data.bytes.size());
  }
  outputs.clear();
  arguments = 0;
  mistake.clear();
}

void ImageRun::give(const uint8_t *bytes, size_t size) {
  if (!mistake.empty()) {
    return;
  }
  if (arguments >= image.symbols.size()) {
    mistake = "more arguments than the image has symbols";
    return;
  }
  const Symbol &symbol = image.symbols[arguments++];
  if (size > symbol.bytes) {
    mistake =
        symbol.name + " takes " + std::to_string(symbol.bytes) + " bytes, given are " + std::to_string(size);
  } else if (size > 0) {
    std::memcpy(dram.data() + symbol.address, bytes, size);
  }
}

void ImageRun::block(const std::vector<int32_t> &numbers) {
  const Symbol &last = image.symbols.back();
  if (mistake.empty() && (arguments + 1 != image.symbols.size() || last.bytes < 4 * numbers.size())) {
    mistake = "expected a block of " + std::to_string(last.bytes / 4) + " numbers behind " +
              std::to_string(image.symbols.size() - 1) + " arguments";
  }
  // Extents of run time come first, once more; kernels read them behind the scalars, where all extents are.
  std::vector<int32_t> all(last.bytes / 4 - std::min<size_t>(last.bytes / 4, numbers.size()), -1);
  all.insert(all.end(), numbers.begin(), numbers.end());
  input(all);
}

Expected<std::vector<uint8_t>> ImageRun::runOnce(bool inTime) {
  const Limits limits = limitsOf(machine);
  std::array<Memory, kSpaces> memories;
  MemoryMap map = {};
  for (unsigned i = 0; i < kSpaces; ++i) {
    const bool isDram = i == static_cast<unsigned>(Space::Dram), isL2 = i == static_cast<unsigned>(Space::L2);
    auto memory = Memory::create(isDram ? dram.size() : isL2 ? 64 : limits.bytes[i]);
    if (!memory) {
      return forward(memory.error());
    }
    memories[i] = std::move(*memory);
    std::memset(memories[i].at(0), kNoise, memories[i].size());
    map[i] = &memories[i];
  }
  std::memcpy(memories[0].at(0), dram.data(), dram.size());
  if (inTime) {
    if (auto report = simulate(machine, image, {map}); !report) {
      return forward(report.error(), "simulator");
    }
  } else if (Status status = runInOrder(image.cores[0], map); !status) {
    return forward(status.error());
  }
  return std::vector<uint8_t>(memories[0].at(0), memories[0].at(0) + dram.size());
}

Status ImageRun::compare(const std::vector<uint8_t> &after) const {
  std::vector<uint8_t> expected = dram;
  for (const Output &output : outputs) {
    const Symbol &symbol = image.symbols[output.argument];
    if (output.expected.size() > symbol.bytes) {
      return fail(symbol.name + " has less room than what is expected of it");
    }
    for (size_t i = 0; i < output.expected.size(); ++i) {
      expected[symbol.address + i] = output.expected[i];
    }
    // A NaN is a NaN.
    for (size_t i = 0; output.areFloats && i < output.expected.size(); i += 4) {
      float a = 0, b = 0;
      std::memcpy(&a, after.data() + symbol.address + i, 4);
      std::memcpy(&b, output.expected.data() + i, 4);
      if (std::isnan(a) && std::isnan(b)) {
        std::memcpy(expected.data() + symbol.address + i, &a, 4);
      }
      if (std::memcmp(after.data() + symbol.address + i, expected.data() + symbol.address + i, 4) != 0) {
        return fail(symbol.name + "[" + std::to_string(i / 4) + "]: got " + std::to_string(a) +
                    ", expected " + std::to_string(b));
      }
    }
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (after[i] != expected[i]) {
      return fail("byte " + std::to_string(i) + " of DRAM is " + std::to_string(after[i]) + ", expected " +
                  std::to_string(expected[i]));
    }
  }
  return {};
}

Status ImageRun::run() {
  if (mistake.empty() && arguments != image.symbols.size()) {
    mistake = "the image has " + std::to_string(image.symbols.size()) + " symbols, given are " +
              std::to_string(arguments);
  }
  if (!mistake.empty()) {
    return fail(mistake);
  }
  auto inOrder = runOnce(/*inTime=*/false), inTime = runOnce(/*inTime=*/true);
  if (!inOrder || !inTime) {
    return forward(inOrder ? inTime.error() : inOrder.error());
  }
  if (*inOrder != *inTime) {
    return fail("the simulator leaves other bytes than the stream in its order");
  }
  Status status = compare(*inOrder);
  reset();
  return status;
}
