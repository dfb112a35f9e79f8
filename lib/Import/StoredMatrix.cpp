#include "coopt/Import/StoredMatrix.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

using namespace coopt;
using namespace coopt::import;

namespace {

using Method = CheckpointQuantization::Method;
using Shape = std::vector<int64_t>;
using Types = std::vector<TensorType>;

const Types scaleTypes = {TensorType::F32, TensorType::F16, TensorType::BF16};

std::string text(const Shape &shape) {
  std::string list;
  for (int64_t size : shape) {
    list += (list.empty() ? "" : ", ") + std::to_string(size);
  }
  return "[" + list + "]";
}

/// Words of 32 bits that so many fields take.
int64_t words(int64_t fields, int bits) { return (fields * bits + 31) / 32; }

class Finder {
public:
  Finder(const DecoderConfig &config, const TensorFiles &files, const ExpectedTensor &expected)
      : quantization(config.quantization), files(files), expected(expected),
        name(expected.name.substr(0, expected.name.rfind('.'))), mayBeSorted(name != config.names.embedding) {
  }

  Expected<std::optional<StoredMatrix>> find();

private:
  /// A part with one of the shapes and types; null if it is missing and optional.
  Expected<const TensorInfo *> part(const std::string &suffix, const std::vector<Shape> &shapes,
                                    const Types &types, bool isOptional = false) const;
  Status gptq();
  Status awq();
  Status packed();
  Status bytes();
  /// The groups of columns that have been sorted by their activations.
  Status readOrder(const std::string &suffix);
  std::string placeOf(const TensorInfo &tensor) const {
    return files.files()[tensor.file].path() + ": tensor " + inQuotes(tensor.name) + ": ";
  }
  Status take(Expected<const TensorInfo *> part, const TensorInfo *&out) {
    if (!part) {
      return forward(part.error());
    }
    out = *part;
    return {};
  }

  const CheckpointQuantization &quantization;
  const TensorFiles &files;
  const ExpectedTensor &expected;
  std::string name;
  bool mayBeSorted;
  StoredMatrix matrix;
  int64_t N = 0, K = 0, G = 0;
};

} // namespace

Expected<const TensorInfo *> Finder::part(const std::string &suffix, const std::vector<Shape> &shapes,
                                          const Types &types, bool isOptional) const {
  const TensorInfo *tensor = files.find(name + suffix);
  if (!tensor) {
    return isOptional ? Expected<const TensorInfo *>(nullptr)
                      : fail("tensor " + inQuotes(name + suffix) + " " + text(shapes.front()) +
                             ": expected by the quantisation, in none of the model's files");
  }
  if (std::find(shapes.begin(), shapes.end(), tensor->shape) == shapes.end()) {
    return fail(placeOf(*tensor) + "expected shape " + text(shapes.front()) + " by the quantisation, got " +
                text(tensor->shape));
  }
  if (std::find(types.begin(), types.end(), tensor->type) == types.end()) {
    std::vector<std::string> names;
    for (TensorType type : types) {
      names.push_back(tensorTypeName(type));
    }
    return fail(placeOf(*tensor) + "expected " + alternatives(names) + ", got " +
                tensorTypeName(tensor->type));
  }
  return tensor;
}

Status Finder::readOrder(const std::string &suffix) {
  auto found = part(suffix, {{K}}, {TensorType::I32}, true);
  if (!found) {
    return forward(found.error());
  }
  if (!*found) {
    // A single group has no order.
    return G > 1 && quantization.sortedColumns
               ? fail(placeOf(*matrix.codes) + "expected " + inQuotes(name + suffix) +
                      " with the group of each column, as columns are in the order of their activations "
                      "(desc_act), in none of the model's files")
               : Status();
  }
  const TensorInfo &indices = **found;
  std::vector<int32_t> groups(static_cast<size_t>(K));
  std::memcpy(groups.data(), files.data(indices), groups.size() * sizeof(int32_t));
  std::vector<int64_t> sizes(static_cast<size_t>(G));
  for (size_t k = 0; k < groups.size(); ++k) {
    if (groups[k] < 0 || groups[k] >= G) {
      return fail(placeOf(indices) + "column " + std::to_string(k) + ": expected a group from 0 to " +
                  std::to_string(G - 1) + ", got " + std::to_string(groups[k]));
    }
    ++sizes[static_cast<size_t>(groups[k])];
  }
  const int64_t group = matrix.group == 0 ? K : matrix.group;
  for (int64_t g = 0; g < G; ++g) {
    const int64_t size = std::min(group, K - g * group);
    if (sizes[static_cast<size_t>(g)] != size) {
      return fail(placeOf(indices) + "expected " + std::to_string(size) + " columns of group " +
                  std::to_string(g) + ", got " + std::to_string(sizes[static_cast<size_t>(g)]));
    }
  }
  if (std::is_sorted(groups.begin(), groups.end())) {
    return {};
  }
  if (!mayBeSorted) {
    return fail(placeOf(indices) + "expected the columns of an embedding in their own order");
  }
  matrix.order.resize(groups.size());
  std::iota(matrix.order.begin(), matrix.order.end(), 0);
  std::sort(matrix.order.begin(), matrix.order.end(), [&](int32_t x, int32_t y) {
    const int32_t g = groups[static_cast<size_t>(x)], h = groups[static_cast<size_t>(y)];
    return g < h || (g == h && x < y);
  });
  return {};
}

