#include "coopt/Machine/Machine.h"
#include "coopt/Support/Json.h"

using namespace coopt;
using namespace coopt::machine;

namespace {

constexpr int64_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

constexpr char kEdge1[] = R"({
  "schema": "coopt-machine/1", "kind": "npu", "name": "edge1",
  "source": "a design of this project",
  "clocks_mhz": {"core": 1000}, "energy_table": "45nm",
  "memory": {
    "l2": {"bytes": 8388608, "banks": 16, "bytes_per_cycle": 256, "latency_cycles": 20},
    "hbm": {"bytes": 17179869184, "channels": 8, "gbytes_per_s_per_channel": 32, "banks": 16, "row_bytes": 1024,
            "t_rcd_ns": 14, "t_rp_ns": 14, "t_cl_ns": 14, "burst_bytes": 64},
    "ddr": {"bytes": 68719476736, "channels": 2, "gbytes_per_s_per_channel": 16, "latency_ns": 90}},
  "cores": [{
    "repeat": 4, "queue_depth": 16, "semaphores": 64, "issue_cycles": 1, "semaphore_wake_cycles": 2,
    "dma": {"channels": 2, "bytes_per_cycle": 64, "max_outstanding": 16, "setup_cycles": 8},
    "spad": {"bytes": 524288, "banks": 8, "width_bytes": 64, "read_ports": 1, "write_ports": 1, "latency_cycles": 2},
    "acc": {"bytes": 131072, "banks": 4, "width_bytes": 128, "rmw_cycles": 1},
    "mxu": {
      "rows": 32, "cols": 32, "hop_registers_down": 1, "hop_registers_across": 1, "weight_load": "row_addressed",
      "weight_port_bytes": 32, "activation_port_bytes": 32, "shadow_accumulators": true,
      "modes": {"dense": ["ws", "os"], "nm": [[2, 4], [1, 4]], "lut": {"group": 4, "tables": 64, "lanes": 1024, "build_lanes": 32},
                "bitserial": {"a_slice": 2, "w_slice": 1}},
      "types": [["i8", "i8", "i32"], ["i8", "i4", "i32"], ["bf16", "bf16", "f32"]],
      "u_acc": {"bf16": 5.96e-8}},
    "vec": {"lanes": 64, "op_cycles": {"add": 1, "mul": 1, "fma": 1, "exp2": 8, "div": 8, "sqrt": 8}},
    "topk": {"lanes": 16, "k_max": 64, "cycles_per_element": 1}}]
})";

const NpuOperands kInt8 = {NpuType::I8, NpuType::I8, NpuType::I32};
const NpuOperands kBfloat16 = {NpuType::BF16, NpuType::BF16, NpuType::F32};

const std::vector<NpuTensor> kAllTensors = {NpuTensor::Weights, NpuTensor::Inputs, NpuTensor::Outputs};

const NpuMachine &edge1() {
  static const NpuMachine machine = *parseMachine(kEdge1, "edge1")->npu();
  return machine;
}

/// The memory of a machine whose source has one DRAM behind the scratchpads of its cores, and no L2.
void onlyDdr(NpuMachine &npu) {
  npu.memory.l2.reset();
  npu.memory.hbm.reset();
}
void onlyHbm(NpuMachine &npu) {
  npu.memory.l2.reset();
  npu.memory.ddr.reset();
}

/// A systolic array of other extents; its ports carry one operand a row and a column, as those of edge1 do.
void setArray(NpuMatrixUnit &mxu, int64_t rows, int64_t cols, int64_t operandBytes) {
  mxu.rows = rows;
  mxu.cols = cols;
  mxu.weightPortBytes = cols * operandBytes;
  mxu.activationPortBytes = rows * operandBytes;
}

/// The matrix unit computes in these types alone, as the source has no others.
void setTypes(NpuMatrixUnit &mxu, const NpuOperands &types) {
  mxu.types = {types};
  if (isInteger(types.activation)) {
    mxu.accumulationRoundoff.clear();
  }
}

void setDense(NpuMatrixUnit &mxu, std::vector<NpuDataflow> flows) {
  mxu.modes = {};
  mxu.modes.dense = std::move(flows);
}

void setDot(NpuMatrixUnit &mxu, int64_t channels, int64_t kernels, int64_t weightPortBytes) {
  mxu.rows = channels;
  mxu.cols = kernels;
  mxu.activationPortBytes = channels;
  mxu.weightPortBytes = weightPortBytes;
  mxu.modes = {};
  mxu.modes.dot = NpuDotMode{8};
}

