//===- Npy.h - Arrays in NumPy's file format --------------------------------===//
//
// Versions 1.0 and 2.0, little-endian, C order; numpy.lib.format describes the format. Element types that
// NumPy lacks travel as raw bits: bf16 as uint16, f8 as uint8; whoever reads them says so.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_NPY_NPY_H
#define COOPT_RUNTIME_NPY_NPY_H

#include "coopt/PackageFormat/Program.h"
#include "coopt/Support/Error.h"
#include "coopt/Support/MappedFile.h"

#include <string>
#include <vector>

namespace coopt::runtime {

/// An array in a mapped file.
class NpyFile {
public:
  /// Errors, with the path in front: not an .npy file, unknown version, a header that is not understood, an
  /// element type that no package has (complex, strings, big-endian, ...), Fortran order, too few or too many
  /// bytes.
  static Expected<NpyFile> open(const std::string &path);

  /// NumPy's name without byte order: "f4", "u2", "b1".
  const std::string &descr() const { return descrText; }
  const std::vector<int64_t> &shape() const { return extents; }
  /// Row-major; only byte-aligned.
  const uint8_t *data() const { return file.data() + dataOffset; }
  size_t bytes() const { return dataBytes; }
  const std::string &path() const { return file.path(); }
  /// Whether these bytes can stand for elements of `type`.
  bool holds(package::ElementType type) const;

private:
  Status parse();

  MappedFile file;
  std::string descrText;
  std::vector<int64_t> extents;
  size_t dataOffset = 0, dataBytes = 0;
};

/// NumPy's name of the type whose arrays stand for `type`.
const char *npyDescr(package::ElementType type);
/// Writes bufferBytes(type, shape) bytes as an .npy file, version 1.0.
Status writeNpy(const std::string &path, package::ElementType type, const std::vector<int64_t> &shape,
                const void *data);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_NPY_NPY_H
