// Nodes of the parts of a matrix in a block format.
#include "RecipeNodes.h"

#include "coopt/Numerics/BlockEncoder.h"

#include <algorithm>
#include <cmath>
#include <mutex>

using namespace coopt;

namespace coopt::package::recipe {

namespace {

constexpr int64_t kElementsAtOnce = int64_t(1) << 18;

/// What the parts of one matrix share.
struct FormatSource {
  NodeRef input;
  numerics::BlockFormat format;
  /// Rows that are encoded together; 0: each by itself, given the amax of the matrix.
  int64_t together = 1;
  bool needsAmax = false;

  /// The largest magnitude of the matrix, found by whoever needs it first. A NaN is larger than all numbers.
  Expected<float> amax() const {
    std::lock_guard<std::mutex> lock(mutex);
    if (!known) {
      const TensorShape &shape = input->shape();
      std::vector<float> row(static_cast<size_t>(shape.extents[1]));
      float largest = 0;
      for (int64_t m = 0; m < shape.rows(); ++m) {
        if (Status read = input->evaluate(m, m + 1, reinterpret_cast<uint8_t *>(row.data())); !read) {
          return forward(read.error());
        }
        for (float x : row) {
          largest = std::fabs(x) > largest || std::isnan(x) ? std::fabs(x) : largest;
        }
        if (std::isnan(largest)) {
          break;
        }
      }
      value = largest;
      known = true;
    }
    return value;
  }

private:
  mutable std::mutex mutex;
  mutable bool known = false;
  mutable float value = 0;
};

struct FormatNode : Node {
  std::shared_ptr<const FormatSource> source;
  numerics::StoredPart part;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    const int64_t K = source->input->shape().extents[1], together = source->together;
    const uint64_t rowBytes = tensor.rowBytes();
    numerics::EncodeOptions options;
    if (source->needsAmax) {
      Expected<float> amax = source->amax();
      if (!amax) {
        return forward(amax.error());
      }
      options.matrixAmax = *amax;
    }
    options.wantsCodes = part.kind == numerics::StoredPart::Kind::Codes;
    // Many rows at a time: an encoder makes its tables anew.
    const int64_t step =
        std::max<int64_t>(kElementsAtOnce / std::max<int64_t>(K * together, 1), 1) * together;
    std::vector<float> matrix;
    for (int64_t first = begin / together * together; first < end; first += step) {
      const int64_t rows = std::min(std::min(step, source->input->shape().rows() - first),
                                    (end - first + together - 1) / together * together);
      matrix.resize(static_cast<size_t>(rows * K));
      Status read = source->input->evaluate(first, first + rows, reinterpret_cast<uint8_t *>(matrix.data()));
      if (!read) {
        return read;
      }
      options.firstRow = first;
      auto components = numerics::encodeMatrix(source->format, matrix.data(), rows, K, options);
      if (!components) {
        return forward(components.error());
      }
      std::vector<uint8_t> bytes = numerics::storePart(source->format, *components, part);
      const int64_t from = std::max(first, begin), to = std::min(first + rows, end);
      out = std::copy_n(bytes.data() + rowBytes * static_cast<uint64_t>(from - first),
                        rowBytes * static_cast<uint64_t>(to - from), out);
    }
    return {};
  }
};

} // namespace

Expected<std::vector<NodeRef>> makeFormatNodes(NodeRef input, const numerics::BlockFormat &format) {
  const TensorShape &x = input->shape();
  if (x.extents.size() != 2 || x.elementBytes != 4 || x.extents[1] == 0) {
    return fail("expected a matrix of f32 with columns to quantise");
  }
  if (format.encoding.kind == numerics::EncodingKind::None) {
    return fail("format '" + format.name + "' has no encoder, it can only be decoded");
  }
  auto source = std::make_shared<FormatSource>();
  source->input = input;
  source->format = format;
  source->together = numerics::rowsEncodedTogether(format);
  if (source->together == 0) {
    source->needsAmax = numerics::amaxSaysAllOfMatrix(format);
    int64_t inner = 1;
    for (const numerics::ScaleLevel &level : format.scales) {
      inner = std::max(inner, level.rows);
    }
    source->together = source->needsAmax ? inner : std::max<int64_t>(x.extents[0], 1);
  }
  std::vector<NodeRef> nodes;
  for (const numerics::StoredPart &part : numerics::storedParts(format)) {
    TensorShape shape{{x.extents[0]}, static_cast<size_t>(numerics::storedBytes(part.type))};
    if (part.kind == numerics::StoredPart::Kind::Codes) {
      shape.elementBytes = 1;
    }
    if (part.span != 0) {
      shape.extents.push_back(x.extents[1] / part.span + (x.extents[1] % part.span != 0));
    }
    auto node = std::make_shared<FormatNode>();
    node->source = source;
    node->part = part;
    Expected<NodeRef> made = finish(std::move(node), std::move(shape), {input});
    if (!made) {
      return forward(made.error());
    }
    nodes.push_back(*made);
  }
  return nodes;
}

} // namespace coopt::package::recipe
