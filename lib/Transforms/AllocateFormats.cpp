#include "AllocateFormats.h"

#include "AllocationReport.h"
#include "CompressMatch.h"
#include "CompressWeights.h"
#include "DecodeTime.h"
#include "StoredWeights.h"
#include "WeightErrors.h"

#include "coopt/Solver/BitAllocation.h"
#include "dialects/Model/IR/OpId.h"

#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>

using namespace mlir;
using namespace coopt;
using model::idOf;

/// Z3 has so long to look for something better, where somebody hears of it.
static constexpr double kCertificateSeconds = 3;

namespace {

/// A parameter, and what is multiplied by it.
struct AllocationItem {
  model::ParameterOp parameter;
  SmallVector<Operation *> contractions; ///< of different ids
  bool isGathered = false;

  std::string id() const { return idOf(contractions.front()); }
};

/// One of the formats to choose from.
struct Format {
  numerics::QuantizationPlan plan;
  SchemePlan schemes;

  Format(MLIRContext *context, const std::optional<numerics::QuantizationScheme> &scheme)
      : schemes(context, plan) {
    plan.scheme = scheme;
  }
  /// Of the weight of that id; none: float.
  std::optional<numerics::BlockFormat> blockFormat(const std::string &id) const {
    const bool isHead = SchemePlan::isHead(id);
    if (!plan.scheme || (isHead && !plan.scheme->headIsQuantized())) {
      return std::nullopt;
    }
    return *(isHead ? plan.scheme->headBlockFormat() : plan.scheme->weightBlockFormat());
  }
};

class Allocator {
public:
  Allocator(ModuleOp module, const CompressOptions &options)
      : module(module), symbols(module), options(options), automatic(*options.plan.automatic) {}
  FailureOr<numerics::QuantizationPlan> run();

private:
  Status collect();
  Status price();
  Expected<std::vector<double>> lossesOf(const AllocationItem &item);
  Expected<std::vector<double>> lossesOf(const AllocationItem &item, Operation *contraction);
  Expected<std::vector<double>> noiseToSignal(const AllocationItem &item, Operation *contraction,
                                              const std::vector<double> &h, const std::vector<double> &shares,
                                              double weight);
  Expected<double> secondsOf(const AllocationItem &item, OpScheme scheme);
  Expected<solver::AllocationLimits> limitsOf();
  Expected<solver::Certificate> certify(const solver::AllocationLimits &limits,
                                        const solver::BitAllocation &made);

  ModuleOp module;
  SymbolTable symbols;
  const CompressOptions &options;
  const numerics::AutoQuantization &automatic;
  llvm::MapVector<StringAttr, AllocationItem> items; ///< by parameter
  std::vector<std::unique_ptr<Format>> formats;
  std::optional<DecodeTime> decodeTime;
  solver::AllocationItems table; ///< costs: bits, picoseconds
  double weights = 0;            ///< of the items
  double otherBits = 0;          ///< of parameters that are no item's
  double blockShare = 1;         ///< of a block in what all of them add up to
};

} // namespace

static WeightMatrices matricesOf(const AllocationItem &item, Operation *contraction) {
  RankedTensorType type = model::ParameterOp(item.parameter).getTensorType();
  if (auto byExperts = dyn_cast<moe::ContractOp>(contraction)) {
    return {item.parameter, static_cast<int64_t>(byExperts.getStride()),
            cast<RankedTensorType>(contraction->getResult(0).getType()).getDimSize(1), type.getDimSize(1)};
  }
  return {item.parameter, type.getDimSize(0), type.getDimSize(0), type.getDimSize(1)};
}

/// The block that a contraction is part of: its id up to the last "/"; empty: none.
static StringRef blockOf(StringRef id) { return id.contains('/') ? id.rsplit('/').first : StringRef(); }

/// Of how many matrices one token reads.
static int64_t matricesOfToken(Operation *contraction, int64_t count) {
  auto byExperts = dyn_cast<moe::ContractOp>(contraction);
  auto dispatch = byExperts ? byExperts.getSegments().getDefiningOp<moe::DispatchOp>() : moe::DispatchOp();
  if (!dispatch) {
    return count;
  }
  return std::min(count, cast<RankedTensorType>(dispatch.getExperts().getType()).getDimSize(1));
}

