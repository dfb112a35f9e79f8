//===- Npu.h - What an accelerator can do, as data ------------------------===//
//
// A machine of kind "npu": several equal cores, each with a scratchpad, an accumulator and engines that run in order and
// meet at counting semaphores; a shared scratch memory (L2) and DRAM. The members here are the fields of its JSON, in the
// same order; npu-machines.md among the pages shows one whole. In JSON:
//
//   { "schema": "coopt-machine/1", "kind": "npu", "name": "edge1", "source": "..", "clocks_mhz": { "core": 1000 },
//     "energy_table": "45nm", "memory": { "l2": {..}, "hbm": {..}, "ddr": {..} }, "cores": [ {..} ] }
//
// Units stand in the names: cycles are those of the clock domain of the part (`clocks_mhz.core`; of the L2 those of
// `clocks_mhz.l2`), DRAM is in nanoseconds and 1e9 bytes a second, so that a faster core has no faster DRAM. "Port" is what
// moves in one cycle.
//
// What a machine may lack is a std::optional or a list that may be empty: a memory, an engine, a mode of the matrix unit, and
// what only some modes need. A field that one of the modes of the machine needs is an error where it is absent. A new mode is
// a struct and a member of NpuModes here, one list of fields (lib/Machine/NpuFields.h), and one row of rules
// (lib/Machine/NpuModes.cpp).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_MACHINE_NPU_H
#define COOPT_MACHINE_NPU_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coopt::machine {

/// Types of the matrix unit's operands and sums, as in JSON: "i8", "bf16", "f8e4m3fn", ..
enum class NpuType { I1, I2, I4, I8, I16, I32, F8E4M3FN, F8E5M2, F16, BF16, F32 };
const char *name(NpuType type);
int64_t bits(NpuType type);
bool isInteger(NpuType type);

/// Clock domains, in MHz.
struct NpuClocks {
  double core = 0;          ///< of the cores and all in them
  std::optional<double> l2; ///< of the L2; absent: that of the cores
};

/// Scratch memory that all cores share; addressed by programs, no cache. A line of bytesPerCycle is spread over all banks.
struct NpuL2 {
  int64_t bytes = 0;
  int64_t banks = 0;         ///< power of two
  int64_t bytesPerCycle = 0; ///< of all banks together, read or written; power of two
  int64_t latencyCycles = 0; ///< from a request to its first byte
};

/// High-bandwidth memory with rows that are open or not.
struct NpuHbm {
  int64_t bytes = 0;    ///< of all channels
  int64_t channels = 0; ///< power of two
  double gbytesPerSecondPerChannel = 0;
  int64_t banks = 0;          ///< of one channel; power of two
  int64_t rowBytes = 0;       ///< of one bank; power of two
  double tRcdNanoseconds = 0; ///< from opening a row to the first read
  double tRpNanoseconds = 0;  ///< to close a row
  double tClNanoseconds = 0;  ///< from a read to its first byte
  int64_t burstBytes = 0;     ///< least that is moved at a time; power of two
};

/// Memory that is told by bandwidth and latency alone.
struct NpuDdr {
  int64_t bytes = 0;    ///< of all channels
  int64_t channels = 0; ///< power of two
  double gbytesPerSecondPerChannel = 0;
  double latencyNanoseconds = 0; ///< from a request to its first byte
};

/// At least one of hbm and ddr is there.
struct NpuMemory {
  std::optional<NpuL2> l2; ///< absent: the cores move between DRAM and their scratchpads directly
  std::optional<NpuHbm> hbm;
  std::optional<NpuDdr> ddr;
};

struct NpuDma {
  int64_t channels = 0;      ///< each executes one descriptor at a time
  int64_t bytesPerCycle = 0; ///< of one channel; power of two
  int64_t maxOutstanding =
      0;                   ///< requests of one channel in flight: of one burst to HBM, of 64 bytes elsewhere
  int64_t setupCycles = 0; ///< from taking a descriptor to its first request
};

/// Private to a core; feeds its engines. Lines of width_bytes lie in banks in turn.
struct NpuScratchpad {
  int64_t bytes = 0;
  int64_t banks = 0;         ///< power of two
  int64_t widthBytes = 0;    ///< of a line of one bank; power of two
  int64_t readPorts = 0;     ///< of each bank
  int64_t writePorts = 0;    ///< of each bank
  int64_t latencyCycles = 0; ///< from an address to its line
};

