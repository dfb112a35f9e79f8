#include "Executor/Fault.h"

using namespace coopt;
using namespace coopt::runtime;

std::string runtime::describe(abi::FaultKind kind, int64_t value, int64_t bound) {
  std::string v = std::to_string(value), b = std::to_string(bound);
  switch (kind) {
  case abi::FaultKind::None:
    break;
  case abi::FaultKind::Index:
    return "index " + v + " is outside [0, " + b + ")";
  case abi::FaultKind::Slice:
    return "a slice reaches element " + v + ", outside [0, " + b + ")";
  case abi::FaultKind::Sizes:
    return "sizes " + v + " and " + b + " must be equal";
  case abi::FaultKind::Negative:
    return "expected a size of at least 0, got " + v;
  }
  return "a check of an unknown kind failed";
}

std::string runtime::describe(const abi::Fault &fault) {
  std::string place =
      fault.line == 0 ? ""
                      : " at line " + std::to_string(fault.line) + ", column " + std::to_string(fault.column);
  return describe(fault.kind, fault.value, fault.bound) + place;
}
