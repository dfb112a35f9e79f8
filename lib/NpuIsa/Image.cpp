//===- Image.cpp - Bytes of an image ----------------------------------------===//
#include "coopt/NpuIsa/Image.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <xxhash.h>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr char kMagic[8] = {'C', 'O', 'O', 'P', 'T', 'N', 'P', 'U'};
constexpr size_t kHeader = 64, kRecord = 32, kAlignment = 64, kChecksumPlace = 40;
constexpr uint32_t kMostCores = 4096;
constexpr uint64_t kAddresses = uint64_t(1) << 48;

enum class SectionKind : uint32_t { Code, Data, Symbols, Locations };

struct Section {
  SectionKind kind;
  uint32_t number;
  uint64_t address;
  std::vector<uint8_t> bytes;
};

void put(std::vector<uint8_t> &out, uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) {
    out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}

void put(std::vector<uint8_t> &out, const std::string &text) {
  put(out, text.size(), 4);
  out.insert(out.end(), text.begin(), text.end());
}

/// Reads integers and strings; behind the last byte all are zero and good() is false.
class Reader {
public:
  Reader(const uint8_t *bytes, size_t size) : next(bytes), left(size) {}

  bool good() const { return isGood; }
  size_t remaining() const { return left; }
  uint64_t integer(unsigned width) {
    if (!take(width)) {
      return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
      value |= uint64_t(next[static_cast<ptrdiff_t>(i) - width]) << (8 * i);
    }
    return value;
  }
  std::string string() {
    const auto size = static_cast<size_t>(integer(4));
    return take(size) ? std::string(reinterpret_cast<const char *>(next - size), size) : std::string();
  }

private:
  bool take(size_t size) {
    isGood &= size <= left;
    if (isGood) {
      next += size;
      left -= size;
    }
    return isGood;
  }

  const uint8_t *next;
  size_t left;
  bool isGood = true;
};

bool isPrintable(const std::string &name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 32 && c != '"' && c != '\\' && c != 127;
  });
}

std::vector<Section> sectionsOf(const Image &image) {
  std::vector<Section> sections;
  for (size_t core = 0; core < image.cores.size(); ++core) {
    Section code{SectionKind::Code, static_cast<uint32_t>(core), 0, {}};
    for (const Entry &entry : image.cores[core]) {
      const auto bytes = encode(entry);
      code.bytes.insert(code.bytes.end(), bytes.begin(), bytes.end());
    }
    sections.push_back(std::move(code));
  }
  for (size_t i = 0; i < image.data.size(); ++i) {
    sections.push_back(
        {SectionKind::Data, static_cast<uint32_t>(i), image.data[i].address, image.data[i].bytes});
  }
  Section symbols{SectionKind::Symbols, 0, 0, {}};
  put(symbols.bytes, image.symbols.size(), 4);
  for (const Symbol &symbol : image.symbols) {
    put(symbols.bytes, symbol.name);
    put(symbols.bytes, static_cast<uint64_t>(symbol.space), 1);
    put(symbols.bytes, symbol.address, 8);
    put(symbols.bytes, symbol.bytes, 8);
  }
  sections.push_back(std::move(symbols));
  Section locations{SectionKind::Locations, 0, 0, {}};
  put(locations.bytes, image.locations.size(), 4);
  for (const std::string &location : image.locations) {
    put(locations.bytes, location);
  }
  sections.push_back(std::move(locations));
  return sections;
}

Status readSection(Image &image, SectionKind kind, uint32_t number, uint64_t address, const uint8_t *bytes,
                   size_t size) {
  Reader in(bytes, size);
  switch (kind) {
  case SectionKind::Code: {
    if (number != image.cores.size()) {
      return fail("expected the code of core " + std::to_string(image.cores.size()) + ", got that of core " +
                  std::to_string(number));
    }
    if (size % kEntryBytes != 0 || address != 0) {
      return fail("expected whole entries of " + std::to_string(kEntryBytes) + " bytes, got " +
                  std::to_string(size) + " bytes");
    }
    std::vector<Entry> entries;
    for (size_t at = 0; at < size; at += kEntryBytes) {
      auto entry = decode(bytes + at);
      if (!entry) {
        return forward(entry.error(), "entry " + std::to_string(at / kEntryBytes));
      }
      entries.push_back(std::move(*entry));
    }
    image.cores.push_back(std::move(entries));
    return {};
  }
  case SectionKind::Data:
    if (number != image.data.size()) {
      return fail("expected data " + std::to_string(image.data.size()) + ", got " + std::to_string(number));
    }
    image.data.push_back({address, std::vector<uint8_t>(bytes, bytes + size)});
    return {};
  case SectionKind::Symbols: {
    for (uint64_t left = in.integer(4); left > 0 && in.good(); --left) {
      Symbol symbol;
      symbol.name = in.string();
      symbol.space = static_cast<Space>(in.integer(1));
      symbol.address = in.integer(8);
      symbol.bytes = in.integer(8);
      image.symbols.push_back(std::move(symbol));
    }
    break;
  }
  case SectionKind::Locations:
    for (uint64_t left = in.integer(4); left > 0 && in.good(); --left) {
      image.locations.push_back(in.string());
    }
    break;
  }
  if (!in.good() || in.remaining() != 0 || number != 0 || address != 0) {
    return fail("its bytes are no table");
  }
  return {};
}

} // namespace

