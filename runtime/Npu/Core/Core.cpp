#include "Npu/Core/Core.h"

#include <cstring>

using namespace coopt;
using namespace coopt::npu;

/// Of a table that is gathered from or scattered to, the rows that are moved must be there, not all that a list may name.
static bool isTable(const Entry &entry, size_t operand) {
  return (entry.opcode == opcode::DmaGather && operand == fieldPlaces().at(entry.opcode, "from")) ||
         (entry.opcode == opcode::DmaScatter && operand == fieldPlaces().at(entry.opcode, "to"));
}

Status Core::execute(const Entry &entry) {
  const auto list = settings.accesses(entry);
  if (!list) {
    return forward(list.error());
  }
  const Instruction &instruction = *find(entry.opcode);
  for (const Access &access : *list) {
    const Memory &memory = *memories[static_cast<size_t>(access.space)];
    if (!isTable(entry, access.operand) && !memory.holds(access.first, access.bytes, access.isWrite)) {
      return fail(std::string(instruction.fields[access.operand].name) + ": " +
                  memory.whyNot(name(access.space), access.first, access.bytes));
    }
  }
  Status status;
  const bool movesNothing = instruction.engine == Engine::Dma && list->empty();
  if (instruction.timing != Timing::Settings && !movesNothing) {
    status = compute(entry);
  }
  settings.update(entry);
  return status;
}

Status Core::compute(const Entry &entry) {
  switch (entry.opcode) {
  case opcode::DmaCopy:
    copy(entry);
    return {};
  case opcode::DmaFill:
    fill(entry);
    return {};
  case opcode::DmaGather:
  case opcode::DmaScatter:
    return moveRows(entry, entry.opcode == opcode::DmaGather);
  case opcode::VecMap:
    map(entry);
    return {};
  case opcode::VecReduce:
    reduce(entry);
    return {};
  case opcode::VecUnpack:
    return unpack(entry);
  case opcode::TopkSelect:
    select(entry);
    return {};
  case opcode::TopkRoute:
    return route(entry);
  default:
    return find(entry.opcode)->engine == Engine::Matrix ? matrix(entry) : Status();
  }
}

void Core::copy(const Entry &entry) {
  struct Dimension {
    int64_t count = 1, to = 0, from = 0;
  };
  std::array<Dimension, 3> outer;
  if (isYes(entry, "shaped")) {
    const Entry &shape = *settings.shape(entry.channel);
    outer = {{{shape["count4"].value, shape["to4"].value, shape["from4"].value},
              {shape["count3"].value, shape["to3"].value, shape["from3"].value},
              {shape["count2"].value, shape["to2"].value, shape["from2"].value}}};
  }
  const auto bytes = static_cast<size_t>(entry["bytes"].value);
  const int64_t count = entry["count"].value, to1 = entry["to1"].value, from1 = entry["from1"].value;
  uint8_t *to = at(entry["to"]);
  const uint8_t *from = at(entry["from"]);
  for (int64_t i4 = 0; i4 < outer[0].count; ++i4) {
    for (int64_t i3 = 0; i3 < outer[1].count; ++i3) {
      for (int64_t i2 = 0; i2 < outer[2].count; ++i2) {
        uint8_t *toRun = to + i4 * outer[0].to + i3 * outer[1].to + i2 * outer[2].to;
        const uint8_t *fromRun = from + i4 * outer[0].from + i3 * outer[1].from + i2 * outer[2].from;
        for (int64_t i1 = 0; i1 < count; ++i1) {
          std::memmove(toRun + i1 * to1, fromRun + i1 * from1, bytes);
        }
      }
    }
  }
}

void Core::fill(const Entry &entry) {
  const int64_t count = entry["count"].value, stride = entry["to1"].value;
  const auto value = static_cast<int>(entry["value"].value);
  uint8_t *to = at(entry["to"]);
  for (int64_t run = 0; run < count; ++run) {
    std::memset(to + run * stride, value, static_cast<size_t>(entry["bytes"].value));
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
