//===- Instruction.h - The accelerator's instructions ---------------------===//
//
// # Instructions
//
// A core runs one stream of entries of 64 bytes. Its control unit takes them in order: loops, scalars and loads are its own, every
// other entry is handed to the queue of its engine with all registers resolved, so that engines never read one. Engines run in
// order and independently of each other, and finish in order; they synchronise by counting semaphores alone: those of their core, and those of
// the chip, which also order cores. One table (table()) says what each
// instruction is: the simulator, the text form, the checker and the page of the docs come from it.
//
// An entry is
//
//   byte 0        opcode
//   byte 1        channel: which of several equal engines (DMA)
//   byte 2        predicate: the register that must not be 0 for the entry to be executed, 255: none. What is skipped neither waits nor
//                 signals
//   byte 3        0
//   bytes 4-7     location: number of the name (op id) that the image's table has for it
//   bytes 8-13    three waits of two bytes: semaphore, count. Before the entry starts, sem >= count, and then sem -= count, for all at
//                 once. Count 0: none, and none behind it. Semaphores 0 to 63 are the core's, 64 to 127 the chip's
//   bytes 14-17   two signals of two bytes: sem += count once the entry's results are visible
//   bytes 18-63   the operands, in the order of the table's fields, without gaps; zeros behind them
//
// Integers are little-endian. Waits of the control unit's own entries hold up the stream.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPUISA_INSTRUCTION_H
#define COOPT_NPUISA_INSTRUCTION_H

#include "coopt/Support/Error.h"
#include "coopt/Support/FixedVector.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coopt::npu {

constexpr size_t kEntryBytes = 64, kHeaderBytes = 18, kOperandBytes = kEntryBytes - kHeaderBytes;
constexpr unsigned kRegisters = 32, kChannels = 8;
/// Semaphores of each core, 0 to 63, and behind them those that all cores of the chip share.
constexpr unsigned kSemaphores = 64, kChipSemaphores = 64;
constexpr uint8_t kNoRegister = 255;

enum class Engine : uint8_t { Control, Dma, Matrix, Vector, TopK };
/// "control", "dma", "matrix", "vector", "topk".
const char *name(Engine engine);

/// Which law says how long an instruction takes.
enum class Timing : uint8_t {
  Issue,      ///< the control unit's issue time
  Settings,   ///< what an engine is told for later: one cycle of its own
  Transfer,   ///< bytes moved between memories
  WeightLoad, ///< a tile of weights through the weight port
  Stream,     ///< rows of activations through the array
  Drain,      ///< sums out of the array
  Tables,     ///< tables of sums for look-ups
  Elements,   ///< elements over lanes times the function's cycles
  Selection,  ///< elements of the selecting unit
};
const char *name(Timing timing);

enum class Space : uint8_t { Dram, L2, Spad, Acc };
constexpr unsigned kSpaces = 4;
/// "dram", "l2", "spad", "acc".
const char *name(Space space);
/// Sets of memories: a bit for each.
constexpr uint8_t setOf(Space space) { return static_cast<uint8_t>(1u << static_cast<unsigned>(space)); }
constexpr uint8_t kAnySpace = (1u << kSpaces) - 1;

/// What a field holds.
enum class FieldKind : uint8_t {
  Unsigned, ///< `width` bytes
  Signed,   ///< `width` bytes, two's complement
  Register, ///< 1 byte; 255: none, where the field may have none
  Choice,   ///< 1 byte: the number of one of the field's names
  Address,  ///< 8 bytes: space, register added to it or 255, 48 bits of bytes
  Extent, ///< `width` bytes and a register or 255: a number, or the most that the register may hold (more is a fault)
  Body, ///< 4 bytes: entries of a loop after its first, its end included
};

struct Field {
  const char *name;
  FieldKind kind;
  uint8_t width = 1;                                ///< bytes of the number
  const std::vector<const char *> *names = nullptr; ///< of a choice
  bool isOptional = false;                          ///< a register that may be none
  const char *meaning = "";
  uint8_t spaces = kAnySpace; ///< of an address: the memories that it may be in

  /// Bytes in the entry.
  size_t bytes() const;
};

/// Opcodes, for what asks which instruction an entry is.
namespace opcode {
constexpr uint8_t Halt = 0x01, Loop = 0x02, EndLoop = 0x03, Set = 0x04, Scalar = 0x05, Load = 0x06,
                  Fence = 0x07;
constexpr uint8_t DmaShape = 0x10, DmaCopy = 0x11, DmaFill = 0x12, DmaGather = 0x13, DmaScatter = 0x14,
                  DmaSync = 0x15;
constexpr uint8_t MxuMode = 0x20, MxuWeights = 0x21, MxuStream = 0x22, MxuMultiply = 0x23, MxuDrain = 0x24,
                  MxuTables = 0x25, MxuLookup = 0x26, MxuSync = 0x27;
constexpr uint8_t VecMode = 0x30, VecMap = 0x31, VecReduce = 0x32, VecUnpack = 0x33, VecSync = 0x34;
constexpr uint8_t TopkSelect = 0x40, TopkRoute = 0x41, TopkSync = 0x42;
} // namespace opcode

