#include "Npu/Core/Core.h"

#include <cstring>

using namespace coopt;
using namespace coopt::npu;

Status Core::execute(const Entry &entry) {
  auto list = settings.accesses(entry);
  if (!list) {
    return forward(list.error());
  }
  const Instruction &instruction = *find(entry.opcode);
  for (const Access &access : *list) {
    const uint64_t size = memories[static_cast<size_t>(access.space)]->size();
    if (access.first > size || access.bytes > size - access.first) {
      return fail(std::string(instruction.fields[access.operand].name) + ": outside of " +
                  name(access.space));
    }
  }
  Status status;
  if (instruction.timing != Timing::Settings) {
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

Status Core::moveRows(const Entry &entry, bool isGather) {
  const int64_t bytes = entry["bytes"].value, rows = entry["rows"].value,
                stride = entry[isGather ? "from1" : "to1"].value;
  uint8_t *to = at(entry["to"]), *from = at(entry["from"]);
  for (int64_t i = 0; i < entry["count"].value; ++i) {
    int32_t row = 0;
    std::memcpy(&row, at(entry["indices"]) + 4 * i, sizeof row);
    if (row < 0 || row >= rows) {
      return fail("indices: element " + std::to_string(i) + " is " + std::to_string(row) +
                  ", expected 0 .. " + std::to_string(rows - 1));
    }
    std::memmove(to + (isGather ? i * bytes : row * stride), from + (isGather ? row * stride : i * bytes),
                 static_cast<size_t>(bytes));
  }
  return {};
}
