#include "Npu/TileWords.h"

#include "Npu/DotProduct.h"
#include "Npu/OutputStationary.h"
#include "Npu/TableLookup.h"
#include "Npu/WeightStationary.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;
using coopt::cost::ArrayMode;
using coopt::cost::ArrayTile;
using coopt::cost::MatrixArray;

Expected<std::unique_ptr<Device>> npu::makeArray(const MatrixArray &array) {
  if (Status status = check(array); !status) {
    return forward(status.error());
  }
  if (keepsOutputs(array.mode)) {
    return std::make_unique<OutputStationary>(array);
  }
  if (array.mode == ArrayMode::DotProduct) {
    return std::make_unique<DotProduct>(array);
  }
  if (array.mode == ArrayMode::TableLookup) {
    return std::make_unique<TableLookup>(array);
  }
  return std::make_unique<WeightStationary>(array);
}

namespace {

/// The bytes of row k of a tile's weights: n weights, then their places, bit by bit.
Word weightRow(const MatrixArray &array, const TileData &data, int64_t k, int32_t unused) {
  const int64_t n = data.tile.n, bits = cost::placeBits(array);
  const auto first = data.weights.begin() + k * n;
  Word row(first, first + n);
  row.resize(cost::weightRowBytes(array, data.tile), unused);
  for (int64_t i = 0; i < n * bits; ++i) {
    const int32_t bit = (data.places[k * n + i / bits] >> (i % bits)) & 1;
    int32_t &byte = row[n + i / 8];
    byte = static_cast<int8_t>((byte & ~(1 << (i % 8))) | bit << (i % 8));
  }
  return row;
}

/// Words of weights for look-ups: by blocks of columns, bits from the highest, groups.
void appendPlanes(const MatrixArray &array, const TileData &data, std::vector<Word> &words, int32_t unused) {
  const ArrayTile &tile = data.tile;
  for (int64_t first = 0; first < tile.n; first += array.columns) {
    for (int64_t bit = tile.wBits; bit-- > 0;) {
      for (int64_t k = 0; k < tile.k; k += array.tableGroup) {
        Word word(array.columns, unused);
        for (int64_t c = 0; c < std::min(array.columns, tile.n - first); ++c) {
          for (int64_t j = k; j < std::min(k + array.tableGroup, tile.k); ++j) {
            const int32_t weight = data.weights[j * tile.n + first + c],
                          isSet = tile.wBits == 1 ? weight > 0 : (weight >> bit) & 1, mask = 1 << (j - k);
            word[c] = (word[c] & ~mask) | (isSet ? mask : 0);
          }
        }
        words.push_back(std::move(word));
      }
    }
  }
}

} // namespace

