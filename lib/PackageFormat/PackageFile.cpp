#include "Container.h"
#include "ManifestJson.h"
#include "coopt/PackageFormat/Package.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <charconv>

using namespace coopt;
using namespace coopt::package;

static const char *kindName(SectionKind kind) {
  switch (kind) {
  case SectionKind::Manifest:
    return "manifest";
  case SectionKind::Program:
    return "program";
  case SectionKind::Tokenizer:
    return "tokenizer";
  case SectionKind::Code:
    return "code";
  case SectionKind::Parameters:
    return "parameters";
  case SectionKind::Image:
    return "image";
  }
  return "?";
}

/// The number of the kernel that an image is for; nothing if the program has no such kernel.
static std::optional<size_t> kernelOf(const Section &image, const Program &program) {
  size_t number = 0;
  const char *end = image.name.data() + image.name.size();
  auto [rest, problem] = std::from_chars(image.name.data(), end, number);
  const bool isOne = problem == std::errc() && rest == end && image.name == std::to_string(number);
  return isOne && number < program.kernels.size() ? std::optional(number) : std::nullopt;
}

static const Section *find(const std::vector<Section> &sections, SectionKind kind) {
  auto found =
      std::find_if(sections.begin(), sections.end(), [&](const Section &s) { return s.kind == kind; });
  return found == sections.end() ? nullptr : &*found;
}

Expected<PackageFile> PackageFile::open(const std::string &path) {
  auto mapped = MappedFile::open(path);
  if (!mapped) {
    return forward(mapped.error());
  }
  PackageFile package;
  package.file = std::move(*mapped);
  if (auto status = package.read(); !status) {
    return forward(status.error(), path);
  }
  return package;
}

Status PackageFile::read() {
  const uint8_t *bytes = file.data();
  auto sections = decodeContainer(bytes, file.size());
  if (!sections) {
    return forward(sections.error());
  }
  for (const Section &section : *sections) {
    if (section.kind != SectionKind::Parameters &&
        checksumOf(bytes + section.offset, section.size) != section.checksum) {
      return fail(std::string(kindName(section.kind)) +
                  (section.name.empty() ? "" : " '" + section.name + "'") + ": checksum differs");
    }
  }
  const Section *manifest = find(*sections, SectionKind::Manifest);
  const Section *programSection = find(*sections, SectionKind::Program);
  if (!manifest || !programSection) {
    return fail(std::string("no ") + (manifest ? "program" : "manifest"));
  }
  const Section *parameters = find(*sections, SectionKind::Parameters);
  auto document = parseManifest(reinterpret_cast<const char *>(bytes + manifest->offset), manifest->size,
                                parameters ? parameters->size : 0);
  if (!document) {
    return forward(document.error());
  }
  auto program = deserialize(bytes + programSection->offset, programSection->size);
  if (!program) {
    return forward(program.error());
  }
  std::vector<uint64_t> parameterSizes;
  for (const Parameter &parameter : document->manifest.parameters) {
    parameterSizes.push_back(parameter.bytes);
  }
  if (auto status = verify(*program, parameterSizes); !status) {
    return status;
  }
  for (const Section &section : *sections) {
    if (section.kind != SectionKind::Code) {
      continue;
    }
    auto features = std::find_if(document->code.begin(), document->code.end(),
                                 [&](const auto &entry) { return entry.first == section.name; });
    if (features == document->code.end()) {
      return fail("manifest: $.code: no variant '" + section.name + "'");
    }
    codeViews.push_back({section.name, features->second, bytes + section.offset, section.size});
  }
  std::vector<size_t> imageBytes;
  for (const Section &section : *sections) {
    if (section.kind == SectionKind::Image) {
      auto kernel = kernelOf(section, *program);
      if (!kernel) {
        return fail("image " + inQuotes(section.name) + ": the program has " +
                    std::to_string(program->kernels.size()) + " kernels, from 0 on");
      }
      imageViews.resize(program->kernels.size());
      imageBytes.resize(program->kernels.size());
      imageViews[*kernel] = {bytes + section.offset, section.size};
      imageBytes[*kernel] = section.size;
    }
  }
  if (auto status = checkTarget(document->manifest, *program, codeViews.size(), imageBytes); !status) {
    return status;
  }
  if (const Section *tokenizer = find(*sections, SectionKind::Tokenizer)) {
    tokenizerBytes = bytes + tokenizer->offset;
    tokenizerLength = tokenizer->size;
  }
  if (parameters) {
    parameterBytes = bytes + parameters->offset;
  }
  uint64_t parts[2] = {manifest->checksum, programSection->checksum};
  identityHash = checksumOf(parts, sizeof(parts));
  manifestData = std::make_shared<Manifest>(std::move(document->manifest));
  programData = std::make_shared<Program>(std::move(*program));
  return {};
}

const uint8_t *PackageFile::parameter(size_t index) const {
  const Parameter &parameter = manifestData->parameters[index];
  return parameter.noise ? nullptr : parameterBytes + parameter.offset;
}

Status PackageFile::verifyParameters() const {
  for (size_t i = 0; i < manifestData->parameters.size(); ++i) {
    const Parameter &expected = manifestData->parameters[i];
    if (!expected.noise && checksumOf(parameter(i), expected.bytes) != expected.checksum) {
      return fail(file.path() + ": parameter '" + expected.name + "': checksum differs");
    }
  }
  return {};
}
