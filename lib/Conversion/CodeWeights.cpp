#include "CodeWeights.h"
#include "RegisterTiles.h"

using namespace mlir;

namespace coopt {

FailureOr<CodeWeights> CodeWeights::match(ImplicitLocOpBuilder &b, quantized::ContractOp op, Isa isa) {
  CodeWeights weights;
  weights.op = op;
  auto type = dyn_cast<MemRefType>(op.getW().getType());
  if (!type || type.isDynamicDim(1) || type.getDimSize(1) == 0) {
    return failure();
  }
  weights.depth = type.getDimSize(1);
  int64_t group = op.getWScheme().getGroup();
  weights.group = group == 0 ? weights.depth : std::min(group, weights.depth);
  bool fits = weights.group == weights.depth || weights.group % kTileColumns == 0 ||
              (kTileColumns % weights.group == 0 && weights.group % kQuad == 0);
  FailureOr<CodePanels> panels = matchCodePanels(b, op.getW(), isa);
  if (!fits || failed(panels)) {
    return failure();
  }
  weights.panels = *panels;
  if (op.getWScheme().getFormat()) {
    return weights; // FormatWeights.h knows its scales
  }
  if (!weights.hasGroups()) {
    if (!hasUnitInnerStride(op.getWScales())) {
      return failure();
    }
    return weights;
  }
  FailureOr<PanelWeights> scales = matchPanels(b, op.getWScales(), 1, isa);
  if (failed(scales)) {
    return failure();
  }
  weights.scalePanels = *scales;
  if (op.getWZeros()) {
    FailureOr<PanelWeights> zeros = matchPanels(b, op.getWZeros(), 1, isa);
    if (failed(zeros)) {
      return failure();
    }
    weights.zeroPanels = *zeros;
  }
  return weights;
}

Value CodeWeights::tileOffset(ImplicitLocOpBuilder &b, Value panel, Value tile) const {
  Value first = arith::AddIOp::create(b, panels.firstPanel, panel);
  Value row = arith::MulIOp::create(b, first, constantIndex(b, panels.panelStride));
  return arith::AddIOp::create(b, row, arith::MulIOp::create(b, tile, constantIndex(b, panels.tileStride)));
}

Value CodeWeights::zeros(ImplicitLocOpBuilder &b, Value panel, Value groupIndex) const {
  auto type = VectorType::get({kLanes}, b.getI32Type());
  if (!scheme().isAsymmetric()) {
    return constantOf(b, type, b.getI32IntegerAttr(1 << (scheme().getBits() - 1)));
  }
  if (hasGroups()) {
    return arith::ExtUIOp::create(b, type, loadPanel(b, zeroPanels, panel, groupIndex));
  }
  // One zero a row, in no panels: channels that are not there have none.
  Value column = arith::MulIOp::create(b, panel, constantIndex(b, kLanes));
  Value rest = arith::SubIOp::create(b, asValue(b, extentOf(b, op.getWZeros(), 0)), column);
  Value mask = vector::CreateMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()), rest);
  auto bytes = VectorType::get({kLanes}, b.getI8Type());
  Value none = constantOf(b, bytes, b.getI8IntegerAttr(0));
  Value zeros = vector::MaskedLoadOp::create(b, bytes, op.getWZeros(), ValueRange{column}, mask, none);
  return arith::ExtUIOp::create(b, type, zeros);
}

Value CodeWeights::unsignedQuad(ImplicitLocOpBuilder &b, Value codes) const {
  if (scheme().isAsymmetric()) {
    return codes;
  }
  return arith::XOrIOp::create(b, codes, bytesOf(b, static_cast<uint8_t>(1 << (scheme().getBits() - 1))));
}

Value CodeWeights::groupScales(ImplicitLocOpBuilder &b, Value panel, Value groupIndex) const {
  return widened(b, loadPanel(b, scalePanels, panel, groupIndex));
}

bool CodeWeights::keepsScaledGroups() const {
  if (!panels.sparse || !scalePanels.sparse || !scalePanels.sparse->isByRows() || scheme().isAsymmetric() ||
      getConstantIntValue(scalePanels.firstStep) != 0) {
    return false;
  }
  const numerics::SparsePattern &codes = panels.sparse->pattern(), &scales = scalePanels.sparse->pattern();
  return codes.block == group && codes.kept == scales.kept && codes.of == scales.of;
}

KeptColumns CodeWeights::scaleRun(ImplicitLocOpBuilder &b, Value panel, Value tile, int64_t run) const {
  const layout::SparsePanel &sparse = *scalePanels.sparse;
  const int64_t runs = kTileColumns / panels.sparse->pattern().span();
  Value first = arith::AddIOp::create(b, scalePanels.firstPanel, panel);
  Value start = arith::MulIOp::create(b, first, constantIndex(b, scalePanels.panelStride));
  Value number = addIndex(b, arith::MulIOp::create(b, tile, constantIndex(b, runs * sparse.runElements())),
                          run * sparse.runElements());
  return KeptColumns(b, sparse, scalePanels.isa, scalePanels.storage,
                     arith::AddIOp::create(b, start, number));
}

void CodeWeights::fetchScales(ImplicitLocOpBuilder &b, const KeptColumns &run, int64_t panelsAhead) const {
  Value at = addIndex(b, run.first(), panelsAhead * scalePanels.panelStride);
  memref::PrefetchOp::create(b, scalePanels.storage, ValueRange{at}, /*isWrite=*/false, /*localityHint=*/2,
                             /*isDataCache=*/true);
}

Value CodeWeights::keptScales(ImplicitLocOpBuilder &b, const KeptColumns &run, int64_t slot) const {
  return widened(b, run.slot(b, slot));
}

Value CodeWeights::widened(ImplicitLocOpBuilder &b, Value scales) const {
  if (scheme().isTwoLevel()) {
    return arith::ExtUIOp::create(b, VectorType::get({kLanes}, b.getI32Type()), scales);
  }
  auto type = VectorType::get({kLanes}, b.getF32Type());
  return scales.getType() == type ? scales : arith::ExtFOp::create(b, type, scales).getResult();
}

Value CodeWeights::rowScales(ImplicitLocOpBuilder &b, const Chunk &chunk, Value column) const {
  if (hasGroups() && !scheme().isTwoLevel()) {
    return nullptr;
  }
  Value scales = loadChunk(b, chunk, scheme().isTwoLevel() ? op.getWOuterScales() : op.getWScales(), column);
  Type type = chunk.typeOf(b.getF32Type());
  return scales.getType() == type ? scales : arith::ExtFOp::create(b, type, scales).getResult();
}

} // namespace coopt
