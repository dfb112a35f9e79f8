#include "coopt/Import/Safetensors.h"
#include "ImportTestSupport.h"
#include "coopt/Import/HuggingFaceConfig.h"
#include "coopt/Import/SafetensorsWriter.h"

#include <cstring>

using namespace coopt;
using namespace coopt::import;
using namespace coopt::test;

namespace {

std::string fileOf(const std::string &header, size_t dataBytes, uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  bytes += header;
  for (size_t i = 0; i < dataBytes; ++i) {
    bytes += static_cast<char>(i);
  }
  return bytes;
}
std::string fileOf(const std::string &header, size_t dataBytes) {
  return fileOf(header, dataBytes, header.size());
}

std::string messageOf(const std::string &file) {
  auto bytes = exact(file);
  auto tensors = parseSafetensors(bytes.data(), bytes.size(), "f");
  return tensors ? "no error" : tensors.error().message;
}
std::string messageOf(const std::string &header, size_t dataBytes) {
  return messageOf(fileOf(header, dataBytes));
}

std::string entry(const std::string &type, const std::string &shape, const std::string &offsets) {
  return R"({"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

const std::string twoTensors = R"({"__metadata__":{"format":"pt"},"b":)" + entry("F32", "[3]", "[0,12]") +
                               R"(,"a.w":)" + entry("BF16", "[1,5]", "[12,22]") + "}  ";

} // namespace

TEST(Safetensors, OffsetsAreAbsoluteAndNamesSorted) {
  auto bytes = exact(fileOf(twoTensors, 22));
  auto tensors = parseSafetensors(bytes.data(), bytes.size(), "f");
  ASSERT_TRUE(tensors.has_value()) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 2u);
  uint64_t data = 8 + twoTensors.size();
  const TensorInfo &a = (*tensors)[0], &b = (*tensors)[1];
  EXPECT_EQ(a.name, "a.w");
  EXPECT_EQ(a.type, TensorType::BF16);
  EXPECT_EQ(a.shape, (std::vector<int64_t>{1, 5}));
  EXPECT_EQ(a.offset, data + 12);
  EXPECT_EQ(a.bytes, 10u);
  EXPECT_EQ(a.elements(), 5);
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.offset, data);
  EXPECT_EQ(b.bytes, 12u);
}

TEST(Safetensors, EveryTruncationIsAnError) {
  std::string whole = fileOf(twoTensors, 22);
  EXPECT_EQ(messageOf(whole), "no error");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(messageOf(whole.substr(0, length)), "no error") << length;
  }
  EXPECT_EQ(messageOf(whole + "x"), "f: tensors end at offset 22, but there are 23 bytes of data");
}

TEST(Safetensors, HeaderLength) {
  EXPECT_EQ(messageOf(""), "f: 0 bytes, a safetensors file has at least 8");
  EXPECT_EQ(messageOf(fileOf("{}", 0, UINT64_MAX)),
            "f: header of 18446744073709551615 bytes, at most 100000000 are read (no safetensors file?)");
  EXPECT_EQ(messageOf(fileOf("{}", 0, 3)), "f: header of 3 bytes lies outside the file (10 bytes)");
  EXPECT_EQ(messageOf("{}", 0), "no error");
  EXPECT_EQ(messageOf("[]", 0), "f: header: $: expected an object, got an array");
}

TEST(Safetensors, HeaderSyntax) {
  EXPECT_EQ(messageOf("", 0).substr(0, 32), "f: header: 1:1: not valid JSON: ");
  EXPECT_NE(messageOf("{\"a\":\n NaN}", 0).find("f: header: 2:2: not valid JSON: syntax error"),
            std::string::npos)
      << messageOf("{\"a\":\n NaN}", 0);
  EXPECT_EQ(messageOf(R"({"a":1,"a":2})", 0), "f: header: $.a: the key is given twice in one object");
  EXPECT_EQ(messageOf(R"({"a":)" + std::string(100000, '['), 0), "f: header: nested deeper than 64 levels");
  std::string objects;
  for (int i = 0; i < 100000; ++i) {
    objects += R"({"a":)";
  }
  EXPECT_EQ(messageOf(objects, 0), "f: header: nested deeper than 64 levels");
  EXPECT_NE(messageOf("{\"\xFF\":1}", 0).find("ill-formed UTF-8"), std::string::npos);
  EXPECT_EQ(messageOf(R"({"__metadata__":{"a":1}})", 0),
            "f: header: $.__metadata__: expected an object of strings");
}

