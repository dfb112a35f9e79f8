#include "Npu/WeightStationary.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

WeightStationary::WeightStationary(const cost::MatrixArray &array)
    : Device({Port("commands", true, 3), Port("weights", true, cost::weightPortBytes(array)),
              Port("activations", true, cost::activationPortBytes(array)),
              Port("partials", true, array.columns), Port("results", false, array.columns)}),
      array_(array), rows_(array.rows), columns_(array.columns), down_(array.hopRegistersDown),
      across_(array.hopRegistersAcross), selected_(array.group == 1 ? 0 : 1), sequencer_(array, ports, true),
      weights_((rows_ - 1) * down_ + (columns_ - 1) * across_,
               WeightWord{false, 0, std::vector<Kept>(columns_)}),
      activations_((rows_ - 1) * down_ + (columns_ - 1) * across_ + 1,
                   ActivationWord{false, 0, std::vector<int32_t>(sequencer_.lanes().size(), 0),
                                  std::vector<int32_t>(columns_, 0)}),
      sums_((columns_ - 1) * across_, std::vector<int32_t>(columns_, 0)),
      accepted_((rows_ - 1) * down_ + (columns_ - 1) * across_ + selected_, false), shadow_(rows_ * columns_),
      used_(rows_ * columns_), products_(rows_ * columns_, 0),
      sumHops_(down_, std::vector<int32_t>(rows_ * columns_, 0)) {}

void WeightStationary::evaluate() {
  Port &results = ports[Results];
  results.valid = accepted_[accepted_.depth()];
  for (size_t c = 0; c < columns_; ++c) {
    // The first column's sum is the first to come and waits for the last.
    results.word[c] = results.valid ? sums_[(columns_ - 1 - c) * across_][c] : 0;
  }
  advance_ = !results.valid || results.ready;
  sequencer_.evaluate(advance_);
}

void WeightStationary::clock() {
  if (!advance_) {
    return;
  }
  enterWeights();
  enterActivations();
  advanceCells();
  advanceWeights();
  sequencer_.clock();
  ++cycle_;
}

void WeightStationary::enterWeights() {
  WeightWord &entering = weights_.push();
  const StationarySequencer::Row &row = sequencer_.row();
  entering.valid = row.isThere;
  if (!row.isThere) {
    return;
  }
  entering.row = row.number;
  const Word &bytes = sequencer_.rowBytes();
  const int64_t placeBits = cost::placeBits(array_);
  for (int64_t c = 0; c < int64_t(columns_); ++c) {
    Kept &kept = entering.lanes[c] = {};
    if (c < row.tile.n) {
      kept.weight = static_cast<int8_t>(bytes[c]);
      for (int64_t bit = 0; bit < placeBits; ++bit) {
        const int64_t at = c * placeBits + bit;
        kept.place |= ((bytes[row.tile.n + at / 8] >> (at % 8)) & 1) << bit;
      }
    }
  }
}

void WeightStationary::enterActivations() {
  const StationarySequencer::Activations &now = sequencer_.activations();
  ActivationWord &word = activations_.push();
  word.first = now.areFirst;
  word.k = now.tile.k;
  const int64_t depth = now.areThere ? cost::activationDepth(array_, now.tile) : 0;
  for (size_t lane = 0; lane < word.activations.size(); ++lane) {
    word.activations[lane] =
        static_cast<int64_t>(lane) < depth ? static_cast<int8_t>(sequencer_.lanes()[lane]) : 0;
  }
  for (size_t c = 0; c < columns_; ++c) {
    word.partials[c] = now.areThere && static_cast<int64_t>(c) < now.tile.n ? ports[Partials].word[c] : 0;
  }
  accepted_.push() = now.areThere;
}

void WeightStationary::advanceCells() {
  // The oldest plane is read by the neighbours and then takes this cycle's values: from the last row on, so that each is
  // read before.
  std::vector<int32_t> &sums = sumHops_[cycle_ % down_];
  std::vector<int32_t> &bottom = sums_.push();
  const size_t group = array_.group;
  for (size_t r = rows_; r-- > 0;) {
    const size_t firstLane = r / array_.kept * group;
    for (size_t c = 0; c < columns_; ++c) {
      const size_t cell = r * columns_ + c;
      const ActivationWord &word = activations_[r * down_ + c * across_];
      if (word.first) {
        used_[cell] = shadow_[cell];
      }
      const Kept &kept = used_[cell];
      const int32_t product = int64_t(r) < word.k && kept.place < group
                                  ? word.activations[firstLane + kept.place] * kept.weight
                                  : 0;
      const int32_t added = selected_ == 0 ? product : products_[cell];
      products_[cell] = product;
      const int32_t above =
          r == 0 ? activations_[c * across_ + selected_].partials[c] : sums[(r - 1) * columns_ + c];
      sums[cell] = static_cast<int32_t>(static_cast<uint32_t>(above) + static_cast<uint32_t>(added));
    }
  }
  std::copy(sums.end() - static_cast<int64_t>(columns_), sums.end(), bottom.begin());
}

void WeightStationary::advanceWeights() {
  if (cost::isChain(array_.mode)) {
    for (size_t c = 0; c < columns_; ++c) {
      const WeightWord &word = weights_[c * across_];
      if (word.valid) {
        for (size_t r = rows_; r-- > 1;) {
          shadow_[r * columns_ + c] = shadow_[(r - 1) * columns_ + c];
        }
        shadow_[c] = word.lanes[c];
      }
    }
    return;
  }
  // The word of row r is in that row's column c when it is rv + ch cycles old.
  for (size_t age = 0; age <= weights_.depth(); ++age) {
    const WeightWord &word = weights_[age];
    if (!word.valid || age < word.row * down_) {
      continue;
    }
    size_t path = age - word.row * down_, c = path / across_;
    if (path % across_ == 0 && c < columns_) {
      shadow_[word.row * columns_ + c] = word.lanes[c];
    }
  }
}
