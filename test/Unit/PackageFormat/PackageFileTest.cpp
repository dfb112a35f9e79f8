#include "Files.h"
#include "SamplePrograms.h"
#include "coopt/PackageFormat/Package.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <unistd.h>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::package::test;

namespace {

std::string temporary(const std::string &name) {
  static coopt::test::TemporaryFolder folder;
  return folder.file(name);
}

PackageContents sampleContents() {
  PackageContents contents;
  contents.manifest.producer = "test";
  contents.manifest.target = "cpu";
  ModelInfo model;
  model.name = "sample";
  model.family = "llama";
  model.quantization = "f32";
  model.vocabulary = 100;
  model.context = 50;
  model.chunk = 7;
  model.bos = 1;
  model.eos = {2, 3};
  contents.manifest.model = model;
  Parameter weight;
  weight.name = "w";
  weight.type = ElementType::F32;
  weight.shape = {3};
  weight.bytes = 12;
  Parameter seeded = weight;
  seeded.name = "noise";
  seeded.noise = Parameter::Noise{UINT64_MAX, 0.1};
  Parameter codes;
  codes.name = "codes";
  codes.type = ElementType::U8;
  codes.shape = {71};
  codes.layout = "tile(4)";
  codes.bytes = 71;
  contents.manifest.parameters = {weight, seeded, codes};
  contents.program = sampleProgram();
  contents.tokenizer = {9, 8, 7};
  contents.code = {{"generic", {}, {1, 2, 3, 4, 5}}, {"avx2", {"avx2", "fma"}, {6}}};
  return contents;
}

Status feed(size_t index, const ByteSink &sink) {
  if (index == 0) {
    const float values[] = {1.5f, -2, 3};
    uint8_t bytes[12];
    std::memcpy(bytes, values, 12);
    auto status = sink(bytes, 5);
    return status ? sink(bytes + 5, 7) : status;
  }
  std::vector<uint8_t> bytes(71);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(i * 3);
  }
  return sink(bytes.data(), bytes.size());
}

std::vector<uint8_t> readAll(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(in), {});
}

void writeAll(const std::string &path, const std::vector<uint8_t> &bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

class PackageFiles : public testing::Test {
protected:
  void SetUp() override {
    path = temporary("sample.coopt");
    auto status = writePackage(path, sampleContents(), feed);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  void TearDown() override { ::unlink(path.c_str()); }
  std::string path;
};

} // namespace

TEST_F(PackageFiles, RoundTrip) {
  auto package = PackageFile::open(path);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  const Manifest &manifest = package->manifest();
  EXPECT_EQ(manifest.producer, "test");
  EXPECT_EQ(manifest.target, "cpu");
  ASSERT_TRUE(manifest.model.has_value());
  EXPECT_EQ(manifest.model->name, "sample");
  EXPECT_EQ(manifest.model->family, "llama");
  EXPECT_EQ(manifest.model->quantization, "f32");
  EXPECT_EQ(manifest.model->vocabulary, 100);
  EXPECT_EQ(manifest.model->context, 50);
  EXPECT_EQ(manifest.model->chunk, 7);
  EXPECT_EQ(manifest.model->bos, 1);
  EXPECT_EQ(manifest.model->eos, (std::vector<int64_t>{2, 3}));
  ASSERT_EQ(manifest.parameters.size(), 3u);
  EXPECT_EQ(manifest.parameters[2].layout, "tile(4)");
  ASSERT_TRUE(manifest.parameters[1].noise.has_value());
  EXPECT_EQ(manifest.parameters[1].noise->seed, UINT64_MAX);
  EXPECT_EQ(manifest.parameters[1].noise->scale, 0.1);
  EXPECT_EQ(package->parameter(1), nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(package->parameter(0)) % 64, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(package->parameter(2)) % 64, 0u);
  float values[3];
  std::memcpy(values, package->parameter(0), 12);
  EXPECT_EQ(values[0], 1.5f);
  EXPECT_EQ(values[2], 3.0f);
  EXPECT_EQ(package->parameter(2)[70], 210);
  ASSERT_EQ(package->code().size(), 2u);
  EXPECT_EQ(package->code()[1].variant, "avx2");
  EXPECT_EQ(package->code()[1].features, (std::vector<std::string>{"avx2", "fma"}));
  EXPECT_EQ(package->code()[0].size, 5u);
  EXPECT_EQ(package->code()[0].bytes[4], 5);
  ASSERT_EQ(package->tokenizerSize(), 3u);
  EXPECT_EQ(package->tokenizer()[0], 9);
  EXPECT_EQ(serialize(package->program()), serialize(sampleProgram()));
  EXPECT_TRUE(package->verifyParameters().has_value());
}

TEST_F(PackageFiles, SameContentsSameBytes) {
  std::string other = temporary("other.coopt");
  ASSERT_TRUE(writePackage(other, sampleContents(), feed).has_value());
  EXPECT_EQ(readAll(path), readAll(other));
  ::unlink(other.c_str());
}

TEST_F(PackageFiles, EveryTruncationIsAnError) {
  std::vector<uint8_t> bytes = readAll(path);
  std::string cut = temporary("cut.coopt");
  // Shrinking one file step by step is much faster than writing thousands.
  writeAll(cut, bytes);
  for (size_t size = bytes.size(); size-- > 0;) {
    ASSERT_EQ(::truncate(cut.c_str(), static_cast<off_t>(size)), 0);
    ASSERT_FALSE(PackageFile::open(cut).has_value()) << size;
  }
  ::unlink(cut.c_str());
  bytes.push_back(0);
  writeAll(cut, bytes);
  EXPECT_FALSE(PackageFile::open(cut).has_value());
  ::unlink(cut.c_str());
}

// Header, table, program, tokenizer, code and manifest are found out at once, weights by verifyParameters(),
// and only the zeros between sections are nobody's. Which bytes those are is found here from the table, not
// from the reader.
TEST_F(PackageFiles, EveryFlippedByteIsFound) {
  std::vector<uint8_t> bytes = readAll(path);
  auto integer = [&](size_t place, size_t size) {
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + place, size);
    return value;
  };
  size_t sections = integer(16, 4);
  ASSERT_EQ(sections, 6u);
  std::vector<char> covered(bytes.size(), 0); // 1 checked at open, 2 weights
  std::fill_n(covered.begin(), 64 + sections * 64, 1);
  for (size_t i = 0; i < sections; ++i) {
    size_t record = 64 + i * 64;
    uint64_t offset = integer(record + 40, 8), size = integer(record + 48, 8);
    EXPECT_EQ(offset % 4096, 0u);
    if (integer(record, 4) != 4) {
      std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(offset), size, 1);
    } else {
      std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(offset), 12, 2);
      std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(offset) + 64, 71, 2);
    }
  }
  std::string flipped = temporary("flipped.coopt");
  writeAll(flipped, bytes);
  FILE *file = std::fopen(flipped.c_str(), "r+b");
  ASSERT_NE(file, nullptr);
  auto put = [&](size_t place, uint8_t value) {
    ASSERT_EQ(::pwrite(fileno(file), &value, 1, static_cast<off_t>(place)), 1);
  };
  size_t checked = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (!covered[i]) {
      ASSERT_EQ(bytes[i], 0) << i;
      continue;
    }
    put(i, bytes[i] ^ static_cast<uint8_t>(1u << (i % 8)));
    auto package = PackageFile::open(flipped);
    if (covered[i] == 1) {
      ASSERT_FALSE(package.has_value()) << "byte " << i;
    } else {
      ASSERT_TRUE(package.has_value()) << package.error().message;
      auto status = package->verifyParameters();
      ASSERT_FALSE(status.has_value()) << "byte " << i;
      EXPECT_NE(status.error().message.find("': checksum differs"), std::string::npos);
    }
    put(i, bytes[i]);
    ++checked;
  }
  EXPECT_GT(checked, 64 + 6 * 64 + 12 + 71 + 1000u);
  EXPECT_TRUE(PackageFile::open(flipped).has_value());
  std::fclose(file);
  ::unlink(flipped.c_str());
}

