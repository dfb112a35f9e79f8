#include "LatentAttentionImporter.h"

using namespace mlir;
using namespace coopt::import;

static Value indexOf(OpBuilder &b, Location at, int64_t value) {
  return arith::ConstantIndexOp::create(b, at, value);
}

Value LatentAttentionImporter::byElement(int64_t size, const Element &element) {
  Value init = t.empty({ShapedType::kDynamic, config.heads, size}, builder.getF32Type(), rows);
  return t.elementwise({}, {}, init, [&](OpBuilder &b, Location at, ValueRange) -> Value {
    Value row = linalg::IndexOp::create(b, at, 0), head = linalg::IndexOp::create(b, at, 1),
          d = linalg::IndexOp::create(b, at, 2);
    return element(b, at, row, head, d);
  });
}

Value LatentAttentionImporter::query(const std::string &prefix, Value x) {
  const LatentTensorNames &names = config.names.latent;
  Value q;
  if (latent.queryRank > 0) {
    Value down = source.linear(names.queryDown, "q_a_proj", x, config.queryKeyValueBias);
    q = source.linear(names.queryUp, "q_b_proj", source.norm(names.queryNorm, "q_a_layernorm", down), false);
  } else {
    q = source.linear(config.names.query, "q_proj", x, false);
  }
  t.setId(prefix + "rotary_q");
  return t.rotary(q, source.cosine, source.sine, config.rotary, config.heads, latent.keySize(), rows);
}

Value LatentAttentionImporter::build(const std::string &prefix, Value x, Value tokens) {
  rows = tokens;
  const LatentTensorNames &names = config.names.latent;
  const int64_t heads = config.heads, up = latent.unturned + latent.valueSize;
  Value q = query(prefix, x);
  Value down = source.linear(names.keyValueDown, "kv_a_proj", x, config.queryKeyValueBias);

  t.setId(prefix + "rotary_k");
  RotaryEmbedding whole = config.rotary;
  whole.first = 0;
  Value shared = t.rotary(t.columnRange(down, latent.keyValueRank, latent.turned, rows), source.cosine,
                          source.sine, whole, /*heads=*/1, latent.turned, rows);
  t.setId(prefix + "kv_a");
  Value compressed = t.columnRange(down, 0, latent.keyValueRank, rows);
  Value normal = source.norm(names.keyValueNorm, "kv_a_layernorm", compressed);
  Value keysAndValues =
      t.splitHeads(source.linear(names.keyValueUp, "kv_b_proj", normal, false), heads, up, rows);

  t.setId(prefix + "key");
  auto clamped = [](OpBuilder &b, Location at, Value index, Value isInside) -> Value {
    return arith::SelectOp::create(b, at, isInside, index, indexOf(b, at, 0));
  };
  auto below = [](OpBuilder &b, Location at, Value left, int64_t right) -> Value {
    return arith::CmpIOp::create(b, at, arith::CmpIPredicate::ult, left, indexOf(b, at, right));
  };
  Value keys =
      byElement(latent.keySize(), [&](OpBuilder &b, Location at, Value row, Value head, Value d) -> Value {
        Value isOwn = below(b, at, d, latent.unturned);
        Value behind = arith::SubIOp::create(b, at, d, indexOf(b, at, latent.unturned));
        Value ofShared = arith::SelectOp::create(b, at, isOwn, indexOf(b, at, 0), behind);
        Value own =
            tensor::ExtractOp::create(b, at, keysAndValues, ValueRange{row, head, clamped(b, at, d, isOwn)});
        Value other = tensor::ExtractOp::create(b, at, shared, ValueRange{row, indexOf(b, at, 0), ofShared});
        return arith::SelectOp::create(b, at, isOwn, own, other);
      });
  t.setId(prefix + "value");
  Value values =
      byElement(latent.keySize(), [&](OpBuilder &b, Location at, Value row, Value head, Value d) -> Value {
        Value isOwn = below(b, at, d, latent.valueSize);
        Value place = arith::AddIOp::create(b, at, clamped(b, at, d, isOwn), indexOf(b, at, latent.unturned));
        Value own = tensor::ExtractOp::create(b, at, keysAndValues, ValueRange{row, head, place});
        return arith::SelectOp::create(b, at, isOwn, own, TensorBuilder::f32(b, at, 0.0f));
      });

  Value attended = source.attend(q, keys, values);
  if (latent.valueSize < latent.keySize()) {
    t.setId(prefix + "attend/value");
    attended =
        byElement(latent.valueSize, [&](OpBuilder &b, Location at, Value row, Value head, Value d) -> Value {
          return tensor::ExtractOp::create(b, at, attended, ValueRange{row, head, d});
        });
  }
  return source.linear(config.names.output, "o_proj", t.mergeHeads(attended), config.outputBias);
}
