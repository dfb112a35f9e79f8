#include "Npu/TableLookup.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

TableLookup::TableLookup(const cost::MatrixArray &array)
    : Device({Port("commands", true, 4), Port("activations", true, array.rows),
              Port("weights", true, array.columns), Port("results", false, array.columns)}),
      array_(array) {}

int64_t TableLookup::wordsOfBlock(const cost::ArrayTile &tile) const {
  return cost::tableGroups(array_, tile) * tile.wBits;
}

void TableLookup::evaluate() {
  Port &results = ports[Results];
  results.valid = !results_.empty() && results_.front().cycle <= cycle_;
  std::fill(results.word.begin(), results.word.end(), 0);
  if (results.valid) {
    results.word = results_.front().word;
  }
  advance_ = !results.valid || results.ready;

  // The last word of a block waits until its sums can take the place of those that drain.
  bool mayLook = advance_ && (inUse_ || made_);
  if (mayLook && word_ + 1 == wordsOfBlock(lookedUp().tile)) {
    mayLook = cycle_ >= landed_ + landedRows_;
  }
  ports[Weights].ready = mayLook;
  const bool takes = ports[Weights].moves() && !inUse_;

  // A group's last activations wait until the tables of the group before are built.
  const bool tablesAreFree = array_.buffers == 1 ? !made_ && !inUse_ : !made_ || takes;
  const int64_t there = building_ ? int64_t(building_->activations.size()) : 0;
  bool accepts = advance_ && building_ && tablesAreFree && there < building_->tile.k;
  if (accepts && ((there + 1) % array_.tableGroup == 0 || there + 1 == building_->tile.k)) {
    accepts = cycle_ >= builtUntil_;
  }
  ports[Activations].ready = accepts;
  const bool areMade = building_ && there == building_->tile.k && cycle_ == builtUntil_;
  ports[Commands].ready = advance_ && (!building_ || areMade);
}

void TableLookup::clock() {
  if (!advance_) {
    return;
  }
  if (ports[Results].moves()) {
    results_.pop_front();
  }
  advanceLookups();
  advanceBuilder();
  ++cycle_;
}

void TableLookup::advanceBuilder() {
  if (building_ && int64_t(building_->activations.size()) == building_->tile.k && cycle_ == builtUntil_) {
    made_ = std::move(building_);
    building_.reset();
  }
  if (ports[Activations].moves()) {
    std::vector<Word> &words = building_->activations;
    words.push_back(ports[Activations].word);
    if (int64_t(words.size()) % array_.tableGroup == 0 || int64_t(words.size()) == building_->tile.k) {
      builtUntil_ = cycle_ + cost::tableSteps(array_);
    }
  }
  if (ports[Commands].moves()) {
    const Word &word = ports[Commands].word;
    building_ = Tables{{word[0], word[1], word[2], 8, word[3]}, {}};
  }
}

void TableLookup::advanceLookups() {
  if (!ports[Weights].moves()) {
    return;
  }
  if (!inUse_) {
    inUse_ = std::move(made_);
    made_.reset();
  }
  addWord();
  const cost::ArrayTile &tile = inUse_->tile;
  if (++word_ < wordsOfBlock(tile)) {
    return;
  }
  // All bits of the block's weights are there.
  word_ = 0;
  landed_ = cycle_;
  landedRows_ = tile.m;
  const int64_t first = block_ * array_.columns;
  for (int64_t m = 0; m < tile.m; ++m) {
    Word sums(array_.columns, 0);
    for (int64_t c = 0; c < std::min(array_.columns, tile.n - first); ++c) {
      uint32_t sum = 0;
      for (int64_t k = 0; k < tile.k; ++k) {
        sum += static_cast<uint32_t>(static_cast<int8_t>(inUse_->activations[k][m]) *
                                     weights_[k * array_.columns + c]);
      }
      sums[c] = static_cast<int32_t>(sum);
    }
    results_.push_back({cycle_ + 2 + m, std::move(sums)});
  }
  if (first + array_.columns >= tile.n) {
    inUse_.reset();
    block_ = 0;
  } else {
    ++block_;
  }
}

void TableLookup::addWord() {
  const cost::ArrayTile &tile = inUse_->tile;
  const int64_t groups = cost::tableGroups(array_, tile), plane = tile.wBits - 1 - word_ / groups,
                firstK = word_ % groups * array_.tableGroup;
  if (word_ == 0) {
    weights_.assign(tile.k * array_.columns, 0);
  }
  for (int64_t k = firstK; k < std::min(firstK + array_.tableGroup, tile.k); ++k) {
    for (int64_t c = 0; c < array_.columns; ++c) {
      const int32_t bit = (ports[Weights].word[c] >> (k - firstK)) & 1;
      weights_[k * array_.columns + c] += tile.wBits == 1           ? 2 * bit - 1
                                          : plane + 1 == tile.wBits ? -(bit << plane)
                                                                    : bit << plane;
    }
  }
}
