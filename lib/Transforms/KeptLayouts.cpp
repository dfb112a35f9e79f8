#include "KeptLayouts.h"

using namespace mlir;
using namespace coopt;

namespace {

/// With what it keeps, of a layout that can; null if that takes no less memory.
model::LayoutAttr ifSmaller(model::LayoutAttr dense, sparse::PatternAttr pattern, Type element) {
  auto kept = model::LayoutAttr::get(dense.getContext(), dense.getLayout(), dense.getBits(),
                                     StringAttr::get(dense.getContext(), pattern.getText()));
  return kept.getStorageElements(element) < dense.getStorageElements(element) ? kept : nullptr;
}

} // namespace

model::LayoutAttr coopt::keeping(model::LayoutAttr dense, sparse::PatternAttr pattern, Type element) {
  const unsigned bits = dense.getBits();
  const bool exists =
      bits != 0
          ? layout::SparseTile::make(pattern.getPattern(), bits).has_value()
          : layout::SparsePanel::make(pattern.getPattern(), element.getIntOrFloatBitWidth() / 8).has_value();
  return exists ? ifSmaller(dense, pattern, element) : nullptr;
}

model::LayoutAttr coopt::keepingRows(model::LayoutAttr dense, sparse::PatternAttr pattern,
                                     const ArrayReader &reader, const machine::NpuMatrixUnit &array,
                                     StringRef &reason) {
  const numerics::SparsePattern &runs = pattern.getPattern();
  const layout::Layout layout = dense.getLayout();
  auto no = [&](const char *text) {
    reason = text;
    return model::LayoutAttr();
  };
  const bool hasMode = runs.block == 1 && llvm::any_of(array.modes.nm, [&](const machine::NpuNmPattern &of) {
                         return of.n == runs.kept && of.m == runs.of;
                       });
  if (!hasMode) {
    return no("the accelerator's array has no mode for such runs");
  }
  auto rows = layout::SparseRows::make(runs, layout.dims[0].tileBits, dense.getBits());
  if (!rows || dense.getCentred()) {
    return no("the accelerator's array has no type for what is kept of such codes");
  }
  const int64_t group = reader.scheme.getGroup();
  if (group != 0 && group < layout.dims[1].size && group % runs.of != 0) {
    return no("groups of scales end within the runs");
  }
  if (reader.isTable && 8 % rows->placeBits() != 0) {
    return no("places in such runs are in several bytes, and rows of a table are read by themselves");
  }
  model::LayoutAttr kept = ifSmaller(dense, pattern, IntegerType::get(dense.getContext(), 8));
  return kept ? kept : no("what is kept and where it is takes as much memory");
}
