#include "Container.h"
#include "ManifestJson.h"
#include "coopt/PackageFormat/Package.h"
#include "coopt/Support/OutputFile.h"

#include <cmath>
#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace coopt;
using namespace coopt::package;

namespace {

class PackageWriter {
public:
  PackageWriter(OutputFile file, size_t sectionCount) : file(std::move(file)), sectionCount(sectionCount) {}

  Status reserveTable() {
    std::vector<uint8_t> blank(kHeaderBytes + sectionCount * kRecordBytes, 0);
    return file.write(blank.data(), blank.size());
  }

  Status section(SectionKind kind, const std::string &name, const void *bytes, size_t size) {
    if (auto status = file.align(kSectionAlignment); !status) {
      return status;
    }
    sections.push_back({kind, name, file.size(), size, checksumOf(bytes, size)});
    return file.write(bytes, size);
  }

  Status parameters(std::vector<Parameter> &list, const ParameterSource &source) {
    if (auto status = file.align(kSectionAlignment); !status) {
      return status;
    }
    uint64_t start = file.size();
    for (size_t i = 0; i < list.size(); ++i) {
      Parameter &parameter = list[i];
      if (parameter.noise) {
        continue;
      }
      if (auto status = file.align(kParameterAlignment); !status) {
        return status;
      }
      parameter.offset = file.size() - start;
      if (auto status = stream(parameter, i, source); !status) {
        return forward(status.error(), "parameter '" + parameter.name + "'");
      }
    }
    // Its parameters have checksums of their own, so that opening a package need not read all weights.
    sections.push_back({SectionKind::Parameters, "", start, file.size() - start, 0});
    return {};
  }

  Status finish() {
    std::vector<uint8_t> table = encodeTable(sections);
    auto header = encodeHeader(table, sections.size(), file.size());
    if (auto status = file.rewrite(0, header.data(), header.size()); !status) {
      return status;
    }
    if (auto status = file.rewrite(kHeaderBytes, table.data(), table.size()); !status) {
      return status;
    }
    return file.commit();
  }

private:
  Status stream(Parameter &parameter, size_t index, const ParameterSource &source) {
    XXH3_state_t hash;
    XXH3_64bits_reset(&hash);
    uint64_t received = 0;
    auto sink = [&](const uint8_t *bytes, size_t size) -> Status {
      if (size > parameter.bytes - received) {
        return fail("expected " + std::to_string(parameter.bytes) + " bytes, got more");
      }
      received += size;
      XXH3_64bits_update(&hash, bytes, size);
      return file.write(bytes, size);
    };
    if (auto status = source(index, sink); !status) {
      return status;
    }
    if (received != parameter.bytes) {
      return fail("expected " + std::to_string(parameter.bytes) + " bytes, got " + std::to_string(received));
    }
    parameter.checksum = XXH3_64bits_digest(&hash);
    return {};
  }

  OutputFile file;
  size_t sectionCount;
  std::vector<Section> sections;
};

} // namespace

static Status checkContents(const PackageContents &contents) {
  std::vector<uint64_t> parameterBytes;
  std::set<std::string> names;
  for (const Parameter &parameter : contents.manifest.parameters) {
    auto bytes = bufferBytes(parameter.type, parameter.shape);
    if (!bytes || *bytes != parameter.bytes) {
      return fail("parameter '" + parameter.name + "': " + std::to_string(parameter.bytes) +
                  " bytes don't agree with its type and shape");
    }
    if (!names.insert(parameter.name).second) {
      return fail("parameter '" + parameter.name + "': there twice");
    }
    if (parameter.noise && !std::isfinite(parameter.noise->scale)) {
      return fail("parameter '" + parameter.name + "': the scale of its noise is not finite");
    }
    parameterBytes.push_back(parameter.bytes);
  }
  std::set<std::string> variants;
  for (const CodeObject &object : contents.code) {
    if (object.variant.empty() || object.variant.size() > kMaxSectionName ||
        !variants.insert(object.variant).second) {
      return fail("code '" + object.variant + "': no name, one that is too long, or one that is there twice");
    }
  }
  if (auto status = verify(contents.program, parameterBytes); !status) {
    return status;
  }
  std::vector<size_t> imageBytes;
  for (const std::vector<uint8_t> &image : contents.images) {
    imageBytes.push_back(image.size());
  }
  return checkTarget(contents.manifest, contents.program, contents.code.size(), imageBytes);
}

Status package::writePackage(const std::string &path, PackageContents contents,
                             const ParameterSource &source) {
  if (auto status = checkContents(contents); !status) {
    return forward(status.error(), path);
  }
  auto file = OutputFile::create(path);
  if (!file) {
    return forward(file.error());
  }
  bool hasTokenizer = !contents.tokenizer.empty();
  const auto images = static_cast<size_t>(std::count_if(contents.images.begin(), contents.images.end(),
                                                        [](const auto &image) { return !image.empty(); }));
  PackageWriter writer(std::move(*file), 3 + (hasTokenizer ? 1 : 0) + contents.code.size() + images);
  Status status = writer.reserveTable();
  std::vector<uint8_t> program = serialize(contents.program);
  if (status) {
    status = writer.section(SectionKind::Program, "", program.data(), program.size());
  }
  if (status && hasTokenizer) {
    status = writer.section(SectionKind::Tokenizer, "", contents.tokenizer.data(), contents.tokenizer.size());
  }
  ManifestDocument document;
  for (const CodeObject &object : contents.code) {
    if (status) {
      status = writer.section(SectionKind::Code, object.variant, object.elf.data(), object.elf.size());
    }
    document.code.emplace_back(object.variant, object.features);
  }
  for (size_t i = 0; status && i < contents.images.size(); ++i) {
    const std::vector<uint8_t> &image = contents.images[i];
    status = image.empty()
                 ? Status()
                 : writer.section(SectionKind::Image, std::to_string(i), image.data(), image.size());
  }
  if (status) {
    status = writer.parameters(contents.manifest.parameters, source);
  }
  // Last, because it holds the checksums of the parameters.
  document.manifest = std::move(contents.manifest);
  std::string manifest = printManifest(document);
  if (status) {
    status = writer.section(SectionKind::Manifest, "", manifest.data(), manifest.size());
  }
  if (status) {
    status = writer.finish();
  }
  return status;
}
