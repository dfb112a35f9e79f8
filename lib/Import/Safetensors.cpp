#include "coopt/Import/Safetensors.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;

namespace {

struct TypeEntry {
  TensorType type;
  const char *name;
  uint64_t size;
};
constexpr TypeEntry types[] = {
    {TensorType::F64, "F64", 8},   {TensorType::F32, "F32", 4},         {TensorType::F16, "F16", 2},
    {TensorType::BF16, "BF16", 2}, {TensorType::F8_E4M3, "F8_E4M3", 1}, {TensorType::F8_E5M2, "F8_E5M2", 1},
    {TensorType::I64, "I64", 8},   {TensorType::I32, "I32", 4},         {TensorType::I16, "I16", 2},
    {TensorType::I8, "I8", 1},     {TensorType::U64, "U64", 8},         {TensorType::U32, "U32", 4},
    {TensorType::U16, "U16", 2},   {TensorType::U8, "U8", 1},           {TensorType::BOOL, "BOOL", 1},
};

constexpr size_t maximumRank = 16;

std::string number(uint64_t value) { return std::to_string(value); }

/// One entry of the header, offsets still relative to the data.
Expected<TensorInfo> readEntry(const std::string &name, const JsonValue &entry) {
  if (auto status = entry.expectKeys({"dtype", "shape", "data_offsets"}); !status) {
    return forward(status.error());
  }
  TensorInfo tensor;
  tensor.name = name;
  auto typeName = entry["dtype"].string();
  if (!typeName) {
    return forward(typeName.error());
  }
  auto type = tensorTypeFromName(*typeName);
  if (!type) {
    std::string known;
    for (const auto &candidate : types) {
      known += known.empty() ? candidate.name : std::string(", ") + candidate.name;
    }
    return entry.error("unknown dtype " + inQuotes(*typeName) + ", known are " + known);
  }
  tensor.type = *type;
  JsonValue shape = entry["shape"];
  if (!shape.isArray() || shape.raw().size() > maximumRank) {
    return shape.expected("an array of at most " + number(maximumRank) + " sizes");
  }
  int64_t elements = 1;
  bool empty = false;
  for (size_t i = 0; i < shape.raw().size(); ++i) {
    auto size = shape.element(i).integer(0, maximumTensorElements);
    if (!size) {
      return forward(size.error());
    }
    tensor.shape.push_back(*size);
    empty |= *size == 0;
    if (__builtin_mul_overflow(elements, std::max<int64_t>(*size, 1), &elements) ||
        elements > maximumTensorElements) {
      return shape.error("more than " + number(maximumTensorElements) + " elements");
    }
  }
  tensor.bytes = empty ? 0 : static_cast<uint64_t>(elements) * tensorTypeSize(*type);
  JsonValue offsets = entry["data_offsets"];
  if (!offsets.isArray() || offsets.raw().size() != 2) {
    return offsets.expected("an array of two offsets");
  }
  auto begin = offsets.element(0).integer(0, INT64_MAX), end = offsets.element(1).integer(0, INT64_MAX);
  if (!begin || !end) {
    return forward(begin ? end.error() : begin.error());
  }
  if (*end < *begin || static_cast<uint64_t>(*end - *begin) != tensor.bytes) {
    return offsets.error(std::to_string(*begin) + " to " + std::to_string(*end) + ", but the shape takes " +
                         number(tensor.bytes) + " bytes");
  }
  tensor.offset = static_cast<uint64_t>(*begin);
  return tensor;
}

/// Tensors must follow each other without overlap or gap, from the beginning to the end of the data.
Status checkCoverage(const std::vector<TensorInfo> &tensors, uint64_t dataBytes, const std::string &file) {
  std::vector<const TensorInfo *> byOffset;
  for (const TensorInfo &tensor : tensors) {
    byOffset.push_back(&tensor);
  }
  std::sort(byOffset.begin(), byOffset.end(), [](const TensorInfo *a, const TensorInfo *b) {
    return std::make_pair(a->offset, a->bytes) < std::make_pair(b->offset, b->bytes);
  });
  uint64_t end = 0;
  const TensorInfo *previous = nullptr;
  for (const TensorInfo *tensor : byOffset) {
    std::string place = file + ": tensor " + inQuotes(tensor->name) + ": ";
    if (tensor->offset > dataBytes || tensor->bytes > dataBytes - tensor->offset) {
      return fail(place + number(tensor->bytes) + " bytes at offset " + number(tensor->offset) +
                  " lie outside the data (" + number(dataBytes) + " bytes)");
    }
    if (tensor->offset != end) {
      std::string other =
          previous ? "tensor " + inQuotes(previous->name) + " ends at " + number(end) : "expected 0";
      return fail(place + (tensor->offset < end ? "overlap" : "gap") + ": begins at offset " +
                  number(tensor->offset) + ", " + other);
    }
    end += tensor->bytes;
    previous = tensor;
  }
  if (end != dataBytes) {
    return fail(file + ": tensors end at offset " + number(end) + ", but there are " + number(dataBytes) +
                " bytes of data");
  }
  return {};
}

} // namespace

