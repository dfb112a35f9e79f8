#include "Commands.h"

#include "Npy/Npy.h"

#include <algorithm>
#include <cstdio>

using namespace coopt;
using namespace coopt::run;

/// "name=value", cut at the first '='.
static Expected<std::pair<std::string, std::string>> split(const char *option, const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return fail(std::string(option) + ": expected name=value, got '" + text + "'");
  }
  return std::make_pair(text.substr(0, equals), text.substr(equals + 1));
}

static std::string print(const runtime::Tensor &tensor) {
  std::string text = tensor.name + ": " + package::elementName(tensor.type) + "[";
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(tensor.shape[i]);
  }
  return text + "]";
}

static Expected<std::vector<runtime::TensorView>> readInputs(const Options &options, const Package &package,
                                                             std::vector<runtime::NpyFile> &files) {
  std::vector<runtime::TensorView> views;
  const auto &entries = package->program().entries;
  auto entry = std::find_if(entries.begin(), entries.end(),
                            [&](const package::Entry &e) { return e.name == options.function; });
  for (const std::string &text : options.inputs) {
    auto named = split("--input", text);
    if (!named) {
      return forward(named.error());
    }
    auto file = runtime::NpyFile::open(named->second);
    if (!file) {
      return forward(file.error());
    }
    runtime::TensorView view{named->first, {}, file->shape(), file->data()};
    // Several types share one NumPy type; the entry knows which is meant. Unknown names are the session's to
    // refuse.
    if (entry != entries.end()) {
      for (const package::Value &value : entry->arguments) {
        if (value.name == view.name) {
          view.type = value.type;
          if (!file->holds(value.type)) {
            return fail(named->second + ": argument '" + view.name + "' is " +
                        package::elementName(value.type) + ", NumPy's " + runtime::npyDescr(value.type) +
                        "; got " + file->descr());
          }
        }
      }
    }
    views.push_back(std::move(view));
    files.push_back(std::move(*file));
  }
  return views;
}

Status run::callFunction(const Options &options, const Package &package) {
  std::vector<runtime::NpyFile> files;
  auto views = readInputs(options, package, files);
  if (!views) {
    return forward(views.error());
  }
  std::vector<std::pair<std::string, int64_t>> sizes;
  for (const std::string &text : options.sizes) {
    auto named = split("--size", text);
    if (!named) {
      return forward(named.error());
    }
    const std::string &digits = named->second;
    if (digits.size() > 15 || digits.find_first_not_of("0123456789") != std::string::npos) {
      return fail("--size: expected a number, got '" + digits + "'");
    }
    sizes.emplace_back(named->first, std::stoll(digits));
  }
  auto measurement = Measurement::create(options, package);
  if (!measurement) {
    return forward(measurement.error());
  }
  auto session = openSession(options, package, **measurement);
  if (!session) {
    return forward(session.error());
  }
  auto results = (*session)->call(options.function, *views, sizes);
  if (!results) {
    return forward(results.error(), options.package);
  }
  for (const std::string &text : options.outputs) {
    auto named = split("--output", text);
    if (!named) {
      return forward(named.error());
    }
    auto found = std::find_if(results->begin(), results->end(),
                              [&](const runtime::Tensor &result) { return result.name == named->first; });
    if (found == results->end()) {
      return fail("--output: entry '" + options.function + "' has no result '" + named->first + "'");
    }
    if (auto status = runtime::writeNpy(named->second, found->type, found->shape, found->memory.data());
        !status) {
      return status;
    }
  }
  if (options.outputs.empty()) {
    for (const runtime::Tensor &result : *results) {
      std::printf("%s\n", print(result).c_str());
    }
  }
  return (*measurement)->finish();
}
