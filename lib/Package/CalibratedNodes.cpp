#include "CalibratedNodes.h"

#include "coopt/Calibration/ChannelScales.h"
#include "coopt/Calibration/Parallel.h"
#include "coopt/Numerics/Half.h"

#include <cstring>
#include <new>

using namespace coopt;
using namespace coopt::calibration;

namespace coopt::package::recipe {

namespace {

/// A vector of f32 that a node makes.
Expected<std::vector<float>> readVector(const NodeRef &node) {
  std::vector<float> values(static_cast<size_t>(node->shape().rows()));
  if (Status read = node->evaluate(0, node->shape().rows(), reinterpret_cast<uint8_t *>(values.data()));
      !read) {
    return forward(read.error());
  }
  return values;
}

/// One weight and its codes, which all its parts share.
struct CalibratedMatrix {
  NodeRef input;
  CalibratedRounding rounding;
  CalibrationRef context;

  Expected<std::shared_ptr<const RoundedMatrix>> get() const;

private:
  Expected<std::shared_ptr<const InverseFactor>> factor(const std::vector<float> &columnFactors) const;
  Expected<std::shared_ptr<const RoundedMatrix>> compute() const;
};

Expected<std::shared_ptr<const RoundedMatrix>> CalibratedMatrix::get() const {
  std::lock_guard<std::mutex> lock(context->mutex);
  if (context->matrixOwner == this) {
    return context->matrix;
  }
  context->matrixOwner = nullptr;
  context->matrix = nullptr; // its memory is needed
  auto computed = compute();
  if (computed) {
    context->matrixOwner = this;
    context->matrix = *computed;
  }
  return computed;
}

Expected<std::shared_ptr<const InverseFactor>>
CalibratedMatrix::factor(const std::vector<float> &columnFactors) const {
  std::string name = context->file.entryOf(rounding.opId).value_or("") + "/" +
                     std::to_string(reinterpret_cast<uintptr_t>(rounding.columnFactors.get()));
  if (context->factor && context->factorName == name) {
    return context->factor;
  }
  context->factor = nullptr;
  int64_t K = input->shape().extents[1];
  auto gram = context->file.gram(rounding.opId, K);
  auto rows = context->file.rows(rounding.opId);
  if (!gram || !rows) {
    return forward(!gram ? gram.error() : rows.error());
  }
  auto at = [&](int64_t i, int64_t j) {
    double value = static_cast<double>((*gram)[static_cast<size_t>(i * K + j)]) / *rows;
    return columnFactors.empty() ? value
                                 : value / (static_cast<double>(columnFactors[static_cast<size_t>(i)]) *
                                            static_cast<double>(columnFactors[static_cast<size_t>(j)]));
  };
  auto made = InverseFactor::compute(K, at, kDamping, context->threads);
  if (!made) {
    return forward(made.error(), context->file.path() + ": Gram matrix of '" + rounding.opId + "'");
  }
  context->factorName = name;
  context->factor = std::make_shared<InverseFactor>(std::move(*made));
  return context->factor;
}

Expected<std::shared_ptr<const RoundedMatrix>> CalibratedMatrix::compute() const {
  int64_t N = input->shape().extents[0], K = input->shape().extents[1];
  std::vector<float> columnFactors;
  if (rounding.columnFactors) {
    auto read = readVector(rounding.columnFactors);
    if (!read) {
      return forward(read.error());
    }
    columnFactors = std::move(*read);
  }
  InputKnowledge inputs;
  std::vector<double> meanSquares;
  if (rounding.method.clip) {
    auto read = context->file.meanSquares(rounding.opId, K);
    if (!read) {
      return forward(read.error());
    }
    meanSquares = std::move(*read);
    for (size_t k = 0; k < columnFactors.size(); ++k) {
      meanSquares[k] /= static_cast<double>(columnFactors[k]) * static_cast<double>(columnFactors[k]);
    }
    inputs.meanSquares = meanSquares.data();
  }
  std::shared_ptr<const InverseFactor> held;
  if (rounding.method.feedback) {
    auto made = factor(columnFactors);
    if (!made) {
      return forward(made.error());
    }
    held = *made;
    inputs.factor = held.get();
  }
  constexpr int64_t kRows = 16;
  int64_t pieces = (N + kRows - 1) / kRows;
  auto matrix = std::make_shared<RoundedMatrix>(RoundedMatrix::make(rounding.format, N, K));
  std::vector<Status> statuses(static_cast<size_t>(pieces));
  parallelFor(pieces, context->threads, [&](int64_t piece) {
    int64_t begin = piece * kRows, end = std::min(N, begin + kRows);
    Status &status = statuses[static_cast<size_t>(piece)];
    try {
      std::vector<float> weights(static_cast<size_t>((end - begin) * K));
      status = input->evaluate(begin, end, reinterpret_cast<uint8_t *>(weights.data()));
      if (status) {
        roundRows(rounding.format, rounding.method, inputs, weights.data(), end - begin, *matrix, begin);
      }
    } catch (const std::bad_alloc &) {
      status = fail("out of memory for rows of " + std::to_string(K) + " numbers");
    }
  });
  for (const Status &status : statuses) {
    if (!status) {
      return forward(status.error());
    }
  }
  return std::shared_ptr<const RoundedMatrix>(std::move(matrix));
}

struct CalibratedNode : Node {
  std::shared_ptr<const CalibratedMatrix> matrix;
  QuantizedPart part = QuantizedPart::Codes;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    auto made = matrix->get();
    if (!made) {
      return forward(made.error());
    }
    const RoundedMatrix &whole = **made;
    auto at = [&](int64_t row, int64_t perRow) { return static_cast<size_t>(row * perRow); };
    switch (part) {
    case QuantizedPart::Codes:
      std::memcpy(out, whole.codes.data() + at(begin, whole.K), at(end - begin, whole.K));
      break;
    case QuantizedPart::Zeros:
      std::memcpy(out, whole.zeros.data() + at(begin, whole.groups), at(end - begin, whole.groups));
      break;
    case QuantizedPart::OuterScales:
      std::memcpy(out, whole.outerScales.data() + begin, at(end - begin, 4));
      break;
    case QuantizedPart::Scales:
      for (size_t i = at(begin, whole.groups); i < at(end, whole.groups); ++i, out += tensor.elementBytes) {
        uint16_t half = tensor.elementBytes == 2 ? numerics::halfFromFloat(whole.scales[i]) : uint16_t(0);
        if (tensor.elementBytes == 1) {
          *out = static_cast<uint8_t>(whole.scales[i]);
        } else {
          std::memcpy(out, tensor.elementBytes == 2 ? static_cast<const void *>(&half) : &whole.scales[i],
                      tensor.elementBytes);
        }
      }
      break;
    }
    return {};
  }
};

struct ChannelScalesNode : Node {
  std::vector<NodeRef> weights;
  WeightFormat format;
  std::string opId;
  bool clip = false;
  CalibrationRef context;
  mutable std::mutex mutex;          ///< guards what follows
  mutable std::vector<float> scales; ///< empty until the first call
  mutable Status searched;           ///< how that call ended

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    std::lock_guard<std::mutex> lock(mutex);
    if (scales.empty() && searched) {
      auto found = search();
      if (found) {
        scales = std::move(*found);
      } else {
        searched = forward(found.error());
      }
    }
    if (searched) {
      std::memcpy(out, scales.data() + begin, static_cast<size_t>(end - begin) * 4);
    }
    return searched;
  }