uint64_t npu::machineHash(std::string_view description) {
  return XXH3_64bits(description.data(), description.size());
}

Status npu::check(const Image &image) {
  if (image.minor > kMinor || image.minor + 1 < kMinor) {
    return fail("version " + std::to_string(kMajor) + "." + std::to_string(image.minor) + ", expected " +
                std::to_string(kMajor) + "." + std::to_string(kMinor) + " or the one before");
  }
  if ((image.features & ~kKnownFeatures) != 0) {
    return fail("needs features that this version does not know");
  }
  if (image.cores.empty() || image.cores.size() > kMostCores) {
    return fail("expected the code of 1 to " + std::to_string(kMostCores) + " cores, got " +
                std::to_string(image.cores.size()));
  }
  for (size_t core = 0; core < image.cores.size(); ++core) {
    const std::vector<Entry> &entries = image.cores[core];
    std::vector<size_t> loops; // that have begun
    for (size_t i = 0; i < entries.size(); ++i) {
      const Entry &entry = entries[i];
      const std::string place = "core " + std::to_string(core) + ", entry " + std::to_string(i);
      if (Status checked = check(entry); !checked) {
        return forward(checked.error(), place);
      }
      auto isShared = [](SemaphoreUse use) { return isOfChip(use.semaphore); };
      if (image.minor < 1 && (std::any_of(entry.waits.begin(), entry.waits.end(), isShared) ||
                              std::any_of(entry.signals.begin(), entry.signals.end(), isShared))) {
        return fail(place + ": version 1.0 has no semaphores of the chip");
      }
      if (entry.location != 0 && entry.location >= image.locations.size()) {
        return fail(place + ": there is no location " + std::to_string(entry.location));
      }
      const std::string_view mnemonic = find(entry.opcode)->mnemonic;
      const bool isStructure = mnemonic == "loop" || mnemonic == "endloop" || mnemonic == "halt";
      if (isStructure && entry.predicate != kNoRegister) {
        return fail(place + ": " + std::string(mnemonic) + " has a predicate");
      }
      if (mnemonic == "loop") {
        loops.push_back(i);
      } else if (mnemonic == "endloop") {
        if (loops.empty()) {
          return fail(place + ": endloop outside any loop");
        }
        const auto body = entries[loops.back()]["body"].value;
        if (body != static_cast<int64_t>(i - loops.back())) {
          return fail("core " + std::to_string(core) + ", entry " + std::to_string(loops.back()) +
                      ": loop: expected a body of " + std::to_string(i - loops.back()) + " entries, got " +
                      std::to_string(body));
        }
        loops.pop_back();
      } else if (mnemonic == "halt" && (i + 1 != entries.size() || !loops.empty())) {
        return fail(place + ": halt before the end");
      }
    }
    if (!loops.empty()) {
      return fail("core " + std::to_string(core) + ", entry " + std::to_string(loops.back()) +
                  ": loop without an end");
    }
    if (entries.empty() || find(entries.back().opcode)->mnemonic != std::string_view("halt")) {
      return fail("core " + std::to_string(core) + ": expected halt at the end");
    }
  }
  uint64_t end = 0;
  for (size_t i = 0; i < image.data.size(); ++i) {
    const Data &data = image.data[i];
    if (data.address < end || data.address > kAddresses || data.bytes.size() > kAddresses - data.address) {
      return fail("data " + std::to_string(i) + ": expected addresses behind those before, below 2^48");
    }
    end = data.address + data.bytes.size();
  }
  std::set<std::string> names;
  for (const Symbol &symbol : image.symbols) {
    if (!isPrintable(symbol.name) || symbol.name.empty() || !names.insert(symbol.name).second) {
      return fail("symbol '" + (isPrintable(symbol.name) ? symbol.name : std::string("?")) +
                  "': expected a printable name that is there once");
    }
    if (symbol.space > Space::Acc || symbol.address > kAddresses ||
        symbol.bytes > kAddresses - symbol.address) {
      return fail("symbol '" + symbol.name + "': expected a memory, and addresses below 2^48");
    }
  }
  for (size_t i = 0; i < image.locations.size(); ++i) {
    if (!isPrintable(image.locations[i])) {
      return fail("location " + std::to_string(i) + ": expected a printable name");
    }
  }
  return {};
}