TEST(Safetensors, Entries) {
  auto of = [](const std::string &type, const std::string &shape, const std::string &offsets,
               size_t bytes = 4) { return messageOf("{\"w\":" + entry(type, shape, offsets) + "}", bytes); };
  EXPECT_EQ(of("F32", "[1]", "[0,4]"), "no error");
  EXPECT_EQ(of("F32", "[]", "[0,4]"), "no error");
  EXPECT_EQ(of("F64", "[1,0,7]", "[0,0]", 0), "no error");
  EXPECT_EQ(
      of("F33", "[1]", "[0,4]"),
      "f: tensor 'w': unknown dtype 'F33', known are F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, I16, "
      "I8, U64, U32, U16, U8, BOOL");
  EXPECT_EQ(of("F32", "[2]", "[0,4]"), "f: tensor 'w'.data_offsets: 0 to 4, but the shape takes 8 bytes");
  EXPECT_EQ(of("F32", "[1]", "[4,0]"), "f: tensor 'w'.data_offsets: 4 to 0, but the shape takes 4 bytes");
  EXPECT_EQ(of("F32", "[1]", "[0]"),
            "f: tensor 'w'.data_offsets: expected an array of two offsets, got an array");
  EXPECT_EQ(of("F32", "[1]", "[-4,0]"), "f: tensor 'w'.data_offsets[0]: expected an integer from 0 to "
                                        "9223372036854775807, got -4");
  EXPECT_EQ(of("F32", "[-1]", "[0,4]"),
            "f: tensor 'w'.shape[0]: expected an integer from 0 to 281474976710656, got -1");
  EXPECT_EQ(of("F32", "[1.5]", "[0,4]"),
            "f: tensor 'w'.shape[0]: expected an integer from 0 to 281474976710656, got 1.5");
  EXPECT_EQ(of("F32", "[18446744073709551615]", "[0,4]"),
            "f: tensor 'w'.shape[0]: expected an integer from 0 to 281474976710656, got "
            "18446744073709551615");
  EXPECT_NE(of("F32", "[1e999]", "[0,4]"), "no error");
  EXPECT_EQ(of("F32", "[16777216,16777216,3]", "[0,4]"),
            "f: tensor 'w'.shape: more than 281474976710656 elements");
  EXPECT_EQ(of("F32", "[4611686018427387904,4]", "[0,0]", 0).substr(0, 30), "f: tensor 'w'.shape[0]: expect");
  EXPECT_EQ(of("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"),
            "f: tensor 'w'.shape: expected an array of at most 16 sizes, got an array");
  EXPECT_EQ(messageOf(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4),
            "f: tensor 'w'.x: unknown key");
  EXPECT_EQ(messageOf(R"({"w":{"shape":[1],"data_offsets":[0,4]}})", 4),
            "f: tensor 'w'.dtype: expected a string, got nothing");
  EXPECT_EQ(messageOf(R"({"w":3})", 4), "f: tensor 'w': expected an object, got 3");
}

TEST(Safetensors, TensorsCoverTheData) {
  auto two = [](const std::string &first, const std::string &second, size_t bytes) {
    return messageOf("{\"a\":" + entry("U8", "[4]", first) + ",\"b\":" + entry("I16", "[2]", second) + "}",
                     bytes);
  };
  EXPECT_EQ(two("[0,4]", "[4,8]", 8), "no error");
  EXPECT_EQ(two("[4,8]", "[0,4]", 8), "no error");
  EXPECT_EQ(two("[0,4]", "[2,6]", 8), "f: tensor 'b': overlap: begins at offset 2, tensor 'a' ends at 4");
  EXPECT_EQ(two("[0,4]", "[0,4]", 8), "f: tensor 'b': overlap: begins at offset 0, tensor 'a' ends at 4");
  EXPECT_EQ(two("[0,4]", "[5,9]", 9), "f: tensor 'b': gap: begins at offset 5, tensor 'a' ends at 4");
  EXPECT_EQ(two("[1,5]", "[5,9]", 9), "f: tensor 'a': gap: begins at offset 1, expected 0");
  EXPECT_EQ(two("[0,4]", "[4,8]", 7), "f: tensor 'b': 4 bytes at offset 4 lie outside the data (7 bytes)");
  EXPECT_EQ(two("[9223372036854775803,9223372036854775807]", "[0,4]", 8),
            "f: tensor 'a': 4 bytes at offset 9223372036854775803 lie outside the data (8 bytes)");
}

TEST(SafetensorsModel, WrittenFilesAreRead) {
  std::vector<TensorDeclaration> tensors = {
      {"scalar", TensorType::F64, {}},   {"b\"\\\u00E9", TensorType::I8, {3, 7}},
      {"none", TensorType::F16, {0, 5}}, {"w", TensorType::BF16, {17, 1, 3}},
      {"flag", TensorType::BOOL, {1}},   {"e4m3", TensorType::F8_E4M3, {2}},
      {"u", TensorType::U64, {2}},       {"z", TensorType::F32, {31}}};
  auto source = [&](size_t index, const TensorSink &sink) -> Status {
    for (uint64_t i = 0; i < *tensorBytes(tensors[index]); ++i) {
      uint8_t byte = static_cast<uint8_t>(31 * index + i);
      if (auto status = sink(&byte, 1); !status) {
        return status;
      }
    }
    return {};
  };
  for (size_t shards : {1, 2, 3, 8}) {
    TemporaryFolder folder;
    auto status = writeSafetensorsModel(folder.path, tensors, shards, source);
    ASSERT_TRUE(status.has_value()) << status.error().message;
    auto model = SafetensorsModel::open(folder.path);
    ASSERT_TRUE(model.has_value()) << model.error().message;
    EXPECT_EQ(model->files().size(), shards);
    EXPECT_EQ(model->tensors().size(), tensors.size());
    for (size_t index = 0; index < tensors.size(); ++index) {
      const TensorInfo *tensor = model->find(tensors[index].name);
      ASSERT_TRUE(tensor) << tensors[index].name;
      EXPECT_EQ(tensor->type, tensors[index].type);
      EXPECT_EQ(tensor->shape, tensors[index].shape);
      ASSERT_EQ(tensor->bytes, *tensorBytes(tensors[index]));
      for (uint64_t i = 0; i < tensor->bytes; ++i) {
        EXPECT_EQ(model->data(*tensor)[i], static_cast<uint8_t>(31 * index + i));
      }
    }
    EXPECT_EQ(model->find("absent"), nullptr);
  }
  TemporaryFolder folder;
  auto status = writeSafetensorsModel(folder.path, tensors, 9, source);
  ASSERT_FALSE(status.has_value());
  EXPECT_NE(status.error().message.find("9 shards for 8 tensors"), std::string::npos);
}

