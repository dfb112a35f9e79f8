//===- Gguf.cpp - The structure of GGUF files -----------------------------------------===//
#include "coopt/Import/Gguf.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::import;

namespace {

using Type = GgufValue::Type;

constexpr uint32_t lastType = static_cast<uint32_t>(Type::F64);
constexpr uint64_t maximumName = 1 << 16;

/// Bytes of a scalar; 0 of strings and arrays.
uint64_t scalarBytes(Type type) {
  switch (type) {
  case Type::U8:
  case Type::I8:
  case Type::Bool:
    return 1;
  case Type::U16:
  case Type::I16:
    return 2;
  case Type::U32:
  case Type::I32:
  case Type::F32:
    return 4;
  case Type::U64:
  case Type::I64:
  case Type::F64:
    return 8;
  case Type::String:
  case Type::Array:
    return 0;
  }
  return 0;
}

/// ggml's number of a type of tensors to ours and its name; blocks of codes have a type of Numerics.
struct StoredType {
  uint32_t number;
  const char *name;
  std::optional<TensorType> type;
  std::optional<numerics::GgufType> blocks = {};
};
const StoredType storedTypes[] = {
    {0, "F32", TensorType::F32},
    {1, "F16", TensorType::F16},
    {2, "Q4_0", {}, numerics::GgufType::Q4_0},
    {3, "Q4_1", {}, numerics::GgufType::Q4_1},
    {6, "Q5_0", {}, numerics::GgufType::Q5_0},
    {7, "Q5_1", {}, numerics::GgufType::Q5_1},
    {8, "Q8_0", {}, numerics::GgufType::Q8_0},
    {9, "Q8_1", {}},
    {10, "Q2_K", {}, numerics::GgufType::Q2_K},
    {11, "Q3_K", {}, numerics::GgufType::Q3_K},
    {12, "Q4_K", {}, numerics::GgufType::Q4_K},
    {13, "Q5_K", {}, numerics::GgufType::Q5_K},
    {14, "Q6_K", {}, numerics::GgufType::Q6_K},
    {15, "Q8_K", {}},
    {16, "IQ2_XXS", {}},
    {17, "IQ2_XS", {}},
    {18, "IQ3_XXS", {}},
    {19, "IQ1_S", {}},
    {20, "IQ4_NL", {}, numerics::GgufType::IQ4_NL},
    {21, "IQ3_S", {}},
    {22, "IQ2_S", {}},
    {23, "IQ4_XS", {}, numerics::GgufType::IQ4_XS},
    {24, "I8", TensorType::I8},
    {25, "I16", TensorType::I16},
    {26, "I32", TensorType::I32},
    {27, "I64", TensorType::I64},
    {28, "F64", TensorType::F64},
    {29, "IQ1_M", {}},
    {30, "BF16", TensorType::BF16},
    {34, "TQ1_0", {}, numerics::GgufType::TQ1_0},
    {35, "TQ2_0", {}, numerics::GgufType::TQ2_0},
    {39, "MXFP4", {}, numerics::GgufType::MXFP4},
};

/// The blocks that are read, for messages.
std::string readBlocks() {
  std::vector<std::string> names;
  for (const StoredType &stored : storedTypes) {
    if (stored.blocks) {
      names.push_back(stored.name);
    }
  }
  return alternatives(names);
}

/// Reads forward, never beyond the end.
class Reader {
public:
  Reader(const uint8_t *bytes, uint64_t size, GgufFile &file) : bytes(bytes), size(size), file(file) {}

  Status read();

private:
  tl::unexpected<Error> wrong(const std::string &what) const {
    return fail(file.name + ": byte " + std::to_string(at) + ": " + what);
  }
  uint64_t left() const { return size - at; }
  template <typename T>
  Expected<T> take(const char *what) {
    if (left() < sizeof(T)) {
      return wrong("the file ends within " + std::string(what));
    }
    T value;
    std::memcpy(&value, bytes + at, sizeof(T));
    at += sizeof(T);
    return value;
  }
  Expected<std::string_view> text(const char *what, uint64_t longest);
  Expected<Type> type(const char *what);
  Status value(GgufValue &out);
  Status array(GgufValue &out);
  Status entry();
  Status tensor();
  Status placeTensors(uint64_t alignment);