Status npu::appendTile(const MatrixArray &array, const TileData &data, Stimulus &stimulus, int32_t unused) {
  const ArrayTile &tile = data.tile;
  if (Status status = check(array, tile); !status) {
    return status;
  }
  const bool staysOut = keepsOutputs(array.mode);
  auto checkNumbers = [](const char *what, const std::vector<int32_t> &numbers, int64_t expected,
                         int64_t least, int64_t most) -> Status {
    if (numbers.size() != static_cast<size_t>(expected)) {
      return fail(std::string(what) + " of a tile: expected " + std::to_string(expected) + " numbers, got " +
                  std::to_string(numbers.size()));
    }
    for (int32_t number : numbers) {
      if (number < least || number > most) {
        return fail(std::string(what) + " of a tile: expected " + std::to_string(least) + " to " +
                    std::to_string(most) + ", got " + std::to_string(number));
      }
    }
    return {};
  };
  const int64_t depth = cost::activationDepth(array, tile);
  const int64_t mostA = (int64_t(1) << (tile.aBits - 1)) - 1, mostW = (int64_t(1) << (tile.wBits - 1)) - 1;
  Status status = checkNumbers("activations", data.activations, tile.m * depth, -mostA - 1, mostA);
  const bool areSigns = array.mode == ArrayMode::TableLookup && tile.wBits == 1;
  status = status ? checkNumbers("weights", data.weights, tile.k * tile.n, -mostW - 1, areSigns ? 1 : mostW)
                  : status;
  if (status && areSigns && std::count(data.weights.begin(), data.weights.end(), 0) != 0) {
    status = fail("weights of a tile: expected +1 or -1, got 0");
  }
  status = status ? checkNumbers("places", data.places, array.group == 1 ? 0 : tile.k * tile.n, 0,
                                 (int64_t(1) << cost::placeBits(array)) - 1)
                  : status;
  status = status ? checkNumbers("partial sums", data.partials, hasPartials(array.mode) ? tile.m * tile.n : 0,
                                 INT32_MIN, INT32_MAX)
                  : status;
  if (!status) {
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
  auto withNoise = [&](int32_t number, int64_t bits) {
    const auto mask = static_cast<uint32_t>((int64_t(1) << bits) - 1);
    return static_cast<int32_t>((static_cast<uint32_t>(number) & mask) |
                                (static_cast<uint32_t>(unused) & ~mask));
  };
  auto activation = [&](int64_t m, int64_t k) {
    const int32_t number = data.activations[m * depth + k];
    return array.mode == ArrayMode::BitSerial ? withNoise(number, tile.aBits) : number;
  };
  auto weight = [&](int64_t k, int64_t n) {
    const int32_t number = data.weights[k * tile.n + n];
    return array.mode == ArrayMode::BitSerial ? withNoise(number, tile.wBits) : number;
  };

  Word command = {int32_t(tile.m), int32_t(tile.n), int32_t(tile.k)};
  if (array.mode == ArrayMode::BitSerial) {
    command.push_back(int32_t(tile.aBits));
  }
  if (array.mode == ArrayMode::BitSerial || array.mode == ArrayMode::TableLookup) {
    command.push_back(int32_t(tile.wBits));
  }
  stimulus.words["commands"].push_back(std::move(command));
  /// A row in as many words of its port as it needs.
  auto appendRow = [&](const char *port, const Word &row, int64_t lanes) {
    for (int64_t first = 0; first < int64_t(row.size()); first += lanes) {
      append(port, 1, lanes, std::min(lanes, int64_t(row.size()) - first),
             [&](int64_t, int64_t lane) { return row[first + lane]; });
    }
  };
  if (staysOut || array.mode == ArrayMode::TableLookup) {
    append("activations", tile.k, array.rows, tile.m, [&](int64_t k, int64_t m) { return activation(m, k); });
    if (staysOut) {
      append("weights", tile.k, array.columns, tile.n, weight);
    } else {
      appendPlanes(array, data, stimulus.words["weights"], unused);
    }
  } else {
    for (int64_t i = 0; i < tile.k; ++i) {
      // A chain's first row is shifted furthest.
      appendRow("weights", weightRow(array, data, isChain(array.mode) ? tile.k - 1 - i : i, unused),
                cost::weightPortBytes(array));
    }
    for (int64_t m = 0; m < tile.m; ++m) {
      const auto row = data.activations.begin() + m * depth;
      appendRow("activations", Word(row, row + depth), cost::activationPortBytes(array));
    }
    if (hasPartials(array.mode)) {
      append("partials", tile.m, array.columns, tile.n,
             [&](int64_t m, int64_t n) { return data.partials[m * tile.n + n]; });
    }
  }
  stimulus.outputWords += resultWords(array, tile);
  return {};
}

size_t npu::resultWords(const MatrixArray &array, const ArrayTile &tile) {
  return blocks(array, tile) * tile.m;
}

std::vector<int32_t> npu::tileResults(const MatrixArray &array, const ArrayTile &tile,
                                      const std::vector<Word> &words, size_t first) {
  std::vector<int32_t> out;
  for (int64_t m = 0; m < tile.m; ++m) {
    for (int64_t n = 0; n < tile.n; ++n) {
      const int64_t block = n / array.columns, row = keepsOutputs(array.mode) ? tile.m - 1 - m : m;
      out.push_back(words[first + block * tile.m + row][n % array.columns]);
    }
  }
  return out;
}