TEST(SafetensorsModel, UnfinishedFilesLeaveNothing) {
  TemporaryFolder folder;
  {
    auto writer = SafetensorsWriter::create(folder.file("a.safetensors"), {{"w", TensorType::F32, {2}}});
    ASSERT_TRUE(writer.has_value());
    float one = 1;
    ASSERT_TRUE(writer->append(&one, 4).has_value());
    auto status = writer->finish();
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(withoutFolder(status.error().message, folder),
              "a.safetensors: 4 bytes of tensors were not written");
    std::vector<uint8_t> many(5);
    EXPECT_FALSE(writer->append(many.data(), 5).has_value());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
}

TEST(SafetensorsModel, Folders) {
  TemporaryFolder folder;
  auto message = [&] {
    auto model = SafetensorsModel::open(folder.path);
    return model ? "no error" : withoutFolder(model.error().message, folder);
  };
  EXPECT_EQ(message(), folder.path + ": no *.safetensors file in this folder");
  std::string a = "{\"a\":" + entry("U8", "[1]", "[0,1]") + "}",
              b = "{\"b\":" + entry("U8", "[1]", "[0,1]") + "}";
  writeFile(folder.file("1.safetensors"), fileOf(a, 1));
  writeFile(folder.file("2.safetensors"), fileOf(b, 1));
  EXPECT_EQ(message(), "no error");
  writeFile(folder.file("3.safetensors"), fileOf(b, 1));
  EXPECT_EQ(message(), "3.safetensors: tensor 'b' is in 2.safetensors too");

  std::string index = folder.file("model.safetensors.index.json");
  writeFile(index, R"({"weight_map":{"a":"1.safetensors","b":"3.safetensors"}})");
  EXPECT_EQ(message(), "no error");
  writeFile(index, R"({"weight_map":{"a":"1.safetensors","c":"3.safetensors"}})");
  EXPECT_EQ(message(), "model.safetensors.index.json: $.weight_map: tensor 'c' is not in '3.safetensors'");
  writeFile(index, R"({"weight_map":{"a":"4.safetensors"}})");
  EXPECT_EQ(message(), "model.safetensors.index.json: 4.safetensors: No such file or directory");
  for (std::string name : {"../1.safetensors", "/etc/passwd", "", ".", "..", "x/../1.safetensors"}) {
    writeFile(index, R"({"weight_map":{"a":")" + name + "\"}}");
    EXPECT_EQ(
        message(),
        "model.safetensors.index.json: $.weight_map['a']: expected the name of a file beside the index, "
        "got '" +
            name + "'");
  }
  writeFile(index, "{}");
  EXPECT_EQ(message(), "model.safetensors.index.json: $.weight_map: expected an object, got nothing");
}

TEST(SafetensorsModel, RealModel) {
  if (!std::filesystem::exists(stories + "model.safetensors")) {
    GTEST_SKIP() << stories << " is absent";
  }
  auto model = SafetensorsModel::open(stories);
  ASSERT_TRUE(model.has_value()) << model.error().message;
  EXPECT_EQ(model->tensors().size(), 47u);
  const TensorInfo *norm = model->find("model.norm.weight");
  ASSERT_TRUE(norm);
  EXPECT_EQ(norm->type, TensorType::F32);
  EXPECT_EQ(norm->shape, (std::vector<int64_t>{64}));
  EXPECT_EQ(norm->offset, 8u + 5264u + 131072u);
  auto config = readHuggingFaceConfig(stories);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  auto status = checkDecoderTensors(*config, *model);
  EXPECT_TRUE(status.has_value()) << status.error().message;
  config->tieWordEmbeddings = false;
  status = checkDecoderTensors(*config, *model);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message,
            "tensor 'lm_head.weight' [512, 64]: expected by the configuration, in none of the model's files");
  config->tieWordEmbeddings = true;
  config->intermediateSize = 171;
  status = checkDecoderTensors(*config, *model);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message,
            stories + "/model.safetensors: tensor 'model.layers.0.mlp.gate_proj.weight': expected "
                      "shape [171, 64] by the configuration, got [172, 64]");
}
