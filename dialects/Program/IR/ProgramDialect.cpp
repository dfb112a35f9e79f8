//===- ProgramDialect.cpp - Registration and attributes' checks --------------===//
#include "dialects/Program/IR/Program.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt::program;

#include "dialects/Program/IR/ProgramDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Program/IR/ProgramAttrs.cpp.inc"

void ProgramDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Program/IR/ProgramAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Program/IR/ProgramOps.cpp.inc"
      >();
}

bool coopt::program::isStorableElement(Type type) {
  if (isa<Float64Type, Float32Type, Float16Type, BFloat16Type, Float8E4M3FNType, Float8E5M2Type>(type)) {
    return true;
  }
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer) {
    return false;
  }
  if (integer.isUnsigned()) {
    return integer.getWidth() == 8;
  }
  return integer.isSignless() && llvm::is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth());
}

bool coopt::program::isBufferType(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.getLayout().isIdentity() && !memref.getMemorySpace() &&
         isStorableElement(memref.getElementType());
}

LogicalResult SizeAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr name, int64_t min,
                               int64_t max, int64_t multiple) {
  if (!name || name.empty()) {
    return emitError() << "expected a size to have a name";
  }
  if (min < 0 || min > max) {
    return emitError() << "size '" << name.getValue() << "': expected 0 <= min <= max, got min = " << min
                       << ", max = " << max;
  }
  if (multiple < 1) {
    return emitError() << "size '" << name.getValue() << "': expected multiple >= 1, got " << multiple;
  }
  if (max / multiple * multiple < min) {
    return emitError() << "size '" << name.getValue() << "': no multiple of " << multiple << " lies in ["
                       << min << ", " << max << "]";
  }
  return success();
}

LogicalResult ValueAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr name,
                                MemRefType type, ArrayRef<StringAttr> sizes) {
  if (!name || name.empty()) {
    return emitError() << "expected an argument or result to have a name";
  }
  if (!isBufferType(type)) {
    return emitError() << "'" << name.getValue()
                       << "': expected a dense row-major memref of a storable element, got " << type;
  }
  if (static_cast<size_t>(type.getNumDynamicDims()) != sizes.size()) {
    return emitError() << "'" << name.getValue() << "': expected one size for each of "
                       << type.getNumDynamicDims() << " dynamic dimensions of " << type << ", got "
                       << sizes.size();
  }
  return success();
}

LogicalResult StateAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr name, int64_t outer,
                                int64_t capacity, int64_t inner, Type element, int64_t block, int64_t kept) {
  if (!name || name.empty()) {
    return emitError() << "expected a state to have a name";
  }
  if (outer < 1 || capacity < 1 || inner < 1) {
    return emitError() << "state '" << name.getValue()
                       << "': expected positive extents, got outer = " << outer << ", capacity = " << capacity
                       << ", inner = " << inner;
  }
  constexpr int64_t most = int64_t(1) << 62;
  if (block < 1 || kept < 0 || capacity > most - kept || block > most - capacity - kept) {
    return emitError()
           << "state '" << name.getValue()
           << "': expected a positive block and positions that are kept, fewer than 2^62 in all, got "
           << "capacity = " << capacity << ", block = " << block << ", kept = " << kept;
  }
  if (!isStorableElement(element)) {
    return emitError() << "state '" << name.getValue() << "': expected a storable element, got " << element;
  }
  return success();
}
