//===- Effects.cpp ----------------------------------------------------------===//
#include "coopt/NpuIsa/Effects.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr uint64_t kMostBytes = uint64_t(1) << 62;

uint64_t bytesOf(int64_t elements, unsigned bits) { return (static_cast<uint64_t>(elements) * bits + 7) / 8; }

/// Bits of a place in a group of m.
unsigned placeBits(int64_t m) {
  unsigned bits = 0;
  while ((int64_t(1) << bits) < m) {
    ++bits;
  }
  return bits;
}

/// The extent of `count` things of `bytes`, `stride` apart. No memory has as many as it takes to overflow: that is cut off.
uint64_t extentOf(uint64_t bytes, int64_t count, int64_t stride) {
  if (bytes == 0 || count == 0) {
    return 0;
  }
  uint64_t gaps = 0, all = 0;
  const bool isTooLong =
      __builtin_mul_overflow(static_cast<uint64_t>(count - 1), static_cast<uint64_t>(stride), &gaps) ||
      __builtin_add_overflow(gaps, bytes, &all);
  return isTooLong || all > kMostBytes ? kMostBytes : all;
}

} // namespace

std::string_view npu::chosen(const Entry &entry, std::string_view field) {
  const Instruction *instruction = find(entry.opcode);
  for (size_t i = 0; i < instruction->fields.size(); ++i) {
    if (instruction->fields[i].name == field) {
      return (*instruction->fields[i].names)[static_cast<size_t>(entry.operands[i].value)];
    }
  }
  return {};
}

int npu::operandsOf(std::string_view function) {
  for (const char *one : {"copy", "neg", "abs", "sqrt", "rint", "floor", "exp2"}) {
    if (function == one) {
      return 1;
    }
  }
  return function == "fma" || function == "select" ? 3 : 2;
}

machine::NpuType npu::typeOf(const Entry &entry, std::string_view field) {
  return static_cast<machine::NpuType>(entry[field].value);
}

unsigned npu::bitsOf(const Entry &entry, std::string_view field) {
  return static_cast<unsigned>(machine::bits(typeOf(entry, field)));
}

namespace coopt::npu {

/// Collects the accesses of one entry.
class AccessList {
public:
  AccessList(const Settings &settings, const Entry &entry)
      : settings(settings), entry(entry), instruction(*find(entry.opcode)) {}

  Expected<std::vector<Access>> run();

private:
  const Settings &settings;
  const Entry &entry;
  const Instruction &instruction;
  std::vector<Access> result;

  int64_t value(std::string_view field) const { return entry[field].value; }
  tl::unexpected<Error> needs(const char *what) const {
    return fail(std::string(instruction.mnemonic) + ": expected " + what + " before");
  }

  void add(std::string_view field, bool isWrite, uint64_t bytes) { addRows(field, isWrite, 1, bytes, 0); }
  /// `rows` rows of `rowBytes`, so far apart.
  void addRows(std::string_view field, bool isWrite, int64_t rows, uint64_t rowBytes, int64_t stride) {
    const uint64_t bytes = extentOf(rowBytes, rows, stride);
    if (bytes == 0) {
      return;
    }
    size_t operand = 0;
    while (instruction.fields[operand].name != field) {
      ++operand;
    }
    const Operand &at = entry.operands[operand];
    result.push_back({at.space, static_cast<uint64_t>(at.value), bytes, isWrite, operand,
                      static_cast<uint64_t>(rows), rowBytes, static_cast<uint64_t>(stride)});
  }