/// Private to a core; sums of the matrix unit are added up in it.
struct NpuAccumulator {
  int64_t bytes = 0;
  int64_t banks = 0;      ///< power of two
  int64_t widthBytes = 0; ///< of a line of one bank; power of two
  int64_t rmwCycles = 0;  ///< between two additions to the same line (read, modify, write)
};

/// Dataflows of the dense mode: which operand stays in the array. The input stays only with the closed forms of SCALE-Sim.
enum class NpuDataflow { WeightStationary, OutputStationary, InputStationary };
const char *name(NpuDataflow flow); ///< "ws", "os", "is"

/// Products of `rows` elements are summed by a tree for each of `cols` kernels.
struct NpuDotMode {
  int64_t minimumStripeCycles = 0;     ///< a stripe of fewer pixels takes as long as this many
  std::optional<int64_t> channelGroup; ///< channels are computed in whole groups of this many; absent: rows
  std::optional<int64_t> kernelGroup;  ///< kernels are computed in whole groups of this many; absent: cols
  /// Only the time of whole layers (CostModel/DotArray.h) needs these three.
  std::optional<int64_t> handoverCycles; ///< of one output of all kernels, out of the buffer of sums
  std::optional<int64_t> pipelineCycles; ///< from a stripe's last step to its first output in that buffer
  std::optional<int64_t> startCycles;    ///< of a layer, beside all that depends on its size
  bool winograd = false; ///< 3 x 3 kernels take 4 of 9 multiplications; false where JSON lacks it
};

/// Of each m consecutive weights of a column n are kept, with the place of each; a multiplexer picks their activations.
/// In JSON [n, m].
struct NpuNmPattern {
  int64_t n = 0;
  int64_t m = 0; ///< n < m
};

/// Sums of groups of activations are looked up by bits of weights. A table has 2^(group - 1) entries of 16 bits (the other half
/// is their negation). Each row of the unit has tables of its own.
struct NpuLutMode {
  int64_t group = 0;           ///< activations of a table
  int64_t tables = 0;          ///< of a row: groups of its activations
  int64_t lanes = 0;           ///< lookups of one bit plane in a cycle, in the tables of all rows
  int64_t buildLanes = 0;      ///< table entries built in a cycle, of all rows
  bool doubleBuffered = false; ///< the next tables are built while these are read; false where JSON lacks it
};

/// Operands go through the array in slices of bits, the output stays.
struct NpuBitserialMode {
  int64_t aSlice = 0; ///< bits of an activation in a cycle
  int64_t wSlice = 0; ///< bits of a weight in a cycle
};

/// At least one is there.
struct NpuModes {
  std::vector<NpuDataflow> dense; ///< each once
  std::optional<NpuDotMode> dot;
  std::vector<NpuNmPattern> nm; ///< each once
  std::optional<NpuLutMode> lut;
  std::optional<NpuBitserialMode> bitserial;
};

/// How weights enter the array: each row has an address, or they are shifted through the rows above.
enum class NpuWeightLoad { RowAddressed, ShiftChain };
const char *name(NpuWeightLoad load); ///< "row_addressed", "shift_chain"

/// What is multiplied with what, and what the sum is; in JSON [activation, weight, sum].
struct NpuOperands {
  NpuType activation = NpuType::I8;
  NpuType weight = NpuType::I8;
  NpuType sum = NpuType::I32;
};

/// The matrix unit, of rows x cols multipliers: sums run down the rows, activations across the columns.
struct NpuMatrixUnit {
  int64_t rows = 0;
  int64_t cols = 0;
  std::optional<int64_t>
      hopRegistersDown; ///< registers between two rows (p_v); dense, nm and bitserial need it
  std::optional<int64_t>
      hopRegistersAcross; ///< registers between two columns (p_h); dense, nm and bitserial need it
  std::optional<NpuWeightLoad> weightLoad; ///< dense ws and nm need it
  int64_t weightPortBytes = 0;             ///< in a cycle, from the scratchpad; power of two
  int64_t activationPortBytes = 0;         ///< in a cycle, from the scratchpad; power of two
  /// Whether sums drain from a copy while the next tile is computed; dense os and bitserial need it.
  std::optional<bool> shadowAccumulators;
  NpuModes modes;
  std::vector<NpuOperands> types; ///< each once
  /// Roundoff of one addition of the sums, by float type of the activations: exactly those of `types`.
  std::map<NpuType, double> accumulationRoundoff;
};

/// Cycles between the starts of two vector operations, by operation. Functions that are not here are sequences of these.
struct NpuVectorCycles {
  int64_t add = 0, mul = 0, fma = 0, exp2 = 0, div = 0, sqrt = 0;
};

