//===- InstructionTest.cpp - The table, and entries as bytes ------------------===//
#include "coopt/NpuIsa/Choices.h"
#include "coopt/NpuIsa/Effects.h"
#include "coopt/NpuIsa/Image.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// Any operand that the field can hold.
Operand randomOperand(const Field &field, std::mt19937_64 &random) {
  Operand operand;
  const uint64_t bits = random();
  const auto reg = static_cast<uint8_t>(random() % kRegisters);
  const bool hasRegister = random() % 2 == 0;
  auto cut = [&](unsigned bytes) {
    return static_cast<int64_t>(bytes == 8 ? bits : bits & ((uint64_t(1) << (8 * bytes)) - 1));
  };
  switch (field.kind) {
  case FieldKind::Unsigned:
  case FieldKind::Body:
    operand.value = cut(field.width);
    break;
  case FieldKind::Signed:
    operand.value = field.width == 8 ? cut(8) : cut(field.width) - (int64_t(1) << (8 * field.width - 1));
    break;
  case FieldKind::Register:
    operand.reg = field.isOptional && !hasRegister ? kNoRegister : reg;
    break;
  case FieldKind::Choice:
    operand.value = static_cast<int64_t>(bits % field.names->size());
    break;
  case FieldKind::Address:
    operand.value = cut(6);
    do {
      operand.space = static_cast<Space>(random() % kSpaces);
    } while ((field.spaces & setOf(operand.space)) == 0);
    operand.reg = hasRegister ? reg : kNoRegister;
    break;
  case FieldKind::Extent:
    operand.value = cut(field.width);
    operand.reg = hasRegister ? reg : kNoRegister;
    break;
  }
  return operand;
}

Entry randomEntry(const Instruction &instruction, std::mt19937_64 &random) {
  Entry entry = entryOf(instruction);
  entry.channel = instruction.engine == Engine::Dma ? static_cast<uint8_t>(random() % kChannels) : uint8_t(0);
  entry.predicate = random() % 2 == 0 ? static_cast<uint8_t>(random() % kRegisters) : kNoRegister;
  entry.location = static_cast<uint32_t>(random());
  auto use = [&] {
    return random() % 2 == 0 ? SemaphoreUse{}
                             : SemaphoreUse{static_cast<uint8_t>(random() % (kSemaphores + kChipSemaphores)),
                                            static_cast<uint8_t>(1 + random() % 255)};
  };
  for (size_t i = 0; i < entry.waits.size() && (i == 0 || entry.waits[i - 1].count != 0); ++i) {
    entry.waits[i] = use();
  }
  for (size_t i = 0; i < entry.signals.size() && (i == 0 || entry.signals[i - 1].count != 0); ++i) {
    entry.signals[i] = use();
  }
  for (size_t i = 0; i < entry.operands.size(); ++i) {
    entry.operands[i] = randomOperand(instruction.fields[i], random);
  }
  return entry;
}

TEST(Instructions, TableIsSound) {
  std::set<std::string> mnemonics;
  int last = -1;
  for (const Instruction &instruction : table()) {
    SCOPED_TRACE(instruction.mnemonic);
    EXPECT_GT(instruction.opcode, last);
    last = instruction.opcode;
    EXPECT_TRUE(mnemonics.insert(instruction.mnemonic).second);
    EXPECT_EQ(find(instruction.opcode), &instruction);
    EXPECT_EQ(find(std::string_view(instruction.mnemonic)), &instruction);
    std::set<std::string> names;
    size_t bytes = 0;
    for (const Field &field : instruction.fields) {
      EXPECT_TRUE(names.insert(field.name).second) << field.name;
      EXPECT_EQ(field.names != nullptr, field.kind == FieldKind::Choice) << field.name;
      EXPECT_STRNE(field.meaning, "") << field.name;
      bytes += field.bytes();
    }
    EXPECT_LE(bytes, kOperandBytes);
    EXPECT_TRUE(check(entryOf(instruction))) << check(entryOf(instruction)).error().message;
  }
  EXPECT_EQ(find(uint8_t(0)), nullptr); // memory of zeros is no program
  EXPECT_EQ(find("dma.none"), nullptr);
}

