// Nodes that take stored bytes apart, and those that decode the parts.
#include "RecipeNodes.h"

#include <algorithm>
#include <cstring>

using namespace coopt;

namespace coopt::package::recipe {

namespace {

/// Rows that are worked on at once: few enough for the caches, enough for what is read by columns.
constexpr int64_t kRowsAtOnce = 64;

struct BlocksNode : Node {
  NodeRef input;
  numerics::GgufType type = numerics::GgufType::Q4_0;
  numerics::BlockFormat format;
  numerics::StoredPart part;
  int64_t columns = 0;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    const auto wanted = part.kind == numerics::StoredPart::Kind::Codes ? numerics::GgufWanted::Codes
                                                                       : numerics::GgufWanted::Numbers;
    std::vector<uint8_t> blocks;
    for (int64_t first = begin; first < end; first += kRowsAtOnce) {
      const int64_t rows = std::min(kRowsAtOnce, end - first);
      blocks.resize(input->shape().rowBytes() * static_cast<uint64_t>(rows));
      if (Status read = input->evaluate(first, first + rows, blocks.data()); !read) {
        return read;
      }
      auto split = numerics::splitGgufMatrix(type, blocks.data(), blocks.size(), rows, columns, wanted);
      if (!split) {
        return forward(split.error());
      }
      std::vector<uint8_t> bytes = numerics::storePart(format, *split, part);
      out = std::copy(bytes.begin(), bytes.end(), out);
    }
    return {};
  }
};

struct WordsNode : Node {
  NodeRef input;
  WordFields fields;
  /// Of an element among those of its word.
  std::vector<int64_t> fieldOf;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    return evaluateBox(begin, end, 0, tensor.rowBytes(), out);
  }

  Status evaluateBox(int64_t begin, int64_t end, uint64_t firstByte, uint64_t lastByte,
                     uint8_t *out) const override {
    if (begin >= end || firstByte >= lastByte) {
      return {};
    }
    const auto left = static_cast<int64_t>(firstByte), right = static_cast<int64_t>(lastByte);
    const bool down = fields.dimension == 0;
    const int64_t from = down ? begin : left, to = down ? end : right;
    // Words of all elements of these; a permutation stays within its word.
    const int64_t firstWord = from * fields.bits / 32,
                  lastWord = ((to - 1) * fields.bits + 31 + fields.bits) / 32;
    const int64_t wordsAlong = std::min(lastWord, input->shape().extents[fields.dimension]) - firstWord;
    const int64_t across = down ? right - left : end - begin;
    std::vector<uint32_t> words(static_cast<size_t>(wordsAlong * across));
    auto *bytes = reinterpret_cast<uint8_t *>(words.data());
    Status read =
        down ? input->evaluateBox(firstWord, firstWord + wordsAlong, firstByte * 4, lastByte * 4, bytes)
             : input->evaluateBox(begin, end, static_cast<uint64_t>(firstWord) * 4,
                                  static_cast<uint64_t>(firstWord + wordsAlong) * 4, bytes);
    if (!read) {
      return read;
    }
    const int64_t wordStride = down ? across : 1, lineStride = down ? 1 : wordsAlong;
    const int64_t outStride = down ? across : 1, outLine = down ? 1 : right - left;
    const uint32_t mask = (1u << fields.bits) - 1;
    for (int64_t e = from; e < to; ++e) {
      const int64_t bit = placeOf(e) - firstWord * 32, word = bit / 32;
      const int shift = static_cast<int>(bit % 32);
      const bool straddles = shift + fields.bits > 32;
      for (int64_t line = 0; line < across; ++line) {
        const uint32_t *at = words.data() + line * lineStride + word * wordStride;
        uint32_t value = at[0] >> shift;
        if (straddles) {
          value |= at[wordStride] << (32 - shift);
        }
        const int sum = static_cast<int>(value & mask) + fields.add;
        if (sum > static_cast<int>(mask)) {
          return fail("the field " + std::to_string(value & mask) + " plus " + std::to_string(fields.add) +
                      " has no place in " + std::to_string(fields.bits) + " bits");
        }
        out[(e - from) * outStride + line * outLine] = static_cast<uint8_t>(sum);
      }
    }
    return {};
  }

private:
  /// The first bit of an element in its line.
  int64_t placeOf(int64_t element) const {
    if (fieldOf.empty()) {
      return element * fields.bits;
    }
    const auto perWord = static_cast<int64_t>(fieldOf.size());
    return element / perWord * 32 + fieldOf[static_cast<size_t>(element % perWord)] * fields.bits;
  }
};