/// The vector unit: float32 and int32.
struct NpuVectorUnit {
  int64_t lanes = 0; ///< elements of one operation; power of two
  NpuVectorCycles opCycles;
};

/// Selects the largest, routes and sorts.
struct NpuTopkUnit {
  int64_t lanes = 0;            ///< elements that come in side by side; power of two
  int64_t kMax = 0;             ///< most that one operation selects
  int64_t cyclesPerElement = 0; ///< of one lane
};

/// One kind of core.
struct NpuCore {
  int64_t repeat = 0;              ///< how many there are
  int64_t queueDepth = 0;          ///< entries of the queue of each engine
  int64_t semaphores = 0;          ///< an entry has 8 bits to name one: at most 256
  int64_t issueCycles = 0;         ///< from the head of a queue to its engine
  int64_t semaphoreWakeCycles = 0; ///< from a signal to the issue of who waits for it
  NpuDma dma;
  NpuScratchpad spad;
  std::optional<NpuAccumulator> acc; ///< there if and only if mxu is
  std::optional<NpuMatrixUnit> mxu;  ///< at least one of mxu and vec is there
  std::optional<NpuVectorUnit> vec;
  std::optional<NpuTopkUnit> topk;
};

/// Tensors of a convolution or a product of matrices.
enum class NpuTensor { Weights, Inputs, Outputs };
const char *name(NpuTensor tensor); ///< "weights", "inputs", "outputs"

/// What a memory is made of: energies go by it.
enum class NpuMemoryKind { Dram, Sram, RegisterFile, Register };
const char *name(NpuMemoryKind kind); ///< "dram", "sram", "register_file", "register"

/// One level of the hierarchy of memories of which accesses are counted (CostModel/AccessCounts.h).
struct NpuStorageLevel {
  std::string name; ///< each once
  NpuMemoryKind kind = NpuMemoryKind::Sram;
  std::optional<int64_t> bytes; ///< of one memory; absent: without bound, of dram alone
  int64_t widthBits = 0;        ///< of one access: a multiple of word_bits
  int64_t wordBits = 0;         ///< of an element
  std::vector<NpuTensor> keeps; ///< what may lie there, each once; all in the first level
  int64_t fanOutX =
      1; ///< columns of the mesh behind each memory; an instance of all that follows is in each place
  int64_t fanOutY = 1; ///< its rows
  int64_t lanes = 1;   ///< instances that lie side by side in one memory and are accessed together
};

/// Loops in hardware that issue a tile's commands, with the cache before DRAM that their loads go through (CostModel/TileReplay.h). The cycles are fitted
/// to a machine's measured runs, so they may be fractions.
struct NpuTileLoops {
  double convolutionIssueCycles = 0; ///< of the processor, to hand over a tile of a convolution
  double productIssueCycles = 0;     ///< .. of a product
  double stepCycles = 0;             ///< least between two steps of the array
  double requestCycles = 0;          ///< of the bus, for a load's request beside its bytes
  double storeRowCycles = 0;         ///< of the bus, for a stored row of outputs
  double missCycles = 0;             ///< of the bus, for a line that is not in the cache
  int64_t cacheBytes = 0;            ///< power of two, at least one set
  int64_t cacheWays = 0;             ///< power of two
  int64_t lineBytes = 0;             ///< power of two
};

/// Which formulas time the matrix unit: those that RTL confirms, or the closed forms of SCALE-Sim, for comparison with it and
/// for the dense mode alone.
enum class NpuTiming { Laws, ScaleSim };
const char *name(NpuTiming timing); ///< "laws" (where JSON says nothing), "scalesim"

struct NpuMachine {
  NpuTiming timing = NpuTiming::Laws;
  NpuClocks clocksMegahertz;
  std::optional<std::string>
      energyTable; ///< a table of Energy.h; absent: nothing that the machine does has a known energy
  NpuMemory memory;
  std::vector<NpuCore> cores; ///< one kind of core in this version
  /// Outermost first, for counts of accesses and their energy alone: programs know `memory` and the cores' memories. May be
  /// empty. Its meshes have as many places as the machine has multipliers.
  std::vector<NpuStorageLevel> hierarchy;
  std::optional<NpuTileLoops> tileLoops; ///< for replays of tiles alone

  friend bool operator==(const NpuMachine &a, const NpuMachine &b);
};

} // namespace coopt::machine

#endif // COOPT_MACHINE_NPU_H
