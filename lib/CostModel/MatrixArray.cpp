#include "coopt/CostModel/MatrixArray.h"

#include <algorithm>
#include <tuple>
#include <utility>

using namespace coopt;
using namespace coopt::cost;

const std::vector<ArrayMode> &cost::allArrayModes() {
  static const std::vector<ArrayMode> modes{ArrayMode::WeightStationary, ArrayMode::WeightStationaryChain,
                                            ArrayMode::KeptWeights,      ArrayMode::KeptWeightsChain,
                                            ArrayMode::DotProduct,       ArrayMode::OutputStationary,
                                            ArrayMode::BitSerial,        ArrayMode::TableLookup};
  return modes;
}

const char *cost::name(ArrayMode mode) {
  switch (mode) {
  case ArrayMode::WeightStationary:
    return "ws";
  case ArrayMode::WeightStationaryChain:
    return "ws-chain";
  case ArrayMode::KeptWeights:
    return "nm";
  case ArrayMode::KeptWeightsChain:
    return "nm-chain";
  case ArrayMode::DotProduct:
    return "dot";
  case ArrayMode::OutputStationary:
    return "os";
  case ArrayMode::BitSerial:
    return "bitserial";
  case ArrayMode::TableLookup:
    return "lut";
  }
  return "";
}

Expected<ArrayMode> cost::parseArrayMode(const std::string &text) {
  std::string known;
  for (ArrayMode mode : allArrayModes()) {
    if (text == name(mode)) {
      return mode;
    }
    known += (known.empty() ? "" : ", ") + std::string(name(mode));
  }
  return fail("mode of the matrix array: expected one of " + known + ", got '" + text + "'");
}

