#include "Emitter.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <utility>

using namespace mlir;
using namespace coopt;
using namespace coopt::target;

FailureOr<npu::Image> target::emitImage(func::FuncOp kernel, uint64_t machine) {
  Emitter emitter(kernel);
  FailureOr<npu::Image> image = emitter.run();
  if (succeeded(image)) {
    image->machine = machine;
    if (Status status = npu::check(*image); !status) {
      return kernel.emitError("makes no image: " + status.error().message);
    }
  }
  return image;
}

FailureOr<npu::Image> Emitter::run() {
  if (failed(placeArguments())) {
    return failure();
  }
  if (failed(emitBlock(kernel.getBody().front()))) {
    return failure();
  }
  push(npu::entryOf(*npu::find("halt")));
  image.cores.push_back(std::move(stream));
  return std::move(image);
}

LogicalResult Emitter::placeArguments() {
  constexpr uint64_t kAlignment = 4096, kSmall = 1 << 20;
  uint64_t address = 0;
  for (BlockArgument argument : kernel.getArguments()) {
    auto symbol = kernel.getArgAttrOfType<StringAttr>(argument.getArgNumber(), npu::NpuDialect::kSymbolName);
    auto bytes = kernel.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), npu::NpuDialect::kBytesName);
    if (!symbol || !bytes || !isa<MemRefType>(argument.getType())) {
      return kernel.emitError("argument ")
             << argument.getArgNumber() << ": expected a memref with '" << npu::NpuDialect::kSymbolName
             << "' and '" << npu::NpuDialect::kBytesName << "'";
    }
    const auto size = static_cast<uint64_t>(bytes.getInt());
    image.symbols.push_back({symbol.str(), npu::Space::Dram, address, size});
    places[argument] = {npu::Space::Dram, static_cast<int64_t>(address)};
    // The checks follow numbers by their bounds alone: a tile that begins at the last row there may be, and has as many rows as there may be,
    // ends behind the buffer, though no run has it. It must not end in another one.
    const uint64_t beyond = size <= kSmall ? 3 * size : size;
    address += llvm::alignTo(std::max<uint64_t>(size + beyond, 1), kAlignment);
  }
  auto module = kernel->getParentOfType<ModuleOp>();
  kernel.walk([&](memref::GetGlobalOp get) {
    auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(module, get.getNameAttr());
    auto values = dyn_cast_or_null<DenseElementsAttr>(global ? global.getConstantInitValue() : Attribute());
    if (!values) {
      return;
    }
    ArrayRef<char> raw = values.getRawData();
    npu::Data data;
    data.address = address;
    const auto width = static_cast<int64_t>(get.getType().getElementTypeBitWidth() / 8);
    const int64_t times = values.isSplat() ? get.getType().getNumElements() : 1;
    for (int64_t i = 0; i < times; ++i) {
      data.bytes.insert(data.bytes.end(), raw.begin(), values.isSplat() ? raw.begin() + width : raw.end());
    }
    places[get.getResult()] = {npu::Space::Dram, static_cast<int64_t>(address)};
    address += llvm::alignTo(std::max<uint64_t>(data.bytes.size(), 1), kAlignment);
    image.data.push_back(std::move(data));
  });
  return success();
}

LogicalResult Emitter::emitBlock(Block &block) {
  // When a number was used for the last time in this block, with all that is nested in it.
  DenseMap<Operation *, SmallVector<Value>> dying;
  std::function<void(Value, Value)> followUses = [&](Value number, Value value) {
    for (Operation *user : value.getUsers()) {
      if (auto at = block.findAncestorOpInBlock(*user)) {
        auto [known, fresh] = lastUses.try_emplace(number, at);
        if (!fresh && known->second->isBeforeInBlock(at)) {
          known->second = at;
        }
      }
      if (isa<ViewLikeOpInterface>(user) || isa<memref::ExtractStridedMetadataOp>(user)) {
        for (Value result : user->getResults()) {
          followUses(number, result);
        }
      }
    }
  };
  auto consider = [&](Value value) {
    if (value.getType().isIndex()) {
      followUses(value, value);
      if (Operation *last = lastUses.lookup(value)) {
        dying[last].push_back(value);
      }
    }
  };
  for (BlockArgument argument : block.getArguments()) {
    consider(argument);
  }
  for (Operation &op : block) {
    for (Value result : op.getResults()) {
      consider(result);
    }
  }
  for (Operation &op : block.without_terminator()) {
    if (failed(emit(op))) {
      return failure();
    }
    for (Value value : dying.lookup(&op)) {
      forget(value);
    }
  }
  for (Value value : dying.lookup(block.getTerminator())) {
    forget(value);
  }
  return success();
}

