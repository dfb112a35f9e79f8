#include "coopt/Solver/PlanGraphs.h"

using namespace coopt;
using namespace coopt::solver;

namespace {

constexpr int64_t kCode = 1, kValue = 2, kScore = 4; // bytes: i8, bf16, f32

/// Tensors by the extents that they have; an op is named as its result.
class Builder {
public:
  size_t input(std::string name, int64_t bytes) {
    graph.tensors.push_back({std::move(name), bytes, false});
    return graph.tensors.size() - 1;
  }
  size_t op(const std::string &name, int64_t bytes, std::vector<size_t> reads) {
    const size_t result = input(name, bytes);
    graph.ops.push_back({name, std::move(reads), {result}});
    return result;
  }
  NamedGraph give(std::string name, std::string text, const std::vector<size_t> &outputs) {
    for (size_t output : outputs) {
      graph.tensors[output].isOutput = true;
    }
    return {std::move(name), std::move(text), std::move(graph)};
  }

private:
  PlanGraph graph;
};

std::string at(const std::string &name, size_t i) { return name + "." + std::to_string(i); }
std::string at(const std::string &name, size_t i, size_t j) { return at(at(name, i), j); }

/// Llama 3.2 1B: what a layer of it has.
constexpr int64_t kHidden = 2048, kHeads = 32, kKeyHeads = 8, kHead = 64, kInner = 8192;

NamedGraph decoderLayer() {
  constexpr int64_t kRows = 128, kContext = 1024;
  Builder b;
  const size_t wq = b.input("q.w", kHidden * kHeads * kHead * kCode);
  const size_t wk = b.input("k.w", kHidden * kKeyHeads * kHead * kCode);
  const size_t wv = b.input("v.w", kHidden * kKeyHeads * kHead * kCode);
  const size_t wo = b.input("o.w", kHeads * kHead * kHidden * kCode);
  const size_t gate = b.input("gate.w", kHidden * kInner * kCode),
               up = b.input("up.w", kHidden * kInner * kCode);
  const size_t down = b.input("down.w", kInner * kHidden * kCode);
  const size_t keys = b.input("keys", kContext * kKeyHeads * kHead * kCode);
  const size_t values = b.input("values", kContext * kKeyHeads * kHead * kCode);
  constexpr int64_t kResidual = kRows * kHidden * kValue, kWide = kRows * kInner * kValue;
  constexpr int64_t kKeys = kRows * kKeyHeads * kHead * kValue;
  std::vector<size_t> outputs;
  for (size_t r = 0; r < 2; ++r) {
    const size_t x = b.input(at("x", r), kResidual);
    const size_t n = b.op(at("norm1", r), kResidual, {x});
    const size_t q = b.op(at("q", r), kRows * kHeads * kHead * kValue, {n, wq});
    const size_t k = b.op(at("k", r), kKeys, {n, wk}), v = b.op(at("v", r), kKeys, {n, wv});
    const size_t a = b.op(at("attend", r), kRows * kHeads * kHead * kValue, {q, k, v, keys, values});
    const size_t o = b.op(at("o", r), kResidual, {a, wo});
    const size_t y = b.op(at("add1", r), kResidual, {x, o});
    const size_t m = b.op(at("norm2", r), kResidual, {y});
    const size_t g = b.op(at("gate", r), kWide, {m, gate}), u = b.op(at("up", r), kWide, {m, up});
    const size_t h = b.op(at("mul", r), kWide, {g, u});
    const size_t d = b.op(at("down", r), kResidual, {h, down});
    outputs.insert(outputs.end(), {k, v, b.op(at("add2", r), kResidual, {y, d})});
  }
  return b.give("decoder layer", "Llama 3.2 1B, 2 tiles of 128 rows, 1024 keys", outputs);
}

NamedGraph gatedMlp() {
  constexpr int64_t kRows = 128, kBlocks = 4, kBlock = kInner / kBlocks;
  Builder b;
  std::vector<size_t> gate, up, down, outputs;
  for (size_t i = 0; i < kBlocks; ++i) {
    gate.push_back(b.input(at("gate.w", i), kHidden * kBlock * kCode));
    up.push_back(b.input(at("up.w", i), kHidden * kBlock * kCode));
    down.push_back(b.input(at("down.w", i), kBlock * kHidden * kCode));
  }
  for (size_t r = 0; r < 2; ++r) {
    const size_t x = b.input(at("x", r), kRows * kHidden * kValue);
    size_t sum = x;
    for (size_t i = 0; i < kBlocks; ++i) {
      const size_t g = b.op(at("gate", r, i), kRows * kBlock * kValue, {x, gate[i]});
      const size_t u = b.op(at("up", r, i), kRows * kBlock * kValue, {x, up[i]});
      const size_t h = b.op(at("mul", r, i), kRows * kBlock * kValue, {g, u});
      sum = b.op(at("down", r, i), kRows * kHidden * kScore,
                 i == 0 ? std::vector<size_t>{h, down[i]} : std::vector<size_t>{h, down[i], sum});
    }
    outputs.push_back(sum);
  }
  return b.give("gated MLP", "of it, 2 tiles of 128 rows, 4 blocks of 2048 columns", outputs);
}

NamedGraph attention() {
  constexpr int64_t kRows = 128, kContext = 1024, kGroups = 4, kGroupHeads = kHeads / kGroups;
  Builder b;
  const size_t mask = b.input("mask", kRows * kContext / 8);
  size_t sum = 0;
  for (size_t i = 0; i < kGroups; ++i) {
    const size_t q = b.input(at("q", i), kRows * kGroupHeads * kHead * kValue);
    const size_t k = b.input(at("keys", i), kContext * (kKeyHeads / kGroups) * kHead * kValue);
    const size_t v = b.input(at("values", i), kContext * (kKeyHeads / kGroups) * kHead * kValue);
    const size_t w = b.input(at("o.w", i), kGroupHeads * kHead * kHidden * kCode);
    const size_t s = b.op(at("scores", i), kGroupHeads * kRows * kContext * kScore, {q, k});
    const size_t p = b.op(at("softmax", i), kGroupHeads * kRows * kContext * kValue, {s, mask});
    const size_t a = b.op(at("weigh", i), kRows * kGroupHeads * kHead * kValue, {p, v});
    sum = b.op(at("o", i), kRows * kHidden * kScore,
               i == 0 ? std::vector<size_t>{a, w} : std::vector<size_t>{a, w, sum});
  }
  return b.give("attention", "of it with its scores, 128 rows, 1024 keys, 4 groups of 8 heads", {sum});
}

NamedGraph experts() {
  constexpr int64_t kRows = 64, kExperts = 4, kExpertInner = 1024;
  Builder b;
  const size_t router = b.input("router.w", kHidden * kExperts * kValue);
  std::vector<size_t> gate, up, down, outputs;
  for (size_t e = 0; e < kExperts; ++e) {
    gate.push_back(b.input(at("gate.w", e), kHidden * kExpertInner * kCode));
    up.push_back(b.input(at("up.w", e), kHidden * kExpertInner * kCode));
    down.push_back(b.input(at("down.w", e), kExpertInner * kHidden * kCode));
  }
  for (size_t r = 0; r < 2; ++r) {
    const size_t x = b.input(at("x", r), kRows * kHidden * kValue);
    const size_t n = b.op(at("norm", r), kRows * kHidden * kValue, {x});
    const size_t shares = b.op(at("route", r), kRows * kExperts * kScore, {n, router});
    size_t sum = x;
    for (size_t e = 0; e < kExperts; ++e) {
      const size_t g = b.op(at("gate", r, e), kRows * kExpertInner * kValue, {n, gate[e]});
      const size_t u = b.op(at("up", r, e), kRows * kExpertInner * kValue, {n, up[e], g}); // times the gate
      sum = b.op(at("down", r, e), kRows * kHidden * kScore, {u, down[e], shares, sum});
    }
    outputs.push_back(sum);
  }
  return b.give("experts", "4 of OLMoE's (2048 x 1024), 2 tiles of 64 rows", outputs);
}

NamedGraph latentAttention() {
  constexpr int64_t kRows = 128, kKeys = 512, kAllHeads = 16, kGroups = 4, kOf = kAllHeads / kGroups;
  constexpr int64_t kLatent = 512, kTurned = 64, kPlain = 128;
  Builder b;
  const size_t x = b.input("x", kRows * kHidden * kValue);
  const size_t past = b.input("latents", kKeys * (kLatent + kTurned) * kValue);
  const size_t wa = b.input("kv_a.w", kHidden * (kLatent + kTurned) * kCode);
  const size_t n = b.op("norm", kRows * kHidden * kValue, {x});
  const size_t latent = b.op("kv_a", kRows * (kLatent + kTurned) * kValue, {n, wa});
  size_t sum = x;
  for (size_t i = 0; i < kGroups; ++i) {
    const size_t wq = b.input(at("q.w", i), kHidden * kOf * (kPlain + kTurned) * kCode);
    const size_t wb = b.input(at("kv_b.w", i), kLatent * kOf * 2 * kPlain * kCode);
    const size_t wo = b.input(at("o.w", i), kOf * kPlain * kHidden * kCode);
    const size_t q = b.op(at("q", i), kRows * kOf * (kPlain + kTurned) * kValue, {n, wq});
    const size_t kv = b.op(at("kv_b", i), (kKeys + kRows) * kOf * 2 * kPlain * kValue, {latent, past, wb});
    const size_t s = b.op(at("scores", i), kOf * kRows * (kKeys + kRows) * kScore, {q, kv, latent, past});
    const size_t a = b.op(at("weigh", i), kRows * kOf * kPlain * kValue, {s, kv});
    sum = b.op(at("o", i), kRows * kHidden * kScore, {a, wo, sum});
  }
  return b.give("latent attention", "DeepSeek-V2-Lite, 128 rows, 512 keys, 4 groups of 4 heads",
                {latent, sum});
}

NamedGraph uNet() {
  constexpr size_t kLevels = 4;
  Builder b;
  auto image = [](size_t level, int64_t channels) {
    const int64_t side = 128 >> level;
    return side * side * channels * kCode;
  };
  auto channels = [](size_t level) { return int64_t(64) << level; };
  auto conv = [&](const std::string &name, size_t level, int64_t from, std::vector<size_t> reads) {
    reads.push_back(b.input(name + ".w", 9 * from * channels(level) * kCode));
    return b.op(name, image(level, channels(level)), reads);
  };
  size_t x = b.input("image", image(0, 3));
  std::vector<size_t> skips;
  for (size_t level = 0; level < kLevels; ++level) {
    const int64_t from = level == 0 ? 3 : channels(level - 1);
    x = conv(at("down_b", level), level, channels(level), {conv(at("down_a", level), level, from, {x})});
    if (level + 1 < kLevels) {
      skips.push_back(x);
      x = b.op(at("pool", level), image(level + 1, channels(level)), {x});
    }
  }
  for (size_t level = kLevels - 1; level-- > 0;) {
    x = conv(at("widen", level), level, channels(level + 1), {x});
    x = conv(at("up_a", level), level, 2 * channels(level), {x, skips[level]});
    x = conv(at("up_b", level), level, channels(level), {x});
  }
  return b.give("U-Net", "128 x 128 pixels, 4 levels of 64 to 512 channels, skips", {x});
}

NamedGraph inception() {
  constexpr int64_t kPixels = 28 * 28;
  struct Widths {
    int64_t in, one, three1, three, five1, five, pool;
  };
  Builder b;
  auto conv = [&](const std::string &name, int64_t side, int64_t from, int64_t to, size_t x) {
    const size_t w = b.input(name + ".w", side * side * from * to * kCode);
    return b.op(name, kPixels * to * kCode, {x, w});
  };
  size_t x = b.input("x", kPixels * 192 * kCode);
  size_t module = 0;
  for (const Widths &of : {Widths{192, 64, 96, 128, 16, 32, 32}, Widths{256, 128, 128, 192, 32, 96, 64}}) {
    const size_t one = conv(at("1x1", module), 1, of.in, of.one, x);
    const size_t three =
        conv(at("3x3", module), 3, of.three1, of.three, conv(at("3x3_in", module), 1, of.in, of.three1, x));
    const size_t five =
        conv(at("5x5", module), 5, of.five1, of.five, conv(at("5x5_in", module), 1, of.in, of.five1, x));
    const size_t pool = conv(at("pool_1x1", module), 1, of.in, of.pool,
                             b.op(at("pool", module), kPixels * of.in * kCode, {x}));
    x = b.op(at("concat", module), kPixels * (of.one + of.three + of.five + of.pool) * kCode,
             {one, three, five, pool});
    ++module;
  }
  return b.give("inception", "GoogLeNet's modules 3a and 3b, 28 x 28 pixels", {x});
}

NamedGraph residualBlocks() {
  constexpr int64_t kPixels = 28 * 28, kWide = 512, kNarrow = 128;
  Builder b;
  size_t x = b.input("x", kPixels * kWide * kCode);
  for (size_t i = 0; i < 4; ++i) {
    const size_t w1 = b.input(at("in.w", i), kWide * kNarrow * kCode);
    const size_t w2 = b.input(at("3x3.w", i), 9 * kNarrow * kNarrow * kCode);
    const size_t w3 = b.input(at("out.w", i), kNarrow * kWide * kCode);
    const size_t narrow = b.op(at("in", i), kPixels * kNarrow * kCode, {x, w1});
    const size_t middle = b.op(at("3x3", i), kPixels * kNarrow * kCode, {narrow, w2});
    const size_t wide = b.op(at("out", i), kPixels * kWide * kCode, {middle, w3});
    x = b.op(at("add", i), kPixels * kWide * kCode, {x, wide});
  }
  return b.give("residual blocks", "4 of ResNet-50, 28 x 28 pixels, 512 and 128 channels", {x});
}

NamedGraph denseBlock() {
  constexpr int64_t kPixels = 56 * 56, kFirst = 64, kGrowth = 32;
  Builder b;
  std::vector<size_t> all = {b.input("x", kPixels * kFirst * kCode)};
  for (size_t i = 0; i < 6; ++i) {
    const int64_t from = kFirst + static_cast<int64_t>(i) * kGrowth;
    std::vector<size_t> reads = all;
    reads.push_back(b.input(at("1x1.w", i), from * 4 * kGrowth * kCode));
    const size_t narrow = b.op(at("1x1", i), kPixels * 4 * kGrowth * kCode, reads);
    const size_t w = b.input(at("3x3.w", i), 9 * 4 * kGrowth * kGrowth * kCode);
    all.push_back(b.op(at("3x3", i), kPixels * kGrowth * kCode, {narrow, w}));
  }
  all.erase(all.begin());
  return b.give("dense block", "DenseNet-121's first, 56 x 56 pixels, 6 layers of 32 channels", all);
}

NamedGraph featurePyramid() {
  constexpr int64_t kOut = 256;
  Builder b;
  auto pixels = [](size_t level) { return int64_t(64 >> level) * (64 >> level); };
  auto channels = [](size_t level) { return int64_t(256) << level; };
  std::vector<size_t> stages = {b.input("c2", pixels(0) * channels(0) * kCode)};
  for (size_t level = 1; level < 4; ++level) {
    const size_t w = b.input(at("stage.w", level), channels(level - 1) * channels(level) * kCode);
    stages.push_back(b.op(at("stage", level), pixels(level) * channels(level) * kCode, {stages.back(), w}));
  }
  std::vector<size_t> outputs;
  size_t above = 0;
  for (size_t level = 4; level-- > 0;) {
    const int64_t bytes = pixels(level) * kOut * kCode;
    const size_t w = b.input(at("lateral.w", level), channels(level) * kOut * kCode);
    size_t x = b.op(at("lateral", level), bytes, {stages[level], w});
    if (level < 3) {
      x = b.op(at("merge", level), bytes, {x, above}); // with the level above, twice as large
    }
    above = x;
    const size_t smooth = b.input(at("smooth.w", level), 9 * kOut * kOut * kCode);
    outputs.push_back(b.op(at("smooth", level), bytes, {x, smooth}));
  }
  return b.give("feature pyramid", "4 levels from 64 x 64 pixels, 256 to 2048 channels to 256", outputs);
}

} // namespace

std::vector<NamedGraph> solver::networkGraphs() {
  return {decoderLayer(), gatedMlp(),  attention(),      experts(),    latentAttention(),
          uNet(),         inception(), residualBlocks(), denseBlock(), featurePyramid()};
}
