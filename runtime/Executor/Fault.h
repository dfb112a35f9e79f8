//===- Fault.h - A failed check in words ------------------------------------===//
#ifndef COOPT_RUNTIME_EXECUTOR_FAULT_H
#define COOPT_RUNTIME_EXECUTOR_FAULT_H

#include "coopt/PackageFormat/KernelAbi.h"

#include <string>

namespace coopt::runtime {

/// "index 7 is outside [0, 5)"
std::string describe(abi::FaultKind kind, int64_t value, int64_t bound);
/// With its place in the function's text, if that is known.
std::string describe(const abi::Fault &fault);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXECUTOR_FAULT_H
