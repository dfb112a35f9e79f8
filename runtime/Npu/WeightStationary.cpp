#include "Npu/WeightStationary.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

WeightStationary::WeightStationary(const cost::MatrixArray &array)
    : Device({Port("commands", true, 3), Port("weights", true, array.columns),
              Port("activations", true, array.rows), Port("partials", true, array.columns),
              Port("results", false, array.columns)}),
      isChain_(array.mode == cost::ArrayMode::WeightStationaryChain), rows_(array.rows),
      columns_(array.columns), down_(array.hopRegistersDown), across_(array.hopRegistersAcross),
      weights_((rows_ - 1) * down_ + (columns_ - 1) * across_,
               WeightWord{false, 0, std::vector<int8_t>(columns_, 0)}),
      activations_(std::max((rows_ - 1) * down_, (columns_ - 1) * across_),
                   ActivationWord{false, std::vector<int32_t>(rows_, 0), std::vector<int32_t>(columns_, 0)}),
      sums_((columns_ - 1) * across_, std::vector<int32_t>(columns_, 0)),
      accepted_((rows_ - 1) * down_ + (columns_ - 1) * across_, false), shadow_(rows_ * columns_, 0),
      weight_(rows_ * columns_, 0), activationHops_(across_, Plane<int32_t>(rows_ * columns_, 0)),
      sumHops_(down_, Plane<int32_t>(rows_ * columns_, 0)),
      firstHops_(across_, Plane<char>(rows_ * columns_, false)) {}

void WeightStationary::evaluate() {
  Port &results = ports[Results];
  results.valid = accepted_[accepted_.depth()];
  for (size_t c = 0; c < columns_; ++c) {
    // The first column's sum is the first to come and waits for the last.
    results.word[c] = results.valid ? sums_[(columns_ - 1 - c) * across_][c] : 0;
  }
  advance_ = !results.valid || results.ready;

  // An activation word and its partial sums move together, or not at all.
  bool streams = advance_ && (activationWords_ != 0 || isLoaded_);
  ports[Activations].ready = streams && ports[Partials].valid;
  ports[Partials].ready = streams && ports[Activations].valid;
  starts_ = activationWords_ == 0 && ports[Activations].moves();

  bool shadowsAreFree =
      starts_ ? !isChain_ || (loaded_.k - 1) * int64_t(down_) == 0 : !isLoaded_ && shadowsUsed_ == 0;
  ports[Weights].ready = advance_ && hasCommand_ && shadowsAreFree;
  bool lastWeight = ports[Weights].moves() && weightWords_ + 1 == command_.k;
  ports[Commands].ready = advance_ && (!hasCommand_ || lastWeight);
}

void WeightStationary::clock() {
  if (!advance_) {
    return;
  }
  // What the ports accept, as it enters the skew.
  WeightWord &weights = weights_.push();
  weights.valid = ports[Weights].moves();
  if (weights.valid) {
    weights.row = weightWords_;
    for (size_t c = 0; c < columns_; ++c) {
      weights.lanes[c] =
          static_cast<int64_t>(c) < command_.n ? static_cast<int8_t>(ports[Weights].word[c]) : 0;
    }
  }
  bool moves = ports[Activations].moves();
  const cost::ArrayTile &tile = starts_ ? loaded_ : streamed_;
  ActivationWord &word = activations_.push();
  word.first = starts_;
  for (size_t r = 0; r < rows_; ++r) {
    word.activations[r] =
        static_cast<int64_t>(r) < tile.k ? static_cast<int8_t>(ports[Activations].word[r]) : 0;
  }
  for (size_t c = 0; c < columns_; ++c) {
    word.partials[c] = static_cast<int64_t>(c) < tile.n ? ports[Partials].word[c] : 0;
  }
  accepted_.push() = moves;

  advanceCells();
  advanceWeights();
  advanceSequencer();
  ++cycle_;
}

void WeightStationary::advanceCells() {
  // The oldest plane is read by the neighbours and then takes this cycle's values: from the last row and column on,
  // so that each is read before.
  Plane<int32_t> &activations = activationHops_[cycle_ % across_];
  Plane<char> &firsts = firstHops_[cycle_ % across_];
  Plane<int32_t> &sums = sumHops_[cycle_ % down_];
  std::vector<int32_t> &bottom = sums_.push();
  for (size_t r = rows_; r-- > 0;) {
    int32_t *activation = &activations[r * columns_];
    char *first = &firsts[r * columns_];
    std::copy_backward(activation, activation + columns_ - 1, activation + columns_);
    std::copy_backward(first, first + columns_ - 1, first + columns_);
    const ActivationWord &entering = activations_[r * down_];
    activation[0] = entering.activations[r];
    first[0] = entering.first;

    int8_t *weight = &weight_[r * columns_];
    const int8_t *shadow = &shadow_[r * columns_];
    for (size_t c = 0; c < columns_; ++c) {
      weight[c] = first[c] ? shadow[c] : weight[c];
    }
    int32_t *sum = &sums[r * columns_];
    for (size_t c = 0; c < columns_; ++c) {
      int32_t above = r == 0 ? activations_[c * across_].partials[c] : sums[(r - 1) * columns_ + c];
      sum[c] = static_cast<int32_t>(static_cast<uint32_t>(above) +
                                    static_cast<uint32_t>(activation[c] * weight[c]));
    }
    if (r + 1 == rows_) {
      std::copy(sum, sum + columns_, bottom.begin());
    }
  }
}

void WeightStationary::advanceWeights() {
  if (isChain_) {
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

void WeightStationary::advanceSequencer() {
  shadowsUsed_ = std::max<int64_t>(shadowsUsed_ - 1, 0);
  if (starts_) {
    activationWords_ = loaded_.m;
    streamed_ = loaded_;
    isLoaded_ = false;
    shadowsUsed_ = isChain_ ? std::max<int64_t>((loaded_.k - 1) * int64_t(down_) - 1, 0) : 0;
  }
  activationWords_ -= ports[Activations].moves();
  if (ports[Weights].moves() && ++weightWords_ == command_.k) {
    isLoaded_ = true;
    loaded_ = command_;
    hasCommand_ = false;
    weightWords_ = 0;
  }
  if (ports[Commands].moves()) {
    const Word &word = ports[Commands].word;
    hasCommand_ = true;
    command_ = {word[0], word[1], word[2]};
  }
}
