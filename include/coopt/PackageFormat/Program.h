//===- Program.h - The host program of a package -----------------------------===//
//
// What the program dialect serialises to and what every runtime interprets: per entry point a table of
// buffers and a flat list of commands over 64-bit scalar slots. Slots 0..D-1 hold the entry's run-time sizes
// when it starts; other slots are written by Scalar commands. Everything a command names is an index into a
// table, and verify() checks every index, shape and bound before anything runs.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGEFORMAT_PROGRAM_H
#define COOPT_PACKAGEFORMAT_PROGRAM_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coopt::package {

/// Element types of buffers. Nothing in a package is narrower than a byte: packed codes are i8 or u8 bytes.
enum class ElementType : uint8_t { F32, F16, BF16, F8E4M3FN, F8E5M2, F64, I8, U8, I16, I32, I64, I1 };
/// Bytes of one element (I1 is stored as one byte).
unsigned elementBytes(ElementType type);
/// "f32", "bf16", "f8e4m3fn", ...
const char *elementName(ElementType type);
constexpr unsigned kElementTypes = 12;
/// The inverse of elementName().
std::optional<ElementType> elementNamed(const std::string &name);

using Slot = uint32_t;

/// An extent: a constant, or the value of a slot.
struct Extent {
  bool isSlot = false;
  int64_t value = 0; // the constant, or the slot's number
};

/// A run-time size that an entry point names: min <= value <= max and value % multipleOf == 0.
/// Dimension i of an entry is slot i.
struct Dimension {
  std::string name;
  int64_t min = 0, max = 0, multipleOf = 1;
};

/// Where a buffer's bytes lie.
enum class BufferKind : uint8_t {
  Parameter, ///< index: into Package::parameters
  Argument,  ///< index: of the entry's arguments; supplied by the caller
  Result,    ///< index: of the entry's results; supplied by the caller
  State,     ///< index: into Package::states; supplied by the session
  Arena,     ///< offset: bytes into the session's arena, planned for the largest sizes
};

struct Buffer {
  BufferKind kind = BufferKind::Arena;
  uint32_t index = 0;
  uint64_t offset = 0;   ///< Arena only; 64-byte aligned
  uint64_t maxBytes = 0; ///< bytes at the largest sizes; an Arena buffer lies in [offset, offset + maxBytes)
  ElementType type = ElementType::F32;
  std::vector<Extent> shape; ///< row-major, dense; empty for a scalar
};

/// An argument or result of an entry point.
struct Value {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<Extent> shape; ///< slots here are dimensions of the entry
};

enum class ScalarOp : uint8_t {
  Constant, ///< dst = immediate
  Add,
  Sub,
  Mul,
  FloorDiv, ///< toward minus infinity; by zero: the program is stopped with an error
  CeilDiv,
  Mod, ///< sign of the divisor
  Min,
  Max,
  Equal, ///< 1 or 0
  Less,  ///< signed
  LessEqual,
  And, ///< of 0/1 values
  Or,
  ExpertsLimited, ///< dst = whether this run keeps but a part of the experts in memory and reads ahead: only then are prefetches
                  ///< worth their work
};

enum class CommandKind : uint8_t {
  Scalar,       ///< op, dst, a, b, immediate
  Dispatch,     ///< kernel, opId, buffers, scalars (slots), items (slot)
  Copy,         ///< buffers = {source, destination}: equal type and shape
  BranchUnless, ///< a (slot), target (command index, forward only): jumps when slot a is 0
  Jump,         ///< target (forward only)
  Require, ///< a (slot), scalars = {value, bound}, immediate (abi::FaultKind), opId (place, may be empty):
           ///< slot a being 0 ends the call with an error
  Prefetch, ///< buffers = {experts, parameters..}: i32 numbers of experts whose parts of the parameters will be read soon
};

/// What a segment is made of: an expert, its first row and how many rows it has, each an i32.
constexpr int64_t kSegmentParts = 3;

