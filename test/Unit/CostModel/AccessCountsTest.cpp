//===- AccessCountsTest.cpp - Timeloop's reference designs ---------------------===//
#include "coopt/CostModel/AccessCounts.h"
#include "coopt/Machine/Machine.h"

#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <sstream>

using namespace coopt;
using namespace coopt::cost;
using machine::NpuTensor;

namespace {

machine::NpuMachine preset(const char *name) { return *machine::presetNpu(name)->npu(); }

/// The problem of all reference outputs: 3 channels, 32 filters of 3 x 3, stride 2, output of 112 x 112.
const NestProblem kReference = {{1, 32, 3, 112, 112, 3, 3}, 2, 2};

/// What Timeloop printed for a design and the mapping that its mapper had found.
struct Design {
  const char *name, *machine, *mapping;
  int64_t cycles;
  double utilization, microjoules;
  std::vector<std::pair<const char *, int64_t>> accesses; ///< "total scalar accesses"
};
const Design kDesigns[] = {
    {"eyeriss_like",
     "eyeriss168",
     "L4[WIO] P8 Q2 M4 - L3[IO] P14 Q4 Q14X C3Y S3Y - L2[I] - L1[W] R3 - L0[O] M8",
     86016,
     0.75,
     59.28,
     {{"dram", 572528},
      {"shared_glb", 1913456},
      {"ifmap_spad", 12192768},
      {"weights_spad", 11031552},
      {"psum_spad", 18063360}}},
    {"simba_like",
     "simba",
     "L5[WIO] Q28 - L4[IO] P4 C3X M4X - L3[I] Q4 M4Y - L2[W] R3 P4 S3 - L1[O] M2 P7 - L0[W]",
     225792,
     0.1875,
     239.15,
     {{"dram", 554147},
      {"global_buffer", 2329015},
      {"pe_input_buffer", 3389904},
      {"pe_weight_buffer", 1549152},
      {"pe_accu_buffer", 22880256},
      {"pe_weight_regs", 12386304}}},
    {"simple_weight_stationary",
     "simple256",
     "L5[WIO] Q14 - L4[WIO] S3 P2 M8 M4Y C3Y - L3[W] R3 Q2 P2 - L2[W] P28 Q4 - L1[I] - L0[O]",
     903168,
     0.0469,
     151.67,
     {{"dram", 554147},
      {"shared_glb", 9710371},
      {"pe_spad", 48384},
      {"weight_reg", 10862208},
      {"input_activation_reg", 21676032},
      {"output_activation_reg", 30105600}}},
    {"simple_output_stationary",
     "simple256",
     "L5[WIO] P2 Q8 M2 - L4[WI] Q14 R3 M16Y - L3[O] C3 P4 S3 - L2[W] P14 - L1[I] - L0[O]",
     677376,
     0.0625,
     118.46,
     {{"dram", 572528},
      {"shared_glb", 1622640},
      {"pe_spad", 21274624},
      {"weight_reg", 11612160},
      {"input_activation_reg", 21676032},
      {"output_activation_reg", 31711232}}},
};

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text.setf(std::ios::fixed);
  text.precision(digits);
  text << value;
  return text.str();
}

AccessReport count(const machine::NpuMachine &machine, const NestProblem &problem, const std::string &text) {
  auto mapping = parseMapping(text);
  EXPECT_TRUE(mapping) << mapping.error().message;
  auto report = countAccesses(machine, problem, *mapping);
  EXPECT_TRUE(report) << report.error().message;
  return report ? *report : AccessReport();
}

TEST(AccessCounts, ReferenceDesigns) {
  std::ifstream in(std::string(COOPT_TEST_SOURCE_DIR) + "/../python-free-docs/npu-comparisons.md");
  std::stringstream page;
  page << in.rdbuf();
  for (const Design &design : kDesigns) {
    SCOPED_TRACE(design.name);
    const AccessReport report = count(preset(design.machine), kReference, design.mapping);
    EXPECT_EQ(report.cycles, design.cycles);
    EXPECT_EQ(report.multiplications, 10838016);
    EXPECT_NEAR(report.utilization, design.utilization, 0.00005);
    ASSERT_EQ(report.levels.size(), design.accesses.size());
    std::string accesses;
    for (size_t i = 0; i < report.levels.size(); ++i) {
      EXPECT_EQ(report.levels[i].name, design.accesses[i].first);
      EXPECT_EQ(report.levels[i].total(), design.accesses[i].second) << report.levels[i].name;
      accesses += (i ? ", " : "") + report.levels[i].name + " " + std::to_string(report.levels[i].total());
    }
    EXPECT_TRUE(report.unsourced.empty());
    EXPECT_NEAR(report.picojoules / 1e6, design.microjoules, 0.02 * design.microjoules);
    const std::string row = std::string("| `") + design.name + "` | `" + design.machine + "` | " +
                            std::to_string(report.cycles) + " | " + accesses + " | " +
                            fixed(design.microjoules, 2) + " | " + fixed(report.picojoules / 1e6, 2) + " |";
    EXPECT_NE(page.str().find(row), std::string::npos) << row;
  }
}

