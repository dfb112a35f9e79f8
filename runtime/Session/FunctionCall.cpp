#include "Session/Session.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::runtime;
using package::Entry;
using package::Value;

static std::string names(const Entry &entry) {
  std::string list;
  for (const Value &value : entry.arguments) {
    list += (list.empty() ? "" : ", ") + value.name;
  }
  return list;
}

/// The argument of a name; each exactly once.
static Expected<std::vector<const TensorView *>> match(const Entry &entry,
                                                       const std::vector<TensorView> &arguments) {
  std::vector<const TensorView *> ordered(entry.arguments.size(), nullptr);
  for (const TensorView &argument : arguments) {
    auto found = std::find_if(entry.arguments.begin(), entry.arguments.end(),
                              [&](const Value &value) { return value.name == argument.name; });
    if (found == entry.arguments.end()) {
      return fail("no argument '" + argument.name + "'; it has: " + names(entry));
    }
    auto &place = ordered[static_cast<size_t>(found - entry.arguments.begin())];
    if (place) {
      return fail("argument '" + argument.name + "' is given twice");
    }
    place = &argument;
  }
  for (size_t i = 0; i < ordered.size(); ++i) {
    if (!ordered[i]) {
      return fail("argument '" + entry.arguments[i].name + "' is missing");
    }
  }
  return ordered;
}

namespace {

/// Run-time sizes as they become known.
class SizeInference {
public:
  explicit SizeInference(const Entry &entry) : entry(entry), sizes(entry.dimensions.size(), -1) {}

  Status given(const std::string &name, int64_t value) {
    for (size_t i = 0; i < entry.dimensions.size(); ++i) {
      if (entry.dimensions[i].name == name) {
        return set(i, value, "size '" + name + "'");
      }
    }
    return fail("no size '" + name + "'");
  }

  Status argument(const Value &value, const TensorView &given) {
    std::string place = "argument '" + value.name + "'";
    if (given.type != value.type) {
      return fail(place + ": expected type " + package::elementName(value.type) + ", got " +
                  package::elementName(given.type));
    }
    if (given.shape.size() != value.shape.size()) {
      return fail(place + ": expected " + std::to_string(value.shape.size()) + " dimensions, got " +
                  std::to_string(given.shape.size()));
    }
    for (size_t d = 0; d < given.shape.size(); ++d) {
      std::string where = place + ": dimension " + std::to_string(d);
      if (value.shape[d].isSlot) {
        if (auto status = set(static_cast<size_t>(value.shape[d].value), given.shape[d], where); !status) {
          return status;
        }
      } else if (value.shape[d].value != given.shape[d]) {
        return fail(where + ": expected " + std::to_string(value.shape[d].value) + ", got " +
                    std::to_string(given.shape[d]));
      }
    }
    return {};
  }

  Expected<std::vector<int64_t>> finish() const {
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] < 0) {
        return fail("size '" + entry.dimensions[i].name + "' follows from no argument and is not given");
      }
    }
    if (auto status = checkSizes(entry, sizes); !status) {
      return forward(status.error());
    }
    return sizes;
  }

private:
  Status set(size_t dimension, int64_t value, const std::string &place) {
    const std::string &name = entry.dimensions[dimension].name;
    if (value < 0) {
      return fail(place + ": expected a size, got " + std::to_string(value));
    }
    if (sizes[dimension] >= 0 && sizes[dimension] != value) {
      return fail(place + ": expected '" + name + "' = " + std::to_string(sizes[dimension]) + ", got " +
                  std::to_string(value));
    }
    sizes[dimension] = value;
    return {};
  }

  const Entry &entry;
  std::vector<int64_t> sizes;
};

} // namespace

Expected<std::vector<Tensor>> Session::call(const std::string &name, const std::vector<TensorView> &arguments,
                                            const std::vector<std::pair<std::string, int64_t>> &sizes) {
  const auto &entries = package().program().entries;
  auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry &entry) { return entry.name == name; });
  if (found == entries.end()) {
    std::string list;
    for (const Entry &entry : entries) {
      list += (list.empty() ? "" : ", ") + entry.name;
    }
    return fail("no entry '" + name + "'; the package has: " + list);
  }
  const Entry &entry = *found;
  std::string place = "entry '" + name + "'";
  auto ordered = match(entry, arguments);
  if (!ordered) {
    return coopt::forward(ordered.error(), place);
  }
  SizeInference inference(entry);
  for (const auto &[dimension, value] : sizes) {
    if (auto status = inference.given(dimension, value); !status) {
      return coopt::forward(status.error(), place);
    }
  }
  for (size_t i = 0; i < ordered->size(); ++i) {
    if (auto status = inference.argument(entry.arguments[i], *(*ordered)[i]); !status) {
      return coopt::forward(status.error(), place);
    }
  }
  auto known = inference.finish();
  if (!known) {
    return coopt::forward(known.error(), place);
  }

  // Copies, because kernels may rely on the alignment of whatever they are given.
  std::vector<AlignedMemory> copies;
  std::vector<const void *> argumentPointers;
  for (const TensorView *argument : *ordered) {
    uint64_t bytes = package::bufferBytes(argument->type, argument->shape).value_or(0);
    auto memory = AlignedMemory::allocate(bytes);
    if (!memory) {
      return coopt::forward(memory.error(), place);
    }
    if (bytes > 0) {
      std::memcpy(memory->data(), argument->data, bytes);
    }
    argumentPointers.push_back(memory->data());
    copies.push_back(std::move(*memory));
  }
  std::vector<Tensor> results;
  std::vector<void *> resultPointers;
  for (const Value &value : entry.results) {
    Tensor result;
    result.name = value.name;
    result.type = value.type;
    for (const package::Extent &extent : value.shape) {
      result.shape.push_back(extent.isSlot ? (*known)[static_cast<size_t>(extent.value)] : extent.value);
    }
    auto memory = AlignedMemory::allocate(package::bufferBytes(value.type, result.shape).value_or(0));
    if (!memory) {
      return coopt::forward(memory.error(), place);
    }
    resultPointers.push_back(memory->data());
    result.memory = std::move(*memory);
    results.push_back(std::move(result));
  }
  Call call;
  call.entry = static_cast<uint32_t>(found - entries.begin());
  call.sizes = std::move(*known);
  call.arguments = argumentPointers.data();
  call.results = resultPointers.data();
  call.states = states.addresses();
  if (auto status = executor->run(call); !status) {
    return coopt::forward(status.error());
  }
  return results;
}
