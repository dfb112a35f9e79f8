//===- ScheduleAttrs.cpp - Syntax and checks of schedule attributes ----------===//
#include "dialects/Schedule/IR/Schedule.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace coopt::schedule;

//===----------------------------------------------------------------------===//
// Condition and guard
//===----------------------------------------------------------------------===//

bool ConditionAttr::holds(int64_t value) const {
  switch (getComparison()) {
  case Comparison::Less:
    return value < getBound();
  case Comparison::LessEqual:
    return value <= getBound();
  case Comparison::Greater:
    return value > getBound();
  case Comparison::GreaterEqual:
    return value >= getBound();
  case Comparison::Equal:
    return value == getBound();
  }
  llvm_unreachable("every comparison is handled");
}

std::optional<bool> ConditionAttr::decide(int64_t min, int64_t max) const {
  if (getComparison() == Comparison::Equal) {
    if (getBound() < min || getBound() > max) {
      return false;
    }
    return min == max ? std::optional(true) : std::nullopt;
  }
  // Every other comparison is monotone: what holds at both ends holds between them.
  bool atMin = holds(min), atMax = holds(max);
  return atMin == atMax ? std::optional(atMin) : std::nullopt;
}

LogicalResult ConditionAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr size,
                                    Comparison comparison, int64_t bound) {
  if (!size || size.empty()) {
    return emitError() << "expected the name of a size";
  }
  if (bound < 0) {
    return emitError() << "expected size '" << size.getValue() << "' to be compared with a bound >= 0, got "
                       << bound;
  }
  return success();
}

/// `"tokens" le 4`; null after a message.
static ConditionAttr parseCondition(AsmParser &parser) {
  llvm::SMLoc location = parser.getCurrentLocation();
  std::string size;
  if (parser.parseString(&size)) {
    return {};
  }
  llvm::SMLoc place = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseKeyword(&word)) {
    return {};
  }
  std::optional<Comparison> comparison = symbolizeComparison(word);
  if (!comparison) {
    parser.emitError(place) << "expected lt, le, gt, ge or eq, got '" << word << "'";
    return {};
  }
  int64_t bound = 0;
  if (parser.parseInteger(bound)) {
    return {};
  }
  return ConditionAttr::getChecked([&] { return parser.emitError(location); }, parser.getContext(),
                                   StringAttr::get(parser.getContext(), size), *comparison, bound);
}

static void printCondition(AsmPrinter &printer, ConditionAttr condition) {
  printer << condition.getSize() << " " << stringifyComparison(condition.getComparison()) << " "
          << condition.getBound();
}

Attribute ConditionAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess()) {
    return {};
  }
  ConditionAttr condition = parseCondition(parser);
  if (!condition || parser.parseGreater()) {
    return {};
  }
  return condition;
}

void ConditionAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printCondition(printer, *this);
  printer << ">";
}

Attribute GuardAttr::parse(AsmParser &parser, Type) {
  SmallVector<ConditionAttr> conditions;
  auto element = [&]() -> ParseResult {
    ConditionAttr condition = parseCondition(parser);
    if (!condition) {
      return failure();
    }
    conditions.push_back(condition);
    return success();
  };
  if (parser.parseLess() || parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, element) ||
      parser.parseGreater()) {
    return {};
  }
  return GuardAttr::get(parser.getContext(), conditions);
}

void GuardAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getConditions(), printer, [&](ConditionAttr c) { printCondition(printer, c); });
  printer << "]>";
}

//===----------------------------------------------------------------------===//
// Configuration
//===----------------------------------------------------------------------===//

static ParseResult parseSizes(AsmParser &parser, SmallVectorImpl<int64_t> &sizes) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                        [&] { return parser.parseInteger(sizes.emplace_back()); });
}