void gemmini16(NpuMachine &, NpuCore &core) {
  core.repeat = 1;
  core.dma.bytesPerCycle = 16;
  core.spad.bytes = 256 * KiB;
  core.spad.banks = 4;
  core.spad.widthBytes = 16;
  core.acc->bytes = 64 * KiB;
  core.acc->banks = 2;
  core.acc->widthBytes = 64;
  setArray(*core.mxu, 16, 16, 1);
  setDense(*core.mxu, {NpuDataflow::WeightStationary, NpuDataflow::OutputStationary});
  setTypes(*core.mxu, kInt8);
}

void gemminiDosa16(NpuMachine &npu, NpuCore &core) {
  gemmini16(npu, core);
  core.spad.bytes = 4 * MiB;
  core.acc->bytes = 4 * MiB;
  setDense(*core.mxu, {NpuDataflow::WeightStationary});
  // Cycles: fitted to its training runs. Cache: that of Chipyard where nothing else is said.
  npu.tileLoops = NpuTileLoops{265, 135, 7.51, 1.11, 2.41, 6.64, 512 * KiB, 8, 64};
}

void nvdlaSmall(NpuMachine &npu, NpuCore &core) {
  onlyDdr(npu);
  core.repeat = 1;
  core.dma.bytesPerCycle = 8;
  core.spad.bytes = 128 * KiB;
  core.spad.banks = 32;
  core.spad.widthBytes = 8;
  setDot(*core.mxu, 8, 8, 8);
  NpuDotMode &dot = *core.mxu->modes.dot;
  dot.handoverCycles = 10; // 8 sums, one a cycle, and reading the buffer
  dot.pipelineCycles = 22;
  dot.startCycles = 103;
  setTypes(*core.mxu, kInt8);
}

void nvdlaFull(NpuMachine &npu, NpuCore &core) {
  onlyDdr(npu);
  npu.memory.ddr->channels = 1;
  npu.memory.ddr->gbytesPerSecondPerChannel = 10;
  core.repeat = 1;
  core.dma.bytesPerCycle = 32;
  core.spad.bytes = 512 * KiB;
  core.spad.banks = 16;
  core.spad.widthBytes = 64;
  setDot(*core.mxu, 64, 32, 64);
  core.mxu->modes.dot->channelGroup = 16;
  core.mxu->modes.dot->kernelGroup = 16;
  core.mxu->modes.dot->winograd = true;
  setTypes(*core.mxu, kInt8);
}

void nvdlaFullSram(NpuMachine &npu, NpuCore &core) {
  const NpuL2 l2 = *npu.memory.l2;
  nvdlaFull(npu, core);
  npu.memory.l2 = l2;
  npu.memory.l2->bytes = 4 * MiB;
  npu.memory.l2->bytesPerCycle = 32;
  npu.clocksMegahertz.l2 = 781.25; // 25 GB/s
}

void scalesim32(NpuMachine &npu, NpuCore &core) {
  npu.timing = NpuTiming::ScaleSim;
  core.repeat = 1;
  core.mxu->hopRegistersDown = 2;
  core.mxu->hopRegistersAcross = 1;
  setDense(*core.mxu,
           {NpuDataflow::WeightStationary, NpuDataflow::OutputStationary, NpuDataflow::InputStationary});
  setTypes(*core.mxu, kInt8);
}

void eyeriss168(NpuMachine &npu, NpuCore &core) {
  onlyDdr(npu);
  npu.energyTable = "32nm";
  core.repeat = 1;
  core.spad.bytes = 128 * KiB;
  core.spad.banks = 32;
  core.spad.widthBytes = 8;
  // No port is stated: edge1's stay.
  core.mxu->rows = 12;
  core.mxu->cols = 14;
  setDense(*core.mxu, {NpuDataflow::WeightStationary, NpuDataflow::OutputStationary});
  setTypes(*core.mxu, kInt8);
  npu.hierarchy = {
      {"dram", NpuMemoryKind::Dram, {}, 64, 8, kAllTensors},
      {"shared_glb", NpuMemoryKind::Sram, 128 * KiB, 64, 8, {NpuTensor::Inputs, NpuTensor::Outputs}, 14, 12},
      {"ifmap_spad", NpuMemoryKind::RegisterFile, 24, 16, 8, {NpuTensor::Inputs}},
      {"weights_spad", NpuMemoryKind::RegisterFile, 384, 16, 8, {NpuTensor::Weights}},
      {"psum_spad", NpuMemoryKind::RegisterFile, 32, 16, 16, {NpuTensor::Outputs}}};
}

