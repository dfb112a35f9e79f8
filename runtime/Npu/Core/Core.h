//===- Core.h - What a core of the accelerator computes ---------------------===//
//
// Values alone, without time: the effect of each instruction on the memories. Time is the simulator's, which executes an entry here when
// its engine finishes it. A program that the static checks accept gives the same values in any order that its semaphores allow, so also in
// that of its stream: runInOrder() is the reference for what takes time.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_CORE_CORE_H
#define COOPT_NPU_CORE_CORE_H

#include "Npu/Core/Contraction.h"

#include "coopt/NpuIsa/Effects.h"
#include "coopt/NpuIsa/Image.h"

#include <memory>

namespace coopt::npu {

/// Bytes of the host that are part of a memory.
struct Window {
  uint64_t address = 0, bytes = 0; ///< in the memory
  uint8_t *data = nullptr;         ///< what lies there
  bool isWritable = false;
};

/// Bytes of its own, zero at first; or windows on the host's, with nothing between them.
class Memory {
public:
  Memory() = default;
  /// Errors: there is not so much.
  static Expected<Memory> create(uint64_t size);
  /// Windows that don't overlap, in any order; the host's bytes must outlive the memory.
  static Memory over(std::vector<Window> windows);

  /// Bytes of its own.
  uint64_t size() const { return length; }
  /// Whether these bytes are there (of windows: in one), and may be written if `isWrite`.
  bool holds(uint64_t address, uint64_t count, bool isWrite) const {
    return windows.empty() ? address <= length && count <= length - address
                           : windowHolds(address, count, isWrite);
  }
  /// Why it does not hold them; `name` is the memory's: "outside of spad", "no window holds dram[0x100 .. 0x1ff]".
  std::string whyNot(const char *name, uint64_t address, uint64_t count) const;
  /// Of an address whose bytes it holds.
  uint8_t *at(uint64_t address) { return windows.empty() ? bytes.get() + address : windowAt(address); }

private:
  struct Free {
    size_t mapped;
    Free() : mapped(0) {}
    explicit Free(size_t mapped) : mapped(mapped) {}
    void operator()(uint8_t *pointer) const;
  };
  std::unique_ptr<uint8_t, Free> bytes;
  uint64_t length = 0;
  std::vector<Window> windows; ///< by address; empty: bytes of its own

  const Window *find(uint64_t address) const;
  bool windowHolds(uint64_t address, uint64_t count, bool isWrite) const;
  uint8_t *windowAt(uint64_t address) const;
};

/// Of one core, by Space; DRAM and L2 may be shared with others.
using MemoryMap = std::array<Memory *, kSpaces>;

/// The engines of one core.
class Core {
public:
  explicit Core(MemoryMap memories) : memories(memories) {}

  /// Executes an entry of an engine whose registers are resolved. Errors (faults): accesses outside the memories, indices outside their
  /// table, types that the engine can't compute with.
  Status execute(const Entry &entry);
  /// Only remembers what the entry sets, for those that come.
  void skip(const Entry &entry) { settings.update(entry); }
  /// The rows that a dma.gather or dma.scatter names. Errors: those that are not in its table.
  Expected<std::vector<int32_t>> listOf(const Entry &entry) const;
  /// What it touches, as long as nothing else was executed.
  Expected<Accesses> accesses(const Entry &entry) const { return settings.accesses(entry); }

private:
  MemoryMap memories;
  Settings settings;

  /// Weights [depth][columns] as the array multiplies them: what was pruned is 0. `loaded` and `used` may be one.
  std::array<Numbers, 2> tiles;
  size_t loaded = 0, used = 0;
  /// The array's own sums (os, bitserial).
  int64_t sumColumns = 0;
  std::vector<int32_t> integerSums;
  std::vector<float> floatSums;
  /// Activations whose tables were made (lut), [rows][depth].
  struct Tables {
    int64_t depth = 0;
    std::vector<int32_t> activations;
  };
  Tables madeTables, tables;
  std::vector<int32_t> streamedIntegers; ///< sums of the entry that is executed; kept for their memory
  std::vector<float> streamedFloats;
  Numbers activations, multiplied;

  uint8_t *at(const Operand &address) const {
    return memories[static_cast<size_t>(address.space)]->at(static_cast<uint64_t>(address.value));
  }

  Status compute(const Entry &entry);
  void copy(const Entry &entry);
  void fill(const Entry &entry);
  Status moveRows(const Entry &entry, bool isGather);

  Status matrix(const Entry &entry);
  void loadWeights(const Entry &entry);
  void addSums(const Entry &entry, int64_t rows, int64_t columns, const int32_t *integers,
               const float *floats);
  void stream(const Entry &entry);
  void multiply(const Entry &entry);
  void lookUp(const Entry &entry);

  void map(const Entry &entry);
  void reduce(const Entry &entry);
  Status unpack(const Entry &entry);

  void select(const Entry &entry);
  Status route(const Entry &entry);
};

/// The control unit: the stream's next entries, one by one.
class Control {
public:
  explicit Control(const std::vector<Entry> &entries) : entries(entries) {}

  bool isAtEnd() const { return next >= entries.size(); }
  /// The number of the entry that comes next.
  size_t position() const { return next; }
  /// Whether its predicate says that it is not executed.
  bool isSkipped() const {
    const uint8_t predicate = entries[next].predicate;
    return predicate != kNoRegister && registers[predicate] == 0;
  }
  /// Whether the stream may still come to an entry, however its loops and predicates go on.
  bool mayCome(size_t entry) const {
    return entry >= next || (!loops.empty() && entry > loops.front().first);
  }
  /// Takes the next entry. An entry of an engine comes back with its registers resolved; what the control unit does itself, or skips, comes back
  /// as nothing. Errors (faults): a register that is greater than an extent's bound, a negative address, a loaded number outside its bound, a
  /// division by 0.
  Expected<std::optional<Entry>> step(const MemoryMap &memories);

private:
  struct Loop {
    size_t first;
    int64_t count, round;
  };
  const std::vector<Entry> &entries;
  size_t next = 0;
  std::array<int64_t, kRegisters> registers = {};
  std::vector<Loop> loops;

  Expected<Entry> resolved(const Entry &entry) const;
  Status scalar(const Entry &entry);
  Status load(const Entry &entry, const MemoryMap &memories);
};

/// A whole stream in its own order. Errors name the entry: "entry 12 (load): from: got 70, expected 0 .. 64".
Status runInOrder(const std::vector<Entry> &entries, const MemoryMap &memories);

} // namespace coopt::npu

#endif // COOPT_NPU_CORE_CORE_H