  const uint8_t *bytes;
  uint64_t size;
  uint64_t at = 0;
  GgufFile &file;
};

Expected<std::string_view> Reader::text(const char *what, uint64_t longest) {
  auto length = take<uint64_t>(what);
  if (!length) {
    return forward(length.error());
  }
  if (*length > left() || *length > longest) {
    return wrong(std::string(what) + " of " + std::to_string(*length) + " bytes, expected at most " +
                 std::to_string(std::min(longest, left())));
  }
  std::string_view view(reinterpret_cast<const char *>(bytes + at), *length);
  at += *length;
  return view;
}

Expected<Type> Reader::type(const char *what) {
  auto number = take<uint32_t>(what);
  if (!number) {
    return forward(number.error());
  }
  if (*number > lastType) {
    return wrong(std::string(what) + ": expected a number up to " + std::to_string(lastType) + ", got " +
                 std::to_string(*number));
  }
  return static_cast<Type>(*number);
}

Status Reader::array(GgufValue &out) {
  auto element = type("the type of an array's elements");
  if (!element) {
    return forward(element.error());
  }
  auto count = take<uint64_t>("the length of an array");
  if (!count) {
    return forward(count.error());
  }
  out.element = *element;
  out.count = *count;
  out.data = bytes + at;
  if (*element == Type::Array) {
    return wrong("arrays of arrays are not supported");
  }
  uint64_t each = *element == Type::String ? 8 : scalarBytes(*element);
  if (*count > left() / each) {
    return wrong("an array of " + std::to_string(*count) + " elements, the file has room for " +
                 std::to_string(left() / each));
  }
  uint64_t begin = at;
  if (*element == Type::String) {
    for (uint64_t i = 0; i < *count; ++i) {
      if (auto string = text("a string", left()); !string) {
        return forward(string.error());
      }
    }
  } else {
    at += *count * each;
  }
  out.bytes = at - begin;
  return {};
}

Status Reader::value(GgufValue &out) {
  auto read = type("the type of a value");
  if (!read) {
    return forward(read.error());
  }
  out.type = *read;
  if (out.type == Type::Array) {
    return array(out);
  }
  if (out.type == Type::String) {
    auto string = text("a string", left());
    if (!string) {
      return forward(string.error());
    }
    out.data = reinterpret_cast<const uint8_t *>(string->data());
    out.bytes = string->size();
    return {};
  }
  out.bytes = scalarBytes(out.type);
  if (left() < out.bytes) {
    return wrong("the file ends within a value");
  }
  out.data = bytes + at;
  at += out.bytes;
  return {};
}

Status Reader::entry() {
  auto key = text("a key", maximumName);
  if (!key) {
    return forward(key.error());
  }
  auto [place, fresh] = file.metadata.emplace(std::string(*key), GgufValue());
  if (!fresh) {
    return wrong("the key " + inQuotes(*key) + " is given twice");
  }
  auto status = value(place->second);
  return status ? status : forward(std::move(status.error()));
}

Status Reader::tensor() {
  auto name = text("a tensor's name", maximumName);
  if (!name) {
    return forward(name.error());
  }
  TensorInfo info;
  info.name = *name;
  auto rank = take<uint32_t>("a tensor's rank");
  if (!rank) {
    return forward(rank.error());
  }
  if (*rank < 1 || *rank > 4) {
    return wrong("tensor " + inQuotes(*name) + ": expected a rank from 1 to 4, got " + std::to_string(*rank));
  }
  int64_t elements = 1;
  for (uint32_t i = 0; i < *rank; ++i) {
    auto extent = take<uint64_t>("a tensor's shape");
    if (!extent) {
      return forward(extent.error());
    }
    bool fits = *extent >= 1 && *extent <= static_cast<uint64_t>(maximumTensorElements);
    if (!fits || __builtin_mul_overflow(elements, static_cast<int64_t>(*extent), &elements) ||
        elements > maximumTensorElements) {
      return wrong("tensor " + inQuotes(*name) + ": expected 1 to " + std::to_string(maximumTensorElements) +
                   " elements, got an extent of " + std::to_string(*extent));
    }
    info.shape.insert(info.shape.begin(), static_cast<int64_t>(*extent));
  }
  auto number = take<uint32_t>("a tensor's type");
  auto offset = number ? take<uint64_t>("a tensor's offset") : Expected<uint64_t>(0);
  if (!number || !offset) {
    return forward(!number ? number.error() : offset.error());
  }
  auto stored = std::find_if(std::begin(storedTypes), std::end(storedTypes),
                             [&](const StoredType &known) { return known.number == *number; });
  bool known = stored != std::end(storedTypes);
  if (!known || (!stored->type && !stored->blocks)) {
    return wrong("tensor " + inQuotes(*name) + ": expected type F32, F16 or BF16, or blocks of " +
                 readBlocks() + ", got " + (known ? stored->name : "number " + std::to_string(*number)));
  }
  info.type = stored->type.value_or(TensorType::U8);
  info.offset = *offset;
  info.bytes = static_cast<uint64_t>(elements) * tensorTypeSize(info.type);
  info.blocks = stored->blocks;
  if (info.blocks) {
    const int64_t each = numerics::ggufBlockElements(*info.blocks);
    if (info.shape.back() % each != 0) {
      return wrong("tensor " + inQuotes(*name) + ": expected rows of a multiple of " + std::to_string(each) +
                   " elements for blocks of " + stored->name + ", got " + std::to_string(info.shape.back()));
    }
    info.bytes = static_cast<uint64_t>(elements / each * numerics::ggufBlockBytes(*info.blocks));
  }
  file.tensors.push_back(std::move(info));
  return {};
}

Status Reader::placeTensors(uint64_t alignment) {
  uint64_t begin = at + (alignment - at % alignment) % alignment;
  for (TensorInfo &tensor : file.tensors) {
    std::string place = "tensor " + inQuotes(tensor.name) + ": ";
    if (tensor.offset % alignment != 0) {
      return wrong(place + "offset " + std::to_string(tensor.offset) + " is no multiple of " +
                   std::to_string(alignment));
    }
    uint64_t room = begin > size ? 0 : size - begin;
    if (tensor.offset > room || tensor.bytes > room - tensor.offset) {
      return wrong(place + std::to_string(tensor.bytes) + " bytes at offset " +
                   std::to_string(tensor.offset) + " lie outside the file, which has " +
                   std::to_string(room) + " bytes of data");
    }
    tensor.offset += begin;
  }
  std::vector<TensorInfo> &tensors = file.tensors;
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorInfo &a, const TensorInfo &b) { return a.offset < b.offset; });
  for (size_t i = 1; i < tensors.size(); ++i) {
    if (tensors[i].offset < tensors[i - 1].offset + tensors[i - 1].bytes) {
      return wrong("tensors " + inQuotes(tensors[i - 1].name) + " and " + inQuotes(tensors[i].name) +
                   " overlap");
    }
  }
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorInfo &a, const TensorInfo &b) { return a.name < b.name; });
  for (size_t i = 1; i < tensors.size(); ++i) {
    if (tensors[i].name == tensors[i - 1].name) {
      return wrong("tensor " + inQuotes(tensors[i].name) + " is given twice");
    }
  }
  return {};
}

