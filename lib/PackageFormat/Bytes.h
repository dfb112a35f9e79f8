//===- Bytes.h - Little-endian bytes, written and read with bounds ----------===//
#ifndef COOPT_LIB_PACKAGEFORMAT_BYTES_H
#define COOPT_LIB_PACKAGEFORMAT_BYTES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace coopt::package {

class ByteWriter {
public:
  template <typename T>
  void integer(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) {
      bytes.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
    }
  }
  void string(const std::string &text) {
    integer(static_cast<uint32_t>(text.size()));
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  std::vector<uint8_t> bytes;
};

/// After the first read outside the bytes, good() is false and every value is zero.
class ByteReader {
public:
  ByteReader(const uint8_t *bytes, size_t size) : next(bytes), left(size) {}

  bool good() const { return !failed; }
  size_t remaining() const { return left; }
  template <typename T>
  T integer() {
    if (!need(sizeof(T))) {
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      value |= uint64_t(next[i]) << (8 * i);
    }
    next += sizeof(T);
    left -= sizeof(T);
    return static_cast<T>(value);
  }
  std::string string() {
    uint32_t size = integer<uint32_t>();
    if (!need(size)) {
      return {};
    }
    std::string text(reinterpret_cast<const char *>(next), size);
    next += size;
    left -= size;
    return text;
  }
  /// A number of elements that take at least `elementBytes` bytes each: never more than the bytes can hold.
  size_t count(size_t elementBytes) {
    uint32_t value = integer<uint32_t>();
    if (value > left / elementBytes) {
      failed = true;
      return 0;
    }
    return value;
  }

private:
  bool need(size_t size) {
    if (failed || size > left) {
      failed = true;
      return false;
    }
    return true;
  }
  const uint8_t *next;
  size_t left;
  bool failed = false;
};

} // namespace coopt::package

#endif // COOPT_LIB_PACKAGEFORMAT_BYTES_H
