//===- ManifestJson.h - The manifest as JSON --------------------------------===//
#ifndef COOPT_LIB_PACKAGEFORMAT_MANIFESTJSON_H
#define COOPT_LIB_PACKAGEFORMAT_MANIFESTJSON_H

#include "coopt/PackageFormat/Package.h"

namespace coopt::package {

/// The manifest and what code needs of the processor, variant by variant.
struct ManifestDocument {
  Manifest manifest;
  std::vector<std::pair<std::string, std::vector<std::string>>> code;
};

std::string printManifest(const ManifestDocument &document);
/// Messages name the JSON path. Checks that sizes are consistent: bytes agree with type and shape, parameters
/// are aligned and lie inside `parameterSectionBytes`.
Expected<ManifestDocument> parseManifest(const char *text, size_t size, uint64_t parameterSectionBytes);

/// Whether a package has what its target needs, and nothing of another: `codeObjects` of a CPU, or a machine and for each kernel of the program
/// an image of as many bytes.
Status checkTarget(const Manifest &manifest, const Program &program, size_t codeObjects,
                   const std::vector<size_t> &imageBytes);

} // namespace coopt::package

#endif // COOPT_LIB_PACKAGEFORMAT_MANIFESTJSON_H
