#include "CodePanels.h"
#include "PackedView.h"
#include "RegisterTiles.h"
#include "WideTiles.h"
#include "coopt/Layout/BitPlanes.h"

using namespace mlir;

namespace coopt {
namespace {

constexpr int64_t kTileCodes = 16 * kTileColumns;

VectorType quadType(OpBuilder &b) { return VectorType::get({16 * kQuad}, b.getI8Type()); }

/// Whether bit i of the index is bit positions[i] of the offset.
bool hasBits(const layout::Dim &dim, ArrayRef<unsigned> positions) {
  if (dim.tileBits != positions.size()) {
    return false;
  }
  for (auto [bit, position] : llvm::enumerate(positions)) {
    if (dim.basis[bit] != uint32_t(1) << position) {
      return false;
    }
  }
  return true;
}

} // namespace

FailureOr<CodePanels> matchCodePanels(ImplicitLocOpBuilder &b, Value view, Isa isa) {
  auto unpack = view.getDefiningOp<model::UnpackOp>();
  if (!unpack || !llvm::isa<MemRefType>(unpack.getSource().getType()) ||
      !hasUnitInnerStride(unpack.getSource()) || unpack.getStorageLayout().getBits() == 0 ||
      unpack.getStorageLayout().getCentred() || unpack.getStorageLayout().getPlanes()) {
    return failure();
  }
  FailureOr<layout::Layout> layout = layoutOf(unpack);
  if (failed(layout) || layout->rank() != 2 || !hasBits(layout->dims[0], {2, 3, 4, 5}) ||
      !hasBits(layout->dims[1], {0, 1, 6, 7, 8, 9})) {
    return failure();
  }
  CodePanels panels;
  panels.bits = unpack.getStorageLayout().getBits();
  panels.storage = unpack.getSource();
  panels.isa = isa;
  panels.sparse = unpack.getStorageLayout().getSparseTile();
  panels.tileStride = panels.sparse ? panels.sparse->bytes() : layout::planeBytes(panels.bits, kTileCodes);
  panels.panelStride = layout->dims[0].outerStride / kTileCodes * panels.tileStride;
  panels.firstPanel = constantIndex(b, 0);
  if (layout->dims[1].outerExtent() > 1 && layout->dims[1].outerStride != kTileCodes) {
    return failure();
  }
  if (!unpack.getOffsets().empty()) {
    Value n0 = unpack.getOffsets()[0];
    if (!isMultipleOf(n0, kLanes) || getConstantIntValue(unpack.getOffsets()[1]) != 0) {
      return failure();
    }
    panels.firstPanel = arith::DivUIOp::create(b, n0, constantIndex(b, kLanes));
  }
  return panels;
}

int64_t CodePanels::storedCodes() const { return sparse ? sparse->values() : kTileCodes; }

/// Numbers by the run of 64 bytes in which `vectorOf` finds their codes.
static SmallVector<int64_t> orderByLoads(int64_t loads, int64_t from, int64_t to,
                                         llvm::function_ref<int64_t(int64_t)> vectorOf) {
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq(from, to));
  auto keyOf = [&](int64_t number) { return std::pair(vectorOf(number) % loads, number); };
  llvm::sort(order, [&](int64_t x, int64_t y) { return keyOf(x) < keyOf(y); });
  return order;
}

SmallVector<int64_t> CodePanels::quadOrder(int64_t from, int64_t to) const {
  if (isWide()) {
    return llvm::to_vector(llvm::seq(from, to));
  }
  const int64_t loads = layout::bitPlanes(bits, storedCodes()).front().bytes / (16 * kQuad);
  return orderByLoads(loads, from, to,
                      [&](int64_t quad) { return sparse ? KeptQuads::firstKept(*sparse, quad) : quad; });
}

SmallVector<int64_t> CodePanels::storedOrder(int64_t from, int64_t to) const {
  const int64_t loads = layout::bitPlanes(bits, storedCodes()).front().bytes / (16 * kQuad);
  return orderByLoads(loads, from, to, [](int64_t vector) { return vector; });
}

Value bytesOf(ImplicitLocOpBuilder &b, uint8_t value) {
  return constantOf(b, quadType(b), b.getI8IntegerAttr(static_cast<int8_t>(value)));
}

Value repeatInQuad(ImplicitLocOpBuilder &b, Value numbers) {
  Value repeat = constantOf(b, numbers.getType(), b.getI32IntegerAttr(0x01010101));
  return vector::BitCastOp::create(b, quadType(b), arith::MulIOp::create(b, numbers, repeat));
}