struct DequantizeNode : Node {
  std::vector<NodeRef> inputs;
  numerics::BlockFormat format;
  std::vector<numerics::StoredPart> parts;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    using Kind = numerics::StoredPart::Kind;
    const numerics::BlockDecoder decoder(format);
    const int64_t K = tensor.extents[1];
    std::vector<std::vector<uint8_t>> bytes(parts.size());
    std::vector<std::vector<float>> numbers(parts.size());
    std::vector<float> decoded(static_cast<size_t>(K));
    for (int64_t first = begin; first < end; first += kRowsAtOnce) {
      const int64_t last = std::min(first + kRowsAtOnce, end);
      for (size_t p = 0; p < parts.size(); ++p) {
        bytes[p].resize(inputs[p]->shape().rowBytes() * static_cast<uint64_t>(last - first));
        if (Status read = inputs[p]->evaluate(first, last, bytes[p].data()); !read) {
          return read;
        }
        if (parts[p].kind == Kind::Scale || parts[p].kind == Kind::Minimum) {
          numbers[p].resize(bytes[p].size() / static_cast<size_t>(numerics::storedBytes(parts[p].type)));
          numerics::loadScales(parts[p].type, bytes[p].data(), static_cast<int64_t>(numbers[p].size()),
                               numbers[p].data());
        }
      }
      for (int64_t m = 0; m < last - first; ++m) {
        numerics::BlockRow row;
        for (size_t p = 0; p < parts.size(); ++p) {
          const auto rows = static_cast<size_t>(last - first), at = static_cast<size_t>(m);
          const uint8_t *code = bytes[p].data() + bytes[p].size() / rows * at;
          const float *number = numbers[p].data() + numbers[p].size() / rows * at;
          switch (parts[p].kind) {
          case Kind::Codes:
            row.codes = code;
            break;
          case Kind::Zero:
            row.zeros = code;
            break;
          case Kind::Selector:
            row.selectors = code;
            break;
          case Kind::Scale:
            row.scales[parts[p].level] = number;
            break;
          case Kind::Minimum:
            row.minimums[parts[p].level] = number;
            break;
          }
        }
        decoder.decodeRow(row, K, decoded.data());
        std::memcpy(out, decoded.data(), decoded.size() * sizeof(float));
        out += decoded.size() * sizeof(float);
      }
    }
    return {};
  }
};

struct GatherNode : Node {
  NodeRef table;
  std::vector<int32_t> ids;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    return evaluateBox(begin, end, 0, tensor.rowBytes(), out);
  }
  Status evaluateBox(int64_t begin, int64_t end, uint64_t firstByte, uint64_t lastByte,
                     uint8_t *out) const override {
    const uint64_t width = lastByte - firstByte;
    // Asked for most rows, the table is read once: what it is made of may be slow to read row by row.
    if (const int64_t rows = table->shape().rows(); end - begin > rows / 2) {
      std::vector<uint8_t> all(static_cast<size_t>(width) * static_cast<size_t>(rows));
      Status read = table->evaluateBox(0, rows, firstByte, lastByte, all.data());
      for (int64_t i = begin; i < end && read; ++i, out += width) {
        std::memcpy(out, all.data() + width * static_cast<uint64_t>(ids[static_cast<size_t>(i)]), width);
      }
      return read;
    }
    for (int64_t i = begin; i < end; ++i, out += width) {
      const int64_t row = ids[static_cast<size_t>(i)];
      if (Status read = table->evaluateBox(row, row + 1, firstByte, lastByte, out); !read) {
        return read;
      }
    }
    return {};
  }
};

