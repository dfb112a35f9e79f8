#include "SamplePrograms.h"
#include "coopt/PackageFormat/Package.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::package::test;

TEST(Program, RoundTripKeepsEveryField) {
  Program program = sampleProgram();
  std::vector<uint8_t> bytes = serialize(program);
  auto read = deserialize(bytes.data(), bytes.size());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(serialize(*read), bytes);
  ASSERT_EQ(read->kernels.size(), 2u);
  EXPECT_EQ(read->kernels[0].symbol, "first");
  EXPECT_EQ(read->kernels[0].bufferCount, 4u);
  EXPECT_EQ(read->kernels[0].scalarCount, 1u);
  EXPECT_EQ(read->kernels[0].scratchBytes, 128u);
  EXPECT_EQ(read->states[0].name, "cache");
  EXPECT_EQ(read->states[0].type, ElementType::F16);
  EXPECT_EQ(read->states[0].outer, 2u);
  EXPECT_EQ(read->states[0].capacity, 5u);
  EXPECT_EQ(read->states[0].inner, 3u);
  const Entry &entry = read->entries[0];
  EXPECT_EQ(entry.name, "main");
  EXPECT_EQ(entry.dimensions[0].name, "n");
  EXPECT_EQ(entry.dimensions[0].min, 1);
  EXPECT_EQ(entry.dimensions[0].max, 9);
  EXPECT_EQ(entry.dimensions[0].multipleOf, 1);
  EXPECT_EQ(entry.arguments[0].name, "x");
  EXPECT_EQ(entry.results[0].name, "y");
  EXPECT_EQ(entry.states, std::vector<uint32_t>{0});
  EXPECT_EQ(entry.slotCount, 4u);
  EXPECT_EQ(entry.arenaBytes, 320u);
  const Buffer &buffer = entry.buffers[5];
  EXPECT_EQ(buffer.kind, BufferKind::Arena);
  EXPECT_EQ(buffer.offset, 128u);
  EXPECT_EQ(buffer.maxBytes, 128u);
  EXPECT_EQ(buffer.type, ElementType::U8);
  ASSERT_EQ(buffer.shape.size(), 1u);
  EXPECT_TRUE(buffer.shape[0].isSlot);
  EXPECT_EQ(buffer.shape[0].value, 2);
  EXPECT_EQ(entry.buffers[3].index, 0u);
  EXPECT_EQ(entry.commands[0].immediate, 4);
  EXPECT_EQ(entry.commands[1].op, ScalarOp::CeilDiv);
  EXPECT_EQ(entry.commands[1].dst, 2u);
  EXPECT_EQ(entry.commands[2].b, 1u);
  EXPECT_EQ(entry.commands[3].kind, CommandKind::BranchUnless);
  EXPECT_EQ(entry.commands[3].a, 3u);
  EXPECT_EQ(entry.commands[3].target, 6u);
  EXPECT_EQ(entry.commands[6].kernel, 1u);
  EXPECT_EQ(entry.commands[6].opId, "layers.0/second");
  EXPECT_EQ(entry.commands[6].buffers, (std::vector<uint32_t>{5, 4}));
  EXPECT_EQ(entry.commands[6].firstWritten, 1u);
  EXPECT_EQ(entry.commands[6].scalars, (std::vector<Slot>{2, 0, 1}));
  EXPECT_EQ(entry.commands[6].items, 2u);
  EXPECT_EQ(entry.commands[6].segments, Command::kNoSegments);
  EXPECT_EQ(entry.commands[8].op, ScalarOp::ExpertsLimited);
  EXPECT_EQ(entry.commands[9].kind, CommandKind::Prefetch);
  EXPECT_EQ(entry.commands[9].buffers, (std::vector<uint32_t>{6, 2}));
  EXPECT_EQ(entry.commands[10].segments, 0u);
}

// Seeds of another version of the format would show a fuzzer nothing but the message about that.
TEST(Program, SeedsOfTheFuzzersAreOfThisVersion) {
  size_t seeds = 0;
  for (const auto &entry : std::filesystem::directory_iterator(COOPT_FUZZ_CORPUS "/program")) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::vector<uint8_t> bytes(std::istreambuf_iterator<char>(in), {});
    auto program = deserialize(bytes.data(), bytes.size());
    ASSERT_TRUE(program.has_value()) << entry.path() << ": " << program.error().message;
    ++seeds;
  }
  EXPECT_GE(seeds, 4u);
  for (const auto &entry : std::filesystem::directory_iterator(COOPT_FUZZ_CORPUS "/package")) {
    auto file = PackageFile::open(entry.path());
    EXPECT_TRUE(file.has_value()) << file.error().message;
  }
}

