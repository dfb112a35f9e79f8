//===- Workload.h - Seeded products for a matrix array, and what they are ---===//
#ifndef COOPT_TEST_NPU_WORKLOAD_H
#define COOPT_TEST_NPU_WORKLOAD_H

#include "Npu/TileWords.h"

#include <algorithm>

namespace coopt::npu::test {

/// SplitMix64.
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// least..most, both included.
  int64_t in(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(next() % static_cast<uint64_t>(most - least + 1));
  }
  /// A number of `bits` bits in two's complement; one in eight is the least or the most.
  int32_t code(int64_t bits = 8) {
    const int64_t least = -(int64_t(1) << (bits - 1)), which = in(0, 15);
    return static_cast<int32_t>(which == 0 ? least : which == 1 ? -least - 1 : in(least, -least - 1));
  }

  int32_t sign() { return in(0, 1) == 0 ? -1 : 1; }

private:
  uint64_t state_;
};

/// C (m x n) = A W of any size, folded into tiles that follow each other. Each tile is given partial sums of its own if
/// it takes some: what the tiles of an element give adds up to the product and those sums.
class Product {
public:
  Product(const cost::MatrixArray &array, const cost::ArrayTile &whole, Random &random)
      : m_(whole.m), n_(whole.n), k_(whole.k), expected_(m_ * n_, 0) {
    const int64_t m = m_, n = n_, k = k_;
    std::vector<int32_t> a(m * k), w(k * n);
    for (int32_t &x : a) {
      x = random.code(whole.aBits);
    }
    if (array.group == 1) {
      for (int32_t &x : w) {
        x = isSigns(array, whole) ? random.sign() : random.code(whole.wBits);
      }
    } else {
      keepSome(array, w, random);
    }
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        for (int64_t l = 0; l < k; ++l) {
          expected_[i * n + j] += static_cast<uint32_t>(a[i * k + l] * w[l * n + j]);
        }
      }
    }
    const bool staysOut = keepsOutputs(array.mode);
    const bool looksUp = array.mode == cost::ArrayMode::TableLookup;
    const int64_t foldM = staysOut || looksUp ? array.rows : m, foldN = looksUp ? n : array.columns,
                  foldK = looksUp    ? array.tableGroup * array.tables
                          : staysOut ? k
                                     : array.rows / array.kept * array.group;
    for (int64_t i = 0; i < m; i += foldM) {
      for (int64_t j = 0; j < n; j += foldN) {
        for (int64_t l = 0; l < k; l += foldK) {
          TileData data;
          const int64_t deep = std::min(foldK, k - l);
          data.tile = {std::min(foldM, m - i), std::min(foldN, n - j),
                       (deep * array.kept + array.group - 1) / array.group, whole.aBits, whole.wBits};
          const int64_t depth = activationDepth(array, data.tile);
          for (int64_t x = 0; x < data.tile.m; ++x) {
            data.activations.insert(data.activations.end(), &a[(i + x) * k + l], &a[(i + x) * k + l] + deep);
            for (int64_t y = deep; y < depth; ++y) {
              data.activations.push_back(random.code()); // no place says so
            }
            for (int64_t y = 0; hasPartials(array.mode) && y < data.tile.n; ++y) {
              data.partials.push_back(static_cast<int32_t>(random.next()));
              expected_[(i + x) * n + j + y] += static_cast<uint32_t>(data.partials.back());
            }
          }
          auto block = [&](std::vector<int32_t> &to, const std::vector<int32_t> &from, int64_t firstRow) {
            for (int64_t x = firstRow; x < firstRow + data.tile.k; ++x) {
              to.insert(to.end(), &from[x * n + j], &from[x * n + j] + data.tile.n);
            }
          };
          if (array.group == 1) {
            block(data.weights, w, l);
          } else {
            block(data.weights, kept_, l / array.group * array.kept);
            block(data.places, places_, l / array.group * array.kept);
          }
          tiles.push_back(std::move(data));
          origins_.push_back({i, j});
        }
      }
    }
  }

  std::vector<TileData> tiles;

  /// "" if the words of the tiles, which begin at `word` (which is moved past them), hold the product; else what differs.
  std::string compare(const cost::MatrixArray &array, const std::vector<Word> &words, size_t &word) const {
    std::vector<uint32_t> sums(m_ * n_, 0);
    for (size_t t = 0; t < tiles.size(); ++t) {
      const cost::ArrayTile &tile = tiles[t].tile;
      std::vector<int32_t> results = tileResults(array, tile, words, word);
      word += resultWords(array, tile);
      for (int64_t x = 0; x < tile.m; ++x) {
        for (int64_t y = 0; y < tile.n; ++y) {
          sums[(origins_[t].first + x) * n_ + origins_[t].second + y] +=
              static_cast<uint32_t>(results[x * tile.n + y]);
        }
      }
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      if (sums[i] != expected_[i]) {
        return "product of " + std::to_string(m_) + " x " + std::to_string(n_) + " x " + std::to_string(k_) +
               ", element " + std::to_string(i) + ": expected " +
               std::to_string(static_cast<int32_t>(expected_[i])) + ", got " +
               std::to_string(static_cast<int32_t>(sums[i]));
      }
    }
    return "";
  }

