// GGUF files written here byte by byte, after the format's description.
#include "coopt/Import/Gguf.h"
#include "ImportTestSupport.h"

#include <cstring>

using namespace coopt;
using namespace coopt::import;
using namespace coopt::test;

namespace {

template <typename T>
std::string raw(T value) {
  return std::string(reinterpret_cast<const char *>(&value), sizeof(T));
}
std::string text(const std::string &value) { return raw<uint64_t>(value.size()) + value; }

struct Writer {
  uint32_t version = 3;
  std::vector<std::string> entries, tensors;
  std::string data;
  size_t alignment = 32;

  Writer &u32(const std::string &key, uint32_t value) {
    return add(text(key) + raw<uint32_t>(4) + raw(value));
  }
  Writer &f32(const std::string &key, float value) { return add(text(key) + raw<uint32_t>(6) + raw(value)); }
  Writer &string(const std::string &key, const std::string &value) {
    return add(text(key) + raw<uint32_t>(8) + text(value));
  }
  Writer &add(std::string entry) {
    entries.push_back(std::move(entry));
    return *this;
  }
  Writer &array(const std::string &key, uint32_t type, const std::vector<std::string> &elements) {
    std::string entry = text(key) + raw<uint32_t>(9) + raw(type) + raw<uint64_t>(elements.size());
    for (const std::string &element : elements) {
      entry += element;
    }
    return add(entry);
  }
  /// Extents the outermost first, as in messages.
  Writer &tensor(const std::string &name, std::vector<uint64_t> shape, uint32_t type = 0, uint64_t size = 4) {
    std::string entry = text(name) + raw(static_cast<uint32_t>(shape.size()));
    uint64_t elements = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      entry += raw(shape[i]);
      elements *= shape[i];
    }
    tensors.push_back(entry + raw(type) + raw<uint64_t>(data.size()));
    data.append(elements * size, '\x3D');
    data.append((alignment - data.size() % alignment) % alignment, '\0');
    return *this;
  }
  std::string bytes() const {
    std::string out = "GGUF" + raw(version) + raw<uint64_t>(tensors.size()) + raw<uint64_t>(entries.size());
    for (const auto *list : {&entries, &tensors}) {
      for (const std::string &each : *list) {
        out += each;
      }
    }
    out.append((alignment - out.size() % alignment) % alignment, '\0');
    return out + data;
  }
};

Writer small() {
  Writer writer;
  writer.string("general.architecture", "llama")
      .u32("llama.context_length", 77)
      .u32("llama.embedding_length", 12);
  writer.u32("llama.block_count", 2).u32("llama.feed_forward_length", 7).u32("llama.attention.head_count", 3);
  writer.u32("llama.attention.head_count_kv", 1).f32("llama.attention.layer_norm_rms_epsilon", 0.5f);
  writer.tensor("token_embd.weight", {5, 12}).tensor("output_norm.weight", {12});
  return writer;
}

Expected<GgufFile> parse(const std::string &bytes) {
  return parseGguf(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), "g");
}
std::string message(const std::string &bytes) {
  auto file = parse(bytes);
  if (!file) {
    return file.error().message;
  }
  auto config = ggufConfig(*file, reinterpret_cast<const uint8_t *>(bytes.data()));
  return config ? "no error" : config.error().message;
}
std::string tail(const std::string &text) { return text.substr(text.find(": ", text.find(": ") + 1) + 2); }

} // namespace

TEST(Gguf, DescriptionOfLlama) {
  std::string bytes =
      small().f32("llama.rope.freq_base", 5000.0f).u32("tokenizer.ggml.bos_token_id", 4).bytes();
  auto file = parse(bytes);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  ASSERT_EQ(file->tensors.size(), 2u);
  EXPECT_EQ(file->tensors[1].shape, (std::vector<int64_t>{5, 12}));
  EXPECT_EQ(file->tensors[1].offset % 32, 0u);
  EXPECT_EQ(file->tensors[1].bytes, 240u);
  auto config = ggufConfig(*file, reinterpret_cast<const uint8_t *>(bytes.data()));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->hiddenSize, 12);
  EXPECT_EQ(config->headSize, 4);
  EXPECT_EQ(config->keyValueHeads, 1);
  EXPECT_EQ(config->vocabularySize, 5);
  EXPECT_EQ(config->maxPositions, 77);
  EXPECT_EQ(config->normEpsilon, 0.5);
  EXPECT_EQ(config->rotary.theta, 5000);
  EXPECT_EQ(config->rotary.pairs, RotaryEmbedding::Pairs::Neighbours);
  EXPECT_TRUE(config->tieWordEmbeddings);
  EXPECT_EQ(config->bos, 4);
  EXPECT_EQ(decoderTensors(*config)[1].name, "blk.0.attn_norm.weight");
}