Attribute ConfigAttr::parse(AsmParser &parser, Type) {
  llvm::SMLoc location = parser.getCurrentLocation();
  SmallVector<int64_t> tile, inner;
  SmallVector<TailPolicy> tail;
  int64_t vector = 0, vectorRows = 0;
  llvm::SmallDenseSet<StringRef> seen;
  auto policy = [&]() -> ParseResult {
    StringRef word;
    llvm::SMLoc place = parser.getCurrentLocation();
    if (parser.parseKeyword(&word)) {
      return failure();
    }
    std::optional<TailPolicy> parsed = symbolizeTailPolicy(word);
    if (!parsed) {
      return parser.emitError(place) << "expected peel, mask, pad or runtime, got '" << word << "'";
    }
    tail.push_back(*parsed);
    return success();
  };
  auto field = [&]() -> ParseResult {
    StringRef key;
    llvm::SMLoc place = parser.getCurrentLocation();
    if (parser.parseKeyword(&key)) {
      return failure();
    }
    if (!seen.insert(key).second) {
      return parser.emitError(place) << "field '" << key << "' is given twice";
    }
    if (parser.parseEqual()) {
      return failure();
    }
    if (key == "tile") {
      return parseSizes(parser, tile);
    }
    if (key == "inner") {
      return parseSizes(parser, inner);
    }
    if (key == "vector") {
      return parser.parseInteger(vector);
    }
    if (key == "vector_rows") {
      return parser.parseInteger(vectorRows);
    }
    if (key == "tail") {
      return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, policy);
    }
    return parser.emitError(place) << "expected tile, inner, vector, vector_rows or tail, got '" << key
                                   << "'";
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, field)) {
    return {};
  }
  return ConfigAttr::getChecked([&] { return parser.emitError(location); }, parser.getContext(),
                                ArrayRef<int64_t>(tile), vector, ArrayRef<TailPolicy>(tail),
                                ArrayRef<int64_t>(inner), vectorRows);
}

void ConfigAttr::print(AsmPrinter &printer) const {
  printer << "<tile = [";
  llvm::interleaveComma(getTile(), printer);
  printer << "]";
  if (!getInner().empty()) {
    printer << ", inner = [";
    llvm::interleaveComma(getInner(), printer);
    printer << "]";
  }
  if (getVector() != 0) {
    printer << ", vector = " << getVector();
  }
  if (getVectorRows() != 0) {
    printer << ", vector_rows = " << getVectorRows();
  }
  if (!getTail().empty()) {
    printer << ", tail = [";
    llvm::interleaveComma(getTail(), printer, [&](TailPolicy p) { printer << stringifyTailPolicy(p); });
    printer << "]";
  }
  printer << ">";
}

LogicalResult ConfigAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> tile,
                                 int64_t vector, ArrayRef<TailPolicy> tail, ArrayRef<int64_t> inner,
                                 int64_t vectorRows) {
  if (tile.empty()) {
    return emitError() << "expected at least one tile size";
  }
  for (int64_t size : tile) {
    if (size < 0) {
      return emitError() << "expected tile sizes >= 0, got " << size;
    }
  }
  if (vector != 0 && (vector < 0 || vector > 64 || !llvm::isPowerOf2_64(static_cast<uint64_t>(vector)))) {
    return emitError() << "expected a vector of a power of two of at most 64 lanes, got " << vector;
  }
  if (!tail.empty() && tail.size() != tile.size()) {
    return emitError() << "expected as many tail policies as tile sizes (" << tile.size() << "), got "
                       << tail.size();
  }
  if (!inner.empty() && inner.size() != tile.size()) {
    return emitError() << "expected as many inner tile sizes as tile sizes (" << tile.size() << "), got "
                       << inner.size();
  }
  for (int64_t size : inner) {
    if (size < 0) {
      return emitError() << "expected inner tile sizes >= 0, got " << size;
    }
  }
  if (vectorRows < 0 || vectorRows > 16) {
    return emitError() << "expected vector_rows of 0 to 16, got " << vectorRows;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Set
//===----------------------------------------------------------------------===//

Attribute SetAttr::parse(AsmParser &parser, Type) {
  llvm::SMLoc location = parser.getCurrentLocation();
  SmallVector<GuardAttr> guards;
  SmallVector<ConfigAttr> configs;
  auto element = [&]() -> ParseResult {
    return failure(parser.parseCustomAttributeWithFallback(guards.emplace_back()) || parser.parseArrow() ||
                   parser.parseCustomAttributeWithFallback(configs.emplace_back()));
  };
  if (parser.parseLess() || parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, element) ||
      parser.parseGreater()) {
    return {};
  }
  return SetAttr::getChecked([&] { return parser.emitError(location); }, parser.getContext(),
                             ArrayRef<GuardAttr>(guards), ArrayRef<ConfigAttr>(configs));
}

void SetAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(llvm::zip(getGuards(), getConfigs()), printer, [&](auto choice) {
    printer.printStrippedAttrOrType(std::get<0>(choice));
    printer << " -> ";
    printer.printStrippedAttrOrType(std::get<1>(choice));
  });
  printer << "]>";
}

