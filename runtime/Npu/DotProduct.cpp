#include "Npu/DotProduct.h"

using namespace coopt;
using namespace coopt::npu;

DotProduct::DotProduct(const cost::MatrixArray &array)
    : Device({Port("commands", true, 3), Port("weights", true, cost::weightPortBytes(array)),
              Port("activations", true, cost::activationPortBytes(array)),
              Port("results", false, array.columns)}),
      rows_(array.rows), columns_(array.columns), sequencer_(array, ports, false),
      shadow_(rows_ * columns_, 0), used_(rows_ * columns_, 0),
      sums_(cost::treeLevels(array), Sums{false, std::vector<int32_t>(columns_, 0)}) {}

void DotProduct::evaluate() {
  Port &results = ports[Results];
  const Sums &oldest = sums_[sums_.depth()];
  results.valid = oldest.areThere;
  for (size_t c = 0; c < columns_; ++c) {
    results.word[c] = oldest.areThere ? oldest.columns[c] : 0;
  }
  advance_ = !results.valid || results.ready;
  sequencer_.evaluate(advance_);
}

void DotProduct::clock() {
  if (!advance_) {
    return;
  }
  const StationarySequencer::Activations &now = sequencer_.activations();
  if (now.areFirst) {
    used_ = shadow_;
  }
  Sums &sums = sums_.push();
  sums.areThere = now.areThere;
  for (size_t c = 0; c < columns_; ++c) {
    sums.columns[c] = 0;
    for (int64_t k = 0; now.areThere && k < now.tile.k; ++k) {
      sums.columns[c] += static_cast<int8_t>(sequencer_.lanes()[k]) * used_[k * columns_ + c];
    }
  }
  if (const StationarySequencer::Row &row = sequencer_.row(); row.isThere) {
    for (size_t c = 0; c < columns_; ++c) {
      const bool isUsed = static_cast<int64_t>(c) < row.tile.n;
      shadow_[row.number * columns_ + c] = isUsed ? static_cast<int8_t>(sequencer_.rowBytes()[c]) : 0;
    }
  }
  sequencer_.clock();
}
