#include "Workload.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;
using coopt::cost::ArrayMode;
using coopt::cost::ArrayTile;
using coopt::cost::MatrixArray;

namespace {

std::string print(const MatrixArray &array) {
  return std::string(name(array.mode)) + " " + std::to_string(array.rows) + "x" +
         std::to_string(array.columns) + " v" + std::to_string(array.hopRegistersDown) + " h" +
         std::to_string(array.hopRegistersAcross);
}

std::string print(const std::vector<ArrayTile> &tiles) {
  std::string out;
  for (const ArrayTile &tile : tiles) {
    out += " " + std::to_string(tile.m) + "x" + std::to_string(tile.n) + "x" + std::to_string(tile.k);
  }
  return out;
}

/// What the model does with a workload, after its values were compared.
Transfer runModel(const MatrixArray &array, const Workload &workload, bool keepsEvents = false) {
  auto device = makeArray(array);
  EXPECT_TRUE(device) << (device ? "" : device.error().message);
  auto run = drive(**device, workload.stimulus, keepsEvents);
  EXPECT_TRUE(run) << print(array) << print(workload.tiles) << ": " << (run ? "" : run.error().message);
  if (!run) {
    return {};
  }
  EXPECT_EQ(workload.compare(array, run->output), "") << print(array) << print(workload.tiles);
  return *run;
}

std::vector<MatrixArray> arrays() {
  std::vector<MatrixArray> out;
  const int64_t sizes[][4] = {{1, 1, 1, 1}, {1, 3, 1, 2}, {3, 1, 2, 1}, {2, 2, 1, 1}, {4, 3, 1, 1},
                              {3, 4, 2, 1}, {3, 2, 1, 3}, {5, 4, 3, 2}, {2, 3, 8, 8}};
  for (ArrayMode mode : cost::allArrayModes()) {
    for (const auto &size : sizes) {
      out.push_back({mode, size[0], size[1], size[2], size[3]});
      if (mode == ArrayMode::KeptWeights || mode == ArrayMode::KeptWeightsChain) {
        out.back().kept = size[0] % 2 == 0 ? 2 : 1;
        out.back().group = 4 + static_cast<int64_t>(out.size()) % 3;
        out.back().activationPort = static_cast<int64_t>(out.size()) % 5;
        out.back().weightPort = static_cast<int64_t>(out.size()) % 3;
      }
      if (mode == ArrayMode::DotProduct) {
        out.back() = {mode, size[0], size[1]};
        out.back().activationPort = static_cast<int64_t>(out.size()) % 4;
        out.back().weightPort = static_cast<int64_t>(out.size()) % 3;
        out.back().minimumStripe = 1 + static_cast<int64_t>(out.size()) % 7;
      }
      if (mode == ArrayMode::TableLookup) {
        MatrixArray &array = out.back() = {mode, size[0], size[1]};
        array.tableGroup = 2 + static_cast<int64_t>(out.size()) % 4;
        array.tables = 1 + static_cast<int64_t>(out.size()) % 3;
        array.tableEntries = 1 + static_cast<int64_t>(out.size()) % 2;
        array.buffers = 1 + size[0] % 2;
      }
      if (mode == ArrayMode::BitSerial) {
        out.back().aSlice = 1 + static_cast<int64_t>(out.size()) % 5;
        out.back().wSlice = 1 + static_cast<int64_t>(out.size()) % 3;
      }
    }
  }
  return out;
}

TEST(MatrixArray, EveryTileAloneTakesTheLatency) {
  for (const MatrixArray &array : arrays()) {
    const bool staysOut = keepsOutputs(array.mode), looksUp = array.mode == ArrayMode::TableLookup;
    const int64_t mostM = staysOut || looksUp ? array.rows : 7, mostN = array.columns + (looksUp ? 2 : 0),
                  mostK = looksUp    ? array.tableGroup * array.tables
                          : staysOut ? 7
                                     : array.rows / array.kept * array.group;
    Random random(1);
    for (int64_t m = 1; m <= mostM; ++m) {
      for (int64_t n = 1; n <= mostN; ++n) {
        for (int64_t k = 1; k <= mostK; ++k) {
          Workload workload;
          workload.add(array, {m, n, k}, random);
          EXPECT_EQ(runModel(array, workload).cycles, uint64_t(latency(array, workload.tiles[0])))
              << print(array) << print(workload.tiles);
        }
      }
    }
  }
}

TEST(MatrixArray, TilesBackToBackTakeTheIntervals) {
  for (const MatrixArray &array : arrays()) {
    Random random(2);
    for (int i = 0; i < 60; ++i) {
      Workload workload = randomWorkload(array, random);
      EXPECT_EQ(runModel(array, workload).cycles, uint64_t(cycles(array, workload.tiles)))
          << print(array) << print(workload.tiles);
    }
  }
}

// The laws with numbers, and the one of the start of a tile seen at the ports.
TEST(MatrixArray, SteadyStateOfEqualTiles) {
  const MatrixArray ws{ArrayMode::WeightStationary, 8, 8, 2, 1},
      chain{ArrayMode::WeightStationaryChain, 8, 8, 2, 1}, os{ArrayMode::OutputStationary, 8, 8, 2, 1};
  const ArrayTile row{1, 8, 8}, square{8, 8, 8}, column{8, 8, 1}, tall{100, 8, 8}, deep{8, 8, 100};
  EXPECT_EQ(latency(ws, square), 8 + 8 + 14 + 7 + 1);
  EXPECT_EQ(latency(chain, square), latency(ws, square));
  EXPECT_EQ(latency(os, square), 8 + 14 + 7 + 8);
  EXPECT_EQ(interval(ws, row, row), 8);
  EXPECT_EQ(interval(chain, row, row), 8 + 14);
  EXPECT_EQ(interval(ws, tall, tall), 100);
  EXPECT_EQ(interval(chain, tall, tall), 100);
  EXPECT_EQ(interval(os, column, column), 14 + 7);
  EXPECT_EQ(interval(os, deep, deep), 100);

  for (const MatrixArray &array : {ws, chain, os}) {
    const ArrayTile tile = keepsOutputs(array.mode) ? column : row;
    Random random(3);
    Workload workload;
    for (int i = 0; i < 5; ++i) {
      workload.add(array, tile, random);
    }
    Transfer run = runModel(array, workload, true);
    std::vector<uint64_t> starts; // there is one activation word a tile
    for (const Event &event : run.trace.events()) {
      if (event.port == 2) {
        starts.push_back(event.cycle);
      }
    }
    ASSERT_EQ(starts.size(), 5u);
    for (int i = 1; i < 5; ++i) {
      EXPECT_EQ(starts[i] - starts[i - 1], uint64_t(interval(array, tile, tile))) << print(array);
    }
  }
}

// Of every width and slice: a pair of words takes ceil(a / slice) ceil(w / slice) steps, and the ports are free meanwhile.
TEST(MatrixArray, SlicesOfEveryWidth) {
  Random random(5);
  for (int64_t bits = 1; bits <= 16; ++bits) {
    for (int64_t slice = 1; slice <= 16; ++slice) {
      MatrixArray array{ArrayMode::BitSerial, 2, 3, 1, 2};
      array.aSlice = slice;
      array.wSlice = 17 - slice;
      Workload workload;
      const ArrayTile tile{2, 3, 5, bits, 17 - bits};
      workload.add(array, tile, random);
      int64_t expected = 0; // counted, not divided
      for (int64_t a = 0; a < bits; a += slice) {
        for (int64_t w = 0; w < 17 - bits; w += 17 - slice) {
          ++expected;
        }
      }
      EXPECT_EQ(steps(array, tile), expected);
      EXPECT_EQ(runModel(array, workload).cycles, uint64_t(5 * expected + 1 + 4 + 2)) << bits << " " << slice;
    }
  }
}

// Whether tables, look-ups or draining sums decide, equal tiles follow each other as the law says; the tables of wide groups take long.
TEST(MatrixArray, LookupsOfEqualTiles) {
  Random random(6);
  int64_t decidedByTables = 0, decidedBySums = 0;
  for (int i = 0; i < 60; ++i) {
    MatrixArray array{ArrayMode::TableLookup, random.in(1, 8), random.in(1, 4)};
    array.tableGroup = random.in(2, 8);
    array.tables = random.in(1, 4);
    array.tableEntries = random.in(1, int64_t(1) << (array.tableGroup - 1));
    array.buffers = random.in(1, 2);
    const ArrayTile tile{random.in(1, array.rows), random.in(1, 9),
                         random.in(1, array.tables * array.tableGroup), 8, random.in(1, 4)};
    Workload workload;
    for (int count = 0; count < 8; ++count) {
      workload.add(array, tile, random);
    }
    const Transfer run = runModel(array, workload, true);
    EXPECT_EQ(run.cycles, uint64_t(cycles(array, workload.tiles)));
    const size_t words = workload.stimulus.words["weights"].size() / 8;
    std::vector<uint64_t> starts;
    size_t moved = 0;
    for (const Event &event : run.trace.events()) {
      if (event.port == 2 && moved++ % words == 0) {
        starts.push_back(event.cycle);
      }
    }
    ASSERT_EQ(starts.size(), 8u);
    EXPECT_EQ(starts[7] - starts[6], uint64_t(interval(array, tile, tile))) << print(array) << " " << i;
    decidedByTables += interval(array, tile, tile) == tableCycles(array, tile);
    decidedBySums += array.buffers == 2 && interval(array, tile, tile) == lookupCycles(array, tile) &&
                     lookupCycles(array, tile) > static_cast<int64_t>(words);
  }
  EXPECT_GT(decidedByTables, 3);
  EXPECT_GT(decidedBySums, 3);
}

TEST(MatrixArray, StallsChangeTimesAndNoValue) {
  for (const MatrixArray &array : arrays()) {
    Random random(4);
    auto device = makeArray(array);
    ASSERT_TRUE(device);
    for (int i = 0; i < 20; ++i) {
      Workload workload = randomWorkload(array, random);
      Transfer plain = runModel(array, workload);
      addStalls((*device)->ports, random, workload.stimulus);
      Transfer stalled = runModel(array, workload), again = runModel(array, workload);
      EXPECT_EQ(stalled.output, plain.output);
      EXPECT_EQ(stalled.trace.hash(), again.trace.hash());
      EXPECT_EQ(stalled.cycles, again.cycles);
    }
    // If results are taken in one of ten cycles, that decides.
    Workload workload;
    workload.add(array, {keepsOutputs(array.mode) ? array.rows : 200, array.columns, array.rows}, random);
    std::vector<bool> pattern(10, true);
    pattern[9] = false;
    workload.stimulus.stalls["results"] = pattern;
    uint64_t held = runModel(array, workload).cycles;
    EXPECT_GT(held, 10 * (workload.stimulus.outputWords - 1)) << print(array);
  }
}

TEST(MatrixArray, TraceHoldsWhatMoved) {
  PortTrace a, b, c;
  a.record(1, 2, {3, -4});
  b.record(1, 2, {3, -5});
  c.record(2, 2, {3, -4});
  EXPECT_NE(a.hash(), b.hash());
  EXPECT_NE(a.hash(), c.hash());
  // FNV-1a of the units 1, 0, 2, 3, 0xfffffffc.
  uint64_t hash = 14695981039346656037u;
  for (uint64_t unit : {uint64_t(1), uint64_t(0), uint64_t(2), uint64_t(3), uint64_t(0xfffffffc)}) {
    hash = (hash ^ unit) * 1099511628211u;
  }
  EXPECT_EQ(a.hash(), hash);
}

TEST(MatrixArray, BadInputIsAnError) {
  auto message = [](const auto &result) { return result ? std::string() : result.error().message; };
  EXPECT_EQ(message(makeArray({ArrayMode::WeightStationary, 0, 4, 1, 1})),
            "matrix array: rows: expected 1 to 256, got 0");
  EXPECT_EQ(message(makeArray({ArrayMode::OutputStationary, 4, 4, 0, 1})),
            "matrix array: hop registers down: expected 1 to 8, got 0");
  EXPECT_EQ(message(cost::parseArrayMode("is")), "mode of the matrix array: expected one of ws, ws-chain, "
                                                 "nm, nm-chain, dot, os, bitserial, lut, got 'is'");
  const MatrixArray ws{ArrayMode::WeightStationary, 4, 3, 1, 1};
  Stimulus stimulus;
  EXPECT_EQ(message(appendTile(ws, {{1, 1, 5}, {}, {}, {}, {}}, stimulus)),
            "tile of a matrix array: k: expected 1 to 4, got 5");
  EXPECT_EQ(message(appendTile(ws, {{1, 4, 1}, {}, {}, {}, {}}, stimulus)),
            "tile of a matrix array: n: expected 1 to 3, got 4");
  EXPECT_EQ(message(appendTile(ws, {{65536, 1, 1}, {}, {}, {}, {}}, stimulus)),
            "tile of a matrix array: m: expected 1 to 65535, got 65536");
  EXPECT_EQ(message(appendTile(ws, {{2, 1, 2}, {1, 2, 3}, {1, 1}, {}, {0, 0}}, stimulus)),
            "activations of a tile: expected 4 numbers, got 3");
  EXPECT_EQ(message(appendTile(ws, {{1, 1, 1}, {128}, {1}, {}, {0}}, stimulus)),
            "activations of a tile: expected -128 to 127, got 128");
  EXPECT_EQ(message(appendTile(ws, {{1, 1, 1, 8, 4}, {1}, {1}, {}, {0}}, stimulus)),
            "tile of a matrix array: bits of weights: expected 8, got 4");
  MatrixArray sliced = ws;
  sliced.aSlice = 4;
  EXPECT_EQ(message(makeArray(sliced)), "matrix array: bits of a slice of activations: expected 8, got 4");
  MatrixArray serial{ArrayMode::BitSerial, 4, 3, 1, 1};
  EXPECT_EQ(message(appendTile(serial, {{1, 1, 1, 17, 4}, {1}, {1}, {}, {}}, stimulus)),
            "tile of a matrix array: bits of activations: expected 1 to 16, got 17");
  EXPECT_EQ(message(appendTile(serial, {{1, 1, 1, 4, 4}, {-8}, {8}, {}, {}}, stimulus)),
            "weights of a tile: expected -8 to 7, got 8");
  MatrixArray some{ArrayMode::KeptWeights, 4, 3, 1, 1};
  EXPECT_EQ(message(makeArray(some)), "matrix array: weights of a group: expected 2 to 64, got 1");
  some.group = 4;
  some.kept = 4;
  EXPECT_EQ(message(makeArray(some)), "matrix array: kept weights of a group: expected 1 to 3, got 4");
  some.kept = 3;
  EXPECT_EQ(message(makeArray(some)),
            "matrix array: kept weights of a group: expected a divisor of the rows (4), got 3");
  some.kept = 2;
  EXPECT_EQ(message(appendTile(some, {{1, 1, 1}, {1, 1}, {1}, {}, {0}}, stimulus)),
            "places of a tile: expected 1 numbers, got 0");
  EXPECT_EQ(message(appendTile(some, {{1, 1, 1}, {1, 1}, {1}, {4}, {0}}, stimulus)),
            "places of a tile: expected 0 to 3, got 4");
  sliced = ws;
  sliced.group = 4;
  EXPECT_EQ(message(makeArray(sliced)), "matrix array: weights of a group: expected 1, got 4");
  sliced.group = 1;
  sliced.minimumStripe = 8;
  EXPECT_EQ(message(makeArray(sliced)), "matrix array: cycles of the minimum stripe: expected 1, got 8");
  sliced = {ArrayMode::DotProduct, 4, 3, 2, 1};
  EXPECT_EQ(message(makeArray(sliced)), "matrix array: hop registers down: expected 1, got 2");
  MatrixArray tables{ArrayMode::TableLookup, 4, 3};
  EXPECT_EQ(message(makeArray(tables)), "matrix array: activations of a table: expected 2 to 8, got 0");
  tables.tableGroup = 3;
  tables.tables = 2;
  tables.tableEntries = 5;
  EXPECT_EQ(message(makeArray(tables)), "matrix array: entries built in a cycle: expected 1 to 4, got 5");
  tables.tableEntries = 4;
  tables.buffers = 3;
  EXPECT_EQ(message(makeArray(tables)), "matrix array: buffers of tables: expected 1 to 2, got 3");
  tables.buffers = 2;
  EXPECT_EQ(message(appendTile(tables, {{1, 1, 7}, {}, {}, {}, {}}, stimulus)),
            "tile of a matrix array: k: expected 1 to 6, got 7");
  EXPECT_EQ(message(appendTile(tables, {{1, 1, 1, 8, 1}, {1}, {0}, {}, {}}, stimulus)),
            "weights of a tile: expected +1 or -1, got 0");
  EXPECT_EQ(message(appendTile(tables, {{1, 1, 1, 4, 1}, {1}, {1}, {}, {}}, stimulus)),
            "tile of a matrix array: bits of activations: expected 8, got 4");
  sliced = {ArrayMode::DotProduct, 4, 3};
  sliced.buffers = 1;
  EXPECT_EQ(message(makeArray(sliced)), "matrix array: buffers of tables: expected 0, got 1");
  sliced = {ArrayMode::OutputStationary, 4, 3, 1, 1};
  sliced.weightPort = 2;
  EXPECT_EQ(message(makeArray(sliced)), "matrix array: bytes of the weight port: expected 0, got 2");
  serial.wSlice = 0;
  EXPECT_EQ(message(makeArray(serial)), "matrix array: bits of a slice of weights: expected 1 to 16, got 0");
  auto device = makeArray(ws);
  stimulus.words["weights"] = {{1, 2}};
  EXPECT_EQ(message(drive(**device, stimulus)), "port weights: expected words of 3 lanes, got 2");
  stimulus.words["weights"] = {{1, 2, 3}};
  EXPECT_EQ(message(drive(**device, stimulus)),
            "port weights: all results are there, but not all words were taken");
  stimulus.outputWords = 1;
  EXPECT_EQ(message(drive(**device, stimulus, false, 10)),
            "cycle 10: no word has moved for 11 cycles, 0 of 1 results are there");
}

} // namespace