Status Finder::gptq() {
  const int bits = quantization.bits;
  if (Status found = take(part(".qweight", {{words(K, bits), N}}, {TensorType::I32}), matrix.codes); !found) {
    return found;
  }
  if (Status found = take(part(".scales", {{G, N}}, scaleTypes), matrix.scales); !found) {
    return found;
  }
  if (Status found = take(part(".qzeros", {{G, words(N, bits)}}, {TensorType::I32}), matrix.zeros); !found) {
    return found;
  }
  return readOrder(".g_idx");
}

Status Finder::awq() {
  if (Status found = take(part(".qweight", {{K, words(N, 4)}}, {TensorType::I32}), matrix.codes); !found) {
    return found;
  }
  if (Status found = take(part(".scales", {{G, N}}, scaleTypes), matrix.scales); !found) {
    return found;
  }
  return take(part(".qzeros", {{G, words(N, 4)}}, {TensorType::I32}), matrix.zeros);
}

Status Finder::packed() {
  const int bits = quantization.bits;
  if (Status found = take(part(".weight_packed", {{N, words(K, bits)}}, {TensorType::I32}), matrix.codes);
      !found) {
    return found;
  }
  std::vector<Shape> scales = {{N, G}};
  if (quantization.group == 0) {
    scales.insert(scales.end(), {{N}, {1}});
  }
  if (Status found = take(part(".weight_scale", scales, scaleTypes), matrix.scales); !found) {
    return found;
  }
  if (!quantization.symmetric) {
    auto zeros = part(".weight_zero_point", {{words(N, bits), G}}, {TensorType::I32});
    if (Status found = take(std::move(zeros), matrix.zeros); !found) {
      return found;
    }
  }
  const TensorInfo *shape = nullptr;
  if (Status found = take(part(".weight_shape", {{2}}, {TensorType::I64}, true), shape); !found) {
    return found;
  }
  int64_t said[2] = {N, K};
  if (shape) {
    std::memcpy(said, files.data(*shape), sizeof(said));
  }
  if (said[0] != N || said[1] != K) {
    return fail(placeOf(*shape) + "expected " + text({N, K}) + " by the configuration, got " +
                text({said[0], said[1]}));
  }
  return readOrder(".weight_g_idx");
}

Status Finder::bytes() {
  const bool isFloat = quantization.method == Method::Floats;
  if (Status found =
          take(part(".weight", {{N, K}}, {isFloat ? TensorType::F8_E4M3 : TensorType::I8}), matrix.codes);
      !found) {
    return found;
  }
  std::vector<Shape> scales = {{N, G}};
  if (quantization.group == 0) {
    scales.insert(scales.end(), {{N}, {1}, {}});
  }
  if (Status found = take(part(".weight_scale", scales, scaleTypes), matrix.scales); !found) {
    return found;
  }
  return readOrder(".weight_g_idx");
}

Expected<std::optional<StoredMatrix>> Finder::find() {
  const TensorInfo *tensor = files.find(expected.name);
  if (expected.role != ExpectedTensor::Role::Matrix) {
    return std::nullopt;
  }
  matrix.shape = expected.shape;
  N = expected.shape[0];
  K = expected.shape[1];
  if (tensor && tensor->blocks) {
    if (tensor->shape != expected.shape) {
      return std::nullopt; // whoever checks the tensors says so
    }
    matrix.codes = tensor;
    return matrix;
  }
  const bool isFloat = tensor && (tensor->type == TensorType::F32 || tensor->type == TensorType::F16 ||
                                  tensor->type == TensorType::BF16);
  if (isFloat || quantization.method == Method::None) {
    return std::nullopt;
  }
  matrix.group = quantization.group >= K ? 0 : quantization.group;
  G = matrix.groups();
  Status found = [&] {
    switch (quantization.method) {
    case Method::None:
      break;
    case Method::Gptq:
      return gptq();
    case Method::Awq:
      return awq();
    case Method::Packed:
      return packed();
    case Method::Integers:
    case Method::Floats:
      return bytes();
    }
    return Status();
  }();
  if (!found) {
    return forward(found.error());
  }
  return matrix;
}

Expected<std::optional<StoredMatrix>> import::findStoredMatrix(const DecoderConfig &config,
                                                               const TensorFiles &files,
                                                               const ExpectedTensor &expected) {
  return Finder(config, files, expected).find();
}

std::string import::storedAs(const DecoderConfig &config, const TensorFiles &files) {
  const CheckpointQuantization &quantization = config.quantization;
  const std::string group = quantization.group == 0 ? "" : "-g" + std::to_string(quantization.group);
  const std::string bits = std::to_string(quantization.bits);
  switch (quantization.method) {
  case Method::None:
    break;
  case Method::Gptq:
    return "gptq-" + bits + group;
  case Method::Awq:
    return "awq-" + bits + group;
  case Method::Packed:
  case Method::Integers:
    return "int-" + bits + group + (quantization.symmetric ? "" : "-asym");
  case Method::Floats:
    return "fp8";
  }
  std::set<std::string> names;
  for (const TensorInfo &tensor : files.tensors()) {
    if (tensor.blocks) {
      names.insert(tensor.typeName());
    }
  }
  std::string list;
  for (const std::string &each : names) {
    list += (list.empty() ? "" : "+") + each;
  }
  return list.empty() ? "f32" : list;
}
