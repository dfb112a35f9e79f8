#include "Loader/LoadedPackage.h"

#include "Device/CpuCode.h"
#include "Device/NpuCode.h"
#include "Loader/Noise.h"
#include "coopt/Support/Json.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::runtime;
using package::PackageFile;

Expected<std::shared_ptr<const LoadedPackage>> LoadedPackage::load(const std::string &path,
                                                                   const LoadOptions &options) {
  auto file = PackageFile::open(path);
  if (!file) {
    return forward(file.error());
  }
  auto package = std::make_shared<LoadedPackage>();
  package->packageFile = std::move(*file);
  if (auto status = package->prepare(options); !status) {
    return forward(status.error(), path);
  }
  if (options.verify) {
    if (auto status = package->packageFile.verifyParameters(); !status) {
      return forward(status.error());
    }
  }
  return std::shared_ptr<const LoadedPackage>(std::move(package));
}

Status LoadedPackage::prepare(const LoadOptions &options) {
  if (auto status = loadCode(options); !status) {
    return status;
  }
  if (packageFile.tokenizer()) {
    auto made = Tokenizer::create(packageFile.tokenizer(), packageFile.tokenizerSize());
    if (!made) {
      return forward(made.error(), "tokenizer");
    }
    tokens.emplace(std::move(*made));
  }
  if (auto status = placeParameters(); !status || !options.experts.isLimited()) {
    return status;
  }
  auto store = ExpertStore::create(packageFile, options.experts);
  if (!store) {
    return forward(store.error());
  }
  expertStore = std::move(*store);
  return {};
}

Status LoadedPackage::loadCode(const LoadOptions &options) {
  const bool isNpu = manifest().target == "npu";
  const std::string device = isNpu ? "npu-sim" : "cpu";
  const std::vector<std::string> &known = deviceNames();
  if (!options.device.empty() && std::find(known.begin(), known.end(), options.device) == known.end()) {
    return fail("expected device " + alternatives(known) + ", got " + inQuotes(options.device));
  }
  if (!options.device.empty() && options.device != device) {
    return fail("package has no code for device '" + options.device + "', only for: " + device);
  }
  if (options.timingOnly && !isNpu) {
    return fail("time alone is simulated of accelerators, not of device 'cpu'");
  }
  auto made = isNpu ? NpuCode::load(packageFile, options) : CpuCode::load(packageFile, options.isa);
  if (!made) {
    return forward(made.error());
  }
  loadedCode = std::move(*made);
  return {};
}

const std::vector<std::string> &runtime::deviceNames() {
  static const std::vector<std::string> names = {"cpu", "npu-sim"};
  return names;
}

Status LoadedPackage::placeParameters() {
  for (size_t i = 0; i < manifest().parameters.size(); ++i) {
    const package::Parameter &parameter = manifest().parameters[i];
    if (!parameter.noise) {
      parameters.push_back(packageFile.parameter(i));
      continue;
    }
    auto memory = makeNoise(parameter);
    if (!memory) {
      return forward(memory.error(), "parameter '" + parameter.name + "'");
    }
    parameters.push_back(memory->data());
    noise.push_back(std::move(*memory));
  }
  return {};
}