private:
  static bool isSigns(const cost::MatrixArray &array, const cost::ArrayTile &tile) {
    return array.mode == cost::ArrayMode::TableLookup && tile.wBits == 1;
  }

  /// Of each group of each column some weights, anywhere; of a group that is cut off, as large a part of them. Some have a place beyond
  /// the tile's activations, or beyond the group, and count nothing.
  void keepSome(const cost::MatrixArray &array, std::vector<int32_t> &w, Random &random) {
    const int64_t rows = (k_ * array.kept + array.group - 1) / array.group;
    kept_.resize(rows * n_);
    places_.resize(rows * n_);
    for (int64_t column = 0; column < n_; ++column) {
      std::vector<int64_t> free;
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t first = row / array.kept * array.group;
        if (row % array.kept == 0) {
          free.clear();
          for (int64_t place = 0; place < std::min(array.group, k_ - first); ++place) {
            free.push_back(place);
          }
        }
        const int64_t ofGroup = std::min(array.kept, rows - row / array.kept * array.kept),
                      beyond = (ofGroup * array.group + array.kept - 1) / array.kept,
                      most = (int64_t(1) << placeBits(array)) - 1;
        if (beyond <= most && random.in(0, 7) == 0) {
          kept_[row * n_ + column] = random.code();
          places_[row * n_ + column] = static_cast<int32_t>(random.in(beyond, most));
          continue;
        }
        auto chosen = free.begin() + random.in(0, int64_t(free.size()) - 1);
        const int32_t weight = random.code();
        w[(first + *chosen) * n_ + column] = weight;
        kept_[row * n_ + column] = weight;
        places_[row * n_ + column] = static_cast<int32_t>(*chosen);
        free.erase(chosen);
      }
    }
  }

  int64_t m_, n_, k_;
  std::vector<int32_t> kept_, places_; ///< rows of kept weights
  std::vector<uint32_t> expected_;
  std::vector<std::pair<int64_t, int64_t>> origins_;
};

/// Products back to back, as words.
struct Workload {
  std::vector<Product> products;
  std::vector<cost::ArrayTile> tiles;
  Stimulus stimulus;

  /// Lanes that are not looked at are noise.
  void add(const cost::MatrixArray &array, const cost::ArrayTile &product, Random &random) {
    products.emplace_back(array, product, random);
    for (const TileData &data : products.back().tiles) {
      const bool isWide = array.mode == cost::ArrayMode::BitSerial;
      const int32_t noise = isWide ? static_cast<int32_t>(random.next()) : random.code();
      if (Status status = appendTile(array, data, stimulus, noise); !status) {
        failure = status.error().message;
      }
      tiles.push_back(data.tile);
    }
  }
  std::string compare(const cost::MatrixArray &array, const std::vector<Word> &words) const {
    size_t word = 0;
    for (const Product &product : products) {
      if (std::string difference = product.compare(array, words, word); !difference.empty()) {
        return difference;
      }
    }
    return failure;
  }
  std::string failure;
};

/// One to five products of sizes from 1 to 3R + 1; bit-serial of 1 to 16 bits, most of at most 8, look-ups of weights of 1 to
/// 16 bits, most of at most 5.
inline Workload randomWorkload(const cost::MatrixArray &array, Random &random) {
  Workload workload;
  for (int64_t i = random.in(1, 5); i > 0; --i) {
    const int64_t most = 3 * array.rows + 1;
    cost::ArrayTile product;
    for (int64_t *size : {&product.m, &product.n, &product.k}) {
      *size = random.in(1, most);
    }
    if (array.mode == cost::ArrayMode::BitSerial) {
      product.aBits = random.in(1, random.in(0, 3) == 0 ? 16 : 8);
      product.wBits = random.in(1, random.in(0, 3) == 0 ? 16 : 8);
    } else if (array.mode == cost::ArrayMode::TableLookup) {
      product.wBits = random.in(1, random.in(0, 7) == 0 ? 16 : 5);
    }
    workload.add(array, product, random);
  }
  return workload;
}

/// A pattern for each of the ports: some never stall, some nearly always.
inline void addStalls(const std::vector<Port> &ports, Random &random, Stimulus &stimulus) {
  for (const Port &port : ports) {
    int64_t sixteenths = random.in(0, 3) * 5;
    std::vector<bool> pattern(random.in(40, 300));
    for (size_t i = 0; i < pattern.size(); ++i) {
      pattern[i] = random.in(0, 15) < sixteenths;
    }
    pattern[random.in(0, static_cast<int64_t>(pattern.size()) - 1)] = false;
    stimulus.stalls[port.name] = pattern;
  }
}

} // namespace coopt::npu::test

#endif // COOPT_TEST_NPU_WORKLOAD_H
