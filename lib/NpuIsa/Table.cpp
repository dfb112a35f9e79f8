//===- Table.cpp - The one table of the accelerator's instructions ----------===//
#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Instruction.h"

#include <cstdio>
#include <cstdlib>

using namespace coopt;
using namespace coopt::npu;

namespace {

using Names = std::vector<const char *>;

const Names kNoYes = {"no", "yes"};
/// In the order of machine::NpuType.
const Names &types() {
  static const Names names = [] {
    Names all;
    for (int type = 0; type <= static_cast<int>(machine::NpuType::F32); ++type) {
      all.push_back(machine::name(static_cast<machine::NpuType>(type)));
    }
    return all;
  }();
  return names;
}

const Names kModes = {"ws", "os", "dot", "nm", "lut", "bitserial"};
const Names kUpdates = {"write", "add"};
const Names kScalarFunctions = {"add", "sub", "mul", "div", "rem", "shl", "shr",
                                "and", "or",  "min", "max", "lt",  "eq"};
const Names kVectorFunctions = {"copy", "add",    "sub",  "mul",  "div",   "fma",  "min", "max",
                                "neg",  "abs",    "sqrt", "rint", "floor", "exp2", "lt",  "le",
                                "eq",   "select", "and",  "or",   "xor",   "shl",  "shr", "sar"};
const Names kReductions = {"sum", "max", "min", "amax"};
const Names kBroadcasts = {"none", "row", "column", "scalar"};

Field number(const char *name, uint8_t width, const char *meaning) {
  return {name, FieldKind::Unsigned, width, nullptr, false, meaning};
}
Field integer(const char *name, uint8_t width, const char *meaning) {
  return {name, FieldKind::Signed, width, nullptr, false, meaning};
}
Field reg(const char *name, const char *meaning) {
  return {name, FieldKind::Register, 1, nullptr, false, meaning};
}
Field optionalReg(const char *name, const char *meaning) {
  return {name, FieldKind::Register, 1, nullptr, true, meaning};
}
Field choice(const char *name, const Names &names, const char *meaning) {
  return {name, FieldKind::Choice, 1, &names, false, meaning};
}
Field addressIn(uint8_t spaces, const char *name, const char *meaning) {
  return {name, FieldKind::Address, 6, nullptr, false, meaning, spaces};
}
Field address(const char *name, const char *meaning) { return addressIn(kAnySpace, name, meaning); }
Field inScratchpad(const char *name, const char *meaning) {
  return addressIn(setOf(Space::Spad), name, meaning);
}
Field inAccumulator(const char *name, const char *meaning) {
  return addressIn(setOf(Space::Acc), name, meaning);
}
Field inCore(const char *name, const char *meaning) {
  return addressIn(setOf(Space::Spad) | setOf(Space::Acc), name, meaning);
}
Field extent(const char *name, uint8_t width, const char *meaning) {
  return {name, FieldKind::Extent, width, nullptr, false, meaning};
}

std::vector<Instruction> makeTable() {
  const Engine control = Engine::Control, dma = Engine::Dma, matrix = Engine::Matrix, vector = Engine::Vector,
               topk = Engine::TopK;
  return {
      {opcode::Halt, "halt", control, Timing::Issue, {}, "ends the stream, once all engines have finished"},
      {opcode::Loop,
       "loop",
       control,
       Timing::Issue,
       {reg("counter", "0 .. count - 1, in turn"),
        extent("count", 4, "how often; 0: the body is skipped"),
        {"body", FieldKind::Body, 4, nullptr, false, "entries up to the end of the loop, that one included"}},
       "begins a loop; loops may contain loops"},
      {opcode::EndLoop, "endloop", control, Timing::Issue, {}, "ends the body of the innermost loop"},
      {opcode::Set,
       "set",
       control,
       Timing::Issue,
       {reg("to", "register"), integer("value", 8, "its new value")},
       "to = value"},
      {opcode::Scalar,
       "scalar",
       control,
       Timing::Issue,
       {reg("to", "register"),
        choice("function", kScalarFunctions,
               "of a and b, in 64 bits; lt and eq give 0 or 1; a divisor of 0 is a fault"),
        reg("a", "first operand"), optionalReg("b", "second operand; none: value"),
        integer("value", 8, "second operand where b is none")},
       "to = function(a, b)"},
      {opcode::Load,
       "load",
       control,
       Timing::Issue,
       {reg("to", "register"), inCore("from", "of the integer"), choice("type", types(), "i8, i16 or i32"),
        number("bound", 4, "the most it may be; less than 0 or more is a fault")},
       "reads an integer: how many tokens an expert has, which row is next. What wrote it must have been "
       "waited for"},
      {opcode::Fence,
       "fence",
       control,
       Timing::Issue,
       {},
       "goes on once all engines of the core have finished what they were given"},

      {opcode::DmaShape,
       "dma.shape",
       dma,
       Timing::Settings,
       {number("count2", 2, "of dimension 2"), number("from2", 4, "bytes between its steps at the source"),
        number("to2", 4, "and at the destination"), number("count3", 2, "of dimension 3"),
        number("from3", 4, "as above"), number("to3", 4, "as above"),
        number("count4", 2, "of dimension 4, the outermost"), number("from4", 4, "as above"),
        number("to4", 4, "as above")},
       "the outer dimensions of the channel's next copies that are shaped"},
      {opcode::DmaCopy,
       "dma.copy",
       dma,
       Timing::Transfer,
       {address("to", "destination"), address("from", "source"),
        extent("bytes", 4, "side by side: dimension 0"), extent("count", 4, "of dimension 1"),
        number("from1", 4, "bytes between its steps at the source"),
        number("to1", 4, "and at the destination"),
        choice("shaped", kNoYes, "whether dimensions 2 to 4 of dma.shape apply")},
       "copies; its signals come when the bytes are visible to every engine"},
      {opcode::DmaFill,
       "dma.fill",
       dma,
       Timing::Transfer,
       {address("to", "destination"), extent("bytes", 4, "side by side"), extent("count", 4, "of runs"),
        number("to1", 4, "bytes between runs"), number("value", 1, "of every byte")},
       "fills memory with a byte"},
      {opcode::DmaGather,
       "dma.gather",
       dma,
       Timing::Transfer,
       {address("to", "rows, one behind the other"), address("from", "row 0 of the table"),
        inScratchpad("indices", "of i32"), extent("count", 4, "rows"), number("bytes", 4, "of a row"),
        number("from1", 4, "bytes between rows of the table"),
        number("rows", 4, "of the table; an index that is none of theirs is a fault")},
       "copies the rows that a list names: embeddings, tokens of an expert"},
      {opcode::DmaScatter,
       "dma.scatter",
       dma,
       Timing::Transfer,
       {address("to", "row 0 of the table"), address("from", "rows, one behind the other"),
        inScratchpad("indices", "of i32"), extent("count", 4, "rows"), number("bytes", 4, "of a row"),
        number("to1", 4, "bytes between rows of the table"),
        number("rows", 4, "of the table; an index that is none of theirs is a fault")},
       "copies rows to where a list says; of equal indices the last row stays"},
      {opcode::DmaSync, "dma.sync", dma, Timing::Settings, {}, "nothing but its semaphores"},

      {opcode::MxuMode,
       "mxu.mode",
       matrix,
       Timing::Settings,
       {choice("mode", kModes, "of the array"), choice("a", types(), "type of activations"),
        choice("w", types(), "type of weights, as they are stored"),
        choice("acc", types(), "type of sums: i32 or f32"),
        number("a_stride", 4, "bytes between rows of activations"),
        number("w_stride", 4, "bytes between rows of weights (k)"),
        number("acc_stride", 4, "bytes between rows of sums"), number("n", 1, "kept of a group (nm)"),
        number("m", 1, "group of nm; weights of a look-up (lut)"),
        number("a_slice", 1, "bits of an activation at a time (bitserial)"),
        number("w_slice", 1, "bits of a weight at a time (bitserial)")},
       "what the array computes from here on"},
      {opcode::MxuWeights,
       "mxu.weights",
       matrix,
       Timing::WeightLoad,
       {inScratchpad("from", "weights [rows][columns]; of nm: kept ones, and their places behind them"),
        number("rows", 2, "at most those of the array"), number("columns", 2, "at most those of the array")},
       "loads a tile of weights into the registers that are not in use"},
      {opcode::MxuStream,
       "mxu.stream",
       matrix,
       Timing::Stream,
       {inScratchpad("from", "activations [rows][k]"), inAccumulator("to", "sums [rows][columns]"),
        extent("rows", 2, "of activations"),
        choice("update", kUpdates, "whether sums are written or added to"),
        choice("swap", kNoYes, "whether the tile that was loaded last is taken into use first")},
       "to[m][n] = (or +=) sum over k of from[m][k] weights[k][n], for the tile in use (ws, nm, dot)"},
      {opcode::MxuMultiply,
       "mxu.multiply",
       matrix,
       Timing::Stream,
       {inScratchpad("a", "activations [rows][depth]"), inScratchpad("w", "weights [depth][columns]"),
        extent("depth", 2, "steps of k"), number("rows", 2, "at most those of the array"),
        number("columns", 2, "at most those of the array"),
        choice("update", kUpdates, "whether the array's sums begin at 0 or go on")},
       "adds a[m][k] w[k][n] to the array's own sums (os, bitserial)"},
      {opcode::MxuDrain,
       "mxu.drain",
       matrix,
       Timing::Drain,
       {inAccumulator("to", "sums [rows][columns]"), number("rows", 2, "of sums"),
        number("columns", 2, "of sums"), choice("update", kUpdates, "whether sums are written or added to")},
       "moves the array's own sums out (os, bitserial); the next mxu.multiply may begin meanwhile"},
      {opcode::MxuTables,
       "mxu.tables",
       matrix,
       Timing::Tables,
       {inScratchpad("from", "activations [rows][depth]"), extent("rows", 2, "of activations"),
        number("depth", 2, "of activations, a multiple of the group")},
       "makes the sums of each group of activations under all signs, 16 bits each, in the tables that are "
       "not in use (lut)"},
      {opcode::MxuLookup,
       "mxu.lookup",
       matrix,
       Timing::Stream,
       {inScratchpad("from", "bit planes of weights"), inAccumulator("to", "sums [rows][columns]"),
        extent("rows", 2, "of the tables"), number("columns", 2, "of weights"),
        choice("update", kUpdates, "whether sums are written or added to"),
        choice("swap", kNoYes, "whether the tables made last are taken into use first")},
       "adds what weights look up in the tables in use, plane by plane (lut)"},
      {opcode::MxuSync, "mxu.sync", matrix, Timing::Settings, {}, "nothing but its semaphores"},

      {opcode::VecMode,
       "vec.mode",
       vector,
       Timing::Settings,
       {choice("to", types(), "type of results"), choice("a", types(), "of the first operand"),
        choice("b", types(), "of the second"), choice("c", types(), "of the third"),
        number("to_stride", 4, "bytes between rows of results"), number("a_stride", 4, "of a"),
        number("b_stride", 4, "of b"), number("c_stride", 4, "of c"),
        choice("b_broadcast", kBroadcasts,
               "row: one row for all; column: one number for each row; scalar: one number"),
        choice("c_broadcast", kBroadcasts, "as of b")},
       "types, strides and broadcasts of the unit's operands from here on"},
      {opcode::VecMap,
       "vec.map",
       vector,
       Timing::Elements,
       {choice("function", kVectorFunctions,
               "of a, b and c, element by element, rounded to nearest even; exp2 as the numeric contract "
               "defines it"),
        inCore("to", "results [rows][columns]"), inCore("a", "first operand"),
        inCore("b", "second, where the function has one"),
        inCore("c", "third, of fma (a b + c) and select (a ? b : c)"), extent("rows", 2, "of all"),
        extent("columns", 2, "of all")},
       "to = function(a, b, c); operands are converted to binary32 (integers: to i32) before, results to "
       "their type after, saturating"},
      {opcode::VecReduce,
       "vec.reduce",
       vector,
       Timing::Elements,
       {choice("function", kReductions, "in the order of the numeric contract: 16 lanes, then halves"),
        inCore("to", "a number for each row"), inCore("a", "operand [rows][columns]"),
        extent("rows", 2, "of a"), extent("columns", 2, "of a")},
       "to[m] = function over a[m][..]"},
      {opcode::VecUnpack,
       "vec.unpack",
       vector,
       Timing::Elements,
       {inScratchpad("to", "bytes [rows][columns]"), inScratchpad("from", "codes, as bit planes"),
        inScratchpad("scales", "of groups, i8 (two levels)"), inScratchpad("zeros", "of groups, i8"),
        number("bits", 1, "of a code, 1 to 8"),
        number("group", 2, "columns that share a scale; 0: no scales and no zeros"),
        extent("rows", 2, "of codes"), number("columns", 2, "of codes")},
       "to = (code - zero) scale, in bytes: what the array multiplies"},
      {opcode::VecSync, "vec.sync", vector, Timing::Settings, {}, "nothing but its semaphores"},

      {opcode::TopkSelect,
       "topk.select",
       topk,
       Timing::Selection,
       {inScratchpad("scores", "f32 [rows][columns]"), inScratchpad("values", "f32 [rows][k]"),
        inScratchpad("indices", "i32 [rows][k]"), extent("rows", 2, "of scores"),
        number("columns", 2, "of scores"), number("k", 1, "how many")},
       "the k greatest of each row, descending; of equal ones the lowest index first"},
      {opcode::TopkRoute,
       "topk.route",
       topk,
       Timing::Selection,
       {inScratchpad("choices", "experts of each token, i32 [rows][k]"),
        inScratchpad("places", "of each choice among all, i32 [rows][k]"),
        inScratchpad("tokens", "of each place, i32 [rows k]"),
        inScratchpad("segments", "first place of each expert, i32 [experts + 1]"),
        extent("rows", 2, "tokens"), number("k", 1, "experts of a token"),
        number("experts", 2, "of the layer")},
       "sorts choices by expert, tokens in order within one: what dma.gather and loops over experts read"},
      {opcode::TopkSync, "topk.sync", topk, Timing::Settings, {}, "nothing but its semaphores"},
  };
}

} // namespace