LogicalResult SetAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<GuardAttr> guards,
                              ArrayRef<ConfigAttr> configs) {
  if (guards.empty() || guards.size() != configs.size()) {
    return emitError() << "expected one configuration for each of at least one guard, got " << configs.size()
                       << " for " << guards.size();
  }
  for (auto [index, guard] : llvm::enumerate(guards)) {
    bool last = index + 1 == guards.size();
    if (last && !guard.isTrue()) {
      return emitError() << "expected the last guard to be true (empty), got " << guard;
    }
    if (!last && guard.isTrue()) {
      return emitError() << "guard " << index << " is always true, but is not the last of " << guards.size();
    }
  }
  for (ConfigAttr config : configs) {
    if (config.getTile().size() != configs.front().getTile().size()) {
      return emitError() << "expected all configurations to tile the same "
                         << configs.front().getTile().size() << " loops, got one with "
                         << config.getTile().size();
    }
  }
  return success();
}

/// The guard for sizes in the ranges, without the conditions that always hold; none if it never holds.
static std::optional<GuardAttr> simplifyGuard(GuardAttr guard,
                                              const llvm::StringMap<std::pair<int64_t, int64_t>> &ranges) {
  // Conditions on one size narrow its range for those that follow, so that `lt 4, lt 8` and `lt 4, gt 8` are
  // seen.
  llvm::StringMap<std::pair<int64_t, int64_t>> narrowed;
  SmallVector<ConditionAttr> kept;
  for (ConditionAttr condition : guard.getConditions()) {
    auto known = ranges.find(condition.getSize());
    std::pair<int64_t, int64_t> range =
        known == ranges.end() ? std::pair<int64_t, int64_t>(0, std::numeric_limits<int64_t>::max())
                              : known->second;
    auto &[min, max] = narrowed.try_emplace(condition.getSize(), range).first->second;
    std::optional<bool> decided = condition.decide(min, max);
    if (decided == false) {
      return std::nullopt;
    }
    if (decided == true) {
      continue;
    }
    kept.push_back(condition);
    // Undecided: the bound lies so that these cannot wrap.
    int64_t bound = condition.getBound();
    switch (condition.getComparison()) {
    case Comparison::Less:
      max = bound - 1;
      break;
    case Comparison::LessEqual:
      max = bound;
      break;
    case Comparison::Greater:
      min = bound + 1;
      break;
    case Comparison::GreaterEqual:
      min = bound;
      break;
    case Comparison::Equal:
      min = max = bound;
      break;
    }
  }
  return GuardAttr::get(guard.getContext(), kept);
}

SetAttr SetAttr::simplify(const llvm::StringMap<std::pair<int64_t, int64_t>> &ranges) {
  SmallVector<GuardAttr> guards;
  SmallVector<ConfigAttr> configs;
  for (auto [guard, config] : llvm::zip_equal(getGuards(), getConfigs())) {
    std::optional<GuardAttr> simple = simplifyGuard(guard, ranges);
    if (!simple) {
      continue;
    }
    guards.push_back(*simple);
    configs.push_back(config);
    if (simple->isTrue()) {
      break;
    }
  }
  while (configs.size() > 1 && configs[configs.size() - 2] == configs.back()) {
    configs.pop_back();
    guards.erase(guards.end() - 2);
  }
  return SetAttr::get(getContext(), guards, configs);
}
