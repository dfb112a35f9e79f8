#include "KernelCases.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace coopt;
using namespace coopt::npu::test;

namespace {

using Floats = std::vector<float>;
using Codes = std::vector<int8_t>;
using Integers = std::vector<int32_t>;

int32_t narrow(int64_t number) { return static_cast<int32_t>(number); }
size_t at(int64_t row, int64_t columns, int64_t column) {
  return static_cast<size_t>(row * columns + column);
}

} // namespace

/// Sixteen sums side by side, then halves of them added to the others.
void npu::test::logits(ImageRun &run, int64_t size) {
  const Floats x = run.floats(static_cast<size_t>(size * 45)), w = run.floats(7 * 45);
  Floats y;
  for (int64_t row = 0; row < size; ++row) {
    for (int64_t expert = 0; expert < 7; ++expert) {
      float sums[16] = {};
      for (int64_t k = 0; k < 45; ++k) {
        const float product = x[at(row, 45, k)] * w[at(expert, 45, k)];
        sums[k % 16] = sums[k % 16] + product;
      }
      for (int half = 8; half > 0; half /= 2) {
        for (int lane = 0; lane < half; ++lane) {
          sums[lane] = sums[lane] + sums[lane + half];
        }
      }
      y.push_back(sums[0]);
    }
  }
  run.input(x);
  run.input(w);
  run.output(y);
  run.block({narrow(size), narrow(size), narrow(size), 45, 7, 45, narrow(size), 7});
}

/// Round by round the first of the greatest that are left; a NaN is greater than nothing, and nothing is greater than a NaN that comes first.
void npu::test::chosen(ImageRun &run, int64_t size) {
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  const float kinds[] = {-infinity, -1.0f, -0.0f, 0.0f, 0.5f, 0.5f, 2.0f, infinity, nan, nan};
  Floats scores, bias(9), weights;
  for (int64_t i = 0; i < size * 9; ++i) {
    scores.push_back(kinds[run.random() % (run.random() % 2 == 0 ? 10 : 8)]);
  }
  for (size_t i = 0; i < bias.size(); ++i) {
    bias[i] = i % 3 == 0 ? 0.0f : 0.5f;
  }
  Integers experts;
  for (int64_t row = 0; row < size; ++row) {
    std::vector<bool> isTaken(9);
    for (int slot = 0; slot < 4; ++slot) {
      int best = -1;
      float most = 0.0f;
      for (int expert = 0; expert < 9; ++expert) {
        const float score = scores[at(row, 9, expert)] + bias[static_cast<size_t>(expert)];
        if (!isTaken[static_cast<size_t>(expert)] && (best < 0 || score > most)) {
          best = expert;
          most = score;
        }
      }
      isTaken[static_cast<size_t>(best)] = true;
      experts.push_back(best);
      weights.push_back(scores[at(row, 9, best)]);
    }
  }
  run.input(scores);
  run.input(bias);
  run.output(experts);
  run.output(weights);
  run.block({narrow(size), narrow(size), narrow(size), narrow(size), 9, 9, narrow(size), 4, narrow(size), 4});
}

/// One expert for all, then all of them by chance, and numbers of none; each expert is asked in turn who wants it.
void npu::test::dispatched(ImageRun &run, int64_t size) {
  Integers experts = size % 2 == 1 ? Integers(static_cast<size_t>(2 * size), 3)
                                   : run.integers<int32_t>(static_cast<size_t>(2 * size), 0, 4);
  if (size > 10) {
    experts[3] = 5;
    experts[8] = -1;
    experts[9] = std::numeric_limits<int32_t>::min();
  }
  Integers tokens, places(experts.size()), segments;
  for (int32_t expert = 0; expert < 5; ++expert) {
    const auto first = narrow(static_cast<int64_t>(tokens.size()));
    for (size_t choice = 0; choice < experts.size(); ++choice) {
      const int32_t wanted = experts[choice];
      if ((wanted < 0 || wanted > 4 ? 4 : wanted) == expert) {
        places[choice] = narrow(static_cast<int64_t>(tokens.size()));
        tokens.push_back(narrow(static_cast<int64_t>(choice / 2)));
      }
    }
    if (const int32_t count = narrow(static_cast<int64_t>(tokens.size())) - first; count > 0) {
      segments.insert(segments.end(), {expert, first, count});
    }
  }
  const int64_t most = std::min<int64_t>(5, 2 * size);
  segments.resize(static_cast<size_t>(3 * most));
  run.input(experts);
  run.output(tokens);
  run.output(places);
  run.output(segments);
  const int32_t n = narrow(size), all = narrow(2 * size), listed = narrow(most);
  run.block({n, all, n, listed, n, 2, all, n, 2, listed, 3});
}