// Eyeriss-like by tensor, as its statistics have them.
TEST(AccessCounts, TensorsOfEyeriss) {
  const AccessReport report = count(preset("eyeriss168"), kReference, kDesigns[0].mapping);
  const std::vector<TensorAccesses> &dram = report.levels[0].tensors, &buffer = report.levels[1].tensors;
  ASSERT_EQ(dram.size(), 3u);
  EXPECT_EQ(dram[0].reads, 13824);
  EXPECT_EQ(dram[1].reads, 157296);
  EXPECT_EQ(dram[2].reads, 0);
  EXPECT_EQ(dram[2].updates, 401408);
  ASSERT_EQ(buffer.size(), 2u);
  EXPECT_EQ(buffer[0].tile, 9831);
  EXPECT_EQ(buffer[0].reads, 1354752);
  EXPECT_EQ(buffer[0].fills, 157296);
  EXPECT_EQ(buffer[1].updates, 401408);
  EXPECT_EQ(buffer[1].fills, 0);
  const LevelAccesses &sums = report.levels[4];
  EXPECT_EQ(sums.instances, 126);
  EXPECT_EQ(sums.tensors[0].reads, 126 * 57344);
  EXPECT_EQ(sums.tensors[0].updates, 126 * 86016);
}

TEST(AccessCounts, EnergyWithoutNumbersIsUnsourced) {
  machine::NpuMachine machine = preset("eyeriss168");
  machine.energyTable =
      "45nm"; // has no register file of 24 or 32 bytes, and none of 384 with lines of 16 bits
  const AccessReport report = count(machine, kReference, kDesigns[0].mapping);
  EXPECT_EQ(report.unsourced, (std::vector<std::string>{"ifmap_spad", "weights_spad", "psum_spad"}));
  EXPECT_FALSE(report.levels[2].picojoules);
  EXPECT_DOUBLE_EQ(report.picojoules, *report.levels[0].picojoules + *report.levels[1].picojoules +
                                          *report.multiplierPicojoules);
  machine.energyTable.reset();
  EXPECT_EQ(count(machine, kReference, kDesigns[0].mapping).unsourced.size(), 6u);
  EXPECT_EQ(count(machine, kReference, kDesigns[0].mapping).picojoules, 0);
}

//===----------------------------------------------------------------------===//
// Against a walk through all steps
//===----------------------------------------------------------------------===//

using Points = std::set<std::vector<int64_t>>;
using Index = std::array<int64_t, kLoopDimensions>;

/// Every point of a tensor that loops of these extents touch from `base` on; inputs with all between the first and the last.
Points touched(const NestProblem &problem, NpuTensor tensor, const Index &base, const LoopExtents &extents) {
  Points points;
  std::vector<int64_t> least, most;
  Index i{};
  for (i[0] = 0; i[0] < extents[0]; ++i[0]) {
    for (i[1] = 0; i[1] < extents[1]; ++i[1]) {
      for (i[2] = 0; i[2] < extents[2]; ++i[2]) {
        for (i[3] = 0; i[3] < extents[3]; ++i[3]) {
          for (i[4] = 0; i[4] < extents[4]; ++i[4]) {
            for (i[5] = 0; i[5] < extents[5]; ++i[5]) {
              for (i[6] = 0; i[6] < extents[6]; ++i[6]) {
                Index p;
                for (size_t d = 0; d < p.size(); ++d) {
                  p[d] = base[d] + i[d];
                }
                std::vector<int64_t> point;
                if (tensor == NpuTensor::Weights) {
                  point = {p[1], p[2], p[5], p[6]};
                } else if (tensor == NpuTensor::Outputs) {
                  point = {p[0], p[1], p[3], p[4]};
                } else {
                  point = {p[0], p[2], problem.strideHeight * p[3] + problem.dilationHeight * p[5],
                           problem.strideWidth * p[4] + problem.dilationWidth * p[6]};
                }
                if (points.empty()) {
                  least = most = point;
                }
                for (size_t a = 0; a < point.size(); ++a) {
                  least[a] = std::min(least[a], point[a]);
                  most[a] = std::max(most[a], point[a]);
                }
                points.insert(point);
              }
            }
          }
        }
      }
    }
  }
  if (tensor == NpuTensor::Inputs) {
    for (int64_t n = least[0]; n <= most[0]; ++n) {
      for (int64_t c = least[1]; c <= most[1]; ++c) {
        for (int64_t h = least[2]; h <= most[2]; ++h) {
          for (int64_t w = least[3]; w <= most[3]; ++w) {
            points.insert({n, c, h, w});
          }
        }
      }
    }
  }
  return points;
}