struct TransposeNode : Node {
  NodeRef input;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    return evaluateBox(begin, end, 0, tensor.rowBytes(), out);
  }
  Status evaluateBox(int64_t begin, int64_t end, uint64_t firstByte, uint64_t lastByte,
                     uint8_t *out) const override {
    const size_t each = tensor.elementBytes;
    if (firstByte % each != 0 || lastByte % each != 0) {
      return Node::evaluateBox(begin, end, firstByte, lastByte, out);
    }
    const auto first = static_cast<int64_t>(firstByte / each), last = static_cast<int64_t>(lastByte / each);
    const auto rows = static_cast<size_t>(end - begin), columns = static_cast<size_t>(last - first);
    std::vector<uint8_t> box(rows * columns * each);
    Status read = input->evaluateBox(first, last, each * static_cast<uint64_t>(begin),
                                     each * static_cast<uint64_t>(end), box.data());
    if (!read) {
      return read;
    }
    for (size_t k = 0; k < columns; ++k) {
      for (size_t m = 0; m < rows; ++m) {
        std::memcpy(out + (m * columns + k) * each, box.data() + (k * rows + m) * each, each);
      }
    }
    return {};
  }
};

struct ReshapeNode : Node {
  NodeRef input;
  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    return input->evaluate(begin, end, out);
  }
  Status evaluateBox(int64_t begin, int64_t end, uint64_t firstByte, uint64_t lastByte,
                     uint8_t *out) const override {
    return input->evaluateBox(begin, end, firstByte, lastByte, out);
  }
};

/// The extents of a part of `rows` x `columns` elements, and the bytes of one number.
TensorShape shapeOfPart(const numerics::StoredPart &part, int64_t rows, int64_t columns) {
  const bool isCodes = part.kind == numerics::StoredPart::Kind::Codes;
  TensorShape shape{{rows}, isCodes ? 1 : static_cast<size_t>(numerics::storedBytes(part.type))};
  if (part.span != 0) {
    shape.extents.push_back(columns / part.span + (columns % part.span != 0));
  }
  return shape;
}

} // namespace

Expected<std::vector<NodeRef>> makeSplitBlocksNodes(NodeRef input, numerics::GgufType type) {
  const TensorShape &stored = input->shape();
  const int64_t blockBytes = numerics::ggufBlockBytes(type), elements = numerics::ggufBlockElements(type);
  if (stored.extents.size() != 2 || stored.elementBytes != 1 || stored.extents[1] % blockBytes != 0 ||
      stored.extents[1] / blockBytes > (int64_t(1) << 48) / elements) {
    return fail("expected a matrix of bytes whose rows are blocks of " + std::to_string(blockBytes));
  }
  const int64_t columns = stored.extents[1] / blockBytes * elements;
  const numerics::BlockFormat format = numerics::ggufFormat(type);
  std::vector<NodeRef> nodes;
  for (const numerics::StoredPart &part : numerics::storedParts(format)) {
    auto node = std::make_shared<BlocksNode>();
    node->input = input;
    node->type = type;
    node->format = format;
    node->part = part;
    node->columns = columns;
    auto made = finish(std::move(node), shapeOfPart(part, stored.extents[0], columns), {input});
    if (!made) {
      return forward(made.error());
    }
    nodes.push_back(*made);
  }
  return nodes;
}