  Status copies();
  Status matrix();
  Status vector();
  void selection();
};

Status AccessList::copies() {
  const std::string_view mnemonic = instruction.mnemonic;
  if (mnemonic == "dma.fill") {
    addRows("to", true, value("count"), static_cast<uint64_t>(value("bytes")), value("to1"));
  } else if (mnemonic == "dma.gather" || mnemonic == "dma.scatter") {
    const bool isGather = mnemonic == "dma.gather";
    if (value("count") > 0) {
      addRows(isGather ? "from" : "to", !isGather, value("rows"), static_cast<uint64_t>(value("bytes")),
              value(isGather ? "from1" : "to1"));
      add(isGather ? "to" : "from", isGather, static_cast<uint64_t>(value("count") * value("bytes")));
      add("indices", false, 4 * static_cast<uint64_t>(value("count")));
    }
  } else {
    auto bytes = [&](const char *side) -> uint64_t {
      const std::string name = side;
      uint64_t last = extentOf(static_cast<uint64_t>(value("bytes")), value("count"), value(name + "1"));
      for (const char *dimension : {"2", "3", "4"}) {
        if (chosen(entry, "shaped") == "yes") {
          const Entry &shape = *settings.shapes[entry.channel];
          last = extentOf(last, shape[std::string("count") + dimension].value, shape[name + dimension].value);
        }
      }
      return last;
    };
    if (chosen(entry, "shaped") == "yes" && !settings.shapes[entry.channel]) {
      return needs("dma.shape");
    }
    add("to", true, bytes("to"));
    add("from", false, bytes("from"));
  }
  return {};
}

Status AccessList::matrix() {
  const std::string_view mnemonic = instruction.mnemonic;
  if (!settings.matrixMode) {
    return needs("mxu.mode");
  }
  const Entry &mode = *settings.matrixMode;
  const unsigned a = bitsOf(mode, "a"), w = bitsOf(mode, "w"), acc = bitsOf(mode, "acc");
  const int64_t aStride = mode["a_stride"].value, wStride = mode["w_stride"].value,
                accStride = mode["acc_stride"].value, n = mode["n"].value, m = mode["m"].value;
  const bool isSparse = chosen(mode, "mode") == "nm";
  if (isSparse && (n < 1 || n >= m)) {
    return fail(std::string(mnemonic) + ": expected n of m with 0 < n < m in mxu.mode, got " +
                std::to_string(n) + " of " + std::to_string(m));
  }
  auto addSums = [&](int64_t rows, int64_t columns) {
    addRows("to", true, rows, bytesOf(columns, acc), accStride);
  };
  if (mnemonic == "mxu.weights") {
    const int64_t columns = value("columns");
    addRows("from", false, value("rows"),
            bytesOf(columns, w) + (isSparse ? bytesOf(columns, placeBits(m)) : 0), wStride);
  } else if (mnemonic == "mxu.stream") {
    const auto &tile = chosen(entry, "swap") == "yes" ? settings.loaded : settings.used;
    if (!tile) {
      return needs("mxu.weights");
    }
    const int64_t depth = isSparse ? (tile->rows * m + n - 1) / n : tile->rows;
    addRows("from", false, value("rows"), bytesOf(depth, a), aStride);
    addSums(value("rows"), tile->columns);
  } else if (mnemonic == "mxu.multiply") {
    addRows("a", false, value("rows"), bytesOf(value("depth"), a), aStride);
    addRows("w", false, value("depth"), bytesOf(value("columns"), w), wStride);
  } else if (mnemonic == "mxu.drain") {
    addSums(value("rows"), value("columns"));
  } else if (mnemonic == "mxu.tables") {
    addRows("from", false, value("rows"), bytesOf(value("depth"), a), aStride);
  } else {
    const auto &tables = chosen(entry, "swap") == "yes" ? settings.madeTables : settings.tables;
    if (!tables) {
      return needs("mxu.tables");
    }
    add("from", false, bytesOf(value("columns") * tables->columns, w));
    addSums(value("rows"), value("columns"));
  }
  return {};
}

Status AccessList::vector() {
  const std::string_view mnemonic = instruction.mnemonic;
  if (!settings.vectorMode) {
    return needs("vec.mode");
  }
  const Entry &mode = *settings.vectorMode;
  const int64_t rows = value("rows"), columns = value("columns");
  if (mnemonic == "vec.unpack") {
    const int64_t group = value("group"), groups = group == 0 ? 0 : (columns + group - 1) / group;
    addRows("to", true, rows, static_cast<uint64_t>(columns), mode["to_stride"].value);
    add("from", false, bytesOf(rows * columns, static_cast<unsigned>(value("bits"))));
    add("scales", false, static_cast<uint64_t>(rows * groups));
    add("zeros", false, static_cast<uint64_t>(rows * groups));
    return {};
  }
  auto addOperand = [&](const char *name, std::string_view broadcast) {
    const std::string field = name;
    const unsigned bits = bitsOf(mode, field);
    const bool isOneRow = broadcast == "row" || broadcast == "scalar";
    const bool isOneColumn = broadcast == "column" || broadcast == "scalar";
    addRows(field, false, isOneRow ? std::min<int64_t>(rows, 1) : rows,
            bytesOf(isOneColumn ? std::min<int64_t>(columns, 1) : columns, bits),
            mode[field + "_stride"].value);
  };
  const unsigned toBits = bitsOf(mode, "to");
  const bool isMap = mnemonic == "vec.map";
  addRows("to", true, rows, bytesOf(isMap ? columns : std::min<int64_t>(columns, 1), toBits),
          mode["to_stride"].value);
  addOperand("a", "none");
  const int operands = isMap ? operandsOf(chosen(entry, "function")) : 1;
  if (operands > 1) {
    addOperand("b", chosen(mode, "b_broadcast"));
  }
  if (operands > 2) {
    addOperand("c", chosen(mode, "c_broadcast"));
  }
  return {};
}

void AccessList::selection() {
  const auto rows = static_cast<uint64_t>(value("rows")), k = static_cast<uint64_t>(value("k"));
  if (instruction.mnemonic == std::string_view("topk.select")) {
    add("scores", false, 4 * rows * static_cast<uint64_t>(value("columns")));
    add("values", true, 4 * rows * k);
    add("indices", true, 4 * rows * k);
    return;
  }
  add("choices", false, 4 * rows * k);
  add("places", true, 4 * rows * k);
  add("tokens", true, 4 * rows * k);
  add("segments", true, 4 * (static_cast<uint64_t>(value("experts")) + 1));
}

Expected<std::vector<Access>> AccessList::run() {
  if (instruction.timing != Timing::Settings) {
    Status status;
    if (instruction.mnemonic == std::string_view("load")) {
      add("from", false, bitsOf(entry, "type") / 8);
    } else if (instruction.engine == Engine::Dma) {
      status = copies();
    } else if (instruction.engine == Engine::Matrix) {
      status = matrix();
    } else if (instruction.engine == Engine::Vector) {
      status = vector();
    } else if (instruction.engine == Engine::TopK) {
      selection();
    }
    if (!status) {
      return forward(status.error());
    }
  }
  return std::move(result);
}

} // namespace coopt::npu

