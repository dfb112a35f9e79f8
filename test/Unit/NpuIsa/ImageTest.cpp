//===- ImageTest.cpp - Images as bytes and as text ----------------------------===//
#include "coopt/NpuIsa/Image.h"

#include <cstring>
#include <gtest/gtest.h>
#include <xxhash.h>

using namespace coopt;
using namespace coopt::npu;

namespace {

const char *kText = R"(image machine=0xabc features=0x0
location 0 ""
location 1 "layers.0/mlp/gate_proj"
symbol "weights" dram[0x1000] bytes=64
data dram[0x1000] 00ff
data dram[0x1002] 10
core 0
  loop counter=s1 count=4
    dma.copy to=spad[0x0+s1] from=dram[0x1000] bytes=64 count=s2<=8 from1=0 to1=64 shaped=no | channel 1 wait 3:1 wait 4:2 signal 5:1 if s7 at 1
    loop counter=s2 count=s3<=16
      set to=s4 value=-1
    endloop
  endloop
  halt
core 1
  halt
)";

Image sample() {
  auto image = parse(kText);
  EXPECT_TRUE(image) << image.error().message;
  return *image;
}

/// The file with bytes changed and the checksum made right.
std::vector<uint8_t> changed(std::vector<uint8_t> file, size_t at, uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) {
    file[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }
  std::memset(file.data() + 40, 0, 8);
  const uint64_t checksum = XXH3_64bits(file.data(), file.size());
  std::memcpy(file.data() + 40, &checksum, 8);
  return file;
}

std::string readError(const std::vector<uint8_t> &file) {
  auto image = read(file.data(), file.size());
  return image ? std::string() : image.error().message;
}

TEST(Image, TextAndBytesComeBack) {
  const Image image = sample();
  EXPECT_EQ(print(image), kText);
  ASSERT_EQ(image.cores.size(), 2u);
  EXPECT_EQ(image.cores[0][0]["body"].value, 5);
  EXPECT_EQ(image.cores[0][2]["body"].value, 2);
  const std::vector<uint8_t> file = write(image);
  auto back = read(file.data(), file.size());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(*back == image);
  EXPECT_EQ(write(*back), file);
}

// What an older minor version had not is refused in its files; what is read is of this version.
TEST(Image, MinorVersions) {
  auto image = parse("image machine=0x0 features=0x0\ncore 0\n  fence | wait 63:1\n  halt\n");
  ASSERT_TRUE(image);
  const std::vector<uint8_t> file = write(*image);
  auto old = changed(file, 10, 0, 2);
  auto back = read(old.data(), old.size());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(*back == *image);
  image = parse("image machine=0x0 features=0x0\ncore 0\n  fence | wait c0:1\n  halt\n");
  ASSERT_TRUE(image);
  EXPECT_EQ(readError(changed(write(*image), 10, 0, 2)),
            "core 0, entry 0: version 1.0 has no semaphores of the chip");
}

TEST(Image, BrokenFiles) {
  const std::vector<uint8_t> file = write(sample());
  EXPECT_EQ(readError({}), "not an image of an accelerator's program");
  EXPECT_EQ(readError(std::vector<uint8_t>(file.begin(), file.end() - 1)),
            "expected a file of " + std::to_string(file.size()) + " bytes, got " +
                std::to_string(file.size() - 1));
  std::vector<uint8_t> flipped = file;
  flipped.back() ^= 1;
  EXPECT_EQ(readError(flipped), "checksum differs");
  EXPECT_EQ(readError(changed(file, 8, 2, 2)), "version 2.1, expected 1.1 or the one before");
  EXPECT_EQ(readError(changed(file, 10, 2, 2)), "version 1.2, expected 1.1 or the one before");
  EXPECT_EQ(readError(changed(file, 12, 1 << 30, 4)), "the table of sections lies outside the file");
  EXPECT_EQ(readError(changed(file, 16, 4, 8)), "needs features that this version does not know");
  EXPECT_EQ(readError(changed(file, 64, 9, 4)), "section 0: unknown kind 9");
  EXPECT_EQ(readError(changed(file, 68, 1, 4)), "section 0: expected the code of core 0, got that of core 1");
  EXPECT_EQ(readError(changed(file, 72, 1 << 20, 8)), "section 0: lies outside the file");
  EXPECT_EQ(readError(changed(file, 80, 63, 8)),
            "section 0: expected whole entries of 64 bytes, got 63 bytes");
  const size_t code = 64 + (64 + 6 * 32 - 1) / 64 * 64; // six sections
  EXPECT_EQ(readError(changed(file, code, 0, 1)), "section 0: entry 0: there is no instruction of opcode 0");
  EXPECT_EQ(readError(changed(file, code + 63, 1, 1)),
            "section 0: entry 0: loop: bytes that belong to no operand are not zero");
}

