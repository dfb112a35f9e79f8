#include "Npu/OutputStationary.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// The number in the lowest bits of a lane, in two's complement.
int32_t numberOf(int32_t lane, int64_t bits) {
  return static_cast<int32_t>(static_cast<uint32_t>(lane) << (32 - bits)) >> (32 - bits);
}

/// What slice `i` of a number of `bits` bits adds to it: the slices' sum is the number.
int32_t sliceOf(int32_t number, int64_t bits, int64_t slice, int64_t i) {
  const int64_t low = i * slice, high = low + slice;
  const int32_t rest = number - static_cast<int32_t>(number & ((int64_t(1) << low) - 1));
  return high >= bits ? rest : rest & static_cast<int32_t>((int64_t(1) << high) - 1);
}

} // namespace

OutputStationary::OutputStationary(const cost::MatrixArray &array)
    : Device({Port("commands", true, array.mode == cost::ArrayMode::BitSerial ? 5 : 3),
              Port("weights", true, array.columns), Port("activations", true, array.rows),
              Port("results", false, array.columns)}),
      array_(array), rows_(array.rows), columns_(array.columns), down_(array.hopRegistersDown),
      across_(array.hopRegistersAcross), activations_(rows_, 0), weights_(columns_, 0),
      stepsMade_(std::max((rows_ - 1) * down_, (columns_ - 1) * across_),
                 Step{false, false, 0, std::vector<int32_t>(rows_, 0), std::vector<int32_t>(columns_, 0)}),
      shifts_((columns_ - 1) * across_, false), hasResult_((columns_ - 1) * across_, false),
      bottoms_((columns_ - 1) * across_, std::vector<int32_t>(columns_, 0)),
      activationHops_(across_, std::vector<Activation>(rows_ * columns_)),
      weightHops_(down_, std::vector<int32_t>(rows_ * columns_, 0)), sums_(rows_ * columns_, 0),
      shadows_(rows_ * columns_, 0) {}

void OutputStationary::evaluate() {
  Port &results = ports[Results];
  results.valid = hasResult_[hasResult_.depth()];
  for (size_t c = 0; c < columns_; ++c) {
    // The first column's result is the first to come and waits for the last.
    results.word[c] = results.valid ? bottoms_[(columns_ - 1 - c) * across_][c] : 0;
  }
  advance_ = !results.valid || results.ready;

  // Sums may come to the shadows with the last shift of those before, not earlier.
  bool isLast = hasCommand_ && accepted_ + 1 == command_.k && step_ + 1 == cost::steps(array_, command_);
  bool accepts = advance_ && hasCommand_ && (!isLast || cycle_ >= draining_.lastShift);
  Port &activations = ports[Activations], &weights = ports[Weights];
  activations.ready = accepts && step_ == 0 && weights.valid;
  weights.ready = accepts && step_ == 0 && activations.valid;
  moves_ = step_ == 0 ? activations.moves() : accepts;
  ports[Commands].ready = advance_ && (!hasCommand_ || (moves_ && isLast));
}

void OutputStationary::clock() {
  if (!advance_) {
    return;
  }
  enterSlices(stepsMade_.push());
  advanceCells();
  advanceSequencer();
  ++cycle_;
  auto isIn = [&](int64_t first, int64_t last) { return first <= cycle_ && cycle_ <= last; };
  shifts_.push() = isIn(draining_.firstShift, draining_.lastShift);
  hasResult_.push() = isIn(draining_.firstResult, draining_.lastResult) ||
                      isIn(drainedBefore_.firstResult, drainedBefore_.lastResult);
  std::copy(shadows_.end() - static_cast<int64_t>(columns_), shadows_.end(), bottoms_.push().begin());
}

void OutputStationary::enterSlices(Step &step) {
  if (step_ == 0) {
    activations_ = ports[Activations].word;
    weights_ = ports[Weights].word;
  }
  const int64_t ofWeight = (command_.wBits + array_.wSlice - 1) / array_.wSlice;
  step.first = moves_ && accepted_ == 0 && step_ == 0;
  step.last = moves_ && accepted_ + 1 == command_.k && step_ + 1 == cost::steps(array_, command_);
  step.m = command_.m;
  for (size_t r = 0; r < rows_; ++r) {
    step.activations[r] =
        sliceOf(numberOf(activations_[r], command_.aBits), command_.aBits, array_.aSlice, step_ / ofWeight);
  }
  for (size_t c = 0; c < columns_; ++c) {
    // Without a step the weights are zero, which adds nothing.
    bool isUsed = moves_ && static_cast<int64_t>(c) < command_.n;
    step.weights[c] = isUsed ? sliceOf(numberOf(weights_[c], command_.wBits), command_.wBits, array_.wSlice,
                                       step_ % ofWeight)
                             : 0;
  }
}

void OutputStationary::advanceCells() {
  for (size_t c = 0; c < columns_; ++c) {
    if (shifts_[c * across_]) {
      for (size_t r = rows_; r-- > 1;) {
        shadows_[r * columns_ + c] = shadows_[(r - 1) * columns_ + c];
      }
    }
  }
  // The oldest plane is read by the neighbours and then takes this cycle's values: from the last row and column on,
  // so that each is read before.
  std::vector<Activation> &activations = activationHops_[cycle_ % across_];
  std::vector<int32_t> &weights = weightHops_[cycle_ % down_];
  for (size_t r = rows_; r-- > 0;) {
    Activation *activation = &activations[r * columns_];
    std::copy_backward(activation, activation + columns_ - 1, activation + columns_);
    const Step &entering = stepsMade_[r * down_];
    // Rows that are not in use leave their shadows to the sums that pass.
    bool isUsed = static_cast<int64_t>(r) < entering.m;
    activation[0] = {entering.activations[r], entering.first, entering.last && isUsed};
    int32_t *weight = &weights[r * columns_], *sum = &sums_[r * columns_];
    for (size_t c = 0; c < columns_; ++c) {
      weight[c] = r == 0 ? stepsMade_[c * across_].weights[c] : weights[(r - 1) * columns_ + c];
      sum[c] = static_cast<int32_t>(static_cast<uint32_t>(activation[c].first ? 0 : sum[c]) +
                                    static_cast<uint32_t>(activation[c].value * weight[c]));
      if (activation[c].last) {
        shadows_[r * columns_ + c] = sum[c];
      }
    }
  }
}

void OutputStationary::advanceSequencer() {
  if (moves_ && ++step_ == cost::steps(array_, command_)) {
    step_ = 0;
    if (++accepted_ == command_.k) {
      scheduleDrain(command_.m);
      hasCommand_ = false;
      accepted_ = 0;
    }
  }
  if (ports[Commands].moves()) {
    const Word &word = ports[Commands].word;
    hasCommand_ = true;
    command_ = {word[0], word[1], word[2]};
    if (word.size() == 5) {
      command_.aBits = word[3];
      command_.wBits = word[4];
    }
  }
}

void OutputStationary::scheduleDrain(int64_t m) {
  // The last step was made in this cycle.
  const int64_t rows = static_cast<int64_t>(rows_),
                begin = cycle_ + 1 + (m - 1) * static_cast<int64_t>(down_);
  drainedBefore_ = draining_;
  draining_ = {begin, begin + rows - 2, begin + rows - m, begin + rows - 1};
}