struct Walked {
  int64_t tile = 0, reads = 0, fills = 0, updates = 0;
};

/// Three levels: all in the first; a mesh behind the second; what each instance of a level is given, step by step.
class Walk {
public:
  Walk(const NestProblem &problem, const Mapping &mapping) : problem(problem), mapping(mapping) {}

  /// Words that all instances of `level` are given, and those that are read for them: once for all places of one mesh that ask
  /// for the same.
  std::pair<int64_t, int64_t> given(NpuTensor tensor, size_t level) {
    std::vector<const MappingLoop *> time;
    std::vector<size_t> places;
    std::vector<std::pair<size_t, size_t>> mesh;
    for (size_t l = 0; l < level; ++l) {
      for (size_t j = 0; j < mapping.levels[l].loops.size(); ++j) {
        const MappingLoop &loop = mapping.levels[l].loops[j];
        if (loop.axis == LoopAxis::Time && loop.extent > 1) {
          time.push_back(&loop);
        } else if (loop.axis != LoopAxis::Time) {
          mesh.push_back({l, j});
        }
      }
    }
    int64_t words = 0, read = 0;
    std::map<std::vector<int64_t>, Points> before; // by place
    std::vector<int64_t> t(time.size(), 0);
    std::vector<int64_t> last;
    while (true) {
      std::set<std::pair<Points, Points>> asked; // what is new of which tile
      std::vector<int64_t> place(mesh.size(), 0);
      while (true) {
        const Points tile =
            touched(problem, tensor, baseOf(time, t, mesh, place), extentsFrom(mapping, level));
        Points fresh = tile;
        if (!last.empty()) {
          bool relevant = false, onlyInnermost = true;
          for (size_t i = 0; i < t.size(); ++i) {
            if (t[i] != last[i]) {
              relevant = relevant || depends(tensor, time[i]->dimension);
              onlyInnermost = onlyInnermost && i + 1 == t.size();
            }
          }
          if (!relevant) {
            fresh.clear();
          } else if (onlyInnermost) {
            for (const auto &point : before[place]) {
              fresh.erase(point);
            }
          }
        }
        before[place] = tile;
        words += static_cast<int64_t>(fresh.size());
        asked.insert({tile, fresh});
        if (!advance(place,
                     [&](size_t i) { return mapping.levels[mesh[i].first].loops[mesh[i].second].extent; })) {
          break;
        }
      }
      for (const auto &each : asked) {
        read += static_cast<int64_t>(each.second.size());
      }
      last = t;
      if (t.empty() || !advance(t, [&](size_t i) { return time[i]->extent; })) {
        break;
      }
    }
    return {words, read};
  }

private:
  static bool depends(NpuTensor tensor, LoopDimension dimension) {
    const std::string letters = tensor == NpuTensor::Weights   ? "MCRS"
                                : tensor == NpuTensor::Outputs ? "NMPQ"
                                                               : "NCPQRS";
    return letters.find(name(dimension)) != std::string::npos;
  }
  template <typename Extent>
  static bool advance(std::vector<int64_t> &index, Extent extent) {
    for (size_t i = index.size(); i-- > 0;) {
      if (++index[i] < extent(i)) {
        return true;
      }
      index[i] = 0;
    }
    return false;
  }
  Index baseOf(const std::vector<const MappingLoop *> &time, const std::vector<int64_t> &t,
               const std::vector<std::pair<size_t, size_t>> &mesh, const std::vector<int64_t> &place) const {
    Index base{};
    for (size_t l = 0; l < mapping.levels.size(); ++l) {
      for (size_t j = 0; j < mapping.levels[l].loops.size(); ++j) {
        const MappingLoop &loop = mapping.levels[l].loops[j];
        int64_t index = 0;
        for (size_t i = 0; i < time.size(); ++i) {
          index = time[i] == &loop ? t[i] : index;
        }
        for (size_t i = 0; i < mesh.size(); ++i) {
          index = mesh[i] == std::pair(l, j) ? place[i] : index;
        }
        int64_t step = 1;
        for (size_t l2 = l; l2 < mapping.levels.size(); ++l2) {
          for (size_t j2 = l2 == l ? j + 1 : 0; j2 < mapping.levels[l2].loops.size(); ++j2) {
            const MappingLoop &inner = mapping.levels[l2].loops[j2];
            step *= inner.dimension == loop.dimension ? inner.extent : 1;
          }
        }
        base[static_cast<size_t>(loop.dimension)] += index * step;
      }
    }
    return base;
  }

