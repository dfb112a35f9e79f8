#include "Npy/Npy.h"

#include "Files.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::runtime;
using namespace coopt::test;
using package::ElementType;

// What numpy 1.24 writes for np.save(np.arange(6, dtype='<i2').reshape(2, 3)): taken byte by byte from its
// documentation of the format: magic, version, length of the header (118), dict, spaces, newline, data.
static std::vector<uint8_t> reference() {
  std::string text = "\x93NUMPY";
  text += std::string("\x01\x00\x76\x00", 4);
  std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }";
  header.resize(117, ' ');
  text += header + "\n";
  for (char i = 0; i < 6; ++i) {
    text += i;
    text += '\0';
  }
  return std::vector<uint8_t>(text.begin(), text.end());
}

TEST(Npy, ReadsWhatNumpyWrites) {
  TemporaryFolder folder;
  std::string path = folder.file("a.npy");
  writeBytes(path, reference());
  auto file = NpyFile::open(path);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->descr(), "i2");
  EXPECT_EQ(file->shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file->bytes(), 12u);
  EXPECT_EQ(file->data()[10], 5);
  EXPECT_TRUE(file->holds(ElementType::I16));
  EXPECT_FALSE(file->holds(ElementType::BF16));
}

TEST(Npy, WritesWhatNumpyWrites) {
  TemporaryFolder folder;
  std::string path = folder.file("a.npy");
  const int16_t values[] = {0, 1, 2, 3, 4, 5};
  ASSERT_TRUE(writeNpy(path, ElementType::I16, {2, 3}, values).has_value());
  EXPECT_EQ(readBytes(path), reference());
}

TEST(Npy, RoundTripOfEveryTypeAndRank) {
  TemporaryFolder folder;
  std::string path = folder.file("a.npy");
  for (unsigned i = 0; i < package::kElementTypes; ++i) {
    auto type = static_cast<ElementType>(i);
    for (const std::vector<int64_t> &shape :
         {std::vector<int64_t>{}, {7}, {0}, {3, 1, 5}, {2, 0, 3}, std::vector<int64_t>(32, 1)}) {
      size_t bytes = *package::bufferBytes(type, shape);
      std::vector<uint8_t> data(bytes + 1);
      for (size_t b = 0; b < bytes; ++b) {
        data[b] = static_cast<uint8_t>(b * 7 + i);
      }
      ASSERT_TRUE(writeNpy(path, type, shape, data.data()).has_value());
      auto file = NpyFile::open(path);
      ASSERT_TRUE(file.has_value()) << file.error().message;
      EXPECT_EQ(file->shape(), shape);
      EXPECT_TRUE(file->holds(type));
      ASSERT_EQ(file->bytes(), bytes);
      EXPECT_EQ(std::memcmp(file->data(), data.data(), bytes), 0);
    }
  }
}

TEST(Npy, VersionTwo) {
  TemporaryFolder folder;
  std::vector<uint8_t> bytes = reference();
  bytes[6] = 2;
  bytes.insert(bytes.begin() + 10, {0, 0});
  writeBytes(folder.file("a.npy"), bytes);
  auto file = NpyFile::open(folder.file("a.npy"));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->data()[2], 1);
}

TEST(Npy, EveryTruncationAndEveryChangedByteIsHandled) {
  TemporaryFolder folder;
  std::string path = folder.file("a.npy");
  std::vector<uint8_t> bytes = reference();
  for (size_t size = 0; size < bytes.size(); ++size) {
    writeBytes(path, std::vector<uint8_t>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_FALSE(NpyFile::open(path).has_value()) << size;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (uint8_t value : {uint8_t(0), uint8_t(255), uint8_t('('), uint8_t('9'), uint8_t('\'')}) {
      std::vector<uint8_t> changed = bytes;
      changed[i] = value;
      writeBytes(path, changed);
      if (auto file = NpyFile::open(path)) {
        EXPECT_EQ(file->bytes(), 12u) << "byte " << i;
      }
    }
  }
}

TEST(Npy, MistakesHaveMessages) {
  TemporaryFolder folder;
  std::string path = folder.file("a.npy");
  auto message = [&](const std::string &header) {
    std::string text = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header;
    text += std::string(12, '\0');
    writeBytes(path, std::vector<uint8_t>(text.begin(), text.end()));
    auto file = NpyFile::open(path);
    return file ? "none" : file.error().message.substr(path.size());
  };
  auto dict = [](const std::string &descr, const std::string &order, const std::string &shape) {
    return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  };
  EXPECT_EQ(message(dict("<i2", "False", "(6,)")), "none");
  EXPECT_EQ(message(dict("<i2", "False", "(2, 3)")), "none");
  EXPECT_EQ(message(dict("<i2", "True", "(6,)")), "none"); // one dimension has only one order
  EXPECT_EQ(message(dict("<i2", "True", "(2, 3)")), ": expected C order, got Fortran order");
  EXPECT_EQ(message(dict(">i2", "False", "(6,)")), ": element type '>i2' is not supported");
  EXPECT_EQ(message(dict("<c8", "False", "(6,)")), ": element type '<c8' is not supported");
  EXPECT_EQ(message(dict("<i2", "False", "(7,)")),
            ": expected 14 bytes of data for its type and shape, got 12");
  EXPECT_EQ(message(dict("<i2", "False", "(99999999999999999999,)")), ": header is not understood");
  EXPECT_EQ(message(dict("<i2", "False", "(3000000000, 3000000000, 3000000000)")),
            ": expected fewer than 2^47 bytes of data for its type and shape, got 12");
  EXPECT_EQ(message(dict("<i2", "False", "(-6,)")), ": header is not understood");
  EXPECT_EQ(message(dict("<i2", "Maybe", "(6,)")), ": header is not understood");
  EXPECT_EQ(message("{'descr': '<i2', 'shape': (6,)}"), ": header is not understood");
  EXPECT_EQ(message("{'descr': '<i2', 'descr': '<i2', 'shape': (6,), 'fortran_order': False}"),
            ": header is not understood");
  EXPECT_EQ(message(dict("<i2", "False", "(6,)") + "x"), ": header is not understood");
  EXPECT_EQ(NpyFile::open("/nonexistent.npy").error().message, "/nonexistent.npy: No such file or directory");
}
