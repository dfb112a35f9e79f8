#include "Npu/Core/Core.h"
#include "Npu/Core/Elements.h"

#include "coopt/NpuIsa/Choices.h"

using namespace coopt;
using namespace coopt::npu;

Expected<Entry> Control::resolved(const Entry &entry) const {
  Entry result = entry;
  const std::vector<Field> &fields = find(entry.opcode)->fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    Operand &operand = result.operands[i];
    if (operand.reg == kNoRegister || fields[i].kind == FieldKind::Register) {
      continue;
    }
    const int64_t value = registers[operand.reg];
    if (fields[i].kind == FieldKind::Extent) {
      if (value < 0 || value > operand.value) {
        return fail(std::string(fields[i].name) + ": s" + std::to_string(operand.reg) + " is " +
                    std::to_string(value) + ", expected 0 .. " + std::to_string(operand.value));
      }
      operand.value = value;
    } else if (__builtin_add_overflow(operand.value, value, &operand.value) || operand.value < 0) {
      return fail(std::string(fields[i].name) + ": s" + std::to_string(operand.reg) + " is " +
                  std::to_string(value) + ": there is no such address");
    }
    operand.reg = kNoRegister;
  }
  return result;
}

Status Control::scalar(const Entry &entry) {
  const int64_t a = registers[entry["a"].reg];
  const int64_t b = entry["b"].reg == kNoRegister ? entry["value"].value : registers[entry["b"].reg];
  const auto left = static_cast<uint64_t>(a), right = static_cast<uint64_t>(b);
  int64_t &to = registers[entry["to"].reg];
  // Sums and products wrap around; shifts of 64 and more leave nothing.
  switch (choiceOf<ScalarFunction>(entry, "function")) {
  case ScalarFunction::Add:
    to = static_cast<int64_t>(left + right);
    break;
  case ScalarFunction::Sub:
    to = static_cast<int64_t>(left - right);
    break;
  case ScalarFunction::Mul:
    to = static_cast<int64_t>(left * right);
    break;
  case ScalarFunction::Div:
  case ScalarFunction::Rem: {
    if (b == 0) {
      return fail("division by 0");
    }
    const bool isQuotient = choiceOf<ScalarFunction>(entry, "function") == ScalarFunction::Div,
               wraps = b == -1;
    to = isQuotient ? (wraps ? static_cast<int64_t>(0 - left) : a / b) : (wraps ? 0 : a % b);
    break;
  }
  case ScalarFunction::Shl:
    to = right < 64 ? static_cast<int64_t>(left << right) : 0;
    break;
  case ScalarFunction::Shr:
    to = right < 64 ? static_cast<int64_t>(left >> right) : 0;
    break;
  case ScalarFunction::And:
    to = a & b;
    break;
  case ScalarFunction::Or:
    to = a | b;
    break;
  case ScalarFunction::Min:
    to = a < b ? a : b;
    break;
  case ScalarFunction::Max:
    to = a < b ? b : a;
    break;
  case ScalarFunction::Lt:
    to = a < b;
    break;
  case ScalarFunction::Eq:
    to = a == b;
    break;
  }
  return {};
}

Status Control::load(const Entry &entry, const MemoryMap &memories) {
  const Operand &from = entry["from"];
  Memory &memory = *memories[static_cast<size_t>(from.space)];
  const auto type = typeOf(entry, "type");
  if (type != machine::NpuType::I8 && type != machine::NpuType::I16 && type != machine::NpuType::I32) {
    return fail("type: expected i8, i16 or i32");
  }
  const uint64_t bytes = bitsOf(entry, "type") / 8, address = static_cast<uint64_t>(from.value);
  if (!memory.holds(address, bytes, /*isWrite=*/false)) {
    return fail("from: " + memory.whyNot(name(from.space), address, bytes));
  }
  const int64_t value = loadInteger(type, memory.at(address), 0);
  if (value < 0 || value > entry["bound"].value) {
    return fail("from: got " + std::to_string(value) + ", expected 0 .. " +
                std::to_string(entry["bound"].value));
  }
  registers[entry["to"].reg] = value;
  return {};
}

Expected<std::optional<Entry>> Control::step(const MemoryMap &memories) {
  const Entry &raw = entries[next];
  if (raw.opcode == opcode::EndLoop) {
    Loop &loop = loops.back();
    if (++loop.round < loop.count) {
      registers[entries[loop.first]["counter"].reg] = loop.round;
      next = loop.first + 1;
    } else {
      loops.pop_back();
      ++next;
    }
    return std::nullopt;
  }
  if (raw.predicate != kNoRegister && registers[raw.predicate] == 0) {
    ++next;
    return std::nullopt;
  }
  auto entry = resolved(raw);
  if (!entry) {
    return forward(entry.error());
  }
  Status status;
  if (raw.opcode == opcode::Loop) {
    const int64_t count = (*entry)["count"].value;
    if (count == 0) {
      next += static_cast<size_t>(raw["body"].value) + 1;
      return std::nullopt;
    }
    loops.push_back({next, count, 0});
    registers[raw["counter"].reg] = 0;
  } else if (raw.opcode == opcode::Set) {
    registers[raw["to"].reg] = raw["value"].value;
  } else if (raw.opcode == opcode::Scalar) {
    status = scalar(raw);
  } else if (raw.opcode == opcode::Load) {
    status = load(*entry, memories);
  }
  if (!status) {
    return forward(status.error());
  }
  ++next;
  if (find(raw.opcode)->engine == Engine::Control) {
    return std::nullopt;
  }
  return std::optional<Entry>(std::move(*entry));
}

Status npu::runInOrder(const std::vector<Entry> &entries, const MemoryMap &memories) {
  Control control(entries);
  Core core(memories);
  while (!control.isAtEnd()) {
    const size_t position = control.position();
    auto place = [&] {
      return "entry " + std::to_string(position) + " (" + find(entries[position].opcode)->mnemonic + ")";
    };
    auto entry = control.step(memories);
    if (!entry) {
      return forward(entry.error(), place());
    }
    if (*entry) {
      if (Status status = core.execute(**entry); !status) {
        return forward(status.error(), place());
      }
    }
  }
  return {};
}