void Emitter::bind(Value value, Number number) {
  if (value.use_empty()) {
    registers.done(number);
    return;
  }
  number.isTemporary = false;
  numbers[value] = number;
  if (!number.isConstant()) {
    ++holders[number.reg];
  }
}

void Emitter::forget(Value value) {
  auto known = numbers.find(value);
  if (known == numbers.end()) {
    return;
  }
  const Number number = known->second;
  numbers.erase(known);
  if (!number.isConstant() && --holders[number.reg] == 0) {
    registers.release(number.reg);
  }
}

FailureOr<Number> Emitter::numberOf(Operation *at, OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return Number::of(*constant);
  }
  auto known = numbers.find(cast<Value>(value));
  if (known == numbers.end()) {
    return at->emitError("uses a number that the control unit doesn't have");
  }
  return known->second;
}

uint32_t Emitter::locationOf(Operation *op) {
  std::string name;
  if (auto id = op->getAttrOfType<StringAttr>(npu::NpuDialect::kLocationName)) {
    name = id.str();
  } else {
    name = kernel.getSymName().str();
  }
  for (size_t i = 0; i < image.locations.size(); ++i) {
    if (image.locations[i] == name) {
      return static_cast<uint32_t>(i);
    }
  }
  image.locations.push_back(name);
  return static_cast<uint32_t>(image.locations.size() - 1);
}

void Emitter::push(npu::Entry entry) { stream.push_back(std::move(entry)); }

LogicalResult Emitter::emit(Operation &op) {
  if (isa<memref::AllocOp>(op)) {
    auto address = op.getAttrOfType<IntegerAttr>(npu::NpuDialect::kAddressName);
    if (!address) {
      return op.emitError("has no address: expected '") << npu::NpuDialect::kAddressName << "'";
    }
    places[op.getResult(0)] = {npu::spaceOf(cast<MemRefType>(op.getResult(0).getType())), address.getInt()};
    return success();
  }
  if (isa<memref::DeallocOp, ViewLikeOpInterface, memref::ExtractStridedMetadataOp, memref::GetGlobalOp>(
          op)) {
    return success();
  }
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    return emitLoop(loop);
  }
  if (npu::engineOf(&op)) {
    return emitInstruction(op);
  }
  return emitNumber(op);
}

LogicalResult Emitter::emitLoop(scf::ForOp loop) {
  if (!loop.getInitArgs().empty()) {
    return loop.emitError("carries values from round to round: the control unit can't");
  }
  FailureOr<Number> from = numberOf(loop, loop.getLowerBound()), to = numberOf(loop, loop.getUpperBound()),
                    step = numberOf(loop, loop.getStep());
  if (failed(from) || failed(to) || failed(step)) {
    return failure();
  }
  if (!step->isConstant() || step->value < 1) {
    return loop.emitError("expected a constant step");
  }
  FailureOr<Number> count = registers.apply(loop, "sub", *to, *from);
  if (succeeded(count) && step->value != 1) {
    count = registers.apply(loop, "add", *count, Number::of(step->value - 1));
  }
  if (succeeded(count) && count->range.least < 0) {
    count = registers.apply(loop, "max", *count, Number::of(0));
  }
  if (succeeded(count) && step->value != 1) {
    count = registers.apply(loop, "div", *count, *step);
  }
  if (failed(count)) {
    return failure();
  }
  if (count->range.most < 1) {
    registers.done(*count);
    return success(); // never
  }
  if (count->range.most > UINT32_MAX) {
    return loop.emitError("runs for a number of rounds that has no bound");
  }
  FailureOr<uint8_t> counter = registers.take(loop);
  if (failed(counter)) {
    return failure();
  }
  npu::Entry begin = npu::entryOf(*npu::find("loop"));
  begin["counter"].reg = *counter;
  begin["count"].value = std::max<int64_t>(count->range.most, 0);
  begin["count"].reg = count->reg;
  begin.location = locationOf(loop);
  const size_t place = stream.size();
  push(begin);
  registers.done(*count);
  MatrixSettings around = std::exchange(matrix, MatrixSettings{matrix.known});
  vectorMode.reset();
  shapes = {};
  const Number round{0, *counter, {0, count->range.most - 1}, true};
  FailureOr<Number> scaled =
      registers.apply(loop, "mul", Number{round.value, round.reg, round.range, false}, *step);
  FailureOr<Number> index = succeeded(scaled) ? registers.apply(loop, "add", *scaled, *from) : scaled;
  if (failed(index)) {
    return failure();
  }
  // No more than what comes before the end.
  index->range.most = std::min(index->range.most, to->range.most - 1);
  const bool isCounter = index->reg == *counter;
  if (isCounter) {
    ++holders[*counter]; // the loop's own, for as long as it runs
  }
  bind(loop.getInductionVar(), *index);
  if (failed(emitBlock(*loop.getBody()))) {
    return failure();
  }
  forget(loop.getInductionVar());
  if (isCounter) {
    --holders[*counter];
  }
  registers.release(*counter);
  const size_t first = settleMatrix(place, around);
  push(npu::entryOf(*npu::find("endloop")));
  stream[first]["body"].value = static_cast<int64_t>(stream.size() - first - 1);
  vectorMode.reset();
  shapes = {};
  return success();
}

