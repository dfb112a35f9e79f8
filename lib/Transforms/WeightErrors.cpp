#include "WeightErrors.h"

#include "coopt/Calibration/Parallel.h"
#include "coopt/Numerics/BlockEncoder.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace coopt;

/// Rows that are encoded at a time where rows are independent.
static constexpr int64_t kRows = 64;

double coopt::storedBits(quantized::SchemeAttr scheme, RankedTensorType type) {
  if (!scheme) {
    return 32.0 * static_cast<double>(type.getNumElements());
  }
  double bits = static_cast<double>(type.getNumElements()) * scheme.getBits();
  for (auto &[suffix, part] : llvm::drop_begin(partsOf(scheme, type))) {
    bits += static_cast<double>(part.getNumElements()) * part.getElementTypeBitWidth();
  }
  return bits;
}

static bool isByRow(const numerics::BlockFormat &format) {
  auto haveRows = [](const std::vector<numerics::ScaleLevel> &levels) {
    return llvm::all_of(levels, [](const numerics::ScaleLevel &level) { return level.rows == 1; });
  };
  return haveRows(format.scales) && (!format.minimums || haveRows(format.minimums->levels));
}

namespace {

/// A matrix in memory.
struct Matrix {
  const float *values;
  int64_t rows, columns;
  const std::vector<double> &h;

  double weigh(int64_t column, double value) const {
    return (h.empty() ? 1 : h[static_cast<size_t>(column)]) * value * value;
  }
};

} // namespace

/// The sum of `sumOf(first row, rows)` over pieces of so many rows, the same for any number of threads.
template <class SumOf>
static Expected<double> sumRows(int64_t rows, int64_t step, SumOf &&sumOf) {
  const int64_t pieces = (rows + step - 1) / step;
  std::vector<double> sums(static_cast<size_t>(pieces));
  std::vector<Status> statuses(sums.size());
  calibration::parallelFor(pieces, std::max(1u, std::thread::hardware_concurrency()), [&](int64_t piece) {
    try {
      Expected<double> sum = sumOf(piece * step, std::min(step, rows - piece * step));
      if (sum) {
        sums[static_cast<size_t>(piece)] = *sum;
      } else {
        statuses[static_cast<size_t>(piece)] = forward(sum.error());
      }
    } catch (const std::bad_alloc &) {
      statuses[static_cast<size_t>(piece)] = fail("out of memory");
    }
  });
  double sum = 0;
  for (size_t piece = 0; piece < sums.size(); ++piece) {
    if (!statuses[piece]) {
      return forward(statuses[piece].error());
    }
    sum += sums[piece];
  }
  return sum;
}

static Expected<double> squaredError(const numerics::BlockFormat &format, const Matrix &matrix) {
  const int64_t step = isByRow(format) ? kRows : std::max<int64_t>(matrix.rows, 1);
  return sumRows(matrix.rows, step, [&](int64_t begin, int64_t count) -> Expected<double> {
    const float *from = matrix.values + begin * matrix.columns;
    auto codes = numerics::encodeMatrix(format, from, count, matrix.columns);
    if (!codes) {
      return forward(codes.error());
    }
    const std::vector<float> meant = numerics::decodeMatrix(format, *codes);
    double sum = 0;
    for (size_t i = 0; i < meant.size(); ++i) {
      sum += matrix.weigh(static_cast<int64_t>(i) % matrix.columns,
                          static_cast<double>(from[i]) - static_cast<double>(meant[i]));
    }
    return sum;
  });
}

static Expected<double> energyOf(const Matrix &matrix) {
  return sumRows(matrix.rows, kRows, [&](int64_t begin, int64_t count) -> Expected<double> {
    double sum = 0;
    for (int64_t i = begin * matrix.columns; i < (begin + count) * matrix.columns; ++i) {
      sum += matrix.weigh(i % matrix.columns, static_cast<double>(matrix.values[i]));
    }
    return sum;
  });
}

static Expected<MatrixErrors> errorsOf(const Matrix &matrix,
                                       const std::vector<std::optional<numerics::BlockFormat>> &formats) {
  MatrixErrors made;
  auto energy = energyOf(matrix);
  if (!energy) {
    return forward(energy.error());
  }
  made.energy = *energy;
  for (const std::optional<numerics::BlockFormat> &format : formats) {
    Expected<double> error = format ? squaredError(*format, matrix) : Expected<double>(0);
    if (!error) {
      return forward(error.error());
    }
    if (!std::isfinite(*error) || !std::isfinite(made.energy)) {
      return fail("weights that are not finite");
    }
    made.errors.push_back(*error);
  }
  return made;
}

Expected<std::vector<MatrixErrors>>
coopt::measureErrors(WeightMatrices matrices, const std::vector<bool> &isAsked,
                     const std::vector<std::optional<numerics::BlockFormat>> &formats,
                     const std::vector<double> &h, const ModelKnowledge &knowledge) {
  if (!knowledge.weights) {
    return fail("a budget needs the weights, which can't be had here");
  }
  const std::string name = matrices.parameter.getSymName().str();
  std::vector<MatrixErrors> all(isAsked.size());
  std::vector<float> values(static_cast<size_t>(matrices.stride * matrices.columns)); // one expert's
  const size_t whole = values.size() * sizeof(float);
  size_t filled = 0, expert = 0;
  auto finish = [&]() -> Status {
    if (isAsked[expert]) {
      auto made = errorsOf({values.data(), matrices.rows, matrices.columns, h}, formats);
      if (!made) {
        return forward(made.error(),
                       "'" + name + "'" + (all.size() > 1 ? ", expert " + std::to_string(expert) : ""));
      }
      all[expert] = std::move(*made);
    }
    ++expert;
    filled = 0;
    return {};
  };
  Status read = knowledge.weights(name, [&](const uint8_t *bytes, size_t size) -> Status {
    while (size > 0 && expert < isAsked.size()) {
      const size_t part = std::min(size, whole - filled);
      std::memcpy(reinterpret_cast<uint8_t *>(values.data()) + filled, bytes, part);
      filled += part, bytes += part, size -= part;
      if (Status done = filled == whole ? finish() : Status(); !done) {
        return done;
      }
    }
    return {};
  });
  if (!read) {
    return forward(read.error());
  }
  return all;
}
