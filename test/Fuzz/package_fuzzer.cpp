// Any bytes as a package, as they are and with every checksum made right, so that what lies behind the
// checksums is reached. What is accepted and holds no kernel is run, at the smallest sizes, if its memory is
// small; images of kernels are read and checked.
#include "MemoryFile.h"
#include "Session/Session.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace coopt;
using namespace coopt::runtime;

namespace {

template <typename T>
T load(const std::vector<uint8_t> &bytes, size_t place) {
  T value;
  std::memcpy(&value, bytes.data() + place, sizeof(T));
  return value;
}

void store(std::vector<uint8_t> &bytes, size_t place, uint64_t value) {
  std::memcpy(bytes.data() + place, &value, sizeof(value));
}

/// Header at 0, table at 64: see Package.h and Container.h.
void repair(std::vector<uint8_t> &bytes) {
  if (bytes.size() < 64) {
    return;
  }
  uint64_t sections = load<uint32_t>(bytes, 16);
  if (sections > (bytes.size() - 64) / 64) {
    return;
  }
  for (uint64_t i = 0; i < sections; ++i) {
    size_t record = 64 + i * 64;
    uint64_t offset = load<uint64_t>(bytes, record + 40), size = load<uint64_t>(bytes, record + 48);
    if (offset <= bytes.size() && size <= bytes.size() - offset && load<uint32_t>(bytes, record) != 4) {
      if (load<uint32_t>(bytes, record) == 5 &&
          size >= 64) { // an image has a checksum of its own: see Image.h
        store(bytes, offset + 40, 0);
        store(bytes, offset + 40, XXH3_64bits(bytes.data() + offset, size));
      }
      store(bytes, record + 56, XXH3_64bits(bytes.data() + offset, size));
    }
  }
  store(bytes, 24, 64);
  store(bytes, 32, sections * 64);
  store(bytes, 40, XXH3_64bits(bytes.data() + 64, sections * 64));
  store(bytes, 48, bytes.size());
  store(bytes, 56, XXH3_64bits(bytes.data(), 56));
}

bool isSmall(const LoadedPackage &package) {
  constexpr uint64_t limit = 1 << 20;
  for (const package::State &state : package.program().states) {
    if (stateBytes(state) > limit) {
      return false;
    }
  }
  for (const package::Entry &entry : package.program().entries) {
    for (const package::Buffer &buffer : entry.buffers) {
      if (buffer.maxBytes > limit) {
        return false;
      }
    }
    if (entry.arenaBytes > limit || entry.arguments.size() > 16 || entry.results.size() > 16) {
      return false;
    }
  }
  return package.manifest().model == std::nullopt || package.manifest().model->vocabulary < 1000;
}

void run(Session &session, const package::Entry &entry) {
  std::vector<std::pair<std::string, int64_t>> sizes;
  std::vector<int64_t> values;
  for (const package::Dimension &dimension : entry.dimensions) {
    int64_t value = (dimension.min + dimension.multipleOf - 1) / dimension.multipleOf * dimension.multipleOf;
    values.push_back(value);
    sizes.emplace_back(dimension.name, value);
  }
  std::vector<TensorView> arguments;
  std::vector<std::vector<uint8_t>> zeros;
  auto shapeOf = [&](const package::Value &value) {
    std::vector<int64_t> shape;
    for (const package::Extent &extent : value.shape) {
      shape.push_back(extent.isSlot ? values[static_cast<size_t>(extent.value)] : extent.value);
    }
    return shape;
  };
  for (const package::Value &value : entry.results) {
    if (package::bufferBytes(value.type, shapeOf(value)).value_or(UINT64_MAX) > 1 << 20) {
      return;
    }
  }
  for (const package::Value &value : entry.arguments) {
    std::vector<int64_t> shape = shapeOf(value);
    uint64_t bytes = package::bufferBytes(value.type, shape).value_or(UINT64_MAX);
    if (bytes > 1 << 20) {
      return;
    }
    zeros.emplace_back(bytes + 1);
    arguments.push_back({value.name, value.type, shape, zeros.back().data()});
  }
  (void)session.call(entry.name, arguments, sizes);
}

void open(const std::vector<uint8_t> &bytes) {
  MemoryFile file(bytes.data(), bytes.size());
  auto opened = package::PackageFile::open(file.path());
  const bool isNative = opened && opened->manifest().target == "cpu";
  if (!opened || (isNative && (!opened->program().kernels.empty() || !opened->code().empty()))) {
    return;
  }
  for (const package::Parameter &parameter : opened->manifest().parameters) {
    if (parameter.noise && parameter.bytes > 1 << 20) {
      return;
    }
  }
  (void)opened->verifyParameters();
  auto package = LoadedPackage::load(file.path());
  if (!package || !opened->program().kernels.empty() || !isSmall(**package)) {
    return;
  }
  auto session = Session::open(*package, 1);
  if (session) {
    for (const package::Entry &entry : (*package)->program().entries) {
      run(**session, entry);
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  open(bytes);
  repair(bytes);
  open(bytes);
  return 0;
}
