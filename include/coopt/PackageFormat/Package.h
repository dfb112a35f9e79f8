//===- Package.h - One file with code, weights and host program ---------------===//
//
// Layout of the file, all integers little-endian:
//
//   header     64 bytes: magic "COOPTPKG", format version, ABI version, number of sections, offset, size and
//   XXH3-64
//              checksum of the section table, file size, XXH3-64 checksum of the header's bytes before it
//   table      one record a section: kind, name, offset, size, XXH3-64 checksum (Container.h in
//   lib/PackageFormat) sections   each 4096-byte aligned, in any order
//     manifest    JSON: what a person wants to know, and what has no place in the program: parameters (name,
//     type, shape,
//                 offset in the parameter section, bytes, checksum, or seeded noise), model facts (bos, eos,
//                 chunk, context length)
//     program     coopt::package::Program
//     tokenizer   coopt::package::TokenizerTables, absent for packages that hold functions
//     code        of a package for a CPU: one ELF shared object an instruction-set variant; its name is the
//     variant: "generic", "avx2", "avx512", "amx". Of a package for an accelerator: that of the kernels that the host computes
//     image       of a package for an accelerator: one image a kernel (KernelImage.h), but for the host's; its name is the
//     kernel's number in the program, since names of kernels may be longer than that of a section
//     parameters  the weights, each 64-byte aligned
//
// Manifest, program, tokenizer, code and images are checked at load; parameters by verifyParameters() only.
// A package for a CPU is native code: the checks guard against accidents, not malice.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGEFORMAT_PACKAGE_H
#define COOPT_PACKAGEFORMAT_PACKAGE_H

#include "coopt/PackageFormat/Program.h"
#include "coopt/Support/Error.h"
#include "coopt/Support/MappedFile.h"

#include <functional>
#include <memory>
#include <optional>

namespace coopt::package {

struct Parameter {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape; ///< of the stored form (packed codes: one dimension)
  std::string layout;         ///< coopt::layout text of the stored form; empty: row-major
  uint64_t bytes = 0;
  uint64_t offset = 0;   ///< in the parameter section, 64-byte aligned
  uint64_t checksum = 0; ///< XXH3-64 of its bytes
  /// Made at load instead of stored: element i is scale * noise(seed, i) in [-scale, scale), see noise()
  /// below.
  struct Noise {
    uint64_t seed = 0;
    double scale = 0;
  };
  std::optional<Noise> noise;
  /// Experts whose weights these are: that many parts of equal size, one behind the other. 0: no such parts.
  uint32_t experts = 0;
};

/// What the runtime must know about a language model; absent for packages that hold functions.
struct ModelInfo {
  std::string name;
  std::string family;       ///< "llama"
  std::string quantization; ///< "f32", "w8a8", ...
  std::string
      sparsity; ///< what a pattern saves: "2:4: 103.809 MB of weights, dense 138.412 MB"; empty: no pattern
  int64_t vocabulary = 0;
  int64_t context = 0;        ///< positions that the state holds
  int64_t chunk = 0;          ///< most tokens of one call
  std::optional<int64_t> bos; ///< prepended to prompts when the tokenizer has no post-processor
  std::vector<int64_t> eos;
};

/// A product of float activations with a weight, for who wants to see its inputs.
struct Contraction {
  std::string opId;       ///< of the contraction; a dispatch may compute several
  std::string dispatchId; ///< op id of the dispatch
  uint32_t operand = 0;   ///< of the dispatch's buffers: x, row-major, `columns` numbers a row
  int64_t columns = 0;    ///< of x and of the weight
  std::string source;     ///< equal for contractions of one entry that read the same x; may be empty
};

struct Manifest {
  std::string producer;       ///< "coopt 0.1.0"
  std::string target = "cpu"; ///< "cpu" or "npu"
  /// Of target "npu": the machine that the images were made for, the text of machine::toJson; they have its npu::machineHash().
  std::string machine;
  std::optional<ModelInfo> model;
  std::vector<Parameter> parameters;
  std::vector<Contraction> contractions; ///< by op id, each once
};

struct CodeObject {
  std::string variant;               ///< "generic", "avx2", "avx512"
  std::vector<std::string> features; ///< CPU features that must be present, /proc/cpuinfo names
  std::vector<uint8_t> elf;
};

/// Writes a package in one pass over its parameters: they are asked for in order and streamed, never held
/// together.
struct PackageContents {
  Manifest manifest; ///< offsets and checksums of parameters are filled in by the writer
  Program program;
  std::vector<uint8_t> tokenizer; ///< empty: none
  std::vector<CodeObject> code;   ///< of target "cpu"; of "npu" that of the kernels without an image
  /// Of target "npu": the bytes of the image of each kernel, in the order of Program::kernels; empty: the host computes it.
  std::vector<std::vector<uint8_t>> images;
};
/// Receives consecutive bytes of the parameter that is being written.
using ByteSink = std::function<Status(const uint8_t *bytes, size_t size)>;
/// Produces exactly Parameter::bytes bytes of parameter `index`, in order.
using ParameterSource = std::function<Status(size_t index, const ByteSink &sink)>;
/// Writes to a temporary file beside `path` and renames it, so that no half-written package is ever seen.
Status writePackage(const std::string &path, PackageContents contents, const ParameterSource &source);

/// A package opened for reading: a map of the file and views into it.
class PackageFile {
public:
  /// Errors name the file and what is wrong: truncated, not a package, version, checksum of which section,
  /// manifest (JSON path), program (entry and command).
  static Expected<PackageFile> open(const std::string &path);