/// One command; which fields are used depends on the kind.
struct Command {
  CommandKind kind = CommandKind::Scalar;
  ScalarOp op = ScalarOp::Constant;
  Slot dst = 0, a = 0, b = 0;
  /// Of a dispatch: how many positions of a state a row reads at most, 0: all so far. Nothing that is computed depends on it.
  int64_t immediate = 0;
  uint32_t target = 0;
  uint32_t kernel = 0; ///< index into Package::kernels
  std::string opId;    ///< the path in the model, for statistics, traces, record and replay
  /// Indices into Entry::buffers, in the kernel's operand order. A kernel that reads what it writes names the
  /// buffer twice: among the read ones and among the written ones.
  std::vector<uint32_t> buffers;
  uint32_t firstWritten = 0; ///< buffers[firstWritten..] are written, the others only read
  /// Become Block::sizes, in order: first the slots of the buffers' dynamic extents (in the order of buffers
  /// and their dimensions), then the kernel's own scalars.
  std::vector<Slot> scalars;
  Slot items = 0; ///< the slot that holds the number of work items
  /// Dispatch by experts: the place among `buffers` of the segments, S x kSegmentParts; items are then those of
  /// segment 0, of segment 1, .., equally many, and those of a segment read of parameters that hold experts
  /// (Parameter::experts) only the part of its expert. kNoSegments: any other dispatch.
  uint32_t segments = kNoSegments;
  static constexpr uint32_t kNoSegments = UINT32_MAX;
};

/// One entry point.
struct Entry {
  std::string name;
  std::vector<Dimension> dimensions;
  std::vector<Value> arguments, results;
  std::vector<uint32_t> states; ///< which of Package::states it uses
  uint32_t slotCount = 0;
  uint64_t arenaBytes = 0;
  std::vector<Buffer> buffers;
  std::vector<Command> commands;
};

/// A generated function, present under `symbol` in every code object.
struct Kernel {
  std::string symbol;
  uint32_t bufferCount = 0;
  uint32_t scalarCount = 0;
  uint64_t scratchBytes = 0; ///< per worker
};

/// Opaque recurrent state of a session (a KV cache): `outer` slabs of positions of `inner` elements. Of a slab the
/// first `kept` are no positions of the session but belong to all of them; position t is kept + t, and positions of a
/// block, t / block, belong together. So truncating is forgetting, and saving copies what is kept and the blocks that
/// hold something.
struct State {
  std::string name;
  ElementType type = ElementType::F32;
  uint64_t outer = 0, capacity = 0, inner = 0;
  uint64_t block = 1, kept = 0;

  /// Positions of a slab that hold the session's first ones; with all of them: those of a slab.
  uint64_t stored(uint64_t positions) const {
    uint64_t blocks = positions < capacity ? positions / block + (positions % block != 0)
                                           : capacity / block + (capacity % block != 0);
    return kept + blocks * block;
  }
  uint64_t stored() const { return stored(capacity); }
};

struct Program {
  std::vector<Kernel> kernels;
  std::vector<State> states;
  std::vector<Entry> entries;
};

/// Flat, little-endian, versioned bytes; deserialize() never reads outside `bytes` and never allocates more
/// than a small multiple of its size.
std::vector<uint8_t> serialize(const Program &program);
Expected<Program> deserialize(const uint8_t *bytes, size_t size);

/// elements(shape) * elementBytes, or nothing if it is negative or beyond 2^47.
std::optional<uint64_t> bufferBytes(ElementType type, const std::vector<int64_t> &shape);

/// Checks every rule that the interpreter relies on; `parameterBytes` are the sizes of the package's
/// parameters. Messages name the entry and the command or buffer.
Status verify(const Program &program, const std::vector<uint64_t> &parameterBytes);

} // namespace coopt::package

#endif // COOPT_PACKAGEFORMAT_PROGRAM_H