void simple256(NpuMachine &npu, NpuCore &core) {
  onlyDdr(npu);
  core.repeat = 1;
  core.spad.bytes = 128 * KiB;
  core.spad.banks = 32;
  core.spad.widthBytes = 8;
  setArray(*core.mxu, 16, 16, 1);
  setDense(*core.mxu, {NpuDataflow::WeightStationary, NpuDataflow::OutputStationary});
  setTypes(*core.mxu, kInt8);
  npu.hierarchy = {{"dram", NpuMemoryKind::Dram, {}, 64, 16, kAllTensors},
                   {"shared_glb", NpuMemoryKind::Sram, 128 * KiB, 64, 16, kAllTensors, 16, 16},
                   {"pe_spad", NpuMemoryKind::Sram, 384, 16, 16, {NpuTensor::Weights, NpuTensor::Outputs}},
                   {"weight_reg", NpuMemoryKind::Register, 2, 16, 16, {NpuTensor::Weights}},
                   {"input_activation_reg", NpuMemoryKind::Register, 2, 16, 16, {NpuTensor::Inputs}},
                   {"output_activation_reg", NpuMemoryKind::Register, 2, 16, 16, {NpuTensor::Outputs}}};
}

void simba(NpuMachine &npu, NpuCore &core) {
  npu.memory.hbm.reset();
  NpuL2 &l2 = *npu.memory.l2;
  l2.bytes = 64 * KiB;
  l2.banks = 4;
  l2.bytesPerCycle = 32;
  core.repeat = 16;
  // 64 KiB of inputs and 4 x 32 KiB of weights; 4 x 128 sums, here of 32 bits (there 24).
  core.spad.bytes = 192 * KiB;
  core.spad.widthBytes = 8;
  core.acc->bytes = 2 * KiB;
  core.acc->widthBytes = 4;
  setDot(*core.mxu, 4, 4, 32);
  core.mxu->activationPortBytes = 8;
  setTypes(*core.mxu, kInt8);
  npu.hierarchy = {
      {"dram", NpuMemoryKind::Dram, {}, 64, 8, kAllTensors},
      {"global_buffer", NpuMemoryKind::Sram, 64 * KiB, 256, 8, {NpuTensor::Inputs, NpuTensor::Outputs}, 16},
      {"pe_input_buffer", NpuMemoryKind::RegisterFile, 64 * KiB, 64, 8, {NpuTensor::Inputs}, 1, 4},
      {"pe_weight_buffer", NpuMemoryKind::RegisterFile, 32 * KiB, 64, 8, {NpuTensor::Weights}},
      {"pe_accu_buffer", NpuMemoryKind::RegisterFile, 384, 24, 24, {NpuTensor::Outputs}, 1, 4},
      {"pe_weight_regs", NpuMemoryKind::RegisterFile, 64, 512, 8, {NpuTensor::Weights}, 1, 1, 64}};
}

void fusemax256(NpuMachine &npu, NpuCore &core) {
  onlyHbm(npu);
  npu.clocksMegahertz.core = 940;
  npu.memory.hbm->gbytesPerSecondPerChannel = 50; // 400 of all
  core.repeat = 1;
  core.spad.bytes = 16 * MiB;
  core.acc->bytes = 256 * KiB; // one tile; edge1's would hold half of it
  core.vec->lanes = 256;
  setArray(*core.mxu, 256, 256, 2);
  setDense(*core.mxu, {NpuDataflow::WeightStationary, NpuDataflow::OutputStationary});
  setTypes(*core.mxu, kBfloat16);
}

void trnLike(NpuMachine &npu, NpuCore &core) {
  onlyHbm(npu);
  npu.memory.hbm->bytes = 32 * GiB;
  npu.memory.hbm->channels = 16;
  npu.memory.hbm->gbytesPerSecondPerChannel = 51.25; // 820 of all
  core.repeat = 2;
  core.spad.bytes = 24 * MiB;
  core.acc->bytes = 2 * MiB;
  core.acc->banks = 8;
  setArray(*core.mxu, 128, 128, 2);
  setDense(*core.mxu, {NpuDataflow::WeightStationary});
  setTypes(*core.mxu, kBfloat16);
}