struct Instruction {
  uint8_t opcode;
  const char *mnemonic; ///< "loop", "dma.copy"
  Engine engine;
  Timing timing;
  std::vector<Field> fields;
  const char *meaning;
};

/// All instructions by opcode, ascending.
const std::vector<Instruction> &table();
/// Null if there is none.
const Instruction *find(uint8_t opcode);
const Instruction *find(std::string_view mnemonic);

/// Whether all cores of the chip share it.
constexpr bool isOfChip(unsigned semaphore) { return semaphore >= kSemaphores; }
/// "3" of a core, "c3" of the chip.
std::string semaphoreName(unsigned semaphore);

struct SemaphoreUse {
  uint8_t semaphore = 0, count = 0;

  friend bool operator==(SemaphoreUse a, SemaphoreUse b) {
    return a.semaphore == b.semaphore && a.count == b.count;
  }
};

/// The value of a field.
struct Operand {
  int64_t value = 0;         ///< number, choice, address in bytes, extent or bound
  uint8_t reg = kNoRegister; ///< of registers, addresses and extents
  Space space = Space::Dram; ///< of addresses

  friend bool operator==(const Operand &a, const Operand &b) {
    return a.value == b.value && a.reg == b.reg && a.space == b.space;
  }
};

/// Most fields of an instruction.
constexpr size_t kMostFields = 16;

/// The name of a field, as entries are asked for it. That of a literal is made when the program is compiled.
class FieldName {
public:
  template <size_t N>
  constexpr FieldName(const char (&name)[N]) : key(keyOf(name, N - 1)) {}
  template <typename T, typename = std::enable_if_t<std::is_same_v<T, const char *>>>
  FieldName(T name) : FieldName(std::string_view(name)) {}
  FieldName(std::string_view name) : key(keyOf(name.data(), name.size())) {}
  FieldName(const std::string &name) : key(keyOf(name.data(), name.size())) {}

private:
  friend struct FieldPlaces;
  uint8_t key;

  static constexpr uint8_t keyOf(const char *name, size_t length) {
    unsigned key = 0;
    for (size_t i = 0; i < length; ++i) {
      key = key * 37 + static_cast<unsigned char>(name[i]);
    }
    return static_cast<uint8_t>(key);
  }
};

/// Where the fields of each instruction are among its operands.
struct FieldPlaces {
  /// Of the table. Names of one instruction have different keys: else it ends the program.
  FieldPlaces();
  size_t at(uint8_t opcode, FieldName field) const { return all[opcode][field.key]; }

private:
  std::array<std::array<uint8_t, 256>, 256> all = {};
};
inline const FieldPlaces &fieldPlaces() {
  static const FieldPlaces places;
  return places;
}

/// An entry, decoded.
struct Entry {
  uint8_t opcode = 0, channel = 0, predicate = kNoRegister;
  uint32_t location = 0;
  std::array<SemaphoreUse, 3> waits;
  std::array<SemaphoreUse, 2> signals;
  FixedVector<Operand, kMostFields> operands; ///< one for each field

  /// The operand of that name; the instruction must have it.
  const Operand &operator[](FieldName field) const { return operands[fieldPlaces().at(opcode, field)]; }
  Operand &operator[](FieldName field) { return operands[fieldPlaces().at(opcode, field)]; }

  friend bool operator==(const Entry &a, const Entry &b) {
    return a.opcode == b.opcode && a.channel == b.channel && a.predicate == b.predicate &&
           a.location == b.location && a.waits == b.waits && a.signals == b.signals &&
           a.operands == b.operands;
  }
};

/// An entry of an instruction with all operands zero or none, addresses in the first memory that they may be in.
Entry entryOf(const Instruction &instruction);

/// Success if encode() can write it: a known opcode, as many operands as fields, numbers that fit, registers, semaphores, choices and
/// channels that exist. Errors name the field: "dma.copy: bytes: expected 0 .. 4294967295, got -1".
Status check(const Entry &entry);
/// Of an entry that check() accepts.
std::array<uint8_t, kEntryBytes> encode(const Entry &entry);
/// Any bytes; errors as of check(), and of bytes that must be zero.
Expected<Entry> decode(const uint8_t *bytes);

} // namespace coopt::npu

#endif // COOPT_NPUISA_INSTRUCTION_H
