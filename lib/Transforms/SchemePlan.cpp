#include "SchemePlan.h"

#include "coopt/Numerics/FormatTable.h"

using namespace mlir;
using namespace coopt;

/// The scheme of a format: its own where the dialect has one for integers, else by the format's name or JSON.
static quantized::SchemeAttr schemeOf(MLIRContext *context, const numerics::BlockFormat &format) {
  using numerics::EncodingKind;
  const EncodingKind kind = format.encoding.kind;
  const numerics::ScaleLevel &inner = format.scales.front();
  const bool isRounded = format.encoding.rounding == numerics::Rounding::NearestEven;
  const bool hasPlainScales = inner.rows == 1 && (inner.type == numerics::ElementFormat::f32() ||
                                                  inner.type == numerics::ElementFormat::f16());
  Type f32 = Float32Type::get(context), i8 = IntegerType::get(context, 8);
  if (kind == EncodingKind::TwoLevel && isRounded && inner.type.bits == 8) {
    return quantized::SchemeAttr::get(context, 4, inner.span, quantized::Symmetry::Asymmetric, i8, f32);
  }
  if ((kind == EncodingKind::Symmetric || kind == EncodingKind::Asymmetric) && isRounded && hasPlainScales) {
    return quantized::SchemeAttr::get(
        context, format.element.format.bits, inner.span,
        kind == EncodingKind::Symmetric ? quantized::Symmetry::Symmetric : quantized::Symmetry::Asymmetric,
        inner.type == numerics::ElementFormat::f16() ? Type(Float16Type::get(context)) : f32);
  }
  return quantized::SchemeAttr::getForFormat(context, format);
}

SmallVector<std::pair<std::string, RankedTensorType>> coopt::partsOf(quantized::SchemeAttr scheme,
                                                                     RankedTensorType type) {
  SmallVector<std::pair<std::string, RankedTensorType>> parts;
  for (const quantized::SchemePart &part : scheme.getParts()) {
    Type element = part.name == "zeros" ? IntegerType::get(type.getContext(), 8) : part.element;
    SmallVector<int64_t> shape = part.getShape(type.getDimSize(0), type.getDimSize(1));
    parts.push_back({"." + part.name, RankedTensorType::get(shape, element)});
  }
  return parts;
}

quantized::SchemeAttr SchemePlan::activation() const {
  return schemeOf(context, *numerics::integerGroupFormat(8, 0, true, numerics::ElementFormat::f32()));
}

Expected<SchemePlan::Storage>
SchemePlan::storageOf(const std::optional<numerics::QuantizationScheme> &scheme) {
  Storage storage;
  storage.body.name = numerics::storageName(scheme);
  if (!scheme) {
    return storage;
  }
  auto attributeOf = [&](const Expected<numerics::BlockFormat> &format) -> Expected<quantized::SchemeAttr> {
    std::string place = "quantisation '" + numerics::toString(*scheme) + "' is not supported";
    if (!format) {
      return forward(format.error(), place);
    }
    if (format->encoding.kind == numerics::EncodingKind::None) {
      return fail(place + ": the format '" + format->name + "' has no encoder, it can only be read");
    }
    return schemeOf(context, *format);
  };
  Expected<quantized::SchemeAttr> weight = attributeOf(scheme->weightBlockFormat());
  if (!weight) {
    return forward(weight.error());
  }
  storage.body.scheme = {*weight, scheme->activationBits == 8};
  if (scheme->headIsQuantized()) {
    Expected<quantized::SchemeAttr> head = attributeOf(scheme->headBlockFormat());
    if (!head) {
      return forward(head.error());
    }
    storage.head = {*head, scheme->activationBits == 8};
  }
  return storage;
}

Status SchemePlan::resolve() {
  Expected<Storage> storage = storageOf(plan.scheme);
  if (!storage) {
    return forward(storage.error());
  }
  otherwise = *storage;
  for (const numerics::QuantizationRule &rule : plan.rules) {
    llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(rule.pattern);
    if (!pattern) {
      return fail("rule for '" + rule.pattern + "': " + llvm::toString(pattern.takeError()));
    }
    patterns.push_back(std::move(*pattern));
    budgets.emplace_back();
    if (rule.budget) {
      budgets.back() = {rule.pattern, rule.budget->bits, {}, {}};
    }
    const std::string place = "rule for '" + rule.pattern + "'";
    storage = storageOf(rule.scheme);
    for (size_t i = 0; rule.budget && storage && i < rule.budget->of.size(); ++i) {
      const std::optional<numerics::QuantizationScheme> &option = rule.budget->of[i];
      storage = storageOf(option);
      if (storage) {
        budgets.back()->of.push_back(storage->body);
        budgets.back()->formats.push_back(option ? std::optional(*option->weightBlockFormat())
                                                 : std::nullopt);
      }
    }
    if (!storage) {
      return forward(storage.error(), place);
    }
    byRule.push_back(*storage);
  }
  return {};
}

std::optional<size_t> SchemePlan::ruleFor(const std::string &id, int64_t expert) {
  const std::string own = numerics::expertId(id, expert);
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].match(id) || (numerics::namesExperts(plan.rules[i].pattern) && patterns[i].match(own))) {
      byRule[i].isUsed = true;
      return i;
    }
  }
  return std::nullopt;
}

OpScheme SchemePlan::schemeFor(const std::string &id) {
  if (auto decided = decisions.find(id); decided != decisions.end()) {
    return decided->second.scheme;
  }
  Storage *storage = &otherwise;
  for (size_t i = 0; i < patterns.size() && storage == &otherwise; ++i) {
    if (!budgets[i] && patterns[i].match(id)) { // a budget is for experts
      storage = &byRule[i];
    }
  }
  storage->isUsed = true;
  return isHead(id) ? storage->head : storage->body.scheme;
}

const numerics::QuantizationRule *SchemePlan::unusedRule() const {
  for (size_t i = 0; i < byRule.size(); ++i) {
    if (!byRule[i].isUsed) {
      return &plan.rules[i];
    }
  }
  return nullptr;
}