  const NestProblem &problem;
  const Mapping &mapping;
};

TEST(AccessCounts, EqualAWalkThroughAllSteps) {
  machine::NpuMachine machine = preset("eyeriss168");
  using machine::NpuMemoryKind;
  const std::vector<NpuTensor> all = {NpuTensor::Weights, NpuTensor::Inputs, NpuTensor::Outputs};
  machine.hierarchy = {{"far", NpuMemoryKind::Dram, {}, 64, 8, all},
                       {"near", NpuMemoryKind::Sram, 1 << 20, 64, 8, all, 12, 14},
                       {"own", NpuMemoryKind::RegisterFile, 1 << 20, 64, 8, all}};
  std::mt19937 random(7);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % n); };
  int64_t partly = 0;
  for (int trial = 0; trial < 400; ++trial) {
    NestProblem problem;
    problem.extents.fill(1);
    problem.strideHeight = 1 + below(3);
    problem.strideWidth = 1 + below(2);
    problem.dilationHeight = 1 + below(2);
    problem.dilationWidth = 1 + below(3);
    Mapping mapping;
    mapping.levels.resize(3);
    int64_t steps = 1;
    for (size_t l = 0; l < 3; ++l) {
      mapping.levels[l].keeps = all;
      std::set<LoopDimension> inMesh;
      for (int64_t j = below(4); j > 0; --j) {
        const MappingLoop loop{static_cast<LoopDimension>(below(7)), 1 + below(3), LoopAxis::Time};
        if (steps * loop.extent <= 300) {
          steps *= loop.extent;
          mapping.levels[l].loops.push_back(loop);
          at(problem.extents, loop.dimension) *= loop.extent;
        }
      }
      if (l == 1) {
        for (int64_t j = below(3); j > 0; --j) {
          // Of one mesh: windows of inputs may be the same in several places.
          const MappingLoop loop{static_cast<LoopDimension>(below(7)), 1 + below(3), LoopAxis::X};
          mapping.levels[l].loops.push_back(loop);
          at(problem.extents, loop.dimension) *= loop.extent;
        }
      }
    }
    auto report = countAccesses(machine, problem, mapping);
    ASSERT_TRUE(report) << report.error().message;
    for (NpuTensor tensor : all) {
      const size_t t = static_cast<size_t>(tensor);
      Walk walk(problem, mapping);
      const auto [nearWords, nearRead] = walk.given(tensor, 1);
      const auto [ownWords, ownRead] = walk.given(tensor, 2);
      const int64_t whole = static_cast<int64_t>(touched(problem, tensor, Index{}, problem.extents).size());
      const TensorAccesses &far = report->levels[0].tensors[t], &near = report->levels[1].tensors[t],
                           &own = report->levels[2].tensors[t];
      if (tensor == NpuTensor::Outputs) {
        EXPECT_EQ(far.updates, nearRead) << trial;
        EXPECT_EQ(far.reads, nearRead - whole) << trial;
        EXPECT_EQ(near.fills, nearWords - whole) << trial;
        EXPECT_EQ(near.updates, ownRead) << trial;
        EXPECT_EQ(near.reads, ownRead - whole) << trial;
        EXPECT_EQ(own.updates, report->multiplications) << trial;
      } else {
        EXPECT_EQ(far.reads, nearRead) << trial;
        EXPECT_EQ(near.fills, nearWords) << trial;
        EXPECT_EQ(near.reads, ownRead) << trial;
        EXPECT_EQ(own.fills, ownWords) << trial;
        EXPECT_EQ(own.reads, report->multiplications) << trial;
        partly += ownRead != ownWords;
      }
    }
  }
  EXPECT_GT(partly, 50);
}

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