Expected<std::vector<Access>> Settings::accesses(const Entry &entry) const {
  return AccessList(*this, entry).run();
}

int64_t Settings::tableDepth(const Entry &lookup) const {
  const std::optional<Tile> &of = chosen(lookup, "swap") == "yes" ? madeTables : tables;
  return of ? of->columns : 0;
}

int64_t Settings::weightRows(const Entry &stream) const {
  const std::optional<Tile> &of = chosen(stream, "swap") == "yes" ? loaded : used;
  return of ? of->rows : 0;
}

void Settings::update(const Entry &entry) {
  const Instruction &instruction = *find(entry.opcode);
  const std::string_view mnemonic = instruction.mnemonic;
  auto set = [&](auto &old, const auto &value) {
    if (!(old == value)) {
      old = value;
      ++versions[static_cast<size_t>(instruction.engine)];
    }
  };
  switch (instruction.timing) {
  case Timing::Settings:
    if (mnemonic == "dma.shape") {
      set(shapes[entry.channel], std::optional<Entry>(entry));
    } else if (mnemonic == "mxu.mode") {
      set(matrixMode, std::optional<Entry>(entry));
    } else if (mnemonic == "vec.mode") {
      set(vectorMode, std::optional<Entry>(entry));
    }
    break;
  case Timing::WeightLoad:
    set(loaded, std::optional<Tile>(Tile{entry["rows"].value, entry["columns"].value}));
    break;
  case Timing::Tables:
    set(madeTables, std::optional<Tile>(Tile{entry["rows"].value, entry["depth"].value}));
    break;
  case Timing::Stream:
    if (mnemonic == "mxu.stream" && chosen(entry, "swap") == "yes") {
      set(used, loaded);
    } else if (mnemonic == "mxu.lookup" && chosen(entry, "swap") == "yes") {
      set(tables, madeTables);
    }
    break;
  default:
    break;
  }
}
