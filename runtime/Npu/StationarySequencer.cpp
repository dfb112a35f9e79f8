#include "Npu/StationarySequencer.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

namespace {

enum { Commands, Weights, ActivationPort, Partials };

/// Puts a word behind those of a row.
void append(Word &row, size_t filled, const Word &word) {
  std::copy_n(word.begin(), std::min(word.size(), row.size() - filled),
              row.begin() + static_cast<int64_t>(filled));
}

} // namespace

StationarySequencer::StationarySequencer(const cost::MatrixArray &array, std::vector<Port> &ports,
                                         bool hasPartials)
    : array_(array), ports_(&ports), hasPartials_(hasPartials),
      rowBytes_(cost::weightRowBytes(array, {1, array.columns, 1}), 0),
      lanes_(cost::activationDepth(array, {1, 1, array.rows}), 0) {}

const cost::ArrayTile &StationarySequencer::streamsNext() const {
  return activationsLeft_ != 0 ? streamed_ : isLoaded_ ? loaded_ : command_;
}

void StationarySequencer::evaluate(bool advance) {
  Port &activations = port(ActivationPort), &weights = port(Weights);
  // The activations and their partial sums move together with the word that completes them, or not at all.
  const cost::ArrayTile &next = streamsNext();
  const bool isKnown = activationsLeft_ != 0 || isLoaded_ || hasCommand_;
  const bool completes =
      isKnown && int64_t(lanesFilled_ + activations.word.size()) >= cost::activationDepth(array_, next);
  const bool mayEnter = advance && (activationsLeft_ != 0 || (isLoaded_ && stripe_ == 0));
  activations.ready = completes ? mayEnter && (!hasPartials_ || port(Partials).valid) : advance && isKnown;
  if (hasPartials_) {
    port(Partials).ready = completes && mayEnter && activations.valid;
  }
  activations_.areThere = completes && activations.moves();
  activations_.areFirst = activations_.areThere && activationsLeft_ == 0;
  activations_.tile = next;

  const bool isChain = cost::isChain(array_.mode);
  const bool shadowsAreFree = activations_.areFirst
                                  ? !isChain || (loaded_.k - 1) * array_.hopRegistersDown == 0
                                  : !isLoaded_ && shadowsUsed_ == 0;
  weights.ready = advance && hasCommand_ && shadowsAreFree;
  row_.isThere =
      weights.moves() && int64_t(rowFilled_ + weights.word.size()) >= cost::weightRowBytes(array_, command_);
  row_.number = rows_;
  row_.tile = command_;
  const bool isLastRow = row_.isThere && int64_t(rows_) + 1 == command_.k;
  port(Commands).ready = advance && (!hasCommand_ || isLastRow);

  if (weights.moves()) {
    append(rowBytes_, rowFilled_, weights.word);
  }
  if (activations.moves()) {
    append(lanes_, lanesFilled_, activations.word);
  }
}

void StationarySequencer::clock() {
  shadowsUsed_ = std::max<int64_t>(shadowsUsed_ - 1, 0);
  stripe_ = std::max<int64_t>(stripe_ - 1, 0);
  if (activations_.areFirst) {
    stripe_ = array_.minimumStripe - 1;
    activationsLeft_ = loaded_.m;
    streamed_ = loaded_;
    isLoaded_ = false;
    shadowsUsed_ =
        cost::isChain(array_.mode) ? std::max<int64_t>((loaded_.k - 1) * array_.hopRegistersDown - 1, 0) : 0;
  }
  if (port(ActivationPort).moves()) {
    activationsLeft_ -= activations_.areThere;
    lanesFilled_ = activations_.areThere ? 0 : lanesFilled_ + port(ActivationPort).word.size();
  }
  if (port(Weights).moves()) {
    rowFilled_ = row_.isThere ? 0 : rowFilled_ + port(Weights).word.size();
  }
  if (row_.isThere && int64_t(++rows_) == command_.k) {
    isLoaded_ = true;
    loaded_ = command_;
    hasCommand_ = false;
    rows_ = 0;
  }
  if (port(Commands).moves()) {
    const Word &word = port(Commands).word;
    hasCommand_ = true;
    command_ = {word[0], word[1], word[2]};
  }
}