const char *import::tensorTypeName(TensorType type) { return types[static_cast<size_t>(type)].name; }
uint64_t import::tensorTypeSize(TensorType type) { return types[static_cast<size_t>(type)].size; }

static_assert(
    [] {
      for (size_t i = 0; i < std::size(types); ++i) {
        if (types[i].type != static_cast<TensorType>(i)) {
          return false;
        }
      }
      return true;
    }(),
    "the table is indexed by type");

std::optional<TensorType> import::tensorTypeFromName(std::string_view name) {
  for (const auto &entry : types) {
    if (name == entry.name) {
      return entry.type;
    }
  }
  return std::nullopt;
}

std::string TensorInfo::typeName() const {
  return blocks ? numerics::ggufName(*blocks) : tensorTypeName(type);
}

int64_t TensorInfo::elements() const {
  int64_t product = 1;
  for (int64_t size : shape) {
    if (size == 0) {
      return 0;
    }
    product *= size;
  }
  return product;
}

/// The JSON header and the bytes that it and its length take.
static Expected<std::pair<JsonDocument, uint64_t>> parseHeader(const uint8_t *bytes, uint64_t size,
                                                               const std::string &name) {
  if (size < 8) {
    return fail(name + ": " + number(size) + " bytes, a safetensors file has at least 8");
  }
  uint64_t headerBytes = 0;
  for (int i = 0; i < 8; ++i) {
    headerBytes |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  }
  if (headerBytes > maximumSafetensorsHeader) {
    return fail(name + ": header of " + number(headerBytes) + " bytes, at most " +
                number(maximumSafetensorsHeader) + " are read (no safetensors file?)");
  }
  if (headerBytes > size - 8) {
    return fail(name + ": header of " + number(headerBytes) + " bytes lies outside the file (" +
                number(size) + " bytes)");
  }
  std::string_view text(reinterpret_cast<const char *>(bytes) + 8, headerBytes);
  auto header = JsonDocument::parse(text, name + ": header", maximumSafetensorsHeader);
  if (!header) {
    return forward(header.error());
  }
  if (auto status = header->root().expectObject(); !status) {
    return forward(status.error());
  }
  return std::make_pair(std::move(*header), 8 + headerBytes);
}

Expected<std::map<std::string, std::string>>
import::parseSafetensorsMetadata(const uint8_t *bytes, uint64_t size, const std::string &name) {
  auto header = parseHeader(bytes, size, name);
  if (!header) {
    return forward(header.error());
  }
  std::map<std::string, std::string> texts;
  JsonValue metadata = header->first.root()["__metadata__"];
  if (!metadata.isMissing() && metadata.raw().is_object()) {
    for (const auto &[key, value] : metadata.raw().items()) {
      if (value.is_string()) {
        texts[key] = value.get<std::string>();
      }
    }
  }
  return texts;
}

Expected<std::vector<TensorInfo>> import::parseSafetensors(const uint8_t *bytes, uint64_t size,
                                                           const std::string &name) {
  auto header = parseHeader(bytes, size, name);
  if (!header) {
    return forward(header.error());
  }
  JsonValue root = header->first.root();
  std::vector<TensorInfo> tensors;
  for (const auto &[key, value] : root.raw().items()) {
    if (key == "__metadata__") {
      bool strings = value.is_object() &&
                     std::all_of(value.begin(), value.end(), [](const auto &v) { return v.is_string(); });
      if (!strings) {
        return fail(root["__metadata__"].place() + ": expected an object of strings");
      }
      continue;
    }
    auto tensor = readEntry(key, JsonValue(value, name + ": tensor " + inQuotes(key)));
    if (!tensor) {
      return forward(tensor.error());
    }
    tensors.push_back(std::move(*tensor));
  }
  uint64_t dataOffset = header->second;
  if (auto status = checkCoverage(tensors, size - dataOffset, name); !status) {
    return forward(status.error());
  }
  for (TensorInfo &tensor : tensors) {
    tensor.offset += dataOffset;
  }
  return tensors;
}
