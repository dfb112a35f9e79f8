#include "Npu/TileWords.h"

#include "Npu/OutputStationary.h"
#include "Npu/WeightStationary.h"

using namespace coopt;
using namespace coopt::npu;
using coopt::cost::ArrayMode;
using coopt::cost::ArrayTile;
using coopt::cost::MatrixArray;

Expected<std::unique_ptr<Device>> npu::makeArray(const MatrixArray &array) {
  if (Status status = check(array); !status) {
    return forward(status.error());
  }
  if (array.mode == ArrayMode::OutputStationary) {
    return std::make_unique<OutputStationary>(array);
  }
  return std::make_unique<WeightStationary>(array);
}

Status npu::appendTile(const MatrixArray &array, const TileData &data, Stimulus &stimulus, int32_t unused) {
  const ArrayTile &tile = data.tile;
  if (Status status = check(array, tile); !status) {
    return status;
  }
  bool keepsOutputs = array.mode == ArrayMode::OutputStationary;
  auto checkSize = [](const char *what, size_t got, int64_t expected) -> Status {
    if (got != static_cast<size_t>(expected)) {
      return fail(std::string(what) + " of a tile: expected " + std::to_string(expected) + " numbers, got " +
                  std::to_string(got));
    }
    return {};
  };
  if (Status status = checkSize("activations", data.activations.size(), tile.m * tile.k); !status) {
    return status;
  }
  if (Status status = checkSize("weights", data.weights.size(), tile.k * tile.n); !status) {
    return status;
  }
  if (Status status = checkSize("partial sums", data.partials.size(), keepsOutputs ? 0 : tile.m * tile.n);
      !status) {
    return status;
  }

  /// `count` words of `lanes` lanes, of which `used` have the numbers of at(word, lane).
  auto append = [&](const char *port, int64_t count, int64_t lanes, int64_t used, auto at) {
    std::vector<Word> &words = stimulus.words[port];
    for (int64_t i = 0; i < count; ++i) {
      Word word(lanes, unused);
      for (int64_t lane = 0; lane < used; ++lane) {
        word[lane] = at(i, lane);
      }
      words.push_back(std::move(word));
    }
  };
  auto activation = [&](int64_t m, int64_t k) { return data.activations[m * tile.k + k]; };
  auto weight = [&](int64_t k, int64_t n) { return data.weights[k * tile.n + n]; };

  const int32_t sizes[] = {int32_t(tile.m), int32_t(tile.n), int32_t(tile.k)};
  append("commands", 1, 3, 3, [&](int64_t, int64_t i) { return sizes[i]; });
  // A chain's first word is shifted furthest.
  bool lastFirst = array.mode == ArrayMode::WeightStationaryChain;
  append("weights", tile.k, array.columns, tile.n,
         [&](int64_t k, int64_t n) { return weight(lastFirst ? tile.k - 1 - k : k, n); });
  if (keepsOutputs) {
    append("activations", tile.k, array.rows, tile.m, [&](int64_t k, int64_t m) { return activation(m, k); });
  } else {
    append("activations", tile.m, array.rows, tile.k, activation);
    append("partials", tile.m, array.columns, tile.n,
           [&](int64_t m, int64_t n) { return data.partials[m * tile.n + n]; });
  }
  stimulus.outputWords += tile.m;
  return {};
}

std::vector<int32_t> npu::tileResults(const MatrixArray &array, const ArrayTile &tile,
                                      const std::vector<Word> &words, size_t first) {
  std::vector<int32_t> out;
  for (int64_t m = 0; m < tile.m; ++m) {
    const Word &word = words[first + (array.mode == ArrayMode::OutputStationary ? tile.m - 1 - m : m)];
    out.insert(out.end(), word.begin(), word.begin() + tile.n);
  }
  return out;
}