void tpu4Like(NpuMachine &npu, NpuCore &core) {
  onlyHbm(npu);
  npu.memory.hbm->channels = 16;
  npu.memory.hbm->gbytesPerSecondPerChannel = 38.4; // 32 bytes at 1200 MHz
  npu.memory.hbm->burstBytes = 32;
  core.spad.bytes = 32 * MiB;
  core.acc->bytes = 4 * MiB;
  core.vec->lanes = 2048;
  setArray(*core.mxu, 128, 128, 2);
  setDense(*core.mxu, {NpuDataflow::WeightStationary});
  setTypes(*core.mxu, kBfloat16);
}

struct Preset {
  const char *name;
  const char *source;
  void (*apply)(NpuMachine &npu, NpuCore &core);
};

const Preset kPresets[] = {
    {"edge1", "a design of this project", [](NpuMachine &, NpuCore &) {}},
    {"gemmini16", "Gemmini, GemminiConfigs.defaultConfig; else edge1", gemmini16},
    {"gemmini-dosa16",
     "DOSA's Gemmini on FireSim: 16 x 16, WS only, 4 MiB scratchpad and accumulator, 16 B/cycle, 64 B "
     "requests, 16 in "
     "flight; else gemmini16",
     gemminiDosa16},
    {"nvdla-small",
     "NVDLA, spec/defs/nv_small.spec; minimum stripe and the cycles of handing over and starting from its "
     "RTL; else edge1",
     nvdlaSmall},
    {"nvdla-full",
     "NVDLA's performance sheet (2048 MAC, 512 KB, 1 GHz, DRAM 10 GB/s) and spec/defs/nv_large.spec; groups "
     "of "
     "channels and kernels as the sheet rounds them; minimum stripe of "
     "nvdla-small; else edge1",
     nvdlaFull},
    {"nvdla-full-sram",
     "NVDLA's performance sheet with 4 MB SRAM at 25 GB/s, read and written; else nvdla-full", nvdlaFullSram},
    {"scalesim32", "SCALE-Sim: 32 x 32, its closed forms; else edge1", scalesim32},
    {"eyeriss168",
     "Timeloop and Accelergy's exercises, eyeriss_like: 12 x 14, 128 KiB, 32 nm; its row-stationary dataflow "
     "is no mode of "
     "this version; else edge1",
     eyeriss168},
    {"simple256",
     "Timeloop and Accelergy's exercises, simple_weight_stationary and simple_output_stationary, which "
     "differ in what the "
     "elements' scratchpads keep: 16 x 16, 128 KiB, 45 nm; else edge1",
     simple256},
    {"simba",
     "Timeloop and Accelergy's exercises, simba_like: 16 cores of 4 x 4, 64 KiB shared, 45 nm; minimum "
     "stripe of "
     "nvdla-small; else edge1",
     simba},
    {"fusemax256",
     "FuseMax (Nayak et al., MICRO 2024): 256 x 256 and 256 vector lanes, 0.94 GHz, 16 MiB; DRAM of FLAT's "
     "cloud accelerator, 400 GB/s; else edge1",
     fusemax256},
    {"trn-like",
     "AWS Neuron, Trainium architecture guide: 2 cores of 128 x 128, SBUF 24 MiB, PSUM 2 MiB, HBM 32 GiB at "
     "820 GB/s; else "
     "edge1",
     trnLike},
    {"tpu4-like",
     "ONNXim, systolic_ws_128x128_c4_simple_noc_tpuv4.json: 4 cores of 128 x 128, 32 MiB each, HBM2; else "
     "edge1",
     tpu4Like},
};

} // namespace

const std::vector<std::string> &machine::presetNpuNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Preset &preset : kPresets) {
      list.push_back(preset.name);
    }
    return list;
  }();
  return names;
}

Expected<Machine> machine::presetNpu(std::string_view name) {
  for (const Preset &preset : kPresets) {
    if (name == preset.name) {
      NpuMachine npu = edge1();
      preset.apply(npu, npu.cores[0]);
      return Machine{preset.name, preset.source, std::move(npu)};
    }
  }
  return fail("expected the npu preset " + alternatives(presetNpuNames()) + ", got '" +
              std::string(name.substr(0, 64)) + "'" + didYouMean(name, presetNpuNames()));
}