TileCodes::TileCodes(ImplicitLocOpBuilder &b, const CodePanels &panels, Value offset, int64_t ahead)
    : b(&b), panels(&panels), offset(offset), ahead(ahead) {
  if (panels.isWide()) {
    expanded = emitExpandedTile(b, *panels.sparse, panels.isa, panels.storage, offset);
  } else if (panels.sparse) {
    kept.emplace(*panels.sparse, panels.isa, panels.storage, offset);
    for (int64_t byte = 0; byte < panels.firstByte() && !panels.sparse->hasPlaces(); byte += 16 * kQuad) {
      emitFetch(byte);
    }
  }
}

void TileCodes::emitFetch(int64_t byte) const {
  if (ahead != 0) {
    memref::PrefetchOp::create(*b, panels->storage, ValueRange{addIndex(*b, offset, ahead + byte)},
                               /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }
}

Value TileCodes::quad(int64_t index) {
  if (expanded) {
    return quadAt(*b, constantIndex(*b, index));
  }
  auto codes = [&](int64_t run) { return stored(run, codePlanes()); };
  auto places = [&](int64_t run) { return stored(run, placePlanes()); };
  return kept ? kept->quad(*b, index, {codes, places}) : codes(index);
}

Value TileCodes::gather(int64_t index, Value activations) {
  auto codes = [&](int64_t run) { return stored(run, codePlanes()); };
  auto places = [&](int64_t run) { return stored(run, placePlanes()); };
  return kept->gather(*b, index, activations, {codes, places});
}

Value TileCodes::quadAt(ImplicitLocOpBuilder &at, Value index) const {
  if (expanded) {
    Value first = arith::MulIOp::create(at, index, constantIndex(at, 16 * kQuad));
    return vector::LoadOp::create(at, quadType(at), expanded, first);
  }
  auto codes = [&](Value run) { return storedAt(at, run, codePlanes()); };
  auto places = [&](Value run) { return storedAt(at, run, placePlanes()); };
  return kept ? kept->quadAt(at, index, {codes, places}) : codes(index);
}

Value TileCodes::stored(int64_t index, Planes of) {
  Value codes;
  for (const layout::BitPlane &plane : layout::bitPlanes(of.bits, panels->storedCodes())) {
    const int64_t at = 16 * kQuad * index, part = at / plane.bytes;
    const int64_t byte = of.firstByte + plane.byteOffset + at % plane.bytes;
    Value &raw = loaded[byte];
    if (!raw) {
      emitFetch(byte);
      raw = vector::LoadOp::create(*b, quadType(*b), panels->storage, addIndex(*b, offset, byte));
    }
    Value bits = raw;
    if (part > 0) {
      bits = arith::ShRUIOp::create(*b, bits, bytesOf(*b, static_cast<uint8_t>(part * plane.width)));
    }
    if (plane.width < 8 && (part + 1) * plane.width < 8) {
      bits = arith::AndIOp::create(*b, bits, bytesOf(*b, static_cast<uint8_t>((1u << plane.width) - 1)));
    }
    if (plane.firstBit > 0) {
      bits = arith::ShLIOp::create(*b, bits, bytesOf(*b, static_cast<uint8_t>(plane.firstBit)));
    }
    codes = codes ? arith::OrIOp::create(*b, codes, bits).getResult() : bits;
  }
  return codes;
}

Value TileCodes::storedAt(ImplicitLocOpBuilder &at, Value index, Planes of) const {
  Value codes;
  Value first = arith::MulIOp::create(at, index, constantIndex(at, 16 * kQuad));
  for (const layout::BitPlane &plane : layout::bitPlanes(of.bits, panels->storedCodes())) {
    Value inPlane = arith::RemUIOp::create(at, first, constantIndex(at, plane.bytes));
    Value place = arith::AddIOp::create(at, offset, addIndex(at, inPlane, of.firstByte + plane.byteOffset));
    Value bits = vector::LoadOp::create(at, quadType(at), panels->storage, place);
    if (plane.width < 8) {
      Value part = arith::DivUIOp::create(at, first, constantIndex(at, plane.bytes));
      Value shift = arith::MulIOp::create(at, part, constantIndex(at, plane.width));
      Value byte = arith::IndexCastOp::create(at, at.getI8Type(), shift);
      bits = arith::ShRUIOp::create(at, bits, vector::BroadcastOp::create(at, quadType(at), byte));
      bits = arith::AndIOp::create(at, bits, bytesOf(at, static_cast<uint8_t>((1u << plane.width) - 1)));
    }
    if (plane.firstBit > 0) {
      bits = arith::ShLIOp::create(at, bits, bytesOf(at, static_cast<uint8_t>(plane.firstBit)));
    }
    codes = codes ? arith::OrIOp::create(at, codes, bits).getResult() : bits;
  }
  return codes;
}

} // namespace coopt
