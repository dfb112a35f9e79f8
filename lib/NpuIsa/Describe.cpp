//===- Describe.cpp - The table as a page of the docs -----------------------===//
#include "coopt/NpuIsa/Image.h"

#include <cstdio>

using namespace coopt;
using namespace coopt::npu;

std::string npu::describeInstructions() {
  auto kindOf = [](const Field &field) -> std::string {
    const std::string bits = std::to_string(8 * field.width) + " bits";
    switch (field.kind) {
    case FieldKind::Unsigned:
      return bits;
    case FieldKind::Signed:
      return bits + ", signed";
    case FieldKind::Register:
      return field.isOptional ? "register or none" : "register";
    case FieldKind::Address: {
      std::string spaces;
      for (unsigned i = 0; i < kSpaces; ++i) {
        if ((field.spaces >> i) & 1) {
          spaces += std::string(spaces.empty() ? "" : ", ") + name(static_cast<Space>(i));
        }
      }
      return "address in " + spaces;
    }
    case FieldKind::Extent:
      return bits + ", or a register up to that";
    case FieldKind::Body:
      return bits + ", counted";
    case FieldKind::Choice: {
      std::string names;
      for (const char *name : *field.names) {
        names += std::string(names.empty() ? "`" : ", `") + name + "`";
      }
      return names;
    }
    }
    return "";
  };
  std::string text;
  for (Engine engine : {Engine::Control, Engine::Dma, Engine::Matrix, Engine::Vector, Engine::TopK}) {
    text += std::string("## ") +
            (engine == Engine::Control ? "The control unit" : std::string("Engine ") + name(engine)) + "\n";
    for (const Instruction &instruction : table()) {
      if (instruction.engine != engine) {
        continue;
      }
      char hex[8];
      std::snprintf(hex, sizeof hex, "0x%02x", instruction.opcode);
      text += std::string("\n### `") + instruction.mnemonic + "`\n\n" + hex +
              ", time: " + name(instruction.timing) + ". " + instruction.meaning + ".\n";
      if (!instruction.fields.empty()) {
        text += "\n| operand | byte | holds | |\n|---|---|---|---|\n";
      }
      size_t at = kHeaderBytes;
      for (const Field &field : instruction.fields) {
        text += std::string("| `") + field.name + "` | " + std::to_string(at) + " | " + kindOf(field) +
                " | " + field.meaning + " |\n";
        at += field.bytes();
      }
    }
    text += "\n";
  }
  text.pop_back();
  return text;
}
