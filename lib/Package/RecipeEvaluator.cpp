#include "coopt/Package/RecipeEvaluator.h"

#include "coopt/Layout/Pack.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/Half.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "llvm/Support/Parallel.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace coopt;
using namespace coopt::package;

namespace {

/// Bytes of one row block: large enough to amortise the hand-over, small enough to bound memory.
constexpr int64_t kBlockBytes = int64_t(4) << 20;

int64_t rowCount(RankedTensorType type) { return type.getRank() == 0 ? 1 : type.getDimSize(0); }
int64_t rowElements(RankedTensorType type) { return type.getNumElements() / std::max<int64_t>(rowCount(type), 1); }
int64_t elementSize(Type element) { return element.getIntOrFloatBitWidth() / 8; }

/// `count` stored elements as f32: bf16 and f16 convert exactly.
void toF32(Type stored, const uint8_t *from, int64_t count, float *to) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, from + 2 * i, 2);
    to[i] = stored.isBF16() ? numerics::floatFromBFloat16(half) : numerics::floatFromHalf(half);
  }
}

} // namespace

RecipeEvaluator::RecipeEvaluator(ModuleOp module, std::string root)
    : module(module), symbols(module), root(std::move(root)) {}

Status RecipeEvaluator::mapSources() {
  for (auto parameter : module.getOps<model::ParameterOp>()) {
    auto source = dyn_cast_or_null<model::SourceAttr>(parameter.getOriginAttr());
    if (!source || files.count(source.getFile().str())) {
      continue;
    }
    llvm::SmallString<256> path(root);
    llvm::sys::path::append(path, source.getFile());
    auto file = MappedFile::open(std::string(path));
    if (!file) {
      return forward(file.error());
    }
    files.emplace(source.getFile().str(), std::move(*file));
  }
  mapped = true;
  return {};
}

mlir::Value RecipeEvaluator::definition(StringRef name) {
  for (auto recipe : module.getOps<model::RecipeOp>()) {
    for (auto [index, defined] : llvm::enumerate(recipe.getDefines().getAsRange<FlatSymbolRefAttr>())) {
      if (defined.getValue() == name) {
        return recipe.getBody().front().getTerminator()->getOperand(index);
      }
    }
  }
  return nullptr;
}

Expected<RecipeEvaluator::Bytes> RecipeEvaluator::parameterRows(StringRef name, int64_t begin, int64_t end) {
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  if (!parameter) {
    return fail("there is no parameter '" + name.str() + "'");
  }
  if (mlir::Value value = definition(name)) {
    return rows(value, begin, end);
  }
  RankedTensorType type = parameter.getTensorType();
  int64_t width = rowElements(type), count = (end - begin) * width;
  if (auto source = dyn_cast_or_null<model::SourceAttr>(parameter.getOriginAttr())) {
    const MappedFile &file = files.at(source.getFile().str());
    Type stored = source.getType().getElementType();
    int64_t storedBytes = elementSize(stored);
    int64_t whole = source.getType().getNumElements() * storedBytes;
    if (source.getOffset() + whole > static_cast<int64_t>(file.size())) {
      return fail(file.path() + ": parameter '" + name.str() + "' ends at byte " + std::to_string(source.getOffset() + whole) +
                  ", the file has " + std::to_string(file.size()));
    }
    const uint8_t *from = file.data() + source.getOffset() + begin * width * storedBytes;
    Bytes bytes(count * elementSize(type.getElementType()));
    if (stored == type.getElementType()) {
      std::memcpy(bytes.data(), from, bytes.size());
    } else {
      toF32(stored, from, count, reinterpret_cast<float *>(bytes.data()));
    }
    return bytes;
  }
  if (auto rotary = dyn_cast_or_null<model::RotaryAttr>(parameter.getOriginAttr())) {
    Bytes bytes(count * sizeof(float));
    float *to = reinterpret_cast<float *>(bytes.data());
    ArrayRef<float> frequencies = rotary.getFrequencies().asArrayRef();
    for (int64_t position = begin; position < end; ++position) {
      for (float frequency : frequencies) {
        double angle = static_cast<float>(position) * frequency;
        *to++ = static_cast<float>(rotary.getFunction() == "cos" ? std::cos(angle) : std::sin(angle));
      }
    }
    return bytes;
  }
  return fail("parameter '" + name.str() + "' has neither an origin that is evaluated here nor a recipe");
}

