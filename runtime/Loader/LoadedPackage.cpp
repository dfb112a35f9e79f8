#include "Loader/LoadedPackage.h"

#include "Loader/CpuFeatures.h"
#include "Loader/Noise.h"

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
  if (auto status = loadCode(options.isa); !status) {
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

/// Nothing if the processor can run this code, else why not.
static Status checkFeatures(const PackageFile::CodeView &code) {
  for (const std::string &feature : code.features) {
    auto present = hasCpuFeature(feature);
    if (!present) {
      return fail("package needs " + feature + ", which this runtime does not know");
    }
    if (!*present) {
      return fail("package needs " + feature + ", which this processor lacks");
    }
  }
  return {};
}

static Expected<const PackageFile::CodeView *> choose(const std::vector<PackageFile::CodeView> &code,
                                                      const std::string &isa) {
  auto find = [&](const std::string &name) {
    auto found =
        std::find_if(code.begin(), code.end(), [&](const auto &view) { return view.variant == name; });
    return found == code.end() ? nullptr : &*found;
  };
  if (!isa.empty()) {
    const PackageFile::CodeView *view = find(isa);
    if (!view) {
      std::string names;
      for (const auto &other : code) {
        names += (names.empty() ? "" : ", ") + other.variant;
      }
      return fail("package has no code for '" + isa + "', only for: " + names);
    }
    if (auto status = checkFeatures(*view); !status) {
      return forward(status.error());
    }
    return view;
  }
  Status last = fail("package has no code for a cpu");
  for (const char *name : {"amx", "avx512", "avx2", "generic"}) {
    if (const PackageFile::CodeView *view = find(name)) {
      last = checkFeatures(*view);
      if (last) {
        return view;
      }
    }
  }
  return forward(last.error());
}

Status LoadedPackage::loadCode(const std::string &isa) {
  if (program().kernels.empty() && packageFile.code().empty()) {
    return {};
  }
  auto chosen = choose(packageFile.code(), isa);
  if (!chosen) {
    return forward(chosen.error());
  }
  variant = (*chosen)->variant;
  std::string place = "code '" + variant + "'";
  auto object = CodeObject::load((*chosen)->bytes, (*chosen)->size);
  if (!object) {
    return forward(object.error(), place);
  }
  code = std::move(*object);
  for (const package::Kernel &kernel : program().kernels) {
    auto address = code.kernel(kernel.symbol);
    if (!address) {
      return forward(address.error(), place);
    }
    kernels.push_back(*address);
  }
  return {};
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