TEST_F(PackageFiles, MessagesNameTheFile) {
  writeAll(path, {'n', 'o'});
  auto package = PackageFile::open(path);
  ASSERT_FALSE(package.has_value());
  EXPECT_EQ(package.error().message, path + ": not a coopt package");
  EXPECT_EQ(PackageFile::open("/nonexistent").error().message, "/nonexistent: No such file or directory");
}

TEST(PackageWriter, LeavesNothingBehindWhenTheSourceFails) {
  std::string path = temporary("failed.coopt");
  auto failing = [](size_t, const ByteSink &) -> Status { return fail("disk on fire"); };
  auto status = writePackage(path, sampleContents(), failing);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "parameter 'w': disk on fire");
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(PackageWriter, RefusesTooManyAndTooFewBytes) {
  std::string path = temporary("bytes.coopt");
  auto tooFew = [](size_t, const ByteSink &sink) {
    return sink(reinterpret_cast<const uint8_t *>("12345"), 5);
  };
  EXPECT_EQ(writePackage(path, sampleContents(), tooFew).error().message,
            "parameter 'w': expected 12 bytes, got 5");
  auto tooMany = [](size_t, const ByteSink &sink) {
    return sink(reinterpret_cast<const uint8_t *>("1234567890123"), 13);
  };
  EXPECT_EQ(writePackage(path, sampleContents(), tooMany).error().message,
            "parameter 'w': expected 12 bytes, got more");
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(PackageWriter, RefusesBadContents) {
  std::string path = temporary("bad.coopt");
  PackageContents contents = sampleContents();
  contents.manifest.parameters[0].bytes = 13;
  EXPECT_NE(writePackage(path, contents, feed).error().message.find("don't agree"), std::string::npos);
  contents = sampleContents();
  contents.code.push_back(contents.code[0]);
  EXPECT_NE(writePackage(path, contents, feed).error().message.find("code 'generic'"), std::string::npos);
  contents = sampleContents();
  contents.program.entries[0].slotCount = 0;
  EXPECT_NE(writePackage(path, contents, feed).error().message.find("entry 'main'"), std::string::npos);
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}
