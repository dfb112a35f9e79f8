//===- Safetensors.h - Weights in safetensors files ------------------------------===//
//
// A safetensors file is a little-endian u64 N, N bytes of JSON {name: {dtype, shape, data_offsets: [begin,
// end]}} and the data, to which offsets are relative. As the format's own implementation does, this reader
// refuses files whose tensors overlap, leave gaps or do not end with the file.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_SAFETENSORS_H
#define COOPT_IMPORT_SAFETENSORS_H

#include "coopt/Numerics/GgufBlocks.h"
#include "coopt/Support/Error.h"
#include "coopt/Support/MappedFile.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::import {

enum class TensorType { F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL };

/// The name that safetensors files use: "F32".
const char *tensorTypeName(TensorType type);
std::optional<TensorType> tensorTypeFromName(std::string_view name);
/// Bytes of one element.
uint64_t tensorTypeSize(TensorType type);

/// Longest header that is read, as in the format's own implementation.
constexpr uint64_t maximumSafetensorsHeader = 100'000'000;
/// Elements of the largest tensor that is read.
constexpr int64_t maximumTensorElements = int64_t(1) << 48;

/// One tensor of a file; row-major, no padding.
struct TensorInfo {
  std::string name;
  uint32_t file = 0; ///< index into TensorFiles::files()
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape; ///< empty: a scalar
  uint64_t offset = 0;        ///< from the beginning of the file; not always a multiple of the element's size
  uint64_t bytes = 0;
  /// Of GGUF files: rows are blocks of codes, `type` is U8 and says nothing.
  std::optional<numerics::GgufType> blocks;

  int64_t elements() const;
  /// "F32", or the name of the blocks.
  std::string typeName() const;
};

/// The tensors of one file's bytes, by increasing name; `name` stands for the file in messages.
/// Errors: truncated, header too long or no JSON, unknown dtype, a shape whose size is no match for its
/// offsets, offsets outside the file, overlaps and gaps.
Expected<std::vector<TensorInfo>> parseSafetensors(const uint8_t *bytes, uint64_t size,
                                                   const std::string &name);

/// The texts of such a file's "__metadata__"; none if it has none. Errors as above.
Expected<std::map<std::string, std::string>> parseSafetensorsMetadata(const uint8_t *bytes, uint64_t size,
                                                                      const std::string &name);

/// The tensors of one model in one or several files, mapped and never copied.
class TensorFiles {
public:
  /// By increasing name.
  const std::vector<TensorInfo> &tensors() const { return infos; }
  /// Null if there is none.
  const TensorInfo *find(std::string_view name) const;
  const uint8_t *data(const TensorInfo &tensor) const { return maps[tensor.file].data() + tensor.offset; }
  const std::vector<MappedFile> &files() const { return maps; }

protected:
  std::vector<MappedFile> maps;
  std::vector<TensorInfo> infos;
};

class SafetensorsModel : public TensorFiles {
public:
  /// `path` is a file, or a directory: the shards that model.safetensors.index.json names, else
  /// model.safetensors, else every *.safetensors in it. An index is the authority: tensors that it does not
  /// name are left out. Errors: those of parseSafetensors; a shard or tensor that is missing; a tensor in two
  /// files; a shard's name that is a path.
  static Expected<SafetensorsModel> open(const std::string &path);

private:
  Status addFile(const std::string &path);
  Status openIndex(const std::string &directory, const std::string &indexPath);
};

} // namespace coopt::import

#endif // COOPT_IMPORT_SAFETENSORS_H
