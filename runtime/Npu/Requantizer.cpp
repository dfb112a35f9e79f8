#include "Npu/Requantizer.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

int32_t npu::requantizerShift(const numerics::DyadicScale &scale) { return std::clamp(scale.shift, 0, 63); }

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