/// The array finishes what it does before it takes other settings, so weights would not be loaded beside the products before: a loop sets in each round
/// only what changes in it. Gives the place of the loop's entry, from `place` on.
size_t Emitter::settleMatrix(size_t place, const MatrixSettings &around) {
  const MatrixSettings inside = std::exchange(matrix, around);
  matrix.areNeeded |= inside.areNeeded && matrix.count == 0;
  matrix.count += inside.count;
  if (inside.count == 0) {
    return place;
  }
  if (inside.known == around.known) {
    return place;
  }
  if (inside.areNeeded) { // the next round begins with those
    push(*around.known);
    ++matrix.count;
    return place;
  }
  matrix.known.reset(); // there may be no round
  if (inside.count == 1) {
    auto isMode = [](const npu::Entry &entry) { return entry.opcode == npu::opcode::MxuMode; };
    auto mode = std::find_if(stream.begin() + static_cast<ptrdiff_t>(place), stream.end(), isMode);
    std::rotate(stream.begin() + static_cast<ptrdiff_t>(place), mode, mode + 1);
    matrix.known = inside.known;
    return place + 1;
  }
  return place;
}

LogicalResult Emitter::emitNumber(Operation &op) {
  if (op.hasTrait<OpTrait::ConstantLike>()) {
    return success();
  }
  // Narrower integers would wrap around: registers have 64 bits.
  if (op.getNumResults() != 1 || !op.getResult(0).getType().isIndex()) {
    return op.emitError("is nothing that the accelerator does");
  }
  SmallVector<Number> operands;
  for (Value operand : op.getOperands()) {
    FailureOr<Number> number = numberOf(&op, operand);
    if (failed(number)) {
      return failure();
    }
    operands.push_back(*number);
  }
  FailureOr<Number> result = failure();
  auto affine = [&](AffineMap map, std::string_view joined) -> FailureOr<Number> {
    FailureOr<Number> all = registers.evaluate(&op, map.getResult(0), operands, map.getNumDims());
    for (AffineExpr expr : map.getResults().drop_front()) {
      FailureOr<Number> one =
          succeeded(all) ? registers.evaluate(&op, expr, operands, map.getNumDims()) : all;
      all = succeeded(one) ? registers.apply(&op, joined, *all, *one) : one;
    }
    return all;
  };
  if (auto of = dyn_cast<affine::AffineApplyOp>(op)) {
    result = affine(of.getMap(), "add");
  } else if (auto of = dyn_cast<affine::AffineMinOp>(op)) {
    result = affine(of.getMap(), "min");
  } else if (auto of = dyn_cast<affine::AffineMaxOp>(op)) {
    result = affine(of.getMap(), "max");
  } else {
    using Arithmetic =
        std::pair<std::string_view, bool>; // the function, whether it takes its numbers as not negative
    const auto [function, isUnsigned] = llvm::TypeSwitch<Operation *, Arithmetic>(&op)
                                            .Case([](arith::AddIOp) { return Arithmetic("add", false); })
                                            .Case([](arith::SubIOp) { return Arithmetic("sub", false); })
                                            .Case([](arith::MulIOp) { return Arithmetic("mul", false); })
                                            .Case([](arith::MinSIOp) { return Arithmetic("min", false); })
                                            .Case([](arith::MinUIOp) { return Arithmetic("min", true); })
                                            .Case([](arith::MaxSIOp) { return Arithmetic("max", false); })
                                            .Case([](arith::MaxUIOp) { return Arithmetic("max", true); })
                                            .Case([](arith::DivSIOp) { return Arithmetic("div", false); })
                                            .Case([](arith::DivUIOp) { return Arithmetic("div", true); })
                                            .Case([](arith::RemSIOp) { return Arithmetic("rem", false); })
                                            .Case([](arith::RemUIOp) { return Arithmetic("rem", true); })
                                            .Default([](Operation *) { return Arithmetic("", false); });
    if (function.empty()) {
      return op.emitError("is nothing that the accelerator does");
    }
    if (isUnsigned && (operands[0].range.least < 0 || operands[1].range.least < 0)) {
      return op.emitError("takes a number that may be negative for one that is not");
    }
    result = registers.apply(&op, function, operands[0], operands[1]);
  }
  if (failed(result)) {
    return failure();
  }
  bind(op.getResult(0), *result);
  return success();
}