std::vector<uint8_t> npu::write(const Image &image) {
  const std::vector<Section> sections = sectionsOf(image);
  auto aligned = [](uint64_t at) { return (at + kAlignment - 1) / kAlignment * kAlignment; };
  std::vector<uint8_t> table, body;
  uint64_t at = aligned(kHeader + sections.size() * kRecord);
  const uint64_t first = at;
  for (const Section &section : sections) {
    put(table, static_cast<uint64_t>(section.kind), 4);
    put(table, section.number, 4);
    put(table, at, 8);
    put(table, section.bytes.size(), 8);
    put(table, section.address, 8);
    body.resize(at - first);
    body.insert(body.end(), section.bytes.begin(), section.bytes.end());
    at = aligned(at + section.bytes.size());
  }
  std::vector<uint8_t> out(kMagic, kMagic + sizeof(kMagic));
  put(out, kMajor, 2);
  put(out, image.minor, 2);
  put(out, sections.size(), 4);
  put(out, image.features, 8);
  put(out, image.machine, 8);
  put(out, first + body.size(), 8);
  out.resize(kHeader);
  out.insert(out.end(), table.begin(), table.end());
  out.resize(first);
  out.insert(out.end(), body.begin(), body.end());
  const uint64_t checksum = XXH3_64bits(out.data(), out.size());
  for (unsigned i = 0; i < 8; ++i) {
    out[kChecksumPlace + i] = static_cast<uint8_t>(checksum >> (8 * i));
  }
  return out;
}

Expected<Image> npu::read(const uint8_t *bytes, size_t size) {
  if (size < kHeader || std::memcmp(bytes, kMagic, sizeof(kMagic)) != 0) {
    return fail("not an image of an accelerator's program");
  }
  Reader header(bytes + sizeof(kMagic), kHeader - sizeof(kMagic));
  Image image;
  const auto major = static_cast<uint16_t>(header.integer(2));
  image.minor = static_cast<uint16_t>(header.integer(2));
  if (major != kMajor || image.minor > kMinor || image.minor + 1 < kMinor) {
    return fail("version " + std::to_string(major) + "." + std::to_string(image.minor) + ", expected " +
                std::to_string(kMajor) + "." + std::to_string(kMinor) + " or the one before");
  }
  const uint64_t count = header.integer(4);
  image.features = header.integer(8);
  image.machine = header.integer(8);
  const uint64_t fileSize = header.integer(8), checksum = header.integer(8);
  if (fileSize != size) {
    return fail("expected a file of " + std::to_string(fileSize) + " bytes, got " + std::to_string(size));
  }
  std::vector<uint8_t> all(bytes, bytes + size);
  std::fill_n(all.begin() + kChecksumPlace, 8, uint8_t(0));
  if (XXH3_64bits(all.data(), size) != checksum) {
    return fail("checksum differs");
  }
  if (count > (size - kHeader) / kRecord) {
    return fail("the table of sections lies outside the file");
  }
  Reader table(bytes + kHeader, static_cast<size_t>(count) * kRecord);
  bool hasSymbols = false, hasLocations = false;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t kind = table.integer(4), number = table.integer(4), offset = table.integer(8),
                   extent = table.integer(8), address = table.integer(8);
    const std::string place = "section " + std::to_string(i);
    if (kind > static_cast<uint64_t>(SectionKind::Locations)) {
      return fail(place + ": unknown kind " + std::to_string(kind));
    }
    if (offset > size || extent > size - offset || offset % kAlignment != 0) {
      return fail(place + ": lies outside the file");
    }
    const auto of = static_cast<SectionKind>(kind);
    if ((of == SectionKind::Symbols && std::exchange(hasSymbols, true)) ||
        (of == SectionKind::Locations && std::exchange(hasLocations, true))) {
      return fail(place + ": there twice");
    }
    if (Status status = readSection(image, of, static_cast<uint32_t>(number), address, bytes + offset,
                                    static_cast<size_t>(extent));
        !status) {
      return forward(status.error(), place);
    }
  }
  if (Status checked = check(image); !checked) {
    return forward(checked.error());
  }
  image.minor = kMinor;
  return image;
}