Status Allocator::collect() {
  llvm::MapVector<StringAttr, StringAttr> parameterOf; // by id
  llvm::MapVector<StringAttr, bool> isRead;            // as floats, by parameter
  for (auto entry : module.getOps<model::EntryOp>()) {
    Status status;
    entry.walk([&](Operation *op) {
      std::string reason;
      std::optional<WeightContraction> found = matchWeightContraction(op, reason);
      if (!found || idOf(op).empty() || !status) {
        return;
      }
      StringAttr name = found->weight.getParameterAttr().getAttr();
      auto id = StringAttr::get(op->getContext(), idOf(op));
      auto [known, isNew] = parameterOf.insert({id, name});
      if (!isNew && known->second != name) {
        status = fail("'" + id.str() + "' is the id of contractions with different weights");
      }
      AllocationItem &item = items[name];
      item.parameter = symbols.lookup<model::ParameterOp>(name);
      if (isNew) {
        item.contractions.push_back(op);
      }
    });
    if (!status) {
      return status;
    }
  }
  llvm::StringSet<> blocks;
  for (auto &[id, name] : parameterOf) {
    if (!blockOf(id).empty()) {
      blocks.insert(blockOf(id));
    }
  }
  blockShare = 1.0 / static_cast<double>(std::max<size_t>(blocks.size(), 1));
  for (auto entry : module.getOps<model::EntryOp>()) {
    entry.walk([&](model::LoadOp load) {
      StringAttr name = load.getParameterAttr().getAttr();
      auto item = items.find(name);
      if (item == items.end()) {
        isRead[name] = true;
        return;
      }
      for (OpOperand &use : load->getUses()) {
        auto gather = dyn_cast<model::GatherOp>(use.getOwner());
        std::string reason;
        if (gather && use.getOperandNumber() == 0) {
          item->second.isGathered = true;
        } else if (!matchWeightContraction(use.getOwner(), reason) || idOf(use.getOwner()).empty()) {
          isRead[name] = true;
        }
      }
    });
  }
  StoredWeights stored(module, symbols);
  for (auto &[name, isSo] : isRead) {
    auto type = symbols.lookup<model::ParameterOp>(name).getTensorType();
    quantized::SchemeAttr scheme = stored.schemeOf(name);
    otherBits += scheme ? storedBits(scheme, type)
                        : static_cast<double>(type.getNumElements()) * type.getElementTypeBitWidth();
  }
  return items.empty() ? fail("there is no contraction with a weight and an op id to choose for") : Status();
}

/// Of one contraction, in each format.
Expected<std::vector<double>> Allocator::lossesOf(const AllocationItem &item, Operation *contraction) {
  const std::string id = idOf(contraction);
  std::vector<double> losses;
  if (options.knowledge.sensitivities) {
    for (const auto &format : automatic.of) {
      auto loss = options.knowledge.sensitivities->lossOf(id, format);
      if (!loss) {
        return forward(loss.error());
      }
      losses.push_back(*loss);
    }
    return losses;
  }
  const WeightMatrices matrices = matricesOf(item, contraction);
  const int64_t count = matrices.count();
  std::vector<double> h, shares(static_cast<size_t>(count), 1.0);
  if (options.knowledge.meanSquares) {
    auto known = options.knowledge.meanSquares(id, matrices.columns);
    if (!known) {
      return known;
    }
    h = std::move(*known);
  }
  if (isa<moe::ContractOp>(contraction) && options.knowledge.rows) {
    auto rows = options.knowledge.rows(id, count);
    if (!rows) {
      return rows;
    }
    shares = std::move(*rows);
  }
  return noiseToSignal(item, contraction, h, shares, blockOf(id).empty() ? 1 : blockShare);
}

