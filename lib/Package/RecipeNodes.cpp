// Nodes that are sources, and what all nodes share.
#include "RecipeNodes.h"

#include "coopt/Numerics/Half.h"
#include "coopt/PackageFormat/Package.h"
#include "coopt/Support/VectorClones.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

using namespace coopt;
using namespace coopt::package::recipe;

namespace coopt::package::recipe {

/// Recursion while evaluating, and work for one row, stay bounded whatever the recipe.
static constexpr unsigned kMaximalDepth = 256;
static constexpr uint64_t kMaximalPaths = 65536;

uint64_t TensorShape::rowBytes() const {
  uint64_t bytes = elementBytes;
  for (size_t i = 1; i < extents.size(); ++i) {
    bytes *= static_cast<uint64_t>(extents[i]);
  }
  return bytes;
}

Status TensorShape::check() const {
  constexpr uint64_t limit = uint64_t(1) << 62;
  uint64_t bytes = elementBytes;
  for (int64_t extent : extents) {
    // A zero extent must not hide an overflow of the others.
    uint64_t factor = static_cast<uint64_t>(std::max<int64_t>(extent, 1));
    if (extent < 0 || bytes > limit / factor) {
      return fail("expected a tensor of less than 2^62 bytes");
    }
    bytes *= factor;
  }
  return {};
}

std::vector<Piece> Node::pieces(uint64_t targetBytes) const {
  std::vector<Piece> result;
  uint64_t rowBytes = tensor.rowBytes();
  if (rowBytes == 0) {
    return result;
  }
  int64_t step = std::max(static_cast<int64_t>(std::max<uint64_t>(1, targetBytes / rowBytes)),
                          tensor.rows() / kMaximalPieces + 1);
  for (int64_t begin = 0; begin < tensor.rows(); begin += step) {
    int64_t end = begin + std::min(step, tensor.rows() - begin);
    result.push_back({begin, end, rowBytes * static_cast<uint64_t>(end - begin)});
  }
  return result;
}

Status Node::evaluateBox(int64_t begin, int64_t end, uint64_t firstByte, uint64_t lastByte,
                         uint8_t *out) const {
  if (firstByte == 0 && lastByte == tensor.rowBytes()) {
    return evaluate(begin, end, out);
  }
  std::vector<uint8_t> row(tensor.rowBytes());
  for (int64_t m = begin; m < end; ++m) {
    if (Status read = evaluate(m, m + 1, row.data()); !read) {
      return read;
    }
    out = std::copy(row.begin() + static_cast<ptrdiff_t>(firstByte),
                    row.begin() + static_cast<ptrdiff_t>(lastByte), out);
  }
  return {};
}

Expected<NodeRef> finish(std::shared_ptr<Node> node, TensorShape shape, const std::vector<NodeRef> &inputs) {
  if (Status checked = shape.check(); !checked) {
    return forward(checked.error());
  }
  if (!inputs.empty()) {
    node->pathsBelow = 0;
  }
  for (const NodeRef &input : inputs) {
    if (!input->hasRows()) {
      return fail("packed storage can only be yielded, not computed with");
    }
    node->depthBelow = std::max(node->depthBelow, input->depth() + 1);
    node->pathsBelow += input->paths();
  }
  if (node->depthBelow > kMaximalDepth || node->pathsBelow > kMaximalPaths) {
    return fail("expected a recipe of at most " + std::to_string(kMaximalDepth) + " steps in a row and " +
                std::to_string(kMaximalPaths) + " reads of its sources");
  }
  node->tensor = std::move(shape);
  return NodeRef(std::move(node));
}

namespace {

COOPT_VECTOR_CLONES
void widenBFloat16(const uint8_t *codes, uint64_t count, uint8_t *out) {
  for (uint64_t i = 0; i < count; ++i) {
    uint16_t code;
    std::memcpy(&code, codes + 2 * i, 2);
    const uint32_t bits = static_cast<uint32_t>(code) << 16;
    std::memcpy(out + 4 * i, &bits, 4);
  }
}

COOPT_VECTOR_CLONES
void widenHalf(const uint8_t *codes, uint64_t count, uint8_t *out) {
  for (uint64_t i = 0; i < count; ++i) {
    uint16_t code;
    std::memcpy(&code, codes + 2 * i, 2);
    const float x = numerics::floatFromHalf(code);
    std::memcpy(out + 4 * i, &x, 4);
  }
}

struct FileNode : Node {
  std::shared_ptr<const MappedFile> file;
  uint64_t offset = 0;
  Widening widening = Widening::None;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    uint64_t rowBytes = tensor.rowBytes();
    uint64_t first = rowBytes * static_cast<uint64_t>(begin),
             size = rowBytes * static_cast<uint64_t>(end - begin);
    if (widening == Widening::None) {
      std::memcpy(out, file->data() + offset + first, size);
      return {};
    }
    const uint8_t *stored = file->data() + offset + first / 2;
    if (widening == Widening::BFloat16) {
      widenBFloat16(stored, size / 4, out);
    } else {
      widenHalf(stored, size / 4, out);
    }
    return {};
  }
};

/// Reads only what is asked for: boxes of few columns are common where a file has a matrix the other way round.
struct BytesNode : FileNode {
  Status evaluateBox(int64_t begin, int64_t end, uint64_t firstByte, uint64_t lastByte,
                     uint8_t *out) const override {
    const uint64_t rowBytes = tensor.rowBytes(), size = lastByte - firstByte;
    for (int64_t m = begin; m < end; ++m, out += size) {
      std::memcpy(out, file->data() + offset + rowBytes * static_cast<uint64_t>(m) + firstByte, size);
    }
    return {};
  }
};

struct NoiseNode : Node {
  uint64_t seed = 0;
  float scale = 0;
  NoiseType type = NoiseType::F32;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    uint64_t perRow = tensor.rowBytes() / tensor.elementBytes;
    uint64_t first = perRow * static_cast<uint64_t>(begin),
             count = perRow * static_cast<uint64_t>(end - begin);
    float values[1024];
    for (uint64_t done = 0; done < count;) {
      uint64_t some = std::min<uint64_t>(count - done, std::size(values));
      scaledNoise(seed, first + done, some, scale, values);
      convert(values, some, out);
      done += some;
      out += some * tensor.elementBytes;
    }
    return {};
  }

