//===- CpuFields.h - The fields of a cpu's JSON ---------------------------===//
#ifndef COOPT_LIB_MACHINE_CPUFIELDS_H
#define COOPT_LIB_MACHINE_CPUFIELDS_H

#include "Fields.h"
#include "coopt/Machine/Machine.h"

namespace coopt::machine {

template <>
struct Names<InstructionSet> {
  static const std::vector<std::pair<InstructionSet, const char *>> &all() {
    static const std::vector<std::pair<InstructionSet, const char *>> names = {
        {InstructionSet::Generic, "generic"},
        {InstructionSet::Avx2, "avx2"},
        {InstructionSet::Avx512, "avx512"},
        {InstructionSet::Amx, "amx"}};
    return names;
  }
};

template <>
struct Fields<Cache> {
  template <typename Field>
  static void list(Field &&field) {
    field("bytes", &Cache::bytes, positiveInteger());
    field("line_bytes", &Cache::lineBytes, powerOfTwo());
    field("shared_by_cores", &Cache::sharedByCores, positiveInteger());
    field("gbytes_per_s_per_core", &Cache::gbytesPerSecondPerCore, positive());
  }
};

template <>
struct Fields<Memory> {
  template <typename Field>
  static void list(Field &&field) {
    field("bytes", &Memory::bytes, positiveInteger());
    field("gbytes_per_s", &Memory::gbytesPerSecond, positive());
    field("latency_ns", &Memory::latencyNanoseconds, positive());
  }
};

template <>
struct Fields<SimdVariant> {
  template <typename Field>
  static void list(Field &&field) {
    field("vector_bits", &SimdVariant::vectorBits, IntegerLimit{64, 4096, true});
    field("vector_registers", &SimdVariant::vectorRegisters, within(1, 1024));
    field("f32_gflops_per_core", &SimdVariant::f32GflopsPerCore, positive());
    field("i8_gops_per_core", &SimdVariant::i8GopsPerCore, positive());
    field("u_acc", &SimdVariant::accumulationRoundoff, KeyedLimit{{"f32", "f16", "bf16"}, roundoff()});
  }
};

template <>
struct Fields<CpuMachine> {
  template <typename Field>
  static void list(Field &&field) {
    field("cores", &CpuMachine::cores, within(1, 65536));
    field("clock_mhz", &CpuMachine::clockMegahertz, positive());
    field("dispatch_overhead_ns", &CpuMachine::dispatchNanoseconds, notNegative());
    field("work_item_overhead_ns", &CpuMachine::workItemNanoseconds, notNegative());
    field("caches", &CpuMachine::caches, CountLimit{1, 8, "one to eight levels"});
    field("memory", &CpuMachine::memory);
    field.keyed("variants", &CpuMachine::variants, &SimdVariant::set);
  }
};

} // namespace coopt::machine

#endif // COOPT_LIB_MACHINE_CPUFIELDS_H