std::string parseError(std::string text) {
  auto image = parse(text);
  return image ? std::string() : image.error().message;
}

TEST(Image, BrokenTexts) {
  const std::string head = "image machine=0x1 features=0x0\nlocation 0 \"\"\ncore 0\n";
  EXPECT_EQ(parseError(""), "expected the code of 1 to 4096 cores, got 0");
  EXPECT_EQ(parseError("halt"), "line 1: expected 'image machine=0x.. features=0x..' first");
  EXPECT_EQ(parseError(head + head), "line 4: expected 'image machine=0x.. features=0x..', once");
  EXPECT_EQ(parseError(head), "core 0: expected halt at the end");
  EXPECT_EQ(parseError(head + "halt\nhalt"), "core 0, entry 0: halt before the end");
  EXPECT_EQ(parseError(head + "jump"), "line 4: there is no instruction 'jump'");
  EXPECT_EQ(parseError(head + "core 2"), "line 4: core: expected number 1");
  EXPECT_EQ(parseError(head + "loop counter=s1 count=2\nhalt"), "core 0, entry 1: halt before the end");
  EXPECT_EQ(parseError(head + "loop counter=s1 count=2\ncore 1"),
            "line 5: the core before has a loop without an end");
  EXPECT_EQ(parseError(head + "endloop\nhalt"), "core 0, entry 0: endloop outside any loop");
  EXPECT_EQ(parseError(head + "set value=1"), "line 4: set: expected 'to='");
  EXPECT_EQ(parseError(head + "set to=s32 value=1"), "line 4: set: to: expected a register s0 .. s31");
  EXPECT_EQ(parseError(head + "set to=s3 value=9223372036854775808"),
            "line 4: set: value: expected a number");
  EXPECT_EQ(parseError(head + "set to=s3 value=1 more"), "line 4: what is 'more'?");
  EXPECT_EQ(parseError(head + "set to=s3 value=1 | wait 3"),
            "line 4: set: wait: expected a semaphore and a count: 3:1, or c3:1 of the chip");
  EXPECT_EQ(parseError(head + "set to=s3 value=1 | signal 1:1 signal 2:1 signal 3:1"),
            "line 4: set: expected at most 2 of signal");
  EXPECT_EQ(parseError(head + "set to=s3 value=1 | at 1\nhalt"), "core 0, entry 0: there is no location 1");
  EXPECT_EQ(parseError(head + "halt | if s1"), "core 0, entry 0: halt has a predicate");
  EXPECT_EQ(parseError(head + "fence | channel 1"),
            "line 4: fence: there is no channel 1 of the control engine");
  EXPECT_EQ(parseError(head + "load to=s1 from=sp[0x0] type=i8 bound=1"),
            "line 4: load: from: expected an address: dram, l2, spad or acc[0x10+s1]");
  EXPECT_EQ(parseError(head + "load to=s1 from=spad[0x0] type=i9 bound=1").substr(0, 40),
            "line 4: load: type: expected one of i1, ");
  EXPECT_EQ(parseError(head + "halt\n# a comment\n"), "");
  EXPECT_EQ(parseError("image machine=0x1 features=0x0\nsymbol \"a\" dram[0x0] bytes=1\nsymbol \"a\" "
                       "acc[0x0] bytes=1\ncore 0\nhalt"),
            "symbol 'a': expected a printable name that is there once");
  EXPECT_EQ(parseError("image machine=0x1 features=0x0\ndata dram[0x8] 00\ndata dram[0x8] 00\ncore 0\nhalt"),
            "data 1: expected addresses behind those before, below 2^48");
  EXPECT_EQ(parseError("image machine=0x1 features=0x0\ndata dram[0x8] 0g\n"),
            "line 2: data: expected two hexadecimal digits, 0-9 and a-f, for each byte");
}

} // namespace
