//===- GgufValues.cpp - Metadata of GGUF files by key ------------------------------===//
#include "coopt/Import/Gguf.h"
#include "coopt/Support/Json.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace coopt;
using namespace coopt::import;

namespace {

using Type = GgufValue::Type;

template <typename T>
T load(const uint8_t *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

bool isInteger(Type type) {
  return type != Type::F32 && type != Type::F64 && type != Type::Bool && type != Type::String &&
         type != Type::Array;
}

/// An integer of any type; those beyond 63 bits as the largest.
int64_t loadInteger(Type type, const uint8_t *data) {
  switch (type) {
  case Type::U8:
    return load<uint8_t>(data);
  case Type::I8:
    return load<int8_t>(data);
  case Type::U16:
    return load<uint16_t>(data);
  case Type::I16:
    return load<int16_t>(data);
  case Type::U32:
    return load<uint32_t>(data);
  case Type::I32:
    return load<int32_t>(data);
  case Type::I64:
    return load<int64_t>(data);
  default: {
    uint64_t value = load<uint64_t>(data);
    constexpr int64_t most = std::numeric_limits<int64_t>::max();
    return value > static_cast<uint64_t>(most) ? most : static_cast<int64_t>(value);
  }
  }
}

} // namespace

const GgufValue *GgufFile::find(std::string_view key) const {
  auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

tl::unexpected<Error> GgufFile::wrong(std::string_view key, const std::string &what) const {
  return fail(name + ": metadata " + inQuotes(key) + ": " + what);
}

Expected<int64_t> GgufFile::integer(std::string_view key, int64_t minimum, int64_t maximum,
                                    std::optional<int64_t> otherwise) const {
  const GgufValue *value = find(key);
  if (!value && otherwise) {
    return *otherwise;
  }
  std::string range =
      "expected an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum);
  if (!value || !isInteger(value->type)) {
    return wrong(key, range + (value ? ", got another type" : ", got nothing"));
  }
  int64_t read = loadInteger(value->type, value->data);
  if (read < minimum || read > maximum) {
    return wrong(key, range + ", got " + std::to_string(read));
  }
  return read;
}

Expected<double> GgufFile::number(std::string_view key, double minimum, double maximum,
                                  std::optional<double> otherwise) const {
  const GgufValue *value = find(key);
  if (!value && otherwise) {
    return *otherwise;
  }
  std::string range = "expected a number from " + std::to_string(minimum) + " to " + std::to_string(maximum);
  if (!value || (value->type != Type::F32 && value->type != Type::F64)) {
    return wrong(key, range + (value ? ", got another type" : ", got nothing"));
  }
  double read = value->type == Type::F32 ? load<float>(value->data) : load<double>(value->data);
  if (!(read >= minimum && read <= maximum)) {
    return wrong(key, range + ", got " + std::to_string(read));
  }
  return read;
}

Expected<bool> GgufFile::boolean(std::string_view key, bool otherwise) const {
  const GgufValue *value = find(key);
  if (!value) {
    return otherwise;
  }
  if (value->type != Type::Bool) {
    return wrong(key, "expected a boolean, got another type");
  }
  return *value->data != 0;
}

Expected<std::string> GgufFile::string(std::string_view key, std::optional<std::string> otherwise) const {
  const GgufValue *value = find(key);
  if (!value && otherwise) {
    return *otherwise;
  }
  if (!value || value->type != Type::String) {
    return wrong(key, std::string("expected a string, got ") + (value ? "another type" : "nothing"));
  }
  return std::string(reinterpret_cast<const char *>(value->data), value->bytes);
}

Expected<std::vector<std::string_view>> GgufFile::strings(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value || value->type != Type::Array || value->element != Type::String) {
    return wrong(key, "expected an array of strings");
  }
  std::vector<std::string_view> all;
  const uint8_t *at = value->data;
  for (uint64_t i = 0; i < value->count; ++i) {
    uint64_t length = load<uint64_t>(at);
    all.emplace_back(reinterpret_cast<const char *>(at + 8), length);
    at += 8 + length;
  }
  return all;
}

Expected<std::vector<float>> GgufFile::floats(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value || value->type != Type::Array || value->element != Type::F32) {
    return wrong(key, "expected an array of numbers of 32 bits");
  }
  std::vector<float> all(value->count);
  if (!all.empty()) {
    std::memcpy(all.data(), value->data, value->bytes);
  }
  return all;
}

Expected<std::vector<int64_t>> GgufFile::integers(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value || value->type != Type::Array || !isInteger(value->element)) {
    return wrong(key, "expected an array of integers");
  }
  std::vector<int64_t> all(value->count);
  uint64_t each = value->count ? value->bytes / value->count : 0;
  for (uint64_t i = 0; i < value->count; ++i) {
    all[i] = loadInteger(value->element, value->data + i * each);
  }
  return all;
}
