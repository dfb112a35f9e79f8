//===- Print.h - A report as text --------------------------------------------===//
#ifndef COOPT_NPU_SIM_PRINT_H
#define COOPT_NPU_SIM_PRINT_H

#include "Npu/Sim/Energy.h"

namespace coopt::npu {

/// Tables of where the time went (busy and causes of each engine in per cent, the longest stalls by what they waited for), of what the
/// memories moved, and of energy.
std::string print(const machine::NpuMachine &machine, const Image &image, const Report &report);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_PRINT_H
