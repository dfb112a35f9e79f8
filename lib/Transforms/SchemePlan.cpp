#include "SchemePlan.h"

#include "coopt/Numerics/FormatTable.h"

using namespace mlir;
using namespace coopt;

/// The id that importers give the output head.
static constexpr StringRef kHeadId = "lm_head";

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

quantized::SchemeAttr SchemePlan::activation() const {
  return schemeOf(context, *numerics::integerGroupFormat(8, 0, true, numerics::ElementFormat::f32()));
}

Expected<SchemePlan::Storage>
SchemePlan::storageOf(const std::optional<numerics::QuantizationScheme> &scheme) {
  Storage storage;
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
  storage.body = {*weight, scheme->activationBits == 8};
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
    storage = storageOf(rule.scheme);
    if (!storage) {
      return forward(storage.error(), "rule for '" + rule.pattern + "'");
    }
    byRule.push_back(*storage);
  }
  return {};
}

OpScheme SchemePlan::schemeFor(const std::string &id) {
  auto rule = llvm::find_if(patterns, [&](const llvm::GlobPattern &pattern) { return pattern.match(id); });
  Storage &storage =
      rule == patterns.end() ? otherwise : byRule[static_cast<size_t>(rule - patterns.begin())];
  storage.isUsed = true;
  return id == kHeadId ? storage.head : storage.body;
}

const numerics::QuantizationRule *SchemePlan::unusedRule() const {
  for (size_t i = 0; i < byRule.size(); ++i) {
    if (!byRule[i].isUsed) {
      return &plan.rules[i];
    }
  }
  return nullptr;
}