Expected<std::vector<double>> Allocator::noiseToSignal(const AllocationItem &item, Operation *contraction,
                                                       const std::vector<double> &h,
                                                       const std::vector<double> &shares, double weight) {
  std::vector<std::optional<numerics::BlockFormat>> blockFormats;
  for (const auto &format : formats) {
    blockFormats.push_back(format->blockFormat(item.id()));
  }
  auto measured = measureErrors(matricesOf(item, contraction), std::vector<bool>(shares.size(), true),
                                blockFormats, h, options.knowledge);
  if (!measured) {
    return forward(measured.error(), "'" + idOf(contraction) + "'");
  }
  double energy = 0;
  std::vector<double> losses(formats.size());
  for (size_t expert = 0; expert < shares.size(); ++expert) {
    energy += shares[expert] * (*measured)[expert].energy;
    for (size_t i = 0; i < losses.size(); ++i) {
      losses[i] += shares[expert] * (*measured)[expert].errors[i];
    }
  }
  for (double &loss : losses) {
    loss = energy > 0 ? weight * loss / energy : 0;
  }
  return losses;
}

Expected<std::vector<double>> Allocator::lossesOf(const AllocationItem &item) {
  std::vector<double> sum(formats.size());
  auto add = [&](const Expected<std::vector<double>> &losses) -> Status {
    for (size_t i = 0; losses && i < sum.size(); ++i) {
      sum[i] += (*losses)[i];
    }
    return losses ? Status() : forward(losses.error());
  };
  for (Operation *contraction : item.contractions) {
    if (Status added = add(lossesOf(item, contraction)); !added) {
      return forward(added.error());
    }
  }
  if (item.isGathered && !options.knowledge.sensitivities) {
    Operation *first = item.contractions.front();
    const std::vector<double> shares(static_cast<size_t>(matricesOf(item, first).count()), 1.0);
    if (Status added = add(noiseToSignal(item, first, {}, shares, blockShare)); !added) {
      return forward(added.error());
    }
  }
  return sum;
}

Expected<double> Allocator::secondsOf(const AllocationItem &item, OpScheme scheme) {
  double sum = 0;
  for (Operation *contraction : item.contractions) {
    const WeightMatrices matrices = matricesOf(item, contraction);
    const auto read = static_cast<double>(matricesOfToken(contraction, matrices.count()));
    const std::string type =
        scheme.weight ? "i" + std::to_string(std::min<int64_t>(scheme.weight.getBits(), 8)) : "f32";
    cost::CodeSummary codes;
    if (scheme.weight) {
      const bool isWhole = scheme.weight.getGroup() == 0 || scheme.weight.isTwoLevel();
      codes.bits = static_cast<int>(scheme.weight.getBits());
      codes.group = isWhole ? 0 : scheme.weight.getGroup();
      codes.isWhole = isWhole && scheme.quantizesActivation;
    }
    auto seconds = decodeTime->of({idOf(contraction), static_cast<int64_t>(read) * matrices.rows,
                                   matrices.columns, read * storedBits(scheme.weight, matrices.type()) / 8,
                                   type, scheme.quantizesActivation, codes});
    if (!seconds) {
      return seconds;
    }
    sum += *seconds;
  }
  return sum;
}

/// Fills in the table.
Status Allocator::price() {
  for (const auto &scheme : automatic.of) {
    formats.push_back(std::make_unique<Format>(module.getContext(), scheme));
    if (Status resolved = formats.back()->schemes.resolve(); !resolved) {
      return resolved;
    }
  }
  if (automatic.seconds) {
    if (!options.knowledge.machine) {
      return fail("a latency needs a machine, which is not known here");
    }
    if (!options.knowledge.machine->cpu()) {
      return fail("latency: expected a machine of kind cpu, formats are not priced for '" +
                  options.knowledge.machine->name + "', an " + options.knowledge.machine->kind());
    }
    auto made = DecodeTime::create(*options.knowledge.machine, options.knowledge.variants);
    if (!made) {
      return fail("latency: " + made.error().message);
    }
    decodeTime = std::move(*made);
  }
  for (auto &[name, item] : items) {
    auto losses = lossesOf(item);
    if (!losses) {
      return forward(losses.error());
    }
    const WeightMatrices matrices = matricesOf(item, item.contractions.front());
    weights += static_cast<double>(matrices.count() * matrices.type().getNumElements());
    auto &row = table.emplace_back();
    for (size_t i = 0; i < formats.size(); ++i) {
      const OpScheme scheme = formats[i]->schemes.schemeFor(item.id());
      const double bits = static_cast<double>(matrices.count()) * storedBits(scheme.weight, matrices.type());
      row.push_back({(*losses)[i], {static_cast<int64_t>(bits), 0}});
      if (decodeTime) {
        auto seconds = secondsOf(item, scheme);
        if (!seconds) {
          return forward(seconds.error());
        }
        row.back().costs[1] = std::llround(*seconds * 1e12);
      }
    }
  }
  return {};
}