TEST(Instructions, EntriesComeBack) {
  std::mt19937_64 random(7);
  for (const Instruction &instruction : table()) {
    for (int i = 0; i < 200; ++i) {
      const Entry entry = randomEntry(instruction, random);
      ASSERT_TRUE(check(entry)) << check(entry).error().message;
      const auto bytes = encode(entry);
      auto back = decode(bytes.data());
      ASSERT_TRUE(back) << print(entry) << ": " << back.error().message;
      EXPECT_TRUE(*back == entry) << print(entry) << " became " << print(*back);
    }
  }
}

/// Where the header says that the parts of an entry stand, said again.
TEST(Instructions, BytesOfACopy) {
  Entry entry = entryOf(*find("dma.copy"));
  entry.channel = 2, entry.predicate = 5, entry.location = 0x01020304;
  entry.waits[0] = {3, 1}, entry.waits[1] = {63, 255}, entry.signals[0] = {9, 8};
  entry["to"] = {0x112233445566, 7, Space::Spad};
  entry["from"] = {0x1000, kNoRegister, Space::Dram};
  entry["bytes"] = {0x80, kNoRegister, Space::Dram};
  entry["count"] = {16, 4, Space::Dram};
  entry["to1"].value = 0xaabbccdd;
  entry["shaped"].value = 1;
  const std::vector<uint8_t> expected = {0x11, 2,   5,    0,    4,    3,    2,    1,    3, 1,
                                         63,   255, 0,    0,    9,    8,    0,    0,          // the header
                                         2,    7,   0x66, 0x55, 0x44, 0x33, 0x22, 0x11,       // to
                                         0,    255, 0x00, 0x10, 0,    0,    0,    0,          // from
                                         0x80, 0,   0,    0,    255,  16,   0,    0,    0, 4, // bytes, count
                                         0,    0,   0,    0,    0xdd, 0xcc, 0xbb, 0xaa, 1};
  const auto bytes = encode(entry);
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(bytes[i], i < expected.size() ? expected[i] : 0) << "byte " << i;
  }
}

TEST(Instructions, WhatCannotBeWritten) {
  auto messageOf = [](const Entry &entry) {
    Status checked = check(entry);
    return checked ? std::string() : checked.error().message;
  };
  auto with = [&](const char *mnemonic, auto change) {
    Entry entry = entryOf(*find(mnemonic));
    change(entry);
    return messageOf(entry);
  };
  EXPECT_EQ(with("halt", [](Entry &e) { e.opcode = 0xee; }), "there is no instruction of opcode 238");
  EXPECT_EQ(with("halt", [](Entry &e) { e.operands.resize(1); }), "halt: expected 0 operands, got 1");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e["from1"].value = -1; }),
            "dma.copy: from1: expected 0 .. 4294967295, got -1");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e["to"].value = int64_t(1) << 48; }),
            "dma.copy: to: expected 0 .. 281474976710655, got 281474976710656");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e["to"].space = static_cast<Space>(4); }),
            "dma.copy: to: there is no memory 4");
  EXPECT_EQ(with("mxu.stream", [](Entry &e) { e["from"].space = Space::Acc; }),
            "mxu.stream: from: it can't be in acc");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e["count"].reg = 32; }),
            "dma.copy: count: there is no register 32");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e["from1"].reg = 1; }), "dma.copy: from1: takes no register");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e["count"].space = Space::Acc; }),
            "dma.copy: count: takes no memory");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e["shaped"].value = 2; }),
            "dma.copy: shaped: expected 0 .. 1, got 2");
  EXPECT_EQ(with("dma.copy", [](Entry &e) { e.channel = 8; }),
            "dma.copy: there is no channel 8 of the dma engine");
  EXPECT_EQ(with("fence", [](Entry &e) { e.channel = 1; }),
            "fence: there is no channel 1 of the control engine");
  EXPECT_EQ(with("set", [](Entry &e) { e["to"].reg = kNoRegister; }), "set: to: expected a register");
  EXPECT_EQ(with("set", [](Entry &e) { e.predicate = 32; }),
            "set: there is no register 32 to be a predicate");
  EXPECT_EQ(with("set", [](Entry &e) { e.waits[0] = {128, 1}; }), "set: wait 0: there is no semaphore 128");
  EXPECT_EQ(with("set", [](Entry &e) { e.waits[1] = {2, 1}; }), "set: wait 1: the one before is not used");
  EXPECT_EQ(with("set", [](Entry &e) { e.signals[0] = {3, 0}; }),
            "set: signal 0: there is no semaphore 3 to be used 0 times");
}

