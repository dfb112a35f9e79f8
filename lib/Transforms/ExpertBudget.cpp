#include "ExpertBudget.h"

#include "coopt/Calibration/Parallel.h"
#include "coopt/Numerics/BitBudget.h"
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

/// Sums of squares over rows of a matrix, the same for any number of threads.
static Expected<double> squaredError(const numerics::BlockFormat &format, const float *matrix, int64_t rows,
                                     int64_t columns) {
  bool isByRow = true;
  auto look = [&](const std::vector<numerics::ScaleLevel> &levels) {
    for (const numerics::ScaleLevel &level : levels) {
      isByRow &= level.rows == 1;
    }
  };
  look(format.scales);
  if (format.minimums) {
    look(format.minimums->levels);
  }
  const int64_t step = isByRow ? kRows : std::max<int64_t>(rows, 1);
  const int64_t pieces = (rows + step - 1) / step;
  std::vector<double> sums(static_cast<size_t>(pieces));
  std::vector<Status> statuses(sums.size());
  calibration::parallelFor(pieces, std::max(1u, std::thread::hardware_concurrency()), [&](int64_t piece) {
    const int64_t begin = piece * step, count = std::min(step, rows - begin);
    const float *from = matrix + begin * columns;
    try {
      auto codes = numerics::encodeMatrix(format, from, count, columns);
      if (!codes) {
        statuses[static_cast<size_t>(piece)] = forward(codes.error());
        return;
      }
      const std::vector<float> meant = numerics::decodeMatrix(format, *codes);
      double sum = 0;
      for (size_t i = 0; i < meant.size(); ++i) {
        const double difference = static_cast<double>(from[i]) - static_cast<double>(meant[i]);
        sum += difference * difference;
      }
      sums[static_cast<size_t>(piece)] = sum;
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

/// errors[expert][format] of one parameter; of experts that nobody asks for they are 0.
static Expected<std::vector<std::vector<double>>> errorsOf(const SchemeBudget &budget,
                                                           ExpertMatrices matrices,
                                                           const std::vector<bool> &isAsked,
                                                           const ExpertKnowledge &knowledge) {
  const std::string name = matrices.parameter.getSymName().str();
  std::vector<std::vector<double>> errors(isAsked.size(), std::vector<double>(budget.formats.size()));
  std::vector<float> matrix(static_cast<size_t>(matrices.stride * matrices.columns)); // one expert's
  const size_t whole = matrix.size() * sizeof(float);
  size_t filled = 0, expert = 0;
  auto finish = [&]() -> Status {
    for (size_t i = 0; i < budget.formats.size() && isAsked[expert]; ++i) {
      if (budget.formats[i]) {
        auto error = squaredError(*budget.formats[i], matrix.data(), matrices.rows, matrices.columns);
        if (!error) {
          return forward(error.error());
        }
        if (!std::isfinite(*error)) {
          return fail("expert " + std::to_string(expert) + " has weights that are not finite");
        }
        errors[expert][i] = *error;
      }
    }
    ++expert;
    filled = 0;
    return {};
  };
  Status read = knowledge.weights(name, [&](const uint8_t *bytes, size_t size) -> Status {
    while (size > 0 && expert < isAsked.size()) {
      const size_t part = std::min(size, whole - filled);
      std::memcpy(reinterpret_cast<uint8_t *>(matrix.data()) + filled, bytes, part);
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
  return errors;
}

static std::string withDigits(double bits) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", bits);
  return text;
}

Expected<SpentBudget> coopt::spendBudget(const SchemeBudget &budget, ArrayRef<ExpertMatrices> matrices,
                                         ArrayRef<BudgetItem> items, const ExpertKnowledge &knowledge) {
  const std::string place = "rule for '" + budget.pattern + "'";
  if (!knowledge.weights) {
    return fail(place + ": a budget needs the weights, which can't be had here");
  }
  std::vector<std::vector<numerics::BitOption>> options(items.size(),
                                                        std::vector<numerics::BitOption>(budget.of.size()));
  double weights = 0;
  for (size_t number = 0; number < matrices.size(); ++number) {
    ExpertMatrices of = matrices[number];
    const int64_t experts = of.parameter.getTensorType().getDimSize(0) / of.stride;
    std::vector<bool> isAsked(static_cast<size_t>(experts));
    for (const BudgetItem &item : items) {
      if (llvm::is_contained(item.matrices, number)) {
        isAsked[static_cast<size_t>(item.expert)] = true;
      }
    }
    auto errors = errorsOf(budget, of, isAsked, knowledge);
    if (!errors) {
      return forward(errors.error(), place);
    }
    RankedTensorType type = of.parameter.getTensorType().clone({of.rows, of.columns});
    for (size_t i = 0; i < items.size(); ++i) {
      if (!llvm::is_contained(items[i].matrices, number)) {
        continue;
      }
      weights += static_cast<double>(type.getNumElements());
      for (size_t option = 0; option < budget.of.size(); ++option) {
        options[i][option].bits += storedBits(budget.of[option].scheme.weight, type);
        options[i][option].loss += items[i].share * (*errors)[static_cast<size_t>(items[i].expert)][option];
      }
    }
  }
  // Bits are whole numbers; the limit is a product that was rounded.
  auto chosen = numerics::spendBits(options, budget.bits * weights * (1 + 1e-12));
  if (!chosen) {
    double least = 0;
    for (const auto &item : options) {
      least += llvm::min_element(item, [](auto a, auto b) { return a.bits < b.bits; })->bits;
    }
    return fail(place + ": " + withDigits(budget.bits) + " bits a weight are less than the " +
                withDigits(least / weights) + " that the smallest of its formats take");
  }
  SpentBudget spent{*chosen, 0};
  for (size_t i = 0; i < items.size(); ++i) {
    spent.bitsPerWeight += options[i][(*chosen)[i]].bits / weights;
  }
  return spent;
}
