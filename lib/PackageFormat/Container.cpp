#include "Container.h"

#include "Bytes.h"
#include "coopt/PackageFormat/KernelAbi.h"

#include <algorithm>
#include <cstring>
#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace coopt;
using namespace coopt::package;

static const char kMagic[8] = {'C', 'O', 'O', 'P', 'T', 'P', 'K', 'G'};
static constexpr size_t kChecksumPlace = kHeaderBytes - 8;

uint64_t package::checksumOf(const void *bytes, size_t size) { return XXH3_64bits(bytes, size); }

std::vector<uint8_t> package::encodeTable(const std::vector<Section> &sections) {
  ByteWriter out;
  for (const Section &section : sections) {
    out.integer(static_cast<uint32_t>(section.kind));
    out.integer(uint32_t(0));
    char name[kMaxSectionName + 1] = {};
    section.name.copy(name, kMaxSectionName);
    out.bytes.insert(out.bytes.end(), name, name + sizeof(name));
    out.integer(section.offset);
    out.integer(section.size);
    out.integer(section.checksum);
  }
  return std::move(out.bytes);
}

std::array<uint8_t, kHeaderBytes> package::encodeHeader(const std::vector<uint8_t> &table, size_t sections,
                                                        uint64_t fileSize) {
  ByteWriter out;
  out.bytes.insert(out.bytes.end(), kMagic, kMagic + sizeof(kMagic));
  out.integer(kFormatVersion);
  out.integer(abi::kVersion);
  out.integer(static_cast<uint32_t>(sections));
  out.integer(uint32_t(0));
  out.integer(static_cast<uint64_t>(kHeaderBytes));
  out.integer(static_cast<uint64_t>(table.size()));
  out.integer(checksumOf(table.data(), table.size()));
  out.integer(fileSize);
  out.integer(checksumOf(out.bytes.data(), out.bytes.size()));
  std::array<uint8_t, kHeaderBytes> header;
  std::copy(out.bytes.begin(), out.bytes.end(), header.begin());
  return header;
}

static Expected<Section> decodeRecord(const uint8_t *record, size_t fileSize) {
  ByteReader in(record, kRecordBytes);
  uint32_t kind = in.integer<uint32_t>();
  uint32_t zero = in.integer<uint32_t>();
  if (kind > static_cast<uint32_t>(SectionKind::Image) || zero != 0) {
    return fail("unknown kind " + std::to_string(kind));
  }
  Section section;
  section.kind = static_cast<SectionKind>(kind);
  for (size_t i = 0; i <= kMaxSectionName; ++i) {
    char c = static_cast<char>(in.integer<uint8_t>());
    if (c == 0) {
      in = ByteReader(record + 8 + kMaxSectionName + 1, 24);
      break;
    }
    section.name.push_back(c);
  }
  section.offset = in.integer<uint64_t>();
  section.size = in.integer<uint64_t>();
  section.checksum = in.integer<uint64_t>();
  if (section.name.size() > kMaxSectionName || section.offset % kSectionAlignment != 0 ||
      section.offset > fileSize || section.size > fileSize - section.offset) {
    return fail("[" + std::to_string(section.offset) + ", +" + std::to_string(section.size) +
                ") is misaligned or lies outside the file");
  }
  return section;
}

Expected<std::vector<Section>> package::decodeContainer(const uint8_t *bytes, size_t size) {
  if (size < kHeaderBytes || std::memcmp(bytes, kMagic, sizeof(kMagic)) != 0) {
    return fail("not a coopt package");
  }
  ByteReader in(bytes + sizeof(kMagic), kHeaderBytes - sizeof(kMagic));
  uint32_t format = in.integer<uint32_t>();
  uint32_t abiVersion = in.integer<uint32_t>();
  if (format != kFormatVersion || abiVersion != abi::kVersion) {
    return fail("package format " + std::to_string(format) + " with kernel interface " +
                std::to_string(abiVersion) + ", expected " + std::to_string(kFormatVersion) + " and " +
                std::to_string(abi::kVersion));
  }
  uint32_t count = in.integer<uint32_t>();
  in.integer<uint32_t>();
  uint64_t tableOffset = in.integer<uint64_t>();
  uint64_t tableSize = in.integer<uint64_t>();
  uint64_t tableChecksum = in.integer<uint64_t>();
  uint64_t fileSize = in.integer<uint64_t>();
  if (in.integer<uint64_t>() != checksumOf(bytes, kChecksumPlace)) {
    return fail("header: checksum differs");
  }
  if (fileSize != size) {
    return fail("expected a file of " + std::to_string(fileSize) + " bytes, got " + std::to_string(size));
  }
  if (tableOffset > size || tableSize > size - tableOffset || tableSize != uint64_t(count) * kRecordBytes) {
    return fail("header: the section table lies outside the file");
  }
  const uint8_t *table = bytes + tableOffset;
  if (checksumOf(table, tableSize) != tableChecksum) {
    return fail("section table: checksum differs");
  }
  std::vector<Section> sections;
  std::set<std::pair<SectionKind, std::string>> seen;
  for (uint32_t i = 0; i < count; ++i) {
    auto section = decodeRecord(table + i * kRecordBytes, size);
    if (!section) {
      return forward(section.error(), "section " + std::to_string(i));
    }
    const bool isOneOfMany = section->kind == SectionKind::Code || section->kind == SectionKind::Image;
    auto key = std::make_pair(section->kind, isOneOfMany ? section->name : "");
    if (!seen.insert(key).second) {
      return fail("section " + std::to_string(i) + ": there twice");
    }
    sections.push_back(std::move(*section));
  }
  return sections;
}