/// What runs compares numbers: they are those of the table's names, all of them.
TEST(Instructions, ChoicesAreInTheOrderOfTheirNames) {
  auto expectNames = [](const char *mnemonic, const char *field, const std::vector<std::string> &names,
                        auto last) {
    Entry entry = entryOf(*find(std::string_view(mnemonic)));
    ASSERT_EQ(names.size(), static_cast<size_t>(last) + 1) << mnemonic;
    for (size_t i = 0; i < names.size(); ++i) {
      entry[field].value = static_cast<int64_t>(i);
      EXPECT_EQ(chosen(entry, field), names[i]) << mnemonic;
    }
    entry[field].value = static_cast<int64_t>(names.size());
    EXPECT_FALSE(check(entry)) << mnemonic << " has more choices";
  };
  expectNames("mxu.mode", "mode", {"ws", "os", "dot", "nm", "lut", "bitserial"}, MatrixMode::Bitserial);
  for (const char *field : {"b_broadcast", "c_broadcast"}) {
    expectNames("vec.mode", field, {"none", "row", "column", "scalar"}, Broadcast::Scalar);
  }
  expectNames("scalar", "function",
              {"add", "sub", "mul", "div", "rem", "shl", "shr", "and", "or", "min", "max", "lt", "eq"},
              ScalarFunction::Eq);
  expectNames("vec.map", "function",
              {"copy",  "add",  "sub", "mul", "div", "fma",    "min", "max", "neg", "abs", "sqrt", "rint",
               "floor", "exp2", "lt",  "le",  "eq",  "select", "and", "or",  "xor", "shl", "shr",  "sar"},
              VectorFunction::Sar);
  expectNames("vec.reduce", "function", {"sum", "max", "min", "amax"}, Reduction::Amax);
  for (const char *mnemonic : {"mxu.stream", "mxu.multiply", "mxu.drain", "mxu.lookup"}) {
    expectNames(mnemonic, "update", {"write", "add"}, 1);
  }
}

TEST(Instructions, FieldsAreFoundByTheirNames) {
  for (const Instruction &instruction : table()) {
    Entry entry = entryOf(instruction);
    for (size_t i = 0; i < instruction.fields.size(); ++i) {
      EXPECT_EQ(&entry[std::string(instruction.fields[i].name)], &entry.operands[i])
          << instruction.mnemonic << ": " << instruction.fields[i].name;
    }
  }
  EXPECT_STREQ(find(opcode::MxuStream)->mnemonic, "mxu.stream");
  EXPECT_STREQ(find(opcode::TopkSync)->mnemonic, "topk.sync");
}

TEST(Instructions, AnyBytes) {
  std::mt19937_64 random(11);
  int read = 0;
  for (int i = 0; i < 200000; ++i) {
    std::array<uint8_t, kEntryBytes> bytes;
    const Instruction &instruction = table()[random() % table().size()];
    bytes = encode(randomEntry(instruction, random));
    for (int change = 0; change < 2; ++change) {
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    }
    if (auto entry = decode(bytes.data())) {
      EXPECT_EQ(encode(*entry), bytes);
      ++read;
    }
  }
  EXPECT_GT(read, 1000);
}

} // namespace