std::string refusal(const NestProblem &problem, const std::string &text,
                    const machine::NpuMachine &machine = preset("eyeriss168")) {
  auto mapping = parseMapping(text);
  if (!mapping) {
    return mapping.error().message;
  }
  auto report = countAccesses(machine, problem, *mapping);
  return report ? "counted" : report.error().message;
}

TEST(AccessCounts, Refused) {
  const std::string inner = " - L2[I] - L1[W] - L0[O]";
  NestProblem one;
  one.extents.fill(1);
  EXPECT_EQ(refusal(one, "L4[WIO] - L3[IO]" + inner), "counted");
  EXPECT_EQ(refusal(one, "L4[WIO] - L3[IO]" + inner, preset("edge1")), "expected a machine with a hierarchy");
  EXPECT_EQ(refusal(one, "L1[WIO] - L0[IO]"), "mapping: expected 5 levels, as the hierarchy has, got 2");
  EXPECT_EQ(refusal(one, "L4[WIO] - L3[WIO]" + inner), "hierarchy: level 'shared_glb' does not keep weights");
  EXPECT_EQ(refusal(one, "L4[WI] - L3[IO]" + inner),
            "hierarchy: level 'dram': expected all tensors in the first level");
  EXPECT_EQ(refusal(one, "L4[WIO] P2 - L3[IO]" + inner),
            "problem: P: expected factors of the product 1, got 2");
  NestProblem columns = one;
  at(columns.extents, LoopDimension::Q) = 15;
  EXPECT_EQ(refusal(columns, "L4[WIO] - L3[IO] Q15X" + inner),
            "hierarchy: level 'shared_glb': expected at most 14 x 12 places, got 15 x 1");
  EXPECT_EQ(refusal(columns, "L4[WIO] Q15Y - L3[IO]" + inner),
            "hierarchy: level 'dram': expected at most 1 x 1 places, got 1 x 15");
  EXPECT_EQ(refusal(columns, "L4[WIO] - L3[IO] - L2[I] - L1[W] - L0[O] Q15"), "counted");
  at(columns.extents, LoopDimension::Q) = 17;
  EXPECT_EQ(refusal(columns, "L4[WIO] - L3[IO] - L2[I] - L1[W] - L0[O] Q17"),
            "hierarchy: level 'psum_spad': tiles of 17 words of 16 bits do not fit");
  NestProblem bad = one;
  bad.strideHeight = 0;
  EXPECT_EQ(refusal(bad, "L4[WIO] - L3[IO]" + inner),
            "problem: expected strides and dilations of 1 .. 2^20, got 0");
  at(bad.extents, LoopDimension::R) = 0;
  EXPECT_EQ(refusal(bad, "L4[WIO] - L3[IO]" + inner), "problem: R: expected 1 .. 2^20, got 0");
  NestProblem huge = one;
  huge.extents.fill(1 << 20);
  EXPECT_EQ(refusal(huge, "L4[WIO] - L3[IO]" + inner),
            "problem: N: expected factors of the product 1048576, got 1");
}

TEST(Mapping, Refused) {
  auto message = [](const std::string &text) {
    auto mapping = parseMapping(text);
    return mapping ? "read" : mapping.error().message;
  };
  EXPECT_EQ(message("L1[WIO] K8 Q1 - L0[] K4X"), "read");
  EXPECT_EQ(message(""), "mapping: level 0: expected L0[..], got nothing");
  EXPECT_EQ(message("L1[W] - "), "mapping: level 0: expected L0[..], got nothing");
  EXPECT_EQ(message("L2[W] - L0[W]"), "mapping: level 1: expected L1[..], got 'L2[W]'");
  EXPECT_EQ(message("L0[W"), "mapping: level 0: expected L0[..], got 'L0[W'");
  EXPECT_EQ(message("L0[WX]"), "mapping: level 0: expected the tensors W, I or O, got 'L0[WX]'");
  EXPECT_EQ(message("L0[WW]"), "mapping: level 0: expected each tensor once, got 'L0[WW]'");
  const std::string loop =
      "mapping: level 0: expected one of N, M, K, C, P, Q, R, S, a factor of 1 .. 2^20, and "
      "X or Y or nothing, got ";
  for (const char *word : {"T3", "P", "P0", "P-1", "P3Z", "PX", "P1048577", "P99999999999999999999"}) {
    EXPECT_EQ(message(std::string("L0[W] ") + word), loop + "'" + word + "'");
  }
  EXPECT_EQ(message("L0[W] P1048576X"), "read");
}

} // namespace
