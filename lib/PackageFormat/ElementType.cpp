#include "coopt/PackageFormat/Program.h"

using namespace coopt;
using namespace coopt::package;

unsigned package::elementBytes(ElementType type) {
  switch (type) {
  case ElementType::F64:
  case ElementType::I64:
    return 8;
  case ElementType::F32:
  case ElementType::I32:
    return 4;
  case ElementType::F16:
  case ElementType::BF16:
  case ElementType::I16:
    return 2;
  case ElementType::F8E4M3FN:
  case ElementType::F8E5M2:
  case ElementType::I8:
  case ElementType::U8:
  case ElementType::I1:
    return 1;
  }
  return 0;
}

const char *package::elementName(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "f32";
  case ElementType::F16:
    return "f16";
  case ElementType::BF16:
    return "bf16";
  case ElementType::F8E4M3FN:
    return "f8e4m3fn";
  case ElementType::F8E5M2:
    return "f8e5m2";
  case ElementType::F64:
    return "f64";
  case ElementType::I8:
    return "i8";
  case ElementType::U8:
    return "u8";
  case ElementType::I16:
    return "i16";
  case ElementType::I32:
    return "i32";
  case ElementType::I64:
    return "i64";
  case ElementType::I1:
    return "i1";
  }
  return "?";
}

std::optional<ElementType> package::elementNamed(const std::string &name) {
  for (unsigned i = 0; i < kElementTypes; ++i) {
    auto type = static_cast<ElementType>(i);
    if (name == elementName(type)) {
      return type;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> package::bufferBytes(ElementType type, const std::vector<int64_t> &shape) {
  constexpr uint64_t limit = uint64_t(1) << 47;
  uint64_t bytes = elementBytes(type);
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0) {
      return std::nullopt;
    }
    if (extent == 0) {
      empty = true;
    } else if (static_cast<uint64_t>(extent) > limit / bytes) {
      return std::nullopt;
    } else {
      bytes *= static_cast<uint64_t>(extent);
    }
  }
  return empty ? 0 : bytes;
}