TEST(Program, EmptyListsRoundTrip) {
  Program program;
  program.kernels.resize(1);
  program.states.resize(1);
  program.entries.resize(1);
  program.entries[0].commands.resize(1);
  program.entries[0].buffers.resize(1);
  program.entries[0].dimensions.resize(1);
  program.entries[0].arguments.resize(1);
  std::vector<uint8_t> bytes = serialize(program);
  auto read = deserialize(bytes.data(), bytes.size());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(serialize(*read), bytes);
}

TEST(Program, EveryTruncationIsAnError) {
  std::vector<uint8_t> bytes = serialize(sampleProgram());
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<uint8_t> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(deserialize(part.data(), part.size()).has_value()) << size;
  }
  bytes.push_back(0);
  auto longer = deserialize(bytes.data(), bytes.size());
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error().message, "program: 1 bytes too many");
}

// No checksum protects these bytes here: what is accepted must be accepted by verify() or refused, without
// reading outside the bytes (the sanitized build looks at that).
TEST(Program, HostileBytesAreRefusedOrVerified) {
  std::vector<uint8_t> bytes = serialize(sampleProgram());
  std::mt19937 random(7);
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (uint8_t value : {uint8_t(0), uint8_t(0x7f), uint8_t(0xff), uint8_t(random())}) {
      std::vector<uint8_t> changed = bytes;
      changed[i] = value;
      if (auto read = deserialize(changed.data(), changed.size())) {
        (void)verify(*read, {12});
      }
    }
  }
}

TEST(Program, WrongVersionIsNamed) {
  std::vector<uint8_t> bytes = serialize(sampleProgram());
  bytes[4] = 9;
  auto read = deserialize(bytes.data(), bytes.size());
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().message, "program: expected version 3, got 9");
}

TEST(ElementTypes, NamesAndSizes) {
  for (unsigned i = 0; i < kElementTypes; ++i) {
    auto type = static_cast<ElementType>(i);
    EXPECT_EQ(elementNamed(elementName(type)), type);
  }
  EXPECT_FALSE(elementNamed("i4").has_value());
  EXPECT_EQ(elementBytes(ElementType::F8E4M3FN), 1u);
  EXPECT_EQ(elementBytes(ElementType::BF16), 2u);
  EXPECT_EQ(elementBytes(ElementType::I32), 4u);
  EXPECT_EQ(elementBytes(ElementType::F64), 8u);
}

TEST(ElementTypes, BufferBytesRefusesOverflow) {
  EXPECT_EQ(bufferBytes(ElementType::F32, {}), 4u);
  EXPECT_EQ(bufferBytes(ElementType::I16, {3, 0, 5}), 0u);
  EXPECT_EQ(bufferBytes(ElementType::I16, {3, 5}), 30u);
  EXPECT_FALSE(bufferBytes(ElementType::I8, {-1}).has_value());
  EXPECT_EQ(bufferBytes(ElementType::I8, {int64_t(1) << 47}), uint64_t(1) << 47);
  EXPECT_FALSE(bufferBytes(ElementType::I16, {int64_t(1) << 47}).has_value());
  EXPECT_FALSE(bufferBytes(ElementType::I8, {int64_t(1) << 40, int64_t(1) << 40}).has_value());
}

// The outputs of the published generator for seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64").
TEST(Noise, IsSplitMix64) {
  const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                               4593380528125082431u, 16408922859458223821u};
  for (uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(splitMix64(1234567, i), expected[i]);
  }
}

TEST(Noise, ManyAtOnceAreTheSame) {
  for (uint64_t count : {0, 1, 15, 16, 17, 1003}) {
    for (uint64_t first : {uint64_t(0), uint64_t(7), ~uint64_t(5)}) {
      std::vector<float> values(count + 1, 2.0f);
      scaledNoise(99, first, count, 0.3f, values.data());
      for (uint64_t i = 0; i < count; ++i) {
        ASSERT_EQ(values[i], 0.3f * noise(99, first + i)) << i;
      }
      EXPECT_EQ(values[count], 2.0f);
    }
  }
}

TEST(Noise, CoversItsInterval) {
  double sum = 0;
  float least = 1, most = -1;
  const int count = 100000;
  for (int i = 0; i < count; ++i) {
    float value = noise(42, static_cast<uint64_t>(i));
    ASSERT_GE(value, -1.0f);
    ASSERT_LT(value, 1.0f);
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_LT(std::abs(sum / count), 0.01); // five standard deviations
  EXPECT_LT(least, -0.999f);
  EXPECT_GT(most, 0.999f);
}