namespace {

Status checkRange(const char *what, int64_t value, int64_t most) {
  if (value < 1 || value > most) {
    return fail(std::string(what) + ": expected 1 to " + std::to_string(most) + ", got " +
                std::to_string(value));
  }
  return {};
}

/// What some modes have: a number that is `elsewhere` in all others.
Status checkOwn(bool isOwn, const char *what, int64_t value, int64_t most, int64_t elsewhere) {
  if (!isOwn && value != elsewhere) {
    return fail(std::string(what) + ": expected " + std::to_string(elsewhere) + ", got " +
                std::to_string(value));
  }
  return checkRange(what, value, most);
}

constexpr int64_t mostStreamed = 65535;
constexpr int64_t widestSerial = 16;

int64_t ceilDivided(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Of look-ups: words of a block, and cycles from the end of a block to that of the next.
int64_t blockWords(const MatrixArray &array, const ArrayTile &tile) {
  return tableGroups(array, tile) * tile.wBits;
}
int64_t blockCycles(const MatrixArray &array, const ArrayTile &tile) {
  return std::max(blockWords(array, tile), tile.m);
}

int64_t ceilLog2(int64_t a) {
  int64_t bits = 0;
  while ((int64_t(1) << bits) < a) {
    ++bits;
  }
  return bits;
}

} // namespace

bool cost::keepsOutputs(ArrayMode mode) {
  return mode == ArrayMode::OutputStationary || mode == ArrayMode::BitSerial;
}

bool cost::isChain(ArrayMode mode) {
  return mode == ArrayMode::WeightStationaryChain || mode == ArrayMode::KeptWeightsChain;
}

bool cost::hasHops(ArrayMode mode) { return mode != ArrayMode::DotProduct && mode != ArrayMode::TableLookup; }

bool cost::hasPartials(ArrayMode mode) { return !keepsOutputs(mode) && hasHops(mode); }

int64_t cost::tableGroups(const MatrixArray &array, const ArrayTile &tile) {
  return ceilDivided(tile.k, array.tableGroup);
}

int64_t cost::tableSteps(const MatrixArray &array) {
  return ceilDivided(int64_t(1) << (array.tableGroup - 1), array.tableEntries);
}

int64_t cost::tableCycles(const MatrixArray &array, const ArrayTile &tile) {
  const int64_t g = array.tableGroup, groups = tableGroups(array, tile), built = tableSteps(array);
  return groups == 1
             ? tile.k + built
             : g + (groups - 2) * std::max(g, built) + std::max(tile.k - (groups - 1) * g, built) + built;
}

int64_t cost::blocks(const MatrixArray &array, const ArrayTile &tile) {
  return array.mode == ArrayMode::TableLookup ? ceilDivided(tile.n, array.columns) : 1;
}

int64_t cost::lookupCyclesAlone(const MatrixArray &array, const ArrayTile &tile) {
  return blockWords(array, tile) + (blocks(array, tile) - 1) * blockCycles(array, tile);
}

int64_t cost::lookupCycles(const MatrixArray &array, const ArrayTile &tile) {
  return blocks(array, tile) * blockCycles(array, tile);
}

int64_t cost::placeBits(const MatrixArray &array) { return ceilLog2(array.group); }

int64_t cost::treeLevels(const MatrixArray &array) { return ceilLog2(array.rows); }

int64_t cost::activationDepth(const MatrixArray &array, const ArrayTile &tile) {
  return ceilDivided(tile.k * array.group, array.kept);
}

int64_t cost::weightRowBytes(const MatrixArray &array, const ArrayTile &tile) {
  return ceilDivided(tile.n * tile.wBits, 8) + ceilDivided(tile.n * placeBits(array), 8);
}

int64_t cost::weightPortBytes(const MatrixArray &array) {
  return array.weightPort != 0 ? array.weightPort : weightRowBytes(array, {1, array.columns, 1});
}

int64_t cost::activationPortBytes(const MatrixArray &array) {
  return array.activationPort != 0 ? array.activationPort : activationDepth(array, {1, 1, array.rows});
}

int64_t cost::portWords(int64_t bits, int64_t bytes) {
  return std::max<int64_t>(ceilDivided(ceilDivided(bits, 8), bytes), 1);
}

int64_t cost::weightWords(const MatrixArray &array, const ArrayTile &tile) {
  return portWords(weightRowBytes(array, tile) * 8, weightPortBytes(array));
}

int64_t cost::activationWords(const MatrixArray &array, const ArrayTile &tile) {
  return portWords(activationDepth(array, tile) * tile.aBits, activationPortBytes(array));
}

int64_t cost::resultDelay(const MatrixArray &array) {
  return array.mode == ArrayMode::DotProduct
             ? treeLevels(array) + 1
             : (array.rows - 1) * array.hopRegistersDown + (array.columns - 1) * array.hopRegistersAcross +
                   (array.group == 1 ? 1 : 2);
}

int64_t cost::steps(const MatrixArray &array, const ArrayTile &tile) {
  return array.mode == ArrayMode::BitSerial
             ? ceilDivided(tile.aBits, array.aSlice) * ceilDivided(tile.wBits, array.wSlice)
             : 1;
}

Status cost::check(const MatrixArray &array) {
  const std::pair<const char *, int64_t> sizes[] = {{"rows", array.rows}, {"columns", array.columns}},
                                         hops[] = {{"hop registers down", array.hopRegistersDown},
                                                   {"hop registers across", array.hopRegistersAcross}};
  for (auto [what, value] : sizes) {
    if (Status status = checkRange(what, value, 256); !status) {
      return forward(status.error(), "matrix array");
    }
  }
  for (auto [what, value] : hops) {
    if (Status status = checkOwn(hasHops(array.mode), what, value, 8, 1); !status) {
      return forward(status.error(), "matrix array");
    }
  }
  const std::pair<const char *, int64_t> slices[] = {{"bits of a slice of activations", array.aSlice},
                                                     {"bits of a slice of weights", array.wSlice}};
  const bool isSerial = array.mode == ArrayMode::BitSerial;
  for (auto [what, value] : slices) {
    if (Status status = checkOwn(isSerial, what, value, widestSerial, 8); !status) {
      return forward(status.error(), "matrix array");
    }
  }
  const bool keepsSome = array.mode == ArrayMode::KeptWeights || array.mode == ArrayMode::KeptWeightsChain;
  Status status = checkOwn(keepsSome, "weights of a group", array.group, 64, 1);
  status = status ? checkOwn(keepsSome, "kept weights of a group", array.kept, 64, 1) : status;
  if (status && keepsSome && array.group < 2) {
    status = fail("weights of a group: expected 2 to 64, got " + std::to_string(array.group));
  }
  if (status && keepsSome && array.kept >= array.group) {
    status = fail("kept weights of a group: expected 1 to " + std::to_string(array.group - 1) + ", got " +
                  std::to_string(array.kept));
  }
  if (status && array.rows % array.kept != 0) {
    status = fail("kept weights of a group: expected a divisor of the rows (" + std::to_string(array.rows) +
                  "), got " + std::to_string(array.kept));
  }
  const std::pair<const char *, int64_t> ports[] = {{"bytes of the weight port", array.weightPort},
                                                    {"bytes of the activation port", array.activationPort}};
  for (auto [what, value] : ports) {
    if (status && value != 0) {
      status =
          checkOwn(!keepsOutputs(array.mode) && array.mode != ArrayMode::TableLookup, what, value, 65536, 0);
    }
  }
  status = status ? checkOwn(array.mode == ArrayMode::DotProduct, "cycles of the minimum stripe",
                             array.minimumStripe, 65536, 1)
                  : status;
  const bool looksUp = array.mode == ArrayMode::TableLookup;
  const std::tuple<const char *, int64_t, int64_t, int64_t> tables[] = {
      {"activations of a table", array.tableGroup, 2, 8},
      {"tables of a row", array.tables, 1, 4096},
      {"entries built in a cycle", array.tableEntries, 1,
       int64_t(1) << (std::clamp<int64_t>(array.tableGroup, 2, 8) - 1)},
      {"buffers of tables", array.buffers, 1, 2}};
  for (auto [what, value, least, most] : tables) {
    if (status && (value < (looksUp ? least : 0) || value > (looksUp ? most : 0))) {
      status = fail(std::string(what) + ": expected " +
                    (looksUp ? std::to_string(least) + " to " + std::to_string(most) : "0") + ", got " +
                    std::to_string(value));
    }
  }
  return status ? status : forward(status.error(), "matrix array");
}

Status cost::check(const MatrixArray &array, const ArrayTile &tile) {
  const bool staysOut = keepsOutputs(array.mode), looksUp = array.mode == ArrayMode::TableLookup;
  const std::tuple<const char *, int64_t, int64_t> sizes[] = {
      {"m", tile.m, staysOut || looksUp ? array.rows : mostStreamed},
      {"n", tile.n, looksUp ? mostStreamed : array.columns},
      {"k", tile.k,
       looksUp    ? array.tableGroup * array.tables
       : staysOut ? mostStreamed
                  : array.rows}};
  for (auto [what, value, most] : sizes) {
    if (Status status = checkRange(what, value, most); !status) {
      return forward(status.error(), "tile of a matrix array");
    }
  }
  const bool isSerial = array.mode == ArrayMode::BitSerial;
  const std::tuple<const char *, int64_t, bool> widths[] = {
      {"bits of activations", tile.aBits, isSerial}, {"bits of weights", tile.wBits, isSerial || looksUp}};
  for (auto [what, value, isFree] : widths) {
    if (Status status = checkOwn(isFree, what, value, widestSerial, 8); !status) {
      return forward(status.error(), "tile of a matrix array");
    }
  }
  return {};
}

int64_t cost::latency(const MatrixArray &array, const ArrayTile &tile) {
  if (array.mode == ArrayMode::TableLookup) {
    return tableCycles(array, tile) + lookupCyclesAlone(array, tile) + tile.m + 1;
  }
  if (keepsOutputs(array.mode)) {
    return tile.k * steps(array, tile) + (tile.m - 1) * array.hopRegistersDown +
           (array.columns - 1) * array.hopRegistersAcross + array.rows;
  }
  const int64_t words = activationWords(array, tile);
  return std::max(tile.k * weightWords(array, tile), words - 1) + (tile.m - 1) * words + resultDelay(array) +
         1;
}

int64_t cost::interval(const MatrixArray &array, const ArrayTile &tile, const ArrayTile &next) {
  if (array.mode == ArrayMode::TableLookup) {
    const int64_t tables = tableCycles(array, next), all = lookupCycles(array, tile);
    return array.buffers == 2
               ? std::max(all, tables)
               : std::max(tables + blockWords(array, next), tile.m) + all - blockCycles(array, tile);
  }
  if (keepsOutputs(array.mode)) {
    return std::max(next.k * steps(array, next), (tile.m - 1) * array.hopRegistersDown + array.rows - 1);
  }
  const int64_t activations = (tile.m - 1) * activationWords(array, tile) + activationWords(array, next),
                weights = next.k * weightWords(array, next);
  return std::max({activations, array.minimumStripe,
                   isChain(array.mode) ? (tile.k - 1) * array.hopRegistersDown + weights : weights});
}

static int64_t cyclesOfLookups(const MatrixArray &array, const std::vector<ArrayTile> &tiles) {
  int64_t last = -1, drained = 0; // the end of the tile before, and when its sums are out
  int64_t firstActivations = 0;
  for (const ArrayTile &tile : tiles) {
    const int64_t firstWeights = std::max(firstActivations + tableCycles(array, tile), last + 1),
                  firstBlock = std::max(firstWeights + blockWords(array, tile) - 1, drained);
    last = firstBlock + (blocks(array, tile) - 1) * blockCycles(array, tile);
    drained = last + tile.m;
    // A block's only word is its last one, too.
    firstActivations = array.buffers == 1             ? last + 1
                       : blockWords(array, tile) == 1 ? firstBlock
                                                      : firstWeights;
  }
  return drained + 2;
}

int64_t cost::cycles(const MatrixArray &array, const std::vector<ArrayTile> &tiles) {
  if (tiles.empty()) {
    return 0;
  }
  if (array.mode == ArrayMode::TableLookup) {
    return cyclesOfLookups(array, tiles);
  }
  // A tile starts after its weights (weight stationary) or with its last step (output stationary).
  auto beforeStart = [&](const ArrayTile &tile) {
    return keepsOutputs(array.mode)
               ? tile.k * steps(array, tile)
               : std::max(tile.k * weightWords(array, tile), activationWords(array, tile) - 1);
  };
  int64_t start = beforeStart(tiles.front());
  for (size_t i = 1; i < tiles.size(); ++i) {
    start += interval(array, tiles[i - 1], tiles[i]);
  }
  return start + latency(array, tiles.back()) - beforeStart(tiles.back());
}

ArrayLaw cost::law(ArrayMode mode) {
  switch (mode) {
  case ArrayMode::WeightStationary:
    return {"first weight word accepted", "last result word accepted",
            "max(KB, A-1) + (M-1)A + (R-1)v + (C-1)h + 2", "max((M-1)A + A', K'B')"};
  case ArrayMode::WeightStationaryChain:
    return {"first weight word accepted", "last result word accepted",
            "max(KB, A-1) + (M-1)A + (R-1)v + (C-1)h + 2", "max((M-1)A + A', (K-1)v + K'B')"};
  case ArrayMode::KeptWeights:
    return {"first weight word accepted", "last result word accepted",
            "max(KB, A-1) + (M-1)A + (R-1)v + (C-1)h + 3", "max((M-1)A + A', K'B')"};
  case ArrayMode::KeptWeightsChain:
    return {"first weight word accepted", "last result word accepted",
            "max(KB, A-1) + (M-1)A + (R-1)v + (C-1)h + 3", "max((M-1)A + A', (K-1)v + K'B')"};
  case ArrayMode::DotProduct:
    return {"first weight word accepted", "last result word accepted",
            "max(KB, A-1) + (M-1)A + ceil(log2 R) + 2", "max((M-1)A + A', K'B', T)"};
  case ArrayMode::OutputStationary:
    return {"first pair of words accepted", "last result word accepted", "K + (M-1)v + (C-1)h + R",
            "max(K', (M-1)v + R-1)"};
  case ArrayMode::BitSerial:
    return {"first pair of words accepted", "last result word accepted", "KS + (M-1)v + (C-1)h + R",
            "max(K'S', (M-1)v + R-1)"};
  case ArrayMode::TableLookup:
    return {"first activations accepted", "last result word accepted", "F + Gw + (H-1) max(Gw, M) + M + 1",
            "max(H max(Gw, M), F'); one buffer: max(F' + G'w', M) + (H-1) max(Gw, M)"};
  }
  return {};
}

int64_t cost::requantizerLatency(int64_t m) { return m + 4; }

int64_t cost::requantizerInterval(int64_t m) { return m; }

ArrayLaw cost::requantizerLaw() { return {"scales accepted", "last word of codes accepted", "M + 4", "M"}; }
