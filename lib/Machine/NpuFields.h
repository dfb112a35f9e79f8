//===- NpuFields.h - The fields of an npu's JSON --------------------------===//
#ifndef COOPT_LIB_MACHINE_NPUFIELDS_H
#define COOPT_LIB_MACHINE_NPUFIELDS_H

#include "Fields.h"
#include "coopt/Machine/Npu.h"

namespace coopt::machine {

/// Addresses of scratchpads and accumulators have 31 bits, those of L2 and DRAM 47: products of sizes fit in 64.
constexpr int64_t kMostLocalBytes = int64_t(1) << 31;
constexpr int64_t kMostBytes = int64_t(1) << 47;
constexpr int64_t kMostCycles = 1 << 16;
constexpr int64_t kWidest = 1 << 16; ///< ports and lines, in bytes, and lanes

template <>
struct Names<NpuType> {
  static const std::vector<std::pair<NpuType, const char *>> &all() {
    static const std::vector<std::pair<NpuType, const char *>> names = {{NpuType::I1, "i1"},
                                                                        {NpuType::I2, "i2"},
                                                                        {NpuType::I4, "i4"},
                                                                        {NpuType::I8, "i8"},
                                                                        {NpuType::I16, "i16"},
                                                                        {NpuType::I32, "i32"},
                                                                        {NpuType::F8E4M3FN, "f8e4m3fn"},
                                                                        {NpuType::F8E5M2, "f8e5m2"},
                                                                        {NpuType::F16, "f16"},
                                                                        {NpuType::BF16, "bf16"},
                                                                        {NpuType::F32, "f32"}};
    return names;
  }
};

template <>
struct Names<NpuDataflow> {
  static const std::vector<std::pair<NpuDataflow, const char *>> &all() {
    static const std::vector<std::pair<NpuDataflow, const char *>> names = {
        {NpuDataflow::WeightStationary, "ws"},
        {NpuDataflow::OutputStationary, "os"},
        {NpuDataflow::InputStationary, "is"}};
    return names;
  }
};

template <>
struct Names<NpuWeightLoad> {
  static const std::vector<std::pair<NpuWeightLoad, const char *>> &all() {
    static const std::vector<std::pair<NpuWeightLoad, const char *>> names = {
        {NpuWeightLoad::RowAddressed, "row_addressed"}, {NpuWeightLoad::ShiftChain, "shift_chain"}};
    return names;
  }
};

template <>
struct Names<NpuTiming> {
  static const std::vector<std::pair<NpuTiming, const char *>> &all() {
    static const std::vector<std::pair<NpuTiming, const char *>> names = {{NpuTiming::Laws, "laws"},
                                                                          {NpuTiming::ScaleSim, "scalesim"}};
    return names;
  }
};

template <>
struct Names<NpuTensor> {
  static const std::vector<std::pair<NpuTensor, const char *>> &all() {
    static const std::vector<std::pair<NpuTensor, const char *>> names = {
        {NpuTensor::Weights, "weights"}, {NpuTensor::Inputs, "inputs"}, {NpuTensor::Outputs, "outputs"}};
    return names;
  }
};

template <>
struct Names<NpuMemoryKind> {
  static const std::vector<std::pair<NpuMemoryKind, const char *>> &all() {
    static const std::vector<std::pair<NpuMemoryKind, const char *>> names = {
        {NpuMemoryKind::Dram, "dram"},
        {NpuMemoryKind::Sram, "sram"},
        {NpuMemoryKind::RegisterFile, "register_file"},
        {NpuMemoryKind::Register, "register"}};
    return names;
  }
};

template <>
struct Fields<NpuClocks> {
  template <typename Field>
  static void list(Field &&field) {
    field("core", &NpuClocks::core, positive());
    field("l2", &NpuClocks::l2, positive());
  }
};

//===----------------------------------------------------------------------===//
// Memories
//===----------------------------------------------------------------------===//

template <>
struct Fields<NpuL2> {
  template <typename Field>
  static void list(Field &&field) {
    field("bytes", &NpuL2::bytes, within(1, kMostBytes));
    field("banks", &NpuL2::banks, powerOfTwo(4096));
    field("bytes_per_cycle", &NpuL2::bytesPerCycle, powerOfTwo(kWidest));
    field("latency_cycles", &NpuL2::latencyCycles, within(1, kMostCycles));
  }
};

template <>
struct Fields<NpuHbm> {
  template <typename Field>
  static void list(Field &&field) {
    field("bytes", &NpuHbm::bytes, within(1, kMostBytes));
    field("channels", &NpuHbm::channels, powerOfTwo(1024));
    field("gbytes_per_s_per_channel", &NpuHbm::gbytesPerSecondPerChannel, positive());
    field("banks", &NpuHbm::banks, powerOfTwo(1024));
    field("row_bytes", &NpuHbm::rowBytes, powerOfTwo(kWidest));
    field("t_rcd_ns", &NpuHbm::tRcdNanoseconds, positive());
    field("t_rp_ns", &NpuHbm::tRpNanoseconds, positive());
    field("t_cl_ns", &NpuHbm::tClNanoseconds, positive());
    field("burst_bytes", &NpuHbm::burstBytes, powerOfTwo(kWidest));
  }
};

template <>
struct Fields<NpuDdr> {
  template <typename Field>
  static void list(Field &&field) {
    field("bytes", &NpuDdr::bytes, within(1, kMostBytes));
    field("channels", &NpuDdr::channels, powerOfTwo(1024));
    field("gbytes_per_s_per_channel", &NpuDdr::gbytesPerSecondPerChannel, positive());
    field("latency_ns", &NpuDdr::latencyNanoseconds, positive());
  }
};

template <>
struct Fields<NpuMemory> {
  template <typename Field>
  static void list(Field &&field) {
    field("l2", &NpuMemory::l2);
    field("hbm", &NpuMemory::hbm);
    field("ddr", &NpuMemory::ddr);
  }
};

template <>
struct Fields<NpuDma> {
  template <typename Field>
  static void list(Field &&field) {
    field("channels", &NpuDma::channels, within(1, 64));
    field("bytes_per_cycle", &NpuDma::bytesPerCycle, powerOfTwo(kWidest));
    field("max_outstanding", &NpuDma::maxOutstanding, within(1, 4096));
    field("setup_cycles", &NpuDma::setupCycles, within(0, kMostCycles));
  }
};

template <>
struct Fields<NpuScratchpad> {
  template <typename Field>
  static void list(Field &&field) {
    field("bytes", &NpuScratchpad::bytes, within(1, kMostLocalBytes));
    field("banks", &NpuScratchpad::banks, powerOfTwo(4096));
    field("width_bytes", &NpuScratchpad::widthBytes, powerOfTwo(kWidest));
    field("read_ports", &NpuScratchpad::readPorts, within(1, 16));
    field("write_ports", &NpuScratchpad::writePorts, within(1, 16));
    field("latency_cycles", &NpuScratchpad::latencyCycles, within(1, kMostCycles));
  }
};

template <>
struct Fields<NpuAccumulator> {
  template <typename Field>
  static void list(Field &&field) {
    field("bytes", &NpuAccumulator::bytes, within(1, kMostLocalBytes));
    field("banks", &NpuAccumulator::banks, powerOfTwo(4096));
    field("width_bytes", &NpuAccumulator::widthBytes, powerOfTwo(kWidest));
    field("rmw_cycles", &NpuAccumulator::rmwCycles, within(1, kMostCycles));
  }
};

//===----------------------------------------------------------------------===//
// The matrix unit and its modes
//===----------------------------------------------------------------------===//

template <>
struct Fields<NpuDotMode> {
  template <typename Field>
  static void list(Field &&field) {
    field("minimum_stripe_cycles", &NpuDotMode::minimumStripeCycles, within(1, kMostCycles));
    field("channel_group", &NpuDotMode::channelGroup, within(1, 1024));
    field("kernel_group", &NpuDotMode::kernelGroup, within(1, 1024));
    field("handover_cycles", &NpuDotMode::handoverCycles, within(1, kMostCycles));
    field("pipeline_cycles", &NpuDotMode::pipelineCycles, within(0, kMostCycles));
    field("start_cycles", &NpuDotMode::startCycles, within(0, kMostCycles));
    field.defaulted("winograd", &NpuDotMode::winograd);
  }
};

template <>
struct Fields<NpuNmPattern> : Tuple {
  template <typename Field>
  static void list(Field &&field) {
    field("n", &NpuNmPattern::n, within(1, 63));
    field("m", &NpuNmPattern::m, within(2, 64));
  }
};

template <>
struct Fields<NpuLutMode> {
  template <typename Field>
  static void list(Field &&field) {
    // More than 8: tables of more than 128 entries, for each group of activations.
    field("group", &NpuLutMode::group, within(2, 8));
    field("tables", &NpuLutMode::tables, within(1, 4096));
    field("lanes", &NpuLutMode::lanes, within(1, kWidest));
    field("build_lanes", &NpuLutMode::buildLanes, within(1, kWidest));
    field.defaulted("double_buffered", &NpuLutMode::doubleBuffered);
  }
};

template <>
struct Fields<NpuBitserialMode> {
  template <typename Field>
  static void list(Field &&field) {
    field("a_slice", &NpuBitserialMode::aSlice, within(1, 16));
    field("w_slice", &NpuBitserialMode::wSlice, within(1, 16));
  }
};

template <>
struct Fields<NpuModes> {
  template <typename Field>
  static void list(Field &&field) {
    field.optional("dense", &NpuModes::dense, CountLimit{1, 3, "one to three dataflows"});
    field("dot", &NpuModes::dot);
    field.optional("nm", &NpuModes::nm, CountLimit{1, 16, "one to 16 patterns"});
    field("lut", &NpuModes::lut);
    field("bitserial", &NpuModes::bitserial);
  }
};

template <>
struct Fields<NpuOperands> : Tuple {
  template <typename Field>
  static void list(Field &&field) {
    field("activation", &NpuOperands::activation);
    field("weight", &NpuOperands::weight);
    field("sum", &NpuOperands::sum);
  }
};

template <>
struct Fields<NpuMatrixUnit> {
  template <typename Field>
  static void list(Field &&field) {
    field("rows", &NpuMatrixUnit::rows, within(1, 1024));
    field("cols", &NpuMatrixUnit::cols, within(1, 1024));
    field("hop_registers_down", &NpuMatrixUnit::hopRegistersDown, within(0, 16));
    field("hop_registers_across", &NpuMatrixUnit::hopRegistersAcross, within(0, 16));
    field("weight_load", &NpuMatrixUnit::weightLoad);
    field("weight_port_bytes", &NpuMatrixUnit::weightPortBytes, powerOfTwo(kWidest));
    field("activation_port_bytes", &NpuMatrixUnit::activationPortBytes, powerOfTwo(kWidest));
    field("shadow_accumulators", &NpuMatrixUnit::shadowAccumulators);
    field("modes", &NpuMatrixUnit::modes);
    field("types", &NpuMatrixUnit::types, CountLimit{1, 32, "one to 32 types"});
    field.defaulted("u_acc", &NpuMatrixUnit::accumulationRoundoff, roundoff());
  }
};

//===----------------------------------------------------------------------===//
// The other engines, the core, the machine
//===----------------------------------------------------------------------===//

template <>
struct Fields<NpuVectorCycles> {
  template <typename Field>
  static void list(Field &&field) {
    field("add", &NpuVectorCycles::add, within(1, kMostCycles));
    field("mul", &NpuVectorCycles::mul, within(1, kMostCycles));
    field("fma", &NpuVectorCycles::fma, within(1, kMostCycles));
    field("exp2", &NpuVectorCycles::exp2, within(1, kMostCycles));
    field("div", &NpuVectorCycles::div, within(1, kMostCycles));
    field("sqrt", &NpuVectorCycles::sqrt, within(1, kMostCycles));
  }
};

template <>
struct Fields<NpuVectorUnit> {
  template <typename Field>
  static void list(Field &&field) {
    field("lanes", &NpuVectorUnit::lanes, powerOfTwo(kWidest));
    field("op_cycles", &NpuVectorUnit::opCycles);
  }
};

template <>
struct Fields<NpuTopkUnit> {
  template <typename Field>
  static void list(Field &&field) {
    field("lanes", &NpuTopkUnit::lanes, powerOfTwo(1024));
    field("k_max", &NpuTopkUnit::kMax, within(1, 4096));
    field("cycles_per_element", &NpuTopkUnit::cyclesPerElement, within(1, kMostCycles));
  }
};

template <>
struct Fields<NpuCore> {
  template <typename Field>
  static void list(Field &&field) {
    field("repeat", &NpuCore::repeat, within(1, 1024));
    field("queue_depth", &NpuCore::queueDepth, within(1, 1024));
    field("semaphores", &NpuCore::semaphores, within(1, 256));
    field("issue_cycles", &NpuCore::issueCycles, within(1, kMostCycles));
    field("semaphore_wake_cycles", &NpuCore::semaphoreWakeCycles, within(0, kMostCycles));
    field("dma", &NpuCore::dma);
    field("spad", &NpuCore::spad);
    field("acc", &NpuCore::acc);
    field("mxu", &NpuCore::mxu);
    field("vec", &NpuCore::vec);
    field("topk", &NpuCore::topk);
  }
};

template <>
struct Fields<NpuStorageLevel> {
  template <typename Field>
  static void list(Field &&field) {
    field("name", &NpuStorageLevel::name);
    field("kind", &NpuStorageLevel::kind);
    field("bytes", &NpuStorageLevel::bytes, within(1, kMostBytes));
    field("width_bits", &NpuStorageLevel::widthBits, within(1, 8 * kWidest));
    field("word_bits", &NpuStorageLevel::wordBits, within(1, 64));
    field("keeps", &NpuStorageLevel::keeps, CountLimit{1, 3, "one to three tensors"});
    field.defaulted("fan_out_x", &NpuStorageLevel::fanOutX, within(1, 4096));
    field.defaulted("fan_out_y", &NpuStorageLevel::fanOutY, within(1, 4096));
    field.defaulted("lanes", &NpuStorageLevel::lanes, within(1, 4096));
  }
};

template <>
struct Fields<NpuTileLoops> {
  template <typename Field>
  static void list(Field &&field) {
    field("convolution_issue_cycles", &NpuTileLoops::convolutionIssueCycles, notNegative());
    field("product_issue_cycles", &NpuTileLoops::productIssueCycles, notNegative());
    field("step_cycles", &NpuTileLoops::stepCycles, positive());
    field("request_cycles", &NpuTileLoops::requestCycles, notNegative());
    field("store_row_cycles", &NpuTileLoops::storeRowCycles, notNegative());
    field("miss_cycles", &NpuTileLoops::missCycles, notNegative());
    field("cache_bytes", &NpuTileLoops::cacheBytes, powerOfTwo(1 << 26));
    field("cache_ways", &NpuTileLoops::cacheWays, powerOfTwo(64));
    field("line_bytes", &NpuTileLoops::lineBytes, powerOfTwo(4096));
  }
};

template <>
struct Fields<NpuMachine> {
  template <typename Field>
  static void list(Field &&field) {
    field.defaulted("timing", &NpuMachine::timing);
    field("clocks_mhz", &NpuMachine::clocksMegahertz);
    field("energy_table", &NpuMachine::energyTable);
    field("memory", &NpuMachine::memory);
    field("cores", &NpuMachine::cores, CountLimit{1, 1, "one kind of core (repeat says how many there are)"});
    field.optional("hierarchy", &NpuMachine::hierarchy, CountLimit{2, 16, "two to 16 levels"});
    field("tile_loops", &NpuMachine::tileLoops);
  }
};

} // namespace coopt::machine

#endif // COOPT_LIB_MACHINE_NPUFIELDS_H