Expected<RecipeEvaluator::Bytes> RecipeEvaluator::rows(mlir::Value value, int64_t begin, int64_t end) {
  Operation *op = value.getDefiningOp();
  if (auto load = dyn_cast_or_null<model::LoadOp>(op)) {
    return parameterRows(load.getParameter(), begin, end);
  }
  if (auto quantize = dyn_cast_or_null<quantized::QuantizeOp>(op)) {
    quantized::SchemeAttr scheme = quantize.getScheme();
    if (scheme.isAsymmetric() || scheme.getBits() != 8 || !scheme.getScale().isF32()) {
      return fail("recipes quantise to symmetric 8 bit codes with f32 scales in this version");
    }
    Expected<Bytes> input = rows(quantize.getInput(), begin, end);
    if (!input) {
      return input;
    }
    auto inputType = cast<RankedTensorType>(quantize.getInput().getType());
    int64_t width = inputType.getDimSize(1);
    numerics::IntegerGroupFormat format;
    format.groupSize = scheme.getGroup();
    int64_t groups = numerics::groupCount(format, width);
    Bytes codes((end - begin) * width), scales((end - begin) * groups * sizeof(float));
    for (int64_t row = 0; row < end - begin; ++row) {
      numerics::quantizeRow(format, reinterpret_cast<const float *>(input->data()) + row * width, width,
                            reinterpret_cast<int8_t *>(codes.data()) + row * width,
                            reinterpret_cast<float *>(scales.data()) + row * groups);
    }
    return cast<OpResult>(value).getResultNumber() == 0 ? std::move(codes) : std::move(scales);
  }
  return fail("recipes can't evaluate '" + (op ? op->getName().getStringRef().str() : std::string("a block argument")) + "'");
}

Status RecipeEvaluator::writeRows(RankedTensorType type, int64_t alignment, const ByteSink &sink,
                                  llvm::function_ref<Expected<Bytes>(int64_t, int64_t)> produce) {
  int64_t total = rowCount(type);
  int64_t rowBytes = std::max<int64_t>(rowElements(type) * elementSize(type.getElementType()), 1);
  int64_t blockRows = std::max<int64_t>(kBlockBytes / rowBytes / alignment, 1) * alignment;
  int64_t parallel = std::max(1u, llvm::parallel::strategy.compute_thread_count());
  for (int64_t first = 0; first < total; first += blockRows * parallel) {
    int64_t blocks = std::min<int64_t>(parallel, llvm::divideCeil(total - first, blockRows));
    std::vector<Expected<Bytes>> made(blocks);
    llvm::parallelFor(0, blocks, [&](size_t i) {
      int64_t begin = first + static_cast<int64_t>(i) * blockRows;
      made[i] = produce(begin, std::min(begin + blockRows, total));
    });
    for (Expected<Bytes> &bytes : made) {
      if (!bytes) {
        return forward(bytes.error());
      }
      if (Status written = sink(bytes->data(), bytes->size()); !written) {
        return written;
      }
    }
  }
  return {};
}

Status RecipeEvaluator::writePacked(Operation *op, const ByteSink &sink) {
  auto pack = cast<model::PackOp>(op);
  auto layout = layout::parse(pack.getLayout().getText());
  if (!layout) {
    return forward(layout.error());
  }
  auto type = cast<RankedTensorType>(pack.getSource().getType());
  int64_t bytes = elementSize(type.getElementType());
  int64_t alignment = int64_t(1) << layout->dims[0].tileBits;
  return writeRows(type, alignment, sink, [&](int64_t begin, int64_t end) -> Expected<Bytes> {
    Expected<Bytes> source = rows(pack.getSource(), begin, end);
    if (!source) {
      return source;
    }
    auto range = layout::storageOfRows(*layout, {begin, end});
    if (!range) {
      return forward(range.error());
    }
    Bytes storage(range->size() * bytes);
    if (Status packed = layout::pack(*layout, source->data(), storage.data(), bytes, {begin, end}); !packed) {
      return forward(packed.error());
    }
    return storage;
  });
}

Status RecipeEvaluator::write(StringRef name, const ByteSink &sink) {
  if (!mapped) {
    if (Status status = mapSources(); !status) {
      return status;
    }
  }
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  if (!parameter) {
    return fail("there is no parameter '" + name.str() + "'");
  }
  mlir::Value value = definition(name);
  if (value && isa_and_nonnull<model::PackOp>(value.getDefiningOp())) {
    return writePacked(value.getDefiningOp(), sink);
  }
  return writeRows(parameter.getTensorType(), 1, sink,
                   [&](int64_t begin, int64_t end) { return parameterRows(name, begin, end); });
}
