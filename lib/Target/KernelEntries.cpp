#include "coopt/Target/KernelEntries.h"

#include "coopt/PackageFormat/KernelAbi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

#include <cstddef>

using namespace mlir;
using namespace coopt;

namespace {

/// Builds the entry function of one kernel.
class EntryBuilder {
public:
  EntryBuilder(LLVM::LLVMFuncOp body, FunctionType type, int64_t scratchBytes, bool hasFault)
      : body(body), type(type), scratchBytes(scratchBytes), hasFault(hasFault), builder(body),
        loc(body.getLoc()) {}

  void build(StringRef name);

private:
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64(), builder.getI64IntegerAttr(value));
  }
  Value load(Type result, Value base, int64_t byteOffset) {
    Value address = LLVM::GEPOp::create(builder, loc, pointer(), builder.getI8Type(), base,
                                        ArrayRef<LLVM::GEPArg>{byteOffset});
    return LLVM::LoadOp::create(builder, loc, result, address);
  }
  Type i64() { return builder.getI64Type(); }
  Type pointer() { return LLVM::LLVMPointerType::get(builder.getContext()); }
  /// The exploded descriptor of a dense row-major memref: allocated, aligned, offset, sizes, strides.
  void appendDescriptor(Value address, ArrayRef<Value> extents);

  LLVM::LLVMFuncOp body;
  FunctionType type;
  int64_t scratchBytes;
  bool hasFault; // the last argument is the report
  OpBuilder builder;
  Location loc;
  SmallVector<Value> arguments;
};

} // namespace

void EntryBuilder::appendDescriptor(Value address, ArrayRef<Value> extents) {
  arguments.append({address, address, constant(0)});
  arguments.append(extents.begin(), extents.end());
  SmallVector<Value> strides(extents.size());
  Value stride = constant(1);
  for (size_t d = extents.size(); d-- > 0;) {
    strides[d] = stride;
    if (d > 0) {
      stride = LLVM::MulOp::create(builder, loc, stride, extents[d]);
    }
  }
  arguments.append(strides);
}

void EntryBuilder::build(StringRef name) {
  auto voidType = LLVM::LLVMVoidType::get(builder.getContext());
  Type i32 = builder.getI32Type();
  auto entryType = LLVM::LLVMFunctionType::get(voidType, {pointer(), pointer(), i32, i32});
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, name, entryType);
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToEnd(block);
  Value blockArgument = block->getArgument(0);
  Value buffers = load(pointer(), blockArgument, offsetof(abi::Block, buffers));
  Value sizes = load(pointer(), blockArgument, offsetof(abi::Block, sizes));
  Value scratch = load(pointer(), blockArgument, offsetof(abi::Block, scratch));

  ArrayRef<Type> inputs = type.getInputs();
  int64_t nextBuffer = 0, nextSize = 0;
  for (Type input : inputs.drop_back(hasFault ? 4 : 3)) {
    if (auto memref = dyn_cast<MemRefType>(input)) {
      Value address = load(pointer(), buffers, 8 * nextBuffer++);
      SmallVector<Value> extents;
      for (int64_t extent : memref.getShape()) {
        extents.push_back(ShapedType::isDynamic(extent) ? load(i64(), sizes, 8 * nextSize++)
                                                        : constant(extent));
      }
      appendDescriptor(address, extents);
    } else {
      arguments.push_back(load(i64(), sizes, 8 * nextSize++));
    }
  }
  for (unsigned argument : {2, 3}) {
    arguments.push_back(LLVM::ZExtOp::create(builder, loc, i64(), block->getArgument(argument)));
  }
  appendDescriptor(scratch, constant(scratchBytes));
  if (hasFault) {
    static_assert(sizeof(abi::Fault) == 5 * sizeof(int64_t));
    appendDescriptor(load(pointer(), blockArgument, offsetof(abi::Block, fault)), constant(5));
  }
  LLVM::CallOp::create(builder, loc, body, arguments);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

LogicalResult coopt::addKernelEntries(ModuleOp lowered, ModuleOp declarations) {
  SymbolTable symbols(lowered);
  for (auto declaration : declarations.getOps<func::FuncOp>()) {
    StringRef name = declaration.getSymName();
    auto body = symbols.lookup<LLVM::LLVMFuncOp>(name);
    if (!body) {
      return declaration.emitError("has no lowered form");
    }
    int64_t scratchBytes = 0;
    if (auto attribute = body->getAttrOfType<IntegerAttr>("coopt.scratch_bytes")) {
      scratchBytes = attribute.getInt();
    }
    std::string kernel = name.str();
    if (failed(symbols.rename(body, (name + ".body").str()))) {
      return declaration.emitError("can't be renamed");
    }
    body.setLinkage(LLVM::Linkage::Internal);
    unsigned arguments = declaration.getNumArguments();
    bool hasFault = arguments > 0 && declaration.getArgAttr(arguments - 1, "coopt.fault");
    EntryBuilder(body, declaration.getFunctionType(), scratchBytes, hasFault).build(kernel);
  }
  return success();
}
