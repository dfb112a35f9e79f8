// The file of a package for an accelerator. What the images hold is the loader's to judge: here they are any bytes.
#include "Files.h"
#include "SamplePrograms.h"
#include "coopt/Machine/Machine.h"
#include "coopt/PackageFormat/Package.h"

#include <cstring>
#include <gtest/gtest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::package::test;
using coopt::test::readBytes;
using coopt::test::writeBytes;

namespace {

constexpr size_t kHeader = 64, kRecord = 64; // Package.h: header and table
constexpr uint32_t kImage = 5, kCode = 3;

class NpuPackage : public testing::Test {
protected:
  void SetUp() override {
    path = folder.file("npu.coopt");
    contents.manifest.producer = "test";
    contents.manifest.target = "npu";
    contents.manifest.machine = machine::toJson(*machine::presetNpu("gemmini16"));
    Parameter weight;
    weight.name = "w";
    weight.shape = {3};
    weight.bytes = 12;
    contents.manifest.parameters = {weight};
    contents.program = sampleProgram();
    contents.images = {{1, 2, 3}, std::vector<uint8_t>(5000, 7)};
    Status status = writePackage(path, contents, [](size_t, const ByteSink &sink) {
      return sink(reinterpret_cast<const uint8_t *>("twelve bytes"), 12);
    });
    ASSERT_TRUE(status.has_value()) << status.error().message;
    bytes = readBytes(path);
  }

  template <typename T>
  T load(size_t place) const {
    T value;
    std::memcpy(&value, bytes.data() + place, sizeof value);
    return value;
  }
  template <typename T>
  void store(size_t place, T value) {
    std::memcpy(bytes.data() + place, &value, sizeof value);
  }
  /// The record of the image of that name.
  size_t recordOf(const std::string &name) const {
    for (size_t record = kHeader; record < kHeader + load<uint32_t>(16) * kRecord; record += kRecord) {
      if (load<uint32_t>(record) == kImage && reinterpret_cast<const char *>(&bytes[record + 8]) == name) {
        return record;
      }
    }
    ADD_FAILURE() << "no image " << name;
    return kHeader;
  }
  void rename(const std::string &from, const std::string &to) {
    std::memcpy(&bytes[recordOf(from) + 8], to.c_str(), to.size() + 1);
  }
  /// Opens the changed bytes with the checksums of table and header made right; the message without the path.
  std::string open() {
    store(40, XXH3_64bits(bytes.data() + kHeader, load<uint32_t>(16) * kRecord));
    store(56, XXH3_64bits(bytes.data(), 56));
    writeBytes(path, bytes);
    auto package = PackageFile::open(path);
    return package ? "" : package.error().message.substr(path.size() + 2);
  }

  coopt::test::TemporaryFolder folder;
  std::string path;
  PackageContents contents;
  std::vector<uint8_t> bytes;
};

} // namespace

TEST_F(NpuPackage, RoundTrip) {
  auto package = PackageFile::open(path);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  EXPECT_EQ(package->manifest().target, "npu");
  EXPECT_EQ(package->manifest().machine, contents.manifest.machine);
  EXPECT_TRUE(package->code().empty());
  ASSERT_EQ(package->images().size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const PackageFile::ImageView &view = package->images()[i];
    EXPECT_EQ(std::vector<uint8_t>(view.bytes, view.bytes + view.size), contents.images[i]);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.bytes) % 4096, 0u);
  }
  EXPECT_TRUE(package->verifyParameters().has_value());
}

TEST_F(NpuPackage, ImagesAreThoseOfTheKernels) {
  const std::vector<uint8_t> whole = bytes;
  EXPECT_EQ(open(), "");
  for (const char *other : {"2", "01", "first", "-1", "", "99999999999999999999"}) {
    rename("1", other);
    EXPECT_EQ(open(), "image '" + std::string(other) + "': the program has 2 kernels, from 0 on");
    bytes = whole;
  }
  rename("1", "0");
  EXPECT_EQ(open().substr(0, 8), "section ");
  EXPECT_NE(open().find(": there twice"), std::string::npos);
  bytes = whole;
  store<uint32_t>(recordOf("1"), kCode);
  EXPECT_EQ(open(), "manifest: $.code: no variant '1'");
  bytes = whole;
  // An image of no bytes is none.
  store<uint64_t>(recordOf("1") + 48, 0);
  store<uint64_t>(recordOf("1") + 56, XXH3_64bits("", 0));
  EXPECT_EQ(open(), "kernel 'second': no image");
}

TEST_F(NpuPackage, BytesOfImagesAreUnderAChecksum) {
  const auto at = static_cast<size_t>(load<uint64_t>(recordOf("1") + 40));
  ASSERT_EQ(bytes[at], 7);
  bytes[at + 4999] ^= 1;
  EXPECT_EQ(open(), "image '1': checksum differs");
}

TEST_F(NpuPackage, OtherVersionsAndKinds) {
  store<uint32_t>(8, 1);
  EXPECT_EQ(open(), "package format 1 with kernel interface 2, expected 2 and 2");
  store<uint32_t>(8, 3);
  EXPECT_EQ(open(), "package format 3 with kernel interface 2, expected 2 and 2");
  store<uint32_t>(8, 2);
  store<uint32_t>(recordOf("1"), 6);
  EXPECT_NE(open().find(": unknown kind 6"), std::string::npos);
}
