//===- NpuRules.h - What fields of an npu need of each other --------------===//
//
// Every field is in its own range when these are called (NpuFields.h).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_MACHINE_NPURULES_H
#define COOPT_LIB_MACHINE_NPURULES_H

#include "Rules.h"
#include "coopt/Machine/Npu.h"

namespace coopt::machine {

/// Ranges of the fields, then what they need of each other.
void checkNpu(Rules &rules, const NpuMachine &npu);

/// The modes of the matrix unit at `path` ("$.cores[0].mxu"): what each needs of the unit.
void checkModes(Rules &rules, const std::string &path, const NpuMatrixUnit &mxu, NpuTiming timing);

} // namespace coopt::machine

#endif // COOPT_LIB_MACHINE_NPURULES_H
