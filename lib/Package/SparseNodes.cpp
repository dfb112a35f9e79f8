#include "SparseNodes.h"

#include <algorithm>
#include <cstring>

using namespace coopt;

namespace coopt::package::recipe {

namespace {

struct KeptNode : Node {
  NodeRef scores;
  numerics::SparsePattern pattern;
  std::vector<float> factors;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    const int64_t columns = scores->shape().extents[1], together = pattern.rows;
    std::vector<float> rows(static_cast<size_t>(together * columns));
    std::vector<uint8_t> kept(static_cast<size_t>(together) * tensor.rowBytes());
    // Rows that choose together are read together, also those that are not asked for.
    for (int64_t first = begin / together * together; first < end; first += together) {
      const int64_t last = std::min(first + together, tensor.rows());
      if (Status read = scores->evaluate(first, last, reinterpret_cast<uint8_t *>(rows.data())); !read) {
        return read;
      }
      numerics::selectKept(pattern, rows.data(), last - first, columns,
                           factors.empty() ? nullptr : factors.data(), kept.data());
      const int64_t from = std::max(first, begin), to = std::min(last, end);
      const size_t bytes = static_cast<size_t>(to - from) * tensor.rowBytes();
      std::memcpy(out, kept.data() + static_cast<size_t>(from - first) * tensor.rowBytes(), bytes);
      out += bytes;
    }
    return {};
  }
};

/// Row by row from one form to the other.
struct FormNode : Node {
  NodeRef input, kept;
  numerics::SparsePattern pattern;
  bool compresses = false;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    std::vector<uint8_t> row(input->shape().rowBytes()), bits(kept->shape().rowBytes());
    for (int64_t m = begin; m < end; ++m, out += tensor.rowBytes()) {
      Status read = input->evaluate(m, m + 1, row.data());
      if (read) {
        read = kept->evaluate(m, m + 1, bits.data());
      }
      if (!read) {
        return read;
      }
      if (compresses) {
        numerics::compressRow(pattern, row.data(), input->shape().extents[1], tensor.elementBytes,
                              bits.data(), out);
      } else {
        numerics::decompressRow(pattern, row.data(), bits.data(), tensor.extents[1], tensor.elementBytes,
                                out);
      }
    }
    return {};
  }
};

struct PruneNode : Node {
  NodeRef input, kept;
  numerics::SparsePattern pattern;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    std::vector<uint8_t> bits(kept->shape().rowBytes() * static_cast<uint64_t>(end - begin));
    Status read = input->evaluate(begin, end, out);
    if (read) {
      read = kept->evaluate(begin, end, bits.data());
    }
    if (!read) {
      return read;
    }
    const int64_t columns = tensor.extents[1], blocks = pattern.blocks(columns);
    const size_t bytes = tensor.elementBytes;
    if (pattern.block == 1 && bytes == sizeof(uint32_t)) {
      for (size_t i = 0; i < bits.size(); ++i, out += bytes) {
        uint32_t element;
        std::memcpy(&element, out, bytes);
        element = bits[i] != 0 ? element : 0;
        std::memcpy(out, &element, bytes);
      }
      return {};
    }
    for (int64_t row = 0; row < end - begin; ++row, out += tensor.rowBytes()) {
      for (int64_t block = 0; block < blocks; ++block) {
        if (bits[static_cast<size_t>(row * blocks + block)] == 0) {
          const int64_t from = block * pattern.block, count = std::min(pattern.block, columns - from);
          std::memset(out + static_cast<size_t>(from) * bytes, 0, static_cast<size_t>(count) * bytes);
        }
      }
    }
    return {};
  }
};

Status checkKept(const NodeRef &matrix, const NodeRef &kept, const numerics::SparsePattern &pattern,
                 int64_t columns) {
  const TensorShape &bits = kept->shape();
  if (matrix->shape().extents.size() != 2 || columns < 1 || bits.elementBytes != 1 ||
      bits.extents != std::vector<int64_t>{matrix->shape().extents[0], pattern.blocks(columns)}) {
    return fail("expected a matrix with a bit for each of its blocks");
  }
  return {};
}

Expected<NodeRef> makeFormNode(NodeRef input, NodeRef kept, const numerics::SparsePattern &pattern,
                               int64_t columns, bool compresses) {
  auto node = std::make_shared<FormNode>();
  TensorShape shape{{input->shape().extents[0], columns}, input->shape().elementBytes};
  node->input = input;
  node->kept = kept;
  node->pattern = pattern;
  node->compresses = compresses;
  return finish(std::move(node), std::move(shape), {std::move(input), std::move(kept)});
}

} // namespace

Expected<NodeRef> makeKeptNode(NodeRef scores, const numerics::SparsePattern &pattern,
                               std::vector<float> factors) {
  const TensorShape &matrix = scores->shape();
  if (matrix.extents.size() != 2 || matrix.elementBytes != 4 || matrix.extents[1] < 1 ||
      (!factors.empty() && static_cast<int64_t>(factors.size()) != matrix.extents[1])) {
    return fail("expected a matrix of f32 as scores");
  }
  auto node = std::make_shared<KeptNode>();
  TensorShape shape{{matrix.extents[0], pattern.blocks(matrix.extents[1])}, 1};
  node->scores = scores;
  node->pattern = pattern;
  node->factors = std::move(factors);
  return finish(std::move(node), std::move(shape), {std::move(scores)});
}

Expected<NodeRef> makeCompressNode(NodeRef source, NodeRef kept, const numerics::SparsePattern &pattern) {
  const int64_t columns = source->shape().extents.size() == 2 ? source->shape().extents[1] : 0;
  if (Status checked = checkKept(source, kept, pattern, columns); !checked) {
    return forward(checked.error());
  }
  return makeFormNode(std::move(source), std::move(kept), pattern, pattern.keptColumns(columns), true);
}

Expected<NodeRef> makeDecompressNode(NodeRef values, NodeRef kept, const numerics::SparsePattern &pattern,
                                     int64_t columns) {
  if (Status checked = checkKept(values, kept, pattern, columns); !checked) {
    return forward(checked.error());
  }
  if (values->shape().extents[1] != pattern.keptColumns(columns)) {
    return fail("expected " + std::to_string(pattern.keptColumns(columns)) + " kept columns, got " +
                std::to_string(values->shape().extents[1]));
  }
  return makeFormNode(std::move(values), std::move(kept), pattern, columns, false);
}

Expected<NodeRef> makePruneNode(NodeRef source, NodeRef kept, const numerics::SparsePattern &pattern) {
  const TensorShape shape = source->shape();
  if (Status checked = checkKept(source, kept, pattern, shape.extents.size() == 2 ? shape.extents[1] : 0);
      !checked) {
    return forward(checked.error());
  }
  auto node = std::make_shared<PruneNode>();
  node->input = source;
  node->kept = kept;
  node->pattern = pattern;
  return finish(std::move(node), shape, {std::move(source), std::move(kept)});
}

} // namespace coopt::package::recipe
