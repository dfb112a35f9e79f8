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

std::string_view npu::chosen(const Entry &entry, FieldName field) {
  const size_t place = fieldPlaces().at(entry.opcode, field);
  return (*find(entry.opcode)->fields[place].names)[static_cast<size_t>(entry.operands[place].value)];
}

int npu::operandsOf(std::string_view function) {
  const std::vector<const char *> &names = *find(opcode::VecMap)->fields[0].names;
  const auto place = std::find(names.begin(), names.end(), function);
  return operandsOf(static_cast<VectorFunction>(place - names.begin()));
}

unsigned npu::bitsOf(const Entry &entry, FieldName field) {
  return static_cast<unsigned>(machine::bits(typeOf(entry, field)));
}

namespace coopt::npu {

/// Collects the accesses of one entry.
class AccessList {
public:
  AccessList(const Settings &settings, const Entry &entry)
      : settings(settings), entry(entry), instruction(*find(entry.opcode)) {}

  Expected<Accesses> run();

private:
  const Settings &settings;
  const Entry &entry;
  const Instruction &instruction;
  Accesses result;

  int64_t value(FieldName field) const { return entry[field].value; }
  tl::unexpected<Error> needs(const char *what) const {
    return fail(std::string(instruction.mnemonic) + ": expected " + what + " before");
  }

