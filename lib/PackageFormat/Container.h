//===- Container.h - Header and section table of a package file -------------===//
#ifndef COOPT_LIB_PACKAGEFORMAT_CONTAINER_H
#define COOPT_LIB_PACKAGEFORMAT_CONTAINER_H

#include "coopt/Support/Error.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace coopt::package {

constexpr uint32_t kFormatVersion = 2;
constexpr size_t kHeaderBytes = 64;
constexpr size_t kRecordBytes = 64; ///< kind u32, 0 u32, name char[32], offset u64, size u64, checksum u64
constexpr size_t kSectionAlignment = 4096;
constexpr size_t kParameterAlignment = 64;
constexpr size_t kMaxSectionName = 31;

enum class SectionKind : uint32_t { Manifest, Program, Tokenizer, Code, Parameters, Image };

struct Section {
  SectionKind kind = SectionKind::Manifest;
  std::string name; ///< the variant of code, the number of an image's kernel, else empty
  uint64_t offset = 0, size = 0, checksum = 0;
};

uint64_t checksumOf(const void *bytes, size_t size);

std::vector<uint8_t> encodeTable(const std::vector<Section> &sections);
std::array<uint8_t, kHeaderBytes> encodeHeader(const std::vector<uint8_t> &table, size_t sections,
                                               uint64_t fileSize);

/// Header and table of a whole file, checked: every section lies inside it, kinds are known, at most one of
/// each kind but code and images, whose names differ.
Expected<std::vector<Section>> decodeContainer(const uint8_t *bytes, size_t size);

} // namespace coopt::package

#endif // COOPT_LIB_PACKAGEFORMAT_CONTAINER_H