/// Of each size segments of which some have no rows and some an expert that is not chosen, or a number of none, which counts as the last.
void npu::test::restricted(ImageRun &run, int64_t size) {
  const Integers places = {2, -1, 0, 4, -7, 1, -1, 3, 5};
  const int64_t room = std::min<int64_t>(4, size + 1);
  Integers segments, kept;
  for (int64_t i = 0; i < size; ++i) {
    const int32_t experts[] = {0, 1, 3, 4, 5, 7, 9, -2};
    const int32_t expert = experts[(size + i) % 8], first = narrow(10 * i),
                  count = i % 3 == 1 ? 0 : narrow(i + 1);
    segments.insert(segments.end(), {expert, first, count});
    const int32_t place = places[expert < 0 || expert > 8 ? 8 : static_cast<size_t>(expert)];
    if (place >= 0 && count != 0) {
      kept.insert(kept.end(), {place, first, count});
    }
  }
  kept.resize(static_cast<size_t>(3 * room));
  run.input(segments);
  run.input(places);
  run.output(kept);
  run.block({narrow(size), narrow(room), narrow(size), 3, 9, narrow(room), 3});
}

/// y = (f32(sum) sw[expert row]) sa[place], places of each expert as segments say, in any order; a segment may have none.
void npu::test::byExperts(ImageRun &run, int64_t size) {
  const int64_t width = run.arrayColumns(), stored = (192 + width - 1) / width * width;
  const Codes a = run.integers<int8_t>(static_cast<size_t>(size * 45), -128, 127),
              w = run.integers<int8_t>(192 * 45, -128, 127);
  const Floats ofRows = run.floats(static_cast<size_t>(size)), ofColumns = run.floats(192);
  Codes panels = run.integers<int8_t>(static_cast<size_t>(stored * 45), -128, 127);
  for (int64_t n = 0; n < 192; ++n) {
    for (int64_t k = 0; k < 45; ++k) {
      panels[static_cast<size_t>((n / width * 45 + k) * width + n % width)] = w[at(n, 45, k)];
    }
  }
  Integers segments, expertOf;
  const int32_t order[] = {3, 1, 0, 2};
  const int64_t count = std::min<int64_t>(4, size);
  for (int64_t i = 0; i < count; ++i) {
    // All that is left is the last one's; of one size, all are the first one's.
    const int64_t left = size - static_cast<int64_t>(expertOf.size());
    const int64_t some = i + 1 == count || size == 3 ? left : std::min<int64_t>(left, 1 + 4 * i);
    segments.insert(segments.end(), {order[i], narrow(static_cast<int64_t>(expertOf.size())), narrow(some)});
    expertOf.insert(expertOf.end(), static_cast<size_t>(some), order[i]);
  }
  segments.insert(segments.end(), {0, 0, 0});
  Floats y;
  for (int64_t m = 0; m < size; ++m) {
    for (int64_t n = 0; n < 40; ++n) {
      const int64_t row = expertOf[static_cast<size_t>(m)] * 48 + n;
      int32_t sum = 0;
      for (int64_t k = 0; k < 45; ++k) {
        sum += int32_t(a[at(m, 45, k)]) * w[at(row, 45, k)];
      }
      y.push_back(static_cast<float>(sum) * ofColumns[static_cast<size_t>(row)] *
                  ofRows[static_cast<size_t>(m)]);
    }
  }
  run.input(a);
  run.input(ofRows);
  run.input(panels);
  run.input(ofColumns);
  run.input(segments);
  run.output(y);
  const int32_t rows = narrow(size), listed = narrow(count + 1);
  run.block({rows, rows, listed, rows, rows, 45, rows, narrow(stored * 45), 192, listed, 3, rows, 40});
}

void npu::test::combined(ImageRun &run, int64_t size) {
  const Floats y = run.floats(static_cast<size_t>(3 * size * 37)),
               weights = run.floats(static_cast<size_t>(3 * size));
  const Integers places = run.integers<int32_t>(static_cast<size_t>(3 * size), 0, 3 * size - 1);
  Floats result;
  for (int64_t row = 0; row < size; ++row) {
    for (int64_t column = 0; column < 37; ++column) {
      float sum = weights[at(row, 3, 0)] * y[at(places[at(row, 3, 0)], 37, column)];
      for (int64_t slot = 1; slot < 3; ++slot) {
        const float product = weights[at(row, 3, slot)] * y[at(places[at(row, 3, slot)], 37, column)];
        sum = sum + product;
      }
      result.push_back(sum);
    }
  }
  run.input(y);
  run.input(weights);
  run.input(places);
  run.output(result);
  const int32_t n = narrow(size), all = narrow(3 * size);
  run.block({all, n, n, n, all, 37, n, 3, n, 3, n, 37});
}
