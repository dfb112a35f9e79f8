#include "Npu/Core/Core.h"

#include <cstring>

using namespace coopt;
using namespace coopt::npu;

/// Of a table that is gathered from or scattered to, the rows that are moved must be there, not all that a list may name.
static bool isTable(const Instruction &instruction, std::string_view field) {
  const std::string_view mnemonic = instruction.mnemonic;
  return (mnemonic == "dma.gather" && field == "from") || (mnemonic == "dma.scatter" && field == "to");
}

Status Core::execute(const Entry &entry) {
  auto list = settings.accesses(entry);
  if (!list) {
    return forward(list.error());
  }
  const Instruction &instruction = *find(entry.opcode);
  for (const Access &access : *list) {
    const char *field = instruction.fields[access.operand].name;
    const Memory &memory = *memories[static_cast<size_t>(access.space)];
    if (!isTable(instruction, field) && !memory.holds(access.first, access.bytes, access.isWrite)) {
      return fail(field + (": " + memory.whyNot(name(access.space), access.first, access.bytes)));
    }
  }
  Status status;
  const bool movesNothing = instruction.engine == Engine::Dma && list->empty();
  if (instruction.timing != Timing::Settings && !movesNothing) {
    const std::string_view mnemonic = instruction.mnemonic;
    if (mnemonic == "dma.copy") {
      copy(entry);
    } else if (mnemonic == "dma.fill") {
      fill(entry);
    } else if (instruction.engine == Engine::Dma) {
      status = moveRows(entry, mnemonic == "dma.gather");
    } else if (instruction.engine == Engine::Matrix) {
      status = matrix(entry);
    } else if (instruction.engine == Engine::Vector) {
      status = vector(entry);
    } else if (mnemonic == "topk.select") {
      select(entry);
    } else if (mnemonic == "topk.route") {
      status = route(entry);
    }
  }
  settings.update(entry);
  return status;
}

void Core::copy(const Entry &entry) {
  const auto bytes = static_cast<size_t>(entry["bytes"].value);
  const bool isShaped = chosen(entry, "shaped") == "yes";
  auto outer = [&](const char *what, int64_t otherwise) {
    return isShaped ? (*settings.shape(entry.channel))[what].value : otherwise;
  };
  uint8_t *to = at(entry["to"]);
  const uint8_t *from = at(entry["from"]);
  for (int64_t i4 = 0; i4 < outer("count4", 1); ++i4) {
    for (int64_t i3 = 0; i3 < outer("count3", 1); ++i3) {
      for (int64_t i2 = 0; i2 < outer("count2", 1); ++i2) {
        uint8_t *toRun = to + i4 * outer("to4", 0) + i3 * outer("to3", 0) + i2 * outer("to2", 0);
        const uint8_t *fromRun =
            from + i4 * outer("from4", 0) + i3 * outer("from3", 0) + i2 * outer("from2", 0);
        for (int64_t i1 = 0; i1 < entry["count"].value; ++i1) {
          std::memmove(toRun + i1 * entry["to1"].value, fromRun + i1 * entry["from1"].value, bytes);
        }
      }
    }
  }
}

void Core::fill(const Entry &entry) {
  for (int64_t run = 0; run < entry["count"].value; ++run) {
    std::memset(at(entry["to"]) + run * entry["to1"].value, static_cast<int>(entry["value"].value),
                static_cast<size_t>(entry["bytes"].value));
  }
}

Expected<std::vector<int32_t>> Core::listOf(const Entry &entry) const {
  const int64_t rows = entry["rows"].value;
  const Operand &indices = entry["indices"];
  std::vector<int32_t> list(static_cast<size_t>(entry["count"].value));
  const uint64_t address = static_cast<uint64_t>(indices.value), bytes = 4 * list.size();
  const Memory &memory = *memories[static_cast<size_t>(indices.space)];
  if (bytes > 0 && !memory.holds(address, bytes, false)) {
    return fail("indices: " + memory.whyNot(name(indices.space), address, bytes));
  }
  if (bytes > 0) {
    std::memcpy(list.data(), at(indices), bytes);
  }
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i] < 0 || list[i] >= rows) {
      return fail("indices: element " + std::to_string(i) + " is " + std::to_string(list[i]) +
                  ", expected 0 .. " + std::to_string(rows - 1));
    }
  }
  return list;
}

Status Core::moveRows(const Entry &entry, bool isGather) {
  const int64_t bytes = entry["bytes"].value, stride = entry[isGather ? "from1" : "to1"].value;
  const Operand &table = entry[isGather ? "from" : "to"], &side = entry[isGather ? "to" : "from"];
  auto list = listOf(entry);
  if (!list) {
    return forward(list.error());
  }
  for (int64_t i = 0; bytes > 0 && i < entry["count"].value; ++i) {
    const int64_t row = (*list)[static_cast<size_t>(i)];
    Memory &memory = *memories[static_cast<size_t>(table.space)];
    const auto address = static_cast<uint64_t>(table.value) + static_cast<uint64_t>(row * stride);
    if (!memory.holds(address, static_cast<uint64_t>(bytes), !isGather)) {
      return fail(std::string(isGather ? "from" : "to") + ": row " + std::to_string(row) + ": " +
                  memory.whyNot(name(table.space), address, static_cast<uint64_t>(bytes)));
    }
    uint8_t *tableRow = memory.at(address), *sideRow = at(side) + i * bytes;
    std::memmove(isGather ? sideRow : tableRow, isGather ? tableRow : sideRow, static_cast<size_t>(bytes));
  }
  return {};
}
