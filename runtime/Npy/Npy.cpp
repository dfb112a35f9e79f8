#include "Npy/Npy.h"

#include <cstdio>
#include <cstring>
#include <memory>

using namespace coopt;
using namespace coopt::runtime;
using package::ElementType;

const char *runtime::npyDescr(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "f4";
  case ElementType::F16:
    return "f2";
  case ElementType::BF16:
    return "u2";
  case ElementType::F8E4M3FN:
  case ElementType::F8E5M2:
  case ElementType::U8:
    return "u1";
  case ElementType::F64:
    return "f8";
  case ElementType::I8:
    return "i1";
  case ElementType::I16:
    return "i2";
  case ElementType::I32:
    return "i4";
  case ElementType::I64:
    return "i8";
  case ElementType::I1:
    return "b1";
  }
  return "?";
}

bool NpyFile::holds(ElementType type) const { return descrText == npyDescr(type); }

namespace {

/// The header is a Python dict literal; this understands the three keys that the format has.
class HeaderParser {
public:
  HeaderParser(const char *text, size_t size) : next(text), end(text + size) {}

  bool parse(std::string &descr, bool &fortran, std::vector<int64_t> &shape) {
    unsigned seen = 0;
    if (!take('{')) {
      return false;
    }
    while (!take('}')) {
      std::string key;
      if (!quoted(key) || !take(':')) {
        return false;
      }
      unsigned bit = 0;
      if (key == "descr") {
        bit = 1;
        if (!quoted(descr)) {
          return false;
        }
      } else if (key == "fortran_order") {
        bit = 2;
        if (!boolean(fortran)) {
          return false;
        }
      } else if (key == "shape") {
        bit = 4;
        if (!tuple(shape)) {
          return false;
        }
      }
      if (bit == 0 || (seen & bit) != 0) {
        return false;
      }
      seen |= bit;
      if (!take(',') && !(next < end && *next == '}')) {
        return false;
      }
    }
    skipSpace();
    return seen == 7 && next == end;
  }

private:
  void skipSpace() {
    while (next < end && (*next == ' ' || *next == '\n' || *next == '\t' || *next == '\r')) {
      ++next;
    }
  }
  bool take(char c) {
    skipSpace();
    if (next < end && *next == c) {
      ++next;
      skipSpace();
      return true;
    }
    return false;
  }
  bool quoted(std::string &text) {
    skipSpace();
    if (next == end || (*next != '\'' && *next != '"')) {
      return false;
    }
    char quote = *next++;
    const char *start = next;
    while (next < end && *next != quote) {
      ++next;
    }
    if (next == end) {
      return false;
    }
    text.assign(start, next++);
    return true;
  }
  bool word(const char *expected) {
    size_t size = std::strlen(expected);
    if (static_cast<size_t>(end - next) < size || std::memcmp(next, expected, size) != 0) {
      return false;
    }
    next += size;
    return true;
  }
  bool boolean(bool &value) {
    value = word("True");
    return value || word("False");
  }
  bool tuple(std::vector<int64_t> &shape) {
    if (!take('(')) {
      return false;
    }
    while (!take(')')) {
      int64_t value = 0;
      const char *start = next;
      for (; next < end && *next >= '0' && *next <= '9'; ++next) {
        if (value > (int64_t(1) << 47)) {
          return false;
        }
        value = value * 10 + (*next - '0');
      }
      if (next == start || shape.size() == 32) {
        return false;
      }
      shape.push_back(value);
      if (!take(',') && !(next < end && *next == ')')) {
        return false;
      }
    }
    return true;
  }

  const char *next, *end;
};

/// The element type of which all that share the descr are stand-ins: only its size matters here.
bool knownType(const std::string &descr, ElementType &type) {
  for (unsigned i = 0; i < package::kElementTypes; ++i) {
    type = static_cast<ElementType>(i);
    if (descr == npyDescr(type)) {
      return true;
    }
  }
  return false;
}

} // namespace

Expected<NpyFile> NpyFile::open(const std::string &path) {
  auto mapped = MappedFile::open(path);
  if (!mapped) {
    return forward(mapped.error());
  }
  NpyFile npy;
  npy.file = std::move(*mapped);
  if (auto status = npy.parse(); !status) {
    return forward(status.error(), path);
  }
  return npy;
}

Status NpyFile::parse() {
  const uint8_t *bytes = file.data();
  size_t size = file.size();
  if (size < 10 || std::memcmp(bytes, "\x93NUMPY", 6) != 0) {
    return fail("not an .npy file");
  }
  unsigned major = bytes[6];
  if ((major != 1 && major != 2) || bytes[7] != 0) {
    return fail("unknown .npy version " + std::to_string(major) + "." + std::to_string(bytes[7]));
  }
  size_t prefix = major == 1 ? 10 : 12;
  if (size < prefix) {
    return fail("ends within its header");
  }
  size_t headerBytes = bytes[8] | size_t(bytes[9]) << 8;
  if (major == 2) {
    headerBytes |= size_t(bytes[10]) << 16 | size_t(bytes[11]) << 24;
  }
  if (headerBytes > size - prefix) {
    return fail("ends within its header");
  }
  bool fortran = false;
  std::string descr;
  if (!HeaderParser(reinterpret_cast<const char *>(bytes) + prefix, headerBytes)
           .parse(descr, fortran, extents)) {
    return fail("header is not understood");
  }
  ElementType type = ElementType::U8;
  if (descr.size() != 3 || (descr[0] != '<' && descr[0] != '|' && descr[0] != '=') ||
      !knownType(descr.substr(1), type)) {
    return fail("element type '" + descr + "' is not supported");
  }
  if (fortran && extents.size() > 1) {
    return fail("expected C order, got Fortran order");
  }
  descrText = descr.substr(1);
  auto expected = package::bufferBytes(type, extents);
  dataOffset = prefix + headerBytes;
  dataBytes = size - dataOffset;
  if (!expected || *expected != dataBytes) {
    return fail("expected " + (expected ? std::to_string(*expected) : "fewer than 2^47") +
                " bytes of data for its type and shape, got " + std::to_string(dataBytes));
  }
  return {};
}

Status runtime::writeNpy(const std::string &path, ElementType type, const std::vector<int64_t> &shape,
                         const void *data) {
  auto bytes = package::bufferBytes(type, shape);
  if (!bytes) {
    return fail(path + ": array too large");
  }
  std::string header = "{'descr': '";
  header += package::elementBytes(type) == 1 ? '|' : '<';
  header += npyDescr(type);
  header += "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i) {
    header += (i ? " " : "") + std::to_string(shape[i]) + ",";
  }
  if (shape.size() > 1) {
    header.pop_back(); // (3, 4); but (3,) keeps its comma
  }
  header += "), }";
  // Data begin at a multiple of 64 bytes; the header ends with a newline.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "wb"),
                                              [](FILE *f) { return std::fclose(f); });
  if (!file) {
    return fail(path + ": " + std::strerror(errno));
  }
  const char prefix[10] = {'\x93',
                           'N',
                           'U',
                           'M',
                           'P',
                           'Y',
                           1,
                           0,
                           static_cast<char>(header.size() & 255),
                           static_cast<char>(header.size() >> 8)};
  bool good = std::fwrite(prefix, sizeof(prefix), 1, file.get()) == 1 &&
              std::fwrite(header.data(), header.size(), 1, file.get()) == 1 &&
              (*bytes == 0 || std::fwrite(data, *bytes, 1, file.get()) == 1);
  if (std::fclose(file.release()) != 0 || !good) {
    return fail(path + ": can't be written: " + std::strerror(errno));
  }
  return {};
}