Status Reader::read() {
  if (!isGguf(bytes, size)) {
    return wrong("expected 'GGUF', the beginning of a GGUF file");
  }
  at = 4;
  auto version = take<uint32_t>("the version");
  auto tensorCount = version ? take<uint64_t>("the number of tensors") : Expected<uint64_t>(0);
  auto entryCount = tensorCount ? take<uint64_t>("the number of metadata entries") : Expected<uint64_t>(0);
  if (!version || !tensorCount || !entryCount) {
    return forward(!version ? version.error() : !tensorCount ? tensorCount.error() : entryCount.error());
  }
  if (*version != 2 && *version != 3) {
    return wrong("expected version 2 or 3, little-endian, got " + std::to_string(*version));
  }
  // The least that an entry and a tensor take.
  if (*entryCount > left() / 13 || *tensorCount > left() / 32) {
    return wrong(std::to_string(*tensorCount) + " tensors and " + std::to_string(*entryCount) +
                 " metadata entries, more than the file has room for");
  }
  for (uint64_t i = 0; i < *entryCount; ++i) {
    if (auto status = entry(); !status) {
      return status;
    }
  }
  for (uint64_t i = 0; i < *tensorCount; ++i) {
    if (auto status = tensor(); !status) {
      return status;
    }
  }
  auto alignment = file.integer("general.alignment", 1, 1 << 20, 32);
  if (!alignment) {
    return forward(alignment.error());
  }
  if ((*alignment & (*alignment - 1)) != 0) {
    return file.wrong("general.alignment", "expected a power of two, got " + std::to_string(*alignment));
  }
  return placeTensors(static_cast<uint64_t>(*alignment));
}

} // namespace

bool import::isGguf(const uint8_t *bytes, uint64_t size) {
  return size >= 4 && std::memcmp(bytes, "GGUF", 4) == 0;
}

Expected<GgufFile> import::parseGguf(const uint8_t *bytes, uint64_t size, const std::string &name) {
  GgufFile file;
  file.name = name;
  if (auto status = Reader(bytes, size, file).read(); !status) {
    return forward(status.error());
  }
  return file;
}

Expected<GgufModel> GgufModel::open(const std::string &path) {
  auto map = MappedFile::open(path);
  if (!map) {
    return forward(map.error());
  }
  auto parsed = parseGguf(map->data(), map->size(), path);
  if (!parsed) {
    return forward(parsed.error());
  }
  GgufModel model;
  model.file = std::move(*parsed);
  model.infos = model.file.tensors;
  model.maps.push_back(std::move(*map));
  return model;
}