const std::vector<Instruction> &coopt::npu::table() {
  static const std::vector<Instruction> all = makeTable();
  return all;
}

const Instruction *coopt::npu::find(uint8_t opcode) {
  // Asked for every entry that is executed.
  static const std::array<const Instruction *, 256> byOpcode = [] {
    std::array<const Instruction *, 256> all = {};
    for (const Instruction &instruction : table()) {
      all[instruction.opcode] = &instruction;
    }
    return all;
  }();
  return byOpcode[opcode];
}

coopt::npu::FieldPlaces::FieldPlaces() {
  for (const Instruction &instruction : table()) {
    std::array<bool, 256> isTaken = {};
    for (size_t i = 0; i < instruction.fields.size(); ++i) {
      const uint8_t key = FieldName(std::string_view(instruction.fields[i].name)).key;
      if (isTaken[key] || i >= kMostFields) {
        std::fprintf(stderr, "%s: %s: fields whose names have one key, or too many\n", instruction.mnemonic,
                     instruction.fields[i].name);
        std::abort();
      }
      isTaken[key] = true;
      all[instruction.opcode][key] = static_cast<uint8_t>(i);
    }
  }
}

const Instruction *coopt::npu::find(std::string_view mnemonic) {
  for (const Instruction &instruction : table()) {
    if (instruction.mnemonic == mnemonic) {
      return &instruction;
    }
  }
  return nullptr;
}

std::string coopt::npu::semaphoreName(unsigned semaphore) {
  return isOfChip(semaphore) ? "c" + std::to_string(semaphore - kSemaphores) : std::to_string(semaphore);
}

const char *coopt::npu::name(Engine engine) {
  static const char *const names[] = {"control", "dma", "matrix", "vector", "topk"};
  return names[static_cast<size_t>(engine)];
}

const char *coopt::npu::name(Space space) {
  static const char *const names[] = {"dram", "l2", "spad", "acc"};
  return names[static_cast<size_t>(space)];
}

const char *coopt::npu::name(Timing timing) {
  static const char *const names[] = {"issue", "settings", "transfer", "weight load", "stream",
                                      "drain", "tables",   "elements", "selection"};
  return names[static_cast<size_t>(timing)];
}
