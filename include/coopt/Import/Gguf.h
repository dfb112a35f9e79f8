//===- Gguf.h - Models in GGUF files ------------------------------------------------===//
//
// A GGUF file (versions 2 and 3, little-endian) is "GGUF", u32 version, u64 tensors, u64 entries of metadata, the
// entries {string key, u32 type, value}, the tensors {string name, u32 rank, u64 extents[rank] (the innermost first),
// u32 type, u64 offset}, padding to general.alignment (32 unless said otherwise), and the data, to which offsets are
// relative. Strings are u64 length and bytes. What is read of it: architecture llama; tensors of F32, F16 and BF16, and
// matrices of blocks of codes, which keep their codes (GgufBlocks.h: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL,
// IQ4_XS, TQ1_0, TQ2_0, MXFP4); the tokenizer "llama" (SentencePiece).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_GGUF_H
#define COOPT_IMPORT_GGUF_H

#include "coopt/Import/DecoderConfig.h"
#include "coopt/PackageFormat/Tokenizer.h"

#include <map>
#include <string_view>

namespace coopt::import {

/// Whether the bytes begin as a GGUF file does.
bool isGguf(const uint8_t *bytes, uint64_t size);

/// One value of the metadata, read in place.
struct GgufValue {
  enum class Type { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };
  Type type = Type::U8;
  Type element = Type::U8;       ///< of an array
  uint64_t count = 0;            ///< elements of an array
  const uint8_t *data = nullptr; ///< of a string or array, else its first byte
  uint64_t bytes = 0;            ///< of data; of an array of strings with their lengths
};

/// The metadata and tensors of one file's bytes, which must outlive it.
struct GgufFile {
  std::string name; ///< of the file, for messages
  std::map<std::string, GgufValue, std::less<>> metadata;
  std::vector<TensorInfo> tensors; ///< by increasing name; shapes the outermost extent first

  /// Null if there is none.
  const GgufValue *find(std::string_view key) const;
  // Values by key. Errors: no such key (unless there is a default), another type, a value out of range; they begin
  // with "NAME: metadata 'KEY': ".
  Expected<int64_t> integer(std::string_view key, int64_t minimum, int64_t maximum,
                            std::optional<int64_t> otherwise = std::nullopt) const;
  Expected<double> number(std::string_view key, double minimum, double maximum,
                          std::optional<double> otherwise = std::nullopt) const;
  Expected<bool> boolean(std::string_view key, bool otherwise) const;
  Expected<std::string> string(std::string_view key,
                               std::optional<std::string> otherwise = std::nullopt) const;
  Expected<std::vector<std::string_view>> strings(std::string_view key) const;
  Expected<std::vector<float>> floats(std::string_view key) const;
  Expected<std::vector<int64_t>> integers(std::string_view key) const;
  tl::unexpected<Error> wrong(std::string_view key, const std::string &what) const;
};

/// Reads the structure. Errors, with file and byte: truncated, counts that the file has no room for, a key or a
/// tensor twice, unknown types (of tensors: those that are read), a size that is no match for the shape, offsets
/// outside the file or not aligned, tensors that overlap.
Expected<GgufFile> parseGguf(const uint8_t *bytes, uint64_t size, const std::string &name);

/// The description of the model. Rows of queries and keys stand in the order of pairs that turn together:
/// RotaryEmbedding::Pairs::Neighbours. Errors: another architecture, missing keys, keys of the architecture that
/// are not known, sizes beyond limits, rotary scaling other than linear and yarn, experts.
Expected<DecoderConfig> ggufConfig(const GgufFile &file, const uint8_t *bytes);

/// The tokenizer: merges are made from the scores, a better score first. Errors: another model than "llama", ids and
/// lengths that do not fit together, no byte tokens.
Expected<package::TokenizerTables> ggufTokenizer(const GgufFile &file);

/// One mapped file.
class GgufModel : public TensorFiles {
public:
  static Expected<GgufModel> open(const std::string &path);
  const GgufFile &contents() const { return file; }

private:
  GgufFile file;
};

/// The tokenizer of a GGUF file, or what readTokenizerJson reads.
Expected<package::TokenizerTables> readTokenizer(const std::string &path);

} // namespace coopt::import

#endif // COOPT_IMPORT_GGUF_H