  Expected<std::vector<float>> search() const {
    int64_t K = tensor.extents[0];
    auto magnitudes = context->file.meanMagnitudes(opId, K);
    auto squares = context->file.meanSquares(opId, K);
    if (!magnitudes || !squares) {
      return forward(!magnitudes ? magnitudes.error() : squares.error());
    }
    std::vector<ScaledWeights> matrices;
    for (const NodeRef &weight : weights) {
      matrices.push_back({format, weight->shape().extents[0], [&weight](int64_t row, float *out) {
                            return weight->evaluate(row, row + 1, reinterpret_cast<uint8_t *>(out));
                          }});
    }
    ChannelStatistics statistics{magnitudes->data(), squares->data(), nullptr, 1};
    std::vector<float> gram;
    if (context->file.check(opId, K, /*withGram=*/true)) {
      auto read = context->file.gram(opId, K);
      auto rows = context->file.rows(opId);
      if (!read || !rows) {
        return forward(!read ? read.error() : rows.error());
      }
      gram = std::move(*read);
      statistics.gram = gram.data();
      statistics.gramRows = *rows;
    }
    return searchChannelScales(matrices, K, statistics, clip, context->threads);
  }
};

struct RescaleNode : Node {
  NodeRef input, factors;
  size_t dimension = 0;
  bool divide = false;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    if (Status read = input->evaluate(begin, end, out); !read) {
      return read;
    }
    auto read = readVector(factors);
    if (!read) {
      return forward(read.error());
    }
    auto perRow = static_cast<int64_t>(tensor.rowBytes() / 4);
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t k = 0; k < perRow; ++k, out += 4) {
        float x, factor = (*read)[static_cast<size_t>(dimension == 0 ? row : k)];
        std::memcpy(&x, out, 4);
        x = divide ? x / factor : x * factor;
        std::memcpy(out, &x, 4);
      }
    }
    return {};
  }
};

} // namespace

