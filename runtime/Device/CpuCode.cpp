#include "Device/CpuCode.h"

#include "Device/CpuDevice.h"
#include "Device/CpuFeatures.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::runtime;
using package::PackageFile;

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

Expected<std::unique_ptr<LoadedCode>> CpuCode::load(const PackageFile &file, const std::string &isa) {
  auto code = std::make_unique<CpuCode>();
  if (file.program().kernels.empty() && file.code().empty()) {
    return code;
  }
  auto chosen = choose(file.code(), isa);
  if (!chosen) {
    return forward(chosen.error());
  }
  code->name = (*chosen)->variant;
  const std::string place = "code '" + code->name + "'";
  auto object = CodeObject::load((*chosen)->bytes, (*chosen)->size);
  if (!object) {
    return forward(object.error(), place);
  }
  code->object = std::move(*object);
  const auto &images = file.images();
  for (const package::Kernel &kernel : file.program().kernels) {
    const size_t number = code->kernels.size();
    if (number < images.size() && images[number].size != 0) {
      code->kernels.push_back(nullptr); // an accelerator's
      continue;
    }
    auto address = code->object.kernel(kernel.symbol);
    if (!address) {
      return forward(address.error(), place);
    }
    code->kernels.push_back(*address);
  }
  return code;
}

Expected<std::unique_ptr<Device>> CpuCode::open(const LoadedPackage &package, int threads) const {
  return CpuDevice::open(package, *this, threads);
}