TEST(Gguf, RotaryDivisors) {
  std::string bytes = small().tensor("rope_freqs.weight", {2}).bytes();
  auto file = parse(bytes);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  auto config = ggufConfig(*file, reinterpret_cast<const uint8_t *>(bytes.data()));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  float divisor;
  std::memcpy(&divisor, "\x3D\x3D\x3D\x3D", 4);
  std::vector<float> frequencies = rotaryFrequencies(config->rotary);
  EXPECT_FLOAT_EQ(frequencies[0], 1.0f / divisor);
  EXPECT_FLOAT_EQ(frequencies[1], 0.01f / divisor);
}

TEST(Gguf, MetadataIsChecked) {
  EXPECT_EQ(message(small().u32("llama.attention.sliding_window", 9).bytes()),
            "g: metadata 'llama.attention.sliding_window': is not supported in this version");
  EXPECT_EQ(message(small().u32("llama.expert_count", 8).bytes()),
            "g: metadata 'llama.expert_count': expected an integer from 0 to 0, got 8");
  EXPECT_EQ(message(small().u32("llama.rope.dimension_count", 2).bytes()),
            "g: metadata 'llama.rope.dimension_count': expected the size of a head (4), got 2");
  EXPECT_EQ(message(small().string("llama.rope.scaling.type", "longrope").bytes()),
            "g: metadata 'llama.rope.scaling.type': expected 'none', 'linear' or 'yarn', got 'longrope'");
  EXPECT_EQ(
      message(Writer().string("general.architecture", "mamba").bytes()),
      "g: metadata 'general.architecture': expected an architecture that is known; known architectures: "
      "llama, got 'mamba'");
  EXPECT_EQ(message(Writer().string("general.architecture", "llama").bytes()),
            "g: metadata 'llama.embedding_length': expected an integer from 1 to 1048576, got nothing");
}

TEST(Gguf, StructureIsChecked) {
  EXPECT_EQ(message("GGML"), "g: byte 0: expected 'GGUF', the beginning of a GGUF file");
  Writer old = small();
  old.version = 1;
  EXPECT_EQ(message(old.bytes()), "g: byte 24: expected version 2 or 3, little-endian, got 1");
  const std::string types =
      "tensor 'q': expected type F32, F16 or BF16, or blocks of Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, "
      "Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0 or MXFP4, got ";
  EXPECT_EQ(tail(message(small().tensor("q", {32}, 15, 1).bytes())), types + "Q8_K");
  EXPECT_EQ(tail(message(small().tensor("q", {32}, 77, 1).bytes())), types + "number 77");
  EXPECT_EQ(tail(message(small().tensor("q", {3, 48}, 2, 1).bytes())),
            "tensor 'q': expected rows of a multiple of 32 elements for blocks of Q4_0, got 48");
  Writer blocks = small();
  blocks.tensors.pop_back();
  auto file = parse(blocks.tensor("q", {3, 512}, 12, 1).bytes());
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->tensors[0].bytes, 3u * 2 * 144);
  EXPECT_EQ(file->tensors[0].typeName(), "q4_k");
  // Norms are no matrices.
  Writer norm = small();
  norm.tensors.pop_back();
  std::string spoilt = norm.tensor("output_norm.weight", {12}, 1, 2).bytes();
  EXPECT_EQ(message(spoilt), "no error");
  EXPECT_EQ(tail(message(small().tensor("token_embd.weight", {3}).bytes())),
            "tensor 'token_embd.weight' is given twice");
  EXPECT_EQ(tail(message(small().u32("llama.block_count", 2).bytes())),
            "the key 'llama.block_count' is given twice");
  EXPECT_EQ(tail(message(small().add(text("k") + raw<uint32_t>(13)).bytes())),
            "the type of a value: expected a number up to 12, got 13");
  EXPECT_EQ(
      tail(message(small().add(text("k") + raw<uint32_t>(9) + raw<uint32_t>(9) + raw<uint64_t>(1)).bytes())),
      "arrays of arrays are not supported");
  EXPECT_EQ(tail(message("GGUF" + raw<uint32_t>(3) + raw<uint64_t>(1u << 30) + raw<uint64_t>(1) +
                         std::string(100, '\0'))),
            "1073741824 tensors and 1 metadata entries, more than the file has room for");
  Writer outside = small();
  outside.tensors[0].replace(outside.tensors[0].size() - 8, 8, raw<uint64_t>(1u << 20));
  EXPECT_EQ(tail(message(outside.bytes())),
            "tensor 'token_embd.weight': 240 bytes at offset 1048576 lie outside "
            "the file, which has 320 bytes of data");
  Writer crooked = small();
  crooked.tensors[1].replace(crooked.tensors[1].size() - 8, 8, raw<uint64_t>(13));
  EXPECT_EQ(tail(message(crooked.bytes())), "tensor 'output_norm.weight': offset 13 is no multiple of 32");
  Writer onTop = small();
  onTop.tensors[1].replace(onTop.tensors[1].size() - 8, 8, raw<uint64_t>(32));
  EXPECT_EQ(tail(message(onTop.bytes())), "tensors 'token_embd.weight' and 'output_norm.weight' overlap");
  std::string whole = small().bytes();
  for (size_t length = 0; length < whole.size() - 16; ++length) {
    EXPECT_NE(message(whole.substr(0, length)), "no error") << length;
  }
}