  void convert(const float *values, uint64_t count, uint8_t *out) const {
    auto each = [&](auto conversion) {
      for (uint64_t i = 0; i < count; ++i) {
        auto value = conversion(values[i]);
        std::memcpy(out + i * sizeof(value), &value, sizeof(value));
      }
    };
    switch (type) {
    case NoiseType::F32:
      std::memcpy(out, values, count * sizeof(float));
      break;
    case NoiseType::F64:
      each([](float x) { return static_cast<double>(x); });
      break;
    case NoiseType::F16:
      each(numerics::halfFromFloat);
      break;
    case NoiseType::BF16:
      each(numerics::bfloat16FromFloat);
      break;
    }
  }
};

struct RotaryNode : Node {
  bool sine = false;
  std::vector<float> frequencies;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    for (int64_t position = begin; position < end; ++position) {
      for (float frequency : frequencies) {
        float angle = static_cast<float>(position) * frequency;
        double wide = angle;
        float value = static_cast<float>(sine ? std::sin(wide) : std::cos(wide));
        std::memcpy(out, &value, 4);
        out += 4;
      }
    }
    return {};
  }
};

struct ConstantNode : Node {
  std::vector<uint8_t> bytes;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    uint64_t rowBytes = tensor.rowBytes();
    uint64_t first = rowBytes * static_cast<uint64_t>(begin),
             size = rowBytes * static_cast<uint64_t>(end - begin);
    if (bytes.size() == tensor.bytes()) {
      std::memcpy(out, bytes.data() + first, size);
      return {};
    }
    for (uint64_t i = 0; i < size; i += tensor.elementBytes) {
      std::memcpy(out + i, bytes.data(), tensor.elementBytes);
    }
    return {};
  }
};

} // namespace

Expected<NodeRef> makeFileNode(std::shared_ptr<const MappedFile> file, uint64_t offset, TensorShape shape,
                               Widening widening) {
  if (Status checked = shape.check(); !checked) {
    return forward(checked.error(), file->path());
  }
  uint64_t stored = widening == Widening::None ? shape.bytes() : shape.bytes() / 2;
  if (offset > file->size() || stored > file->size() - offset) {
    return fail(file->path() + ": offset " + std::to_string(offset) + " with " + std::to_string(stored) +
                " bytes lies outside the file (" + std::to_string(file->size()) + " bytes)");
  }
  std::shared_ptr<FileNode> node =
      widening == Widening::None ? std::make_shared<BytesNode>() : std::make_shared<FileNode>();
  node->file = std::move(file);
  node->offset = offset;
  node->widening = widening;
  return finish(std::move(node), std::move(shape), {});
}

Expected<NodeRef> makeNoiseNode(uint64_t seed, float scale, std::vector<int64_t> extents, NoiseType type) {
  auto node = std::make_shared<NoiseNode>();
  node->seed = seed;
  node->scale = scale;
  node->type = type;
  size_t bytes = type == NoiseType::F32 ? 4 : type == NoiseType::F64 ? 8 : 2;
  return finish(std::move(node), {std::move(extents), bytes}, {});
}

Expected<NodeRef> makeRotaryNode(bool sine, std::vector<float> frequencies, int64_t positions) {
  auto node = std::make_shared<RotaryNode>();
  TensorShape shape{{positions, static_cast<int64_t>(frequencies.size())}, 4};
  node->sine = sine;
  node->frequencies = std::move(frequencies);
  return finish(std::move(node), std::move(shape), {});
}

Expected<NodeRef> makeConstantNode(std::vector<uint8_t> bytes, TensorShape shape) {
  if (Status checked = shape.check(); !checked) {
    return forward(checked.error());
  }
  if (bytes.size() != shape.bytes() && bytes.size() != shape.elementBytes) {
    return fail("a constant of " + std::to_string(shape.bytes()) + " bytes is given by " +
                std::to_string(bytes.size()));
  }
  auto node = std::make_shared<ConstantNode>();
  node->bytes = std::move(bytes);
  return finish(std::move(node), std::move(shape), {});
}

} // namespace coopt::package::recipe
