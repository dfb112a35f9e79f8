//===- Codec.cpp - Entries and their 64 bytes -------------------------------===//
#include "coopt/NpuIsa/Instruction.h"

#include <algorithm>
#include <cassert>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr unsigned kAddressBytes = 6;

uint64_t readInteger(const uint8_t *bytes, unsigned width) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= uint64_t(bytes[i]) << (8 * i);
  }
  return value;
}

void writeInteger(uint8_t *bytes, unsigned width, uint64_t value) {
  for (unsigned i = 0; i < width; ++i) {
    bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

bool isRegister(uint8_t reg) { return reg < kRegisters; }

/// Success if the operand is one that the field can hold.
Status checkOperand(const Field &field, const Operand &operand) {
  const bool hasRegister = operand.reg != kNoRegister;
  auto range = [&](int64_t least, int64_t most) -> Status {
    if (operand.value < least || operand.value > most) {
      return fail("expected " + std::to_string(least) + " .. " + std::to_string(most) + ", got " +
                  std::to_string(operand.value));
    }
    return {};
  };
  const bool takesRegister = field.kind == FieldKind::Register || field.kind == FieldKind::Address ||
                             field.kind == FieldKind::Extent;
  if (hasRegister && (!takesRegister || !isRegister(operand.reg))) {
    return fail(takesRegister ? "there is no register " + std::to_string(operand.reg) : "takes no register");
  }
  if (operand.space != Space::Dram && field.kind != FieldKind::Address) {
    return fail("takes no memory");
  }
  switch (field.kind) {
  case FieldKind::Unsigned:
  case FieldKind::Extent:
  case FieldKind::Body:
    return range(0, static_cast<int64_t>((uint64_t(1) << (8 * field.width)) - 1));
  case FieldKind::Signed:
    return field.width == 8
               ? Status()
               : range(-(int64_t(1) << (8 * field.width - 1)), (int64_t(1) << (8 * field.width - 1)) - 1);
  case FieldKind::Register:
    if (!hasRegister && !field.isOptional) {
      return fail("expected a register");
    }
    return range(0, 0);
  case FieldKind::Choice:
    return range(0, static_cast<int64_t>(field.names->size()) - 1);
  case FieldKind::Address:
    if (static_cast<uint8_t>(operand.space) >= kSpaces) {
      return fail("there is no memory " + std::to_string(static_cast<int>(operand.space)));
    }
    if ((field.spaces & setOf(operand.space)) == 0) {
      return fail(std::string("it can't be in ") + name(operand.space));
    }
    return range(0, (int64_t(1) << (8 * kAddressBytes)) - 1);
  }
  return fail("unknown kind of field");
}

void writeOperand(const Field &field, const Operand &operand, uint8_t *bytes) {
  const auto value = static_cast<uint64_t>(operand.value);
  switch (field.kind) {
  case FieldKind::Unsigned:
  case FieldKind::Signed:
  case FieldKind::Choice:
  case FieldKind::Body:
    writeInteger(bytes, field.width, value);
    return;
  case FieldKind::Register:
    bytes[0] = operand.reg;
    return;
  case FieldKind::Address:
    bytes[0] = static_cast<uint8_t>(operand.space);
    bytes[1] = operand.reg;
    writeInteger(bytes + 2, kAddressBytes, value);
    return;
  case FieldKind::Extent:
    writeInteger(bytes, field.width, value);
    bytes[field.width] = operand.reg;
    return;
  }
}

Operand readOperand(const Field &field, const uint8_t *bytes) {
  Operand operand;
  switch (field.kind) {
  case FieldKind::Unsigned:
  case FieldKind::Choice:
  case FieldKind::Body:
    operand.value = static_cast<int64_t>(readInteger(bytes, field.width));
    break;
  case FieldKind::Signed: {
    const unsigned unused = 64 - 8 * field.width;
    operand.value = static_cast<int64_t>(readInteger(bytes, field.width) << unused) >> unused;
    break;
  }
  case FieldKind::Register:
    operand.reg = bytes[0];
    break;
  case FieldKind::Address:
    operand.space = static_cast<Space>(bytes[0]);
    operand.reg = bytes[1];
    operand.value = static_cast<int64_t>(readInteger(bytes + 2, kAddressBytes));
    break;
  case FieldKind::Extent:
    operand.value = static_cast<int64_t>(readInteger(bytes, field.width));
    operand.reg = bytes[field.width];
    break;
  }
  return operand;
}

} // namespace

size_t Field::bytes() const {
  switch (kind) {
  case FieldKind::Unsigned:
  case FieldKind::Signed:
  case FieldKind::Choice:
  case FieldKind::Body:
  case FieldKind::Register:
    return width;
  case FieldKind::Address:
    return 2 + kAddressBytes;
  case FieldKind::Extent:
    return width + size_t(1);
  }
  return 0;
}

Entry npu::entryOf(const Instruction &instruction) {
  Entry entry;
  entry.opcode = instruction.opcode;
  entry.operands.resize(instruction.fields.size());
  for (size_t i = 0; i < instruction.fields.size(); ++i) {
    const Field &field = instruction.fields[i];
    entry.operands[i].reg = field.kind == FieldKind::Register && !field.isOptional ? 0 : kNoRegister;
    while (field.kind == FieldKind::Address && (field.spaces & setOf(entry.operands[i].space)) == 0) {
      entry.operands[i].space = static_cast<Space>(static_cast<unsigned>(entry.operands[i].space) + 1);
    }
  }
  return entry;
}

Status npu::check(const Entry &entry) {
  const Instruction *instruction = find(entry.opcode);
  if (!instruction) {
    return fail("there is no instruction of opcode " + std::to_string(entry.opcode));
  }
  const std::string place = instruction->mnemonic;
  if (entry.operands.size() != instruction->fields.size()) {
    return fail(place + ": expected " + std::to_string(instruction->fields.size()) + " operands, got " +
                std::to_string(entry.operands.size()));
  }
  if (entry.channel >= kChannels || (entry.channel != 0 && instruction->engine != Engine::Dma)) {
    return fail(place + ": there is no channel " + std::to_string(entry.channel) + " of the " +
                name(instruction->engine) + " engine");
  }
  if (entry.predicate != kNoRegister && !isRegister(entry.predicate)) {
    return fail(place + ": there is no register " + std::to_string(entry.predicate) + " to be a predicate");
  }
  auto checkUses = [&](const char *word, const SemaphoreUse *uses, size_t count) -> Status {
    for (size_t i = 0; i < count; ++i) {
      const std::string use = place + ": " + word + " " + std::to_string(i);
      if (uses[i].semaphore >= kSemaphores + kChipSemaphores ||
          (uses[i].count == 0 && uses[i].semaphore != 0)) {
        return fail(use + ": there is no semaphore " + std::to_string(uses[i].semaphore) +
                    (uses[i].count == 0 ? " to be used 0 times" : ""));
      }
      if (i > 0 && uses[i].count != 0 && uses[i - 1].count == 0) {
        return fail(use + ": the one before is not used");
      }
    }
    return {};
  };
  if (Status checked = checkUses("wait", entry.waits.data(), entry.waits.size()); !checked) {
    return checked;
  }
  if (Status checked = checkUses("signal", entry.signals.data(), entry.signals.size()); !checked) {
    return checked;
  }
  for (size_t i = 0; i < entry.operands.size(); ++i) {
    if (Status checked = checkOperand(instruction->fields[i], entry.operands[i]); !checked) {
      return forward(checked.error(), place + ": " + instruction->fields[i].name);
    }
  }
  return {};
}

std::array<uint8_t, kEntryBytes> npu::encode(const Entry &entry) {
  assert(check(entry) && "an entry that cannot be written");
  std::array<uint8_t, kEntryBytes> bytes = {};
  bytes[0] = entry.opcode;
  bytes[1] = entry.channel;
  bytes[2] = entry.predicate;
  writeInteger(bytes.data() + 4, 4, entry.location);
  uint8_t *next = bytes.data() + 8;
  auto put = [&](SemaphoreUse use) {
    *next++ = use.semaphore;
    *next++ = use.count;
  };
  std::for_each(entry.waits.begin(), entry.waits.end(), put);
  std::for_each(entry.signals.begin(), entry.signals.end(), put);
  const Instruction *instruction = find(entry.opcode);
  for (size_t i = 0; i < entry.operands.size(); ++i) {
    writeOperand(instruction->fields[i], entry.operands[i], next);
    next += instruction->fields[i].bytes();
  }
  return bytes;
}

Expected<Entry> npu::decode(const uint8_t *bytes) {
  const Instruction *instruction = find(bytes[0]);
  if (!instruction) {
    return fail("there is no instruction of opcode " + std::to_string(bytes[0]));
  }
  Entry entry;
  entry.opcode = bytes[0];
  entry.channel = bytes[1];
  entry.predicate = bytes[2];
  entry.location = static_cast<uint32_t>(readInteger(bytes + 4, 4));
  const uint8_t *next = bytes + 8;
  auto take = [&](SemaphoreUse &use) {
    use.semaphore = *next++;
    use.count = *next++;
  };
  std::for_each(entry.waits.begin(), entry.waits.end(), take);
  std::for_each(entry.signals.begin(), entry.signals.end(), take);
  for (const Field &field : instruction->fields) {
    entry.operands.push_back(readOperand(field, next));
    next += field.bytes();
  }
  if (bytes[3] != 0 || std::any_of(next, bytes + kEntryBytes, [](uint8_t x) { return x != 0; })) {
    return fail(std::string(instruction->mnemonic) + ": bytes that belong to no operand are not zero");
  }
  if (Status checked = check(entry); !checked) {
    return forward(checked.error());
  }
  return entry;
}