  void add(FieldName field, bool isWrite, uint64_t bytes) { addRows(field, isWrite, 1, bytes, 0); }
  /// `rows` rows of `rowBytes`, so far apart.
  void addRows(FieldName field, bool isWrite, int64_t rows, uint64_t rowBytes, int64_t stride) {
    const uint64_t bytes = extentOf(rowBytes, rows, stride);
    if (bytes == 0) {
      return;
    }
    const size_t operand = fieldPlaces().at(entry.opcode, field);
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
  if (entry.opcode == opcode::DmaFill) {
    addRows("to", true, value("count"), static_cast<uint64_t>(value("bytes")), value("to1"));
  } else if (entry.opcode == opcode::DmaGather || entry.opcode == opcode::DmaScatter) {
    const bool isGather = entry.opcode == opcode::DmaGather;
    const FieldName table = isGather ? FieldName("from") : FieldName("to"),
                    rows = isGather ? FieldName("to") : FieldName("from"),
                    stride = isGather ? FieldName("from1") : FieldName("to1");
    if (value("count") > 0) {
      addRows(table, !isGather, value("rows"), static_cast<uint64_t>(value("bytes")), value(stride));
      add(rows, isGather, static_cast<uint64_t>(value("count") * value("bytes")));
      add("indices", false, 4 * static_cast<uint64_t>(value("count")));
    }
  } else {
    const bool isShaped = isYes(entry, "shaped");
    if (isShaped && !settings.shapes[entry.channel]) {
      return needs("dma.shape");
    }
    struct Outer {
      FieldName count, stride;
    };
    auto bytes = [&](FieldName inner, std::array<Outer, 3> dimensions) {
      uint64_t last = extentOf(static_cast<uint64_t>(value("bytes")), value("count"), value(inner));
      for (const Outer &outer : dimensions) {
        if (isShaped) {
          const Entry &shape = *settings.shapes[entry.channel];
          last = extentOf(last, shape[outer.count].value, shape[outer.stride].value);
        }
      }
      return last;
    };
    add("to", true, bytes("to1", {{{"count2", "to2"}, {"count3", "to3"}, {"count4", "to4"}}}));
    add("from", false, bytes("from1", {{{"count2", "from2"}, {"count3", "from3"}, {"count4", "from4"}}}));
  }
  return {};
}

Status AccessList::matrix() {
  if (!settings.matrixMode) {
    return needs("mxu.mode");
  }
  const Entry &mode = *settings.matrixMode;
  const unsigned a = bitsOf(mode, "a"), w = bitsOf(mode, "w"), acc = bitsOf(mode, "acc");
  const int64_t aStride = mode["a_stride"].value, wStride = mode["w_stride"].value,
                accStride = mode["acc_stride"].value, n = mode["n"].value, m = mode["m"].value;
  const bool isSparse = choiceOf<MatrixMode>(mode, "mode") == MatrixMode::Nm;
  if (isSparse && (n < 1 || n >= m)) {
    return fail(std::string(instruction.mnemonic) + ": expected n of m with 0 < n < m in mxu.mode, got " +
                std::to_string(n) + " of " + std::to_string(m));
  }
  auto addSums = [&](int64_t rows, int64_t columns) {
    addRows("to", true, rows, bytesOf(columns, acc), accStride);
  };
  if (entry.opcode == opcode::MxuWeights) {
    const int64_t columns = value("columns");
    addRows("from", false, value("rows"),
            bytesOf(columns, w) + (isSparse ? bytesOf(columns, placeBits(m)) : 0), wStride);
  } else if (entry.opcode == opcode::MxuStream) {
    const auto &tile = isYes(entry, "swap") ? settings.loaded : settings.used;
    if (!tile) {
      return needs("mxu.weights");
    }
    const int64_t depth = isSparse ? (tile->rows * m + n - 1) / n : tile->rows;
    addRows("from", false, value("rows"), bytesOf(depth, a), aStride);
    addSums(value("rows"), tile->columns);
  } else if (entry.opcode == opcode::MxuMultiply) {
    addRows("a", false, value("rows"), bytesOf(value("depth"), a), aStride);
    addRows("w", false, value("depth"), bytesOf(value("columns"), w), wStride);
  } else if (entry.opcode == opcode::MxuDrain) {
    addSums(value("rows"), value("columns"));
  } else if (entry.opcode == opcode::MxuTables) {
    addRows("from", false, value("rows"), bytesOf(value("depth"), a), aStride);
  } else {
    const auto &tables = isYes(entry, "swap") ? settings.madeTables : settings.tables;
    if (!tables) {
      return needs("mxu.tables");
    }
    add("from", false, bytesOf(value("columns") * tables->columns, w));
    addSums(value("rows"), value("columns"));
  }
  return {};
}

Status AccessList::vector() {
  if (!settings.vectorMode) {
    return needs("vec.mode");
  }
  const Entry &mode = *settings.vectorMode;
  const int64_t rows = value("rows"), columns = value("columns");
  if (entry.opcode == opcode::VecUnpack) {
    const int64_t group = value("group"), groups = group == 0 ? 0 : (columns + group - 1) / group;
    addRows("to", true, rows, static_cast<uint64_t>(columns), mode["to_stride"].value);
    add("from", false, bytesOf(rows * columns, static_cast<unsigned>(value("bits"))));
    add("scales", false, static_cast<uint64_t>(rows * groups));
    add("zeros", false, static_cast<uint64_t>(rows * groups));
    return {};
  }
  auto addOperand = [&](FieldName field, FieldName stride, Broadcast broadcast) {
    addRows(field, false, isOneRow(broadcast) ? std::min<int64_t>(rows, 1) : rows,
            bytesOf(isOneColumn(broadcast) ? std::min<int64_t>(columns, 1) : columns, bitsOf(mode, field)),
            mode[stride].value);
  };
  const bool isMap = entry.opcode == opcode::VecMap;
  addRows("to", true, rows, bytesOf(isMap ? columns : std::min<int64_t>(columns, 1), bitsOf(mode, "to")),
          mode["to_stride"].value);
  addOperand("a", "a_stride", Broadcast::None);
  const int operands = isMap ? operandsOf(choiceOf<VectorFunction>(entry, "function")) : 1;
  if (operands > 1) {
    addOperand("b", "b_stride", choiceOf<Broadcast>(mode, "b_broadcast"));
  }
  if (operands > 2) {
    addOperand("c", "c_stride", choiceOf<Broadcast>(mode, "c_broadcast"));
  }
  return {};
}

void AccessList::selection() {
  const auto rows = static_cast<uint64_t>(value("rows")), k = static_cast<uint64_t>(value("k"));
  if (entry.opcode == opcode::TopkSelect) {
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

Expected<Accesses> AccessList::run() {
  if (instruction.timing != Timing::Settings) {
    Status status;
    if (entry.opcode == opcode::Load) {
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
  return result;
}

} // namespace coopt::npu

Expected<Accesses> Settings::accesses(const Entry &entry) const { return AccessList(*this, entry).run(); }

int64_t Settings::tableDepth(const Entry &lookup) const {
  const std::optional<Tile> &of = isYes(lookup, "swap") ? madeTables : tables;
  return of ? of->columns : 0;
}

int64_t Settings::weightRows(const Entry &stream) const {
  const std::optional<Tile> &of = isYes(stream, "swap") ? loaded : used;
  return of ? of->rows : 0;
}

void Settings::update(const Entry &entry) {
  const Instruction &instruction = *find(entry.opcode);
  auto set = [&](auto &old, const auto &value) {
    if (!(old == value)) {
      old = value;
      ++versions[static_cast<size_t>(instruction.engine)];
    }
  };
  switch (instruction.timing) {
  case Timing::Settings:
    if (entry.opcode == opcode::DmaShape) {
      set(shapes[entry.channel], std::optional<Entry>(entry));
    } else if (entry.opcode == opcode::MxuMode) {
      set(matrixMode, std::optional<Entry>(entry));
    } else if (entry.opcode == opcode::VecMode) {
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
    if (entry.opcode == opcode::MxuStream && isYes(entry, "swap")) {
      set(used, loaded);
    } else if (entry.opcode == opcode::MxuLookup && isYes(entry, "swap")) {
      set(tables, madeTables);
    }
    break;
  default:
    break;
  }
}