  struct CodeView {
    std::string variant;
    std::vector<std::string> features;
    const uint8_t *bytes;
    size_t size;
  };
  struct ImageView {
    const uint8_t *bytes = nullptr;
    size_t size = 0;
  };

  const Manifest &manifest() const { return *manifestData; }
  const Program &program() const { return *programData; }
  const std::vector<CodeView> &code() const { return codeViews; }
  /// Of target "npu": one a kernel of the program, without bytes if the host computes it. Not yet read: readKernelImage() does.
  const std::vector<ImageView> &images() const { return imageViews; }
  /// Null and 0 if there is none.
  const uint8_t *tokenizer() const { return tokenizerBytes; }
  size_t tokenizerSize() const { return tokenizerLength; }
  /// Tells packages apart: a hash of program and manifest, hence also of the parameters' checksums.
  uint64_t identity() const { return identityHash; }
  /// The stored bytes of a parameter; null for seeded noise, which is the loader's to make with noise().
  const uint8_t *parameter(size_t index) const;
  /// Where those bytes begin in the file.
  uint64_t parameterOffset(size_t index) const {
    return static_cast<uint64_t>(parameter(index) - file.data());
  }
  const std::string &path() const { return file.path(); }
  uint64_t size() const { return file.size(); }
  /// Compares every parameter with its checksum; the error names the first that differs.
  Status verifyParameters() const;

private:
  Status read();

  MappedFile file;
  std::shared_ptr<Manifest> manifestData;
  std::shared_ptr<Program> programData;
  std::vector<CodeView> codeViews;
  std::vector<ImageView> imageViews;
  const uint8_t *tokenizerBytes = nullptr;
  size_t tokenizerLength = 0;
  const uint8_t *parameterBytes = nullptr;
  uint64_t identityHash = 0;
};

/// Output `index` of the SplitMix64 generator that starts at `seed` (Steele, Lea, Flood, OOPSLA 2014),
/// computed directly.
uint64_t splitMix64(uint64_t seed, uint64_t index);

/// Element `index` of seeded noise, uniform in [-1, 1): (splitMix64(seed, index) >> 40) * 2^-23 - 1, so that
/// any part can be made in any order on any machine. Exact in binary32.
float noise(uint64_t seed, uint64_t index);
/// out[i] = scale * noise(seed, first + i), i < count: one binary32 multiplication.
void scaledNoise(uint64_t seed, uint64_t first, uint64_t count, float scale, float *out);

} // namespace coopt::package

#endif // COOPT_PACKAGEFORMAT_PACKAGE_H
