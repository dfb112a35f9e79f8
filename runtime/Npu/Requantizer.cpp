#include "Npu/Requantizer.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

int32_t npu::requantizerShift(const numerics::DyadicScale &scale) { return std::clamp(scale.shift, 0, 63); }

Status npu::appendTile(const RequantizerTile &tile, Stimulus &stimulus) {
  const size_t columns = tile.scales.size(), rows = columns == 0 ? 0 : tile.sums.size() / columns;
  auto mistake = [](const std::string &what, int64_t got) {
    return fail("tile of the requantiser: " + what + ", got " + std::to_string(got));
  };
  if (columns == 0 || tile.sums.size() % columns != 0 || rows < 1 || rows > 65535) {
    return mistake("expected sums of 1 to 65535 rows of " + std::to_string(columns) + " columns",
                   static_cast<int64_t>(tile.sums.size()));
  }
  if (tile.low < -128 || tile.low > 127) {
    return mistake("least code: expected -128 to 127", tile.low);
  }
  if (tile.high < tile.low || tile.high > 127) {
    return mistake("greatest code: expected " + std::to_string(tile.low) + " to 127", tile.high);
  }
  Word multipliers, shifts;
  for (const numerics::DyadicScale &scale : tile.scales) {
    if (scale.multiplier < 1 << 30) {
      return mistake("multiplier: expected 2^30 to 2^31 - 1", scale.multiplier);
    }
    multipliers.push_back(scale.multiplier);
    shifts.push_back(requantizerShift(scale));
  }
  stimulus.words["commands"].push_back({static_cast<int32_t>(rows), tile.low, tile.high});
  stimulus.words["multipliers"].push_back(std::move(multipliers));
  stimulus.words["shifts"].push_back(std::move(shifts));
  for (size_t i = 0; i < tile.sums.size(); i += columns) {
    const int32_t *row = tile.sums.data() + i;
    stimulus.words["sums"].emplace_back(row, row + columns);
  }
  stimulus.outputPort = "codes";
  stimulus.outputWords += rows;
  return {};
}

Requantizer::Requantizer(size_t columns)
    : Device({Port("commands", true, 3), Port("multipliers", true, columns), Port("shifts", true, columns),
              Port("sums", true, columns), Port("codes", false, columns)}),
      columns_(columns), scales_(columns), rows_(2, Row{false, Word(columns, 0)}) {}

void Requantizer::evaluate() {
  Port &codes = ports[Codes];
  const Row &oldest = rows_[rows_.depth()];
  codes.valid = oldest.valid;
  for (size_t c = 0; c < columns_; ++c) {
    codes.word[c] = oldest.valid ? oldest.codes[c] : 0;
  }
  advance_ = !codes.valid || codes.ready;

  Port &sums = ports[Sums];
  sums.ready = advance_ && left_ != 0;
  // The next tile's scales come with the last sums of this one.
  bool mayLoad = advance_ && (left_ == 0 || (left_ == 1 && sums.moves()));
  bool areThere = ports[Commands].valid && ports[Multipliers].valid && ports[Shifts].valid;
  for (int port : {Commands, Multipliers, Shifts}) {
    ports[port].ready = mayLoad && areThere;
  }
}

void Requantizer::clock() {
  if (!advance_) {
    return;
  }
  Row &row = rows_.push();
  row.valid = ports[Sums].moves();
  if (row.valid) {
    for (size_t c = 0; c < columns_; ++c) {
      row.codes[c] = scales_[c].requantize(ports[Sums].word[c], low_, high_);
    }
    --left_;
  }
  if (ports[Commands].moves()) {
    left_ = ports[Commands].word[0];
    low_ = ports[Commands].word[1];
    high_ = ports[Commands].word[2];
    for (size_t c = 0; c < columns_; ++c) {
      scales_[c].multiplier = ports[Multipliers].word[c];
      scales_[c].shift = ports[Shifts].word[c];
    }
  }
}