Expected<std::vector<NodeRef>> makeCalibratedNodes(NodeRef input, CalibratedRounding rounding,
                                                   const std::vector<QuantizedPart> &parts,
                                                   CalibrationRef context) {
  const TensorShape &x = input->shape();
  if (x.extents.size() != 2 || x.elementBytes != 4 || x.extents[1] == 0) {
    return fail("expected a matrix of f32 with columns to quantise");
  }
  int64_t N = x.extents[0], K = x.extents[1];
  // What is missing is said before anything is made.
  auto shared = std::make_shared<CalibratedMatrix>();
  shared->input = input;
  shared->rounding = std::move(rounding);
  shared->context = std::move(context);
  const WeightFormat &format = shared->rounding.format;
  if (Status checked =
          shared->context->file.check(shared->rounding.opId, K, shared->rounding.method.feedback);
      !checked) {
    return forward(checked.error());
  }
  bool hasGroups = format.integers.groupSize > 0 || format.twoLevel;
  std::vector<NodeRef> inputs = {std::move(input)};
  if (shared->rounding.columnFactors) {
    inputs.push_back(shared->rounding.columnFactors);
  }
  std::vector<NodeRef> nodes;
  for (QuantizedPart part : parts) {
    TensorShape shape{{N, K}, 1};
    if (part != QuantizedPart::Codes) {
      shape.extents = {N};
      if (hasGroups && part != QuantizedPart::OuterScales) {
        shape.extents.push_back(format.groups(K));
      }
    }
    if (part == QuantizedPart::OuterScales) {
      shape.elementBytes = 4;
    } else if (part == QuantizedPart::Scales && !format.twoLevel) {
      shape.elementBytes = format.integers.scaleType == numerics::ScaleType::F16 ? 2 : 4;
    }
    auto node = std::make_shared<CalibratedNode>();
    node->matrix = shared;
    node->part = part;
    auto finished = finish(std::move(node), std::move(shape), inputs);
    if (!finished) {
      return forward(finished.error());
    }
    nodes.push_back(std::move(*finished));
  }
  return nodes;
}

Expected<NodeRef> makeChannelScalesNode(std::vector<NodeRef> weights, const WeightFormat &format,
                                        std::string opId, bool clip, CalibrationRef context) {
  int64_t K = weights.empty() || weights[0]->shape().extents.size() != 2 ? 0 : weights[0]->shape().extents[1];
  for (const NodeRef &weight : weights) {
    const TensorShape &shape = weight->shape();
    if (K == 0 || shape.extents.size() != 2 || shape.elementBytes != 4 || shape.extents[1] != K) {
      return fail("expected matrices of f32 with the same number of columns");
    }
  }
  if (K == 0) {
    return fail("expected weights with columns");
  }
  if (Status checked = context->file.check(opId, K, false); !checked) {
    return forward(checked.error());
  }
  auto node = std::make_shared<ChannelScalesNode>();
  node->weights = weights;
  node->format = format;
  node->opId = std::move(opId);
  node->clip = clip;
  node->context = std::move(context);
  return finish(std::move(node), {{K}, 4}, weights);
}

Expected<NodeRef> makeRescaleNode(NodeRef input, NodeRef factors, size_t dimension, bool divide) {
  const TensorShape &x = input->shape(), &f = factors->shape();
  if (x.elementBytes != 4 || x.extents.empty() || x.extents.size() > 2 || dimension >= x.extents.size() ||
      f.elementBytes != 4 || f.extents.size() != 1 || f.extents[0] != x.extents[dimension]) {
    return fail("expected one or two dimensions of f32 and a factor for each element of one of them");
  }
  auto node = std::make_shared<RescaleNode>();
  TensorShape shape = x;
  node->input = input;
  node->factors = factors;
  node->dimension = dimension;
  node->divide = divide;
  return finish(std::move(node), std::move(shape), {std::move(input), std::move(factors)});
}

} // namespace coopt::package::recipe