TEST(Gguf, Tokenizer) {
  auto tokens = [](std::vector<std::string> texts, std::vector<float> scores, std::vector<int32_t> types) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      char name[8];
      std::snprintf(name, sizeof(name), "<0x%02X>", byte);
      texts.push_back(name);
      scores.push_back(0);
      types.push_back(6);
    }
    std::vector<std::string> t, s, k;
    for (size_t i = 0; i < texts.size(); ++i) {
      t.push_back(text(texts[i]));
      s.push_back(raw(scores[i]));
      k.push_back(raw(types[i]));
    }
    return Writer()
        .string("tokenizer.ggml.model", "llama")
        .array("tokenizer.ggml.tokens", 8, t)
        .array("tokenizer.ggml.scores", 6, s)
        .array("tokenizer.ggml.token_type", 5, k)
        .bytes();
  };
  // The worse score comes first: order is by score, not by id. "é" is one character.
  std::string bytes =
      tokens({"<unk>", "a", "b", "aba", "ab", "\xC3\xA9"}, {0, -9, -9, -2, -1, -9}, {2, 1, 1, 1, 1, 1});
  auto file = parse(bytes);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  auto tables = ggufTokenizer(*file);
  ASSERT_TRUE(tables.has_value()) << tables.error().message;
  EXPECT_EQ(tables->vocabularySize(), 262u);
  EXPECT_EQ(tables->unknownId, 0u);
  EXPECT_EQ(tables->byteIds[255], 261u);
  ASSERT_EQ(tables->merges.size(), 2u);
  EXPECT_EQ(tables->merges[0].merged, 4u);
  EXPECT_EQ(tables->merges[1].merged, 3u);
  EXPECT_EQ(tables->merges[1].left, 4u);
  EXPECT_TRUE(package::serializeTokenizer(*tables).has_value());

  auto wrong = [&](const std::string &text) {
    auto broken = parse(text);
    auto read = broken ? ggufTokenizer(*broken) : Expected<package::TokenizerTables>(forward(broken.error()));
    return read ? "no error" : read.error().message;
  };
  EXPECT_EQ(wrong(Writer().string("tokenizer.ggml.model", "gpt2").bytes()),
            "g: metadata 'tokenizer.ggml.model': tokenizer model 'gpt2' is not supported, expected 'llama'");
  EXPECT_EQ(wrong(tokens({"<0x00>"}, {0}, {6})),
            "g: metadata 'tokenizer.ggml.tokens': token 1: expected a byte <0xHH> that is new, got '<0x00>'");
  EXPECT_EQ(wrong(tokens({"x"}, {NAN}, {1})),
            "g: metadata 'tokenizer.ggml.scores': token 0: expected a finite number");
  EXPECT_EQ(wrong(tokens({"x"}, {0}, {7})),
            "g: metadata 'tokenizer.ggml.token_type': token 0: expected a number from 1 to 6, got 7");
}

// The real file's tokenizer against the tokenizer.json of the same model.
TEST(Gguf, RealModel) {
  auto model = GgufModel::open(stories + "stories260k-f32.gguf");
  if (!model) {
    GTEST_SKIP() << model.error().message;
  }
  auto config = ggufConfig(model->contents(), model->files()[0].data());
  ASSERT_TRUE(config.has_value()) << config.error().message;
  auto status = checkDecoderTensors(*config, *model);
  EXPECT_TRUE(status.has_value()) << status.error().message;
  auto tables = readTokenizer(stories + "stories260k-f32.gguf"),
       other = readTokenizer(stories + "tokenizer.json");
  ASSERT_TRUE(tables.has_value()) << tables.error().message;
  ASSERT_TRUE(other.has_value()) << other.error().message;
  EXPECT_EQ(tables->text, other->text);
  EXPECT_EQ(tables->offsets, other->offsets);
  EXPECT_EQ(tables->flags, other->flags);
  EXPECT_EQ(tables->byteIds, other->byteIds);
}
