//===- SafetensorsWriter.h - Weights into safetensors files ------------------------===//
#ifndef COOPT_IMPORT_SAFETENSORSWRITER_H
#define COOPT_IMPORT_SAFETENSORSWRITER_H

#include "coopt/Import/Safetensors.h"

#include <cstdio>
#include <functional>
#include <map>
#include <memory>

namespace coopt::import {

/// A tensor that is to be written.
struct TensorDeclaration {
  std::string name;
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape;
};

/// Bytes of a tensor; an error if its size overflows or a size is negative.
Expected<uint64_t> tensorBytes(const TensorDeclaration &tensor);

/// The 8 bytes of length and the JSON header of a file with these tensors in this order, padded so that the
/// data begins at a multiple of 64. Errors: two tensors of one name, a size that overflows, a header that
/// readers would refuse.
Expected<std::string> safetensorsHeader(const std::vector<TensorDeclaration> &tensors,
                                        const std::map<std::string, std::string> &metadata = {});

/// Writes one file in one pass: the bytes of all tensors, in the order in which they were declared. The file
/// appears under its name when finish() succeeds; until then it is PATH.part, which is removed if the writer
/// is destroyed before.
class SafetensorsWriter {
public:
  static Expected<SafetensorsWriter> create(const std::string &path,
                                            const std::vector<TensorDeclaration> &tensors,
                                            const std::map<std::string, std::string> &metadata = {});
  SafetensorsWriter(SafetensorsWriter &&) noexcept = default;
  SafetensorsWriter &operator=(SafetensorsWriter &&) = delete;
  ~SafetensorsWriter();

  /// Errors: more bytes than were declared; the system's.
  Status append(const void *bytes, uint64_t size);
  /// Errors: fewer bytes than were declared; the system's.
  Status finish();

private:
  SafetensorsWriter() = default;
  tl::unexpected<Error> systemError() const;

  std::string path;
  std::unique_ptr<FILE, int (*)(FILE *)> file{nullptr, nullptr};
  uint64_t remaining = 0;
};

/// Receives consecutive bytes of the tensor that is being written.
using TensorSink = std::function<Status(const void *bytes, uint64_t size)>;
/// Produces the bytes of tensor `index`, in order.
using TensorSource = std::function<Status(size_t index, const TensorSink &sink)>;

/// Writes model.safetensors, or for several shards model-0000I-of-0000N.safetensors and
/// model.safetensors.index.json. Shards are runs of tensors of about equal bytes. Errors: no shard, more
/// shards than tensors; those of SafetensorsWriter.
Status writeSafetensorsModel(const std::string &directory, const std::vector<TensorDeclaration> &tensors,
                             size_t shards, const TensorSource &source);

/// Writes a text beside `path` and renames it.
Status writeTextFile(const std::string &path, const std::string &text);

} // namespace coopt::import

#endif // COOPT_IMPORT_SAFETENSORSWRITER_H