/// Errors: less than the least, which is said.
Expected<solver::AllocationLimits> Allocator::limitsOf() {
  const solver::Costs least = solver::leastCosts(table);
  solver::AllocationLimits limits;
  auto limit = [](double value) { return static_cast<int64_t>(std::clamp(std::floor(value), -1.0, 0x1p62)); };
  if (automatic.bytes) {
    limits.costs[0] = limit(*automatic.bytes * 8 - otherBits);
    if (limits.costs[0] < least[0]) {
      return fail("the parameters take " + printBytes((static_cast<double>(least[0]) + otherBits) / 8) +
                  " at the least, of which " + printBytes(otherBits / 8) +
                  " are of parameters that no format is chosen for");
    }
  }
  if (automatic.bitsPerWeight) {
    limits.costs[0] = limit(*automatic.bitsPerWeight * weights * (1 + 1e-12));
    if (limits.costs[0] < least[0]) {
      return fail("the smallest formats take " + printNumber(static_cast<double>(least[0]) / weights) +
                  " bits a weight");
    }
  }
  if (automatic.seconds) {
    limits.costs[1] = limit(*automatic.seconds * 1e12);
    if (limits.costs[1] < least[1]) {
      return fail("the fastest formats take " + printTime(static_cast<double>(least[1]) * 1e-12) +
                  " by the cost model of the machine '" + options.knowledge.machine->name + "'");
    }
  }
  return limits;
}

Expected<solver::Certificate> Allocator::certify(const solver::AllocationLimits &limits,
                                                 const solver::BitAllocation &made) {
  if (!made.isProven || !options.report) {
    return solver::Certificate::NotFoundOut;
  }
  const auto certificate = solver::confirmLeast(table, limits, made, kCertificateSeconds);
  return certificate == solver::Certificate::Refuted
             ? Expected<solver::Certificate>(
                   fail("Z3 has found a better choice than the one that was proven best"))
             : certificate;
}

FailureOr<numerics::QuantizationPlan> Allocator::run() {
  auto error = [&](const Error &of) {
    return module.emitError("quantisation '" + automatic.text + "': " + of.message);
  };
  if (options.sparsity) {
    return error({"does not go with sparsity in this version"});
  }
  if (Status done = collect(); !done) {
    return error(done.error());
  }
  if (Status done = price(); !done) {
    return error(done.error());
  }
  auto limits = limitsOf();
  if (!limits) {
    return error(limits.error());
  }
  auto made = solver::allocateBits(table, *limits);
  if (!made) {
    return error(made.error());
  }
  auto certificate = certify(*limits, *made);
  if (!certificate) {
    return error(certificate.error());
  }
  numerics::QuantizationPlan plan;
  AllocationReport report{automatic, weights, otherBits, *made, *certificate, {}};
  for (auto [number, item] : llvm::enumerate(llvm::make_second_range(items))) {
    const size_t chosen = made->chosen[number];
    const std::string format = numerics::storageName(automatic.of[chosen]);
    std::vector<std::string> ids;
    for (Operation *contraction : item.contractions) {
      ids.push_back(idOf(contraction));
      plan.rules.push_back({numerics::patternOf(ids.back()), automatic.of[chosen], std::nullopt});
      remark::passed(contraction->getLoc(), compressRemark("FormatChosen"))
          << remark::metric("Op", ids.back()) << remark::metric("Format", format)
          << remark::metric("Loss", printNumber(table[number][chosen].loss));
    }
    report.lines.push_back({std::move(ids), format, table[number][chosen]});
  }
  if (options.report) {
    print(report, options.report);
  }
  return plan;
}

FailureOr<numerics::QuantizationPlan> coopt::allocateFormats(ModuleOp module,
                                                             const CompressOptions &options) {
  return Allocator(module, options).run();
}
