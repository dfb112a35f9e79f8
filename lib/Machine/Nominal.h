//===- Nominal.h - Numbers that presets and the host description share -----===//
#ifndef COOPT_LIB_MACHINE_NOMINAL_H
#define COOPT_LIB_MACHINE_NOMINAL_H

#include "coopt/Machine/Machine.h"

namespace coopt::machine {

/// What one core reaches if its units never wait, by the rule stated at presetCpu.
SimdVariant nominalVariant(InstructionSet set, double clockMegahertz);

/// Four 3 GHz cores with 32 KiB, 1 MiB and 16 MiB (shared) of cache and 16 GiB of memory, all sets up to
/// `highest`.
CpuMachine nominalCpu(InstructionSet highest);

} // namespace coopt::machine

#endif // COOPT_LIB_MACHINE_NOMINAL_H