Expected<NodeRef> makeUnpackWordsNode(NodeRef input, WordFields fields, int64_t elements) {
  const TensorShape &words = input->shape();
  if (words.extents.size() != 2 || words.elementBytes != 4 || fields.dimension > 1 || fields.bits < 2 ||
      fields.bits > 8 || elements < 0 || elements > int64_t(1) << 48 ||
      words.extents[fields.dimension] != (elements * fields.bits + 31) / 32) {
    return fail("expected a matrix of words that hold the elements");
  }
  auto node = std::make_shared<WordsNode>();
  node->fieldOf.resize(fields.order.size());
  for (size_t i = 0; i < fields.order.size(); ++i) {
    const int64_t element = fields.order[i];
    if (32 % fields.bits != 0 || fields.order.size() != static_cast<size_t>(32 / fields.bits) ||
        element < 0 || element >= 32 / fields.bits) {
      return fail("expected an order of the fields of a word");
    }
    node->fieldOf[static_cast<size_t>(element)] = static_cast<int64_t>(i);
  }
  TensorShape shape{words.extents, 1};
  shape.extents[fields.dimension] = elements;
  node->input = input;
  node->fields = std::move(fields);
  return finish(std::move(node), std::move(shape), {std::move(input)});
}

Expected<NodeRef> makeDequantizeNode(std::vector<NodeRef> inputs, const numerics::BlockFormat &format) {
  auto node = std::make_shared<DequantizeNode>();
  node->parts = numerics::storedParts(format);
  if (!format.element.outliers.empty()) {
    return fail("codes of pairs with outliers can't be decoded on the host");
  }
  if (inputs.size() != node->parts.size() || inputs[0]->shape().extents.size() != 2) {
    return fail("expected " + std::to_string(node->parts.size()) + " parts of a matrix");
  }
  TensorShape shape{inputs[0]->shape().extents, 4};
  for (size_t p = 0; p < inputs.size(); ++p) {
    const TensorShape wanted = shapeOfPart(node->parts[p], shape.extents[0], shape.extents[1]);
    if (inputs[p]->shape().extents != wanted.extents ||
        inputs[p]->shape().elementBytes != wanted.elementBytes) {
      return fail("the " + node->parts[p].name() + " have another shape or type than the format's");
    }
  }
  node->inputs = inputs;
  node->format = format;
  return finish(std::move(node), std::move(shape), inputs);
}

Expected<NodeRef> makeGatherNode(NodeRef table, const NodeRef &ids) {
  const TensorShape &shape = table->shape(), &list = ids->shape();
  constexpr int64_t most = int64_t(1) << 24;
  if (shape.extents.size() != 2 || list.extents.size() != 1 || list.elementBytes != 4 || list.rows() > most) {
    return fail("expected a matrix and at most 2^24 numbers of rows");
  }
  auto node = std::make_shared<GatherNode>();
  node->ids.resize(static_cast<size_t>(list.rows()));
  Status read = ids->evaluate(0, list.rows(), reinterpret_cast<uint8_t *>(node->ids.data()));
  if (!read) {
    return forward(read.error());
  }
  for (size_t i = 0; i < node->ids.size(); ++i) {
    if (node->ids[i] < 0 || node->ids[i] >= shape.rows()) {
      return fail("id " + std::to_string(i) + ": expected a row below " + std::to_string(shape.rows()) +
                  ", got " + std::to_string(node->ids[i]));
    }
  }
  node->table = table;
  return finish(std::move(node), TensorShape{{list.rows(), shape.extents[1]}, shape.elementBytes},
                {table, ids});
}

Expected<NodeRef> makeTransposeNode(NodeRef input) {
  TensorShape shape = input->shape();
  if (shape.extents.size() != 2) {
    return fail("expected a matrix to transpose");
  }
  std::swap(shape.extents[0], shape.extents[1]);
  auto node = std::make_shared<TransposeNode>();
  node->input = input;
  return finish(std::move(node), std::move(shape), {std::move(input)});
}

Expected<NodeRef> makeReshapeNode(NodeRef input, std::vector<int64_t> extents) {
  TensorShape shape{std::move(extents), input->shape().elementBytes};
  if (Status checked = shape.check(); !checked) {
    return forward(checked.error());
  }
  if (shape.rows() != input->shape().rows() || shape.rowBytes() != input->shape().rowBytes()) {
    return fail("expected the same rows in other extents");
  }
  auto node = std::make_shared<ReshapeNode>();
  node->input = input;
  return finish(std::move(node), std::move(shape), {std::move(input)});
}

} // namespace coopt::package::recipe
