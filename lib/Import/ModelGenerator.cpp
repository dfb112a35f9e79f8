#include "coopt/Import/ModelGenerator.h"
#include "coopt/Import/SafetensorsWriter.h"
#include "coopt/Numerics/Half.h"
#include "coopt/PackageFormat/Package.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <numeric>

using namespace coopt;
using namespace coopt::import;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t chunkElements = 1 << 18;

bool isEmbedding(const GeneratorOptions &options, const ExpectedTensor &tensor) {
  return tensor.name == options.config.names.embedding + ".weight";
}

/// The tensors that files hold.
std::vector<ExpectedTensor> storedTensors(const GeneratorOptions &options) {
  std::vector<ExpectedTensor> tensors;
  for (ExpectedTensor &tensor : decoderTensors(options.config)) {
    if (!options.config.noiseSeed || tensor.role != ExpectedTensor::Role::Matrix ||
        (isEmbedding(options, tensor) && options.embeddingGain != 1)) {
      tensors.push_back(std::move(tensor));
    }
  }
  return tensors;
}

std::vector<TensorDeclaration> declarations(const GeneratorOptions &options) {
  std::vector<TensorDeclaration> tensors;
  for (const ExpectedTensor &tensor : storedTensors(options)) {
    tensors.push_back({tensor.name, options.type, tensor.shape});
  }
  return tensors;
}

uint64_t tensorSeed(uint64_t seed, const std::string &name) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (char c : name) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  }
  return package::splitMix64(seed, hash);
}

/// Files of an earlier model that would be read together with, or instead of, the new one.
std::vector<fs::path> modelFiles(const std::string &directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (entry->path().extension() == ".safetensors" || name == "model.safetensors.index.json" ||
        name == "config.json" || name == "tokenizer.json") {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Status prepareDirectory(const GeneratorOptions &options, const std::string &directory, uint64_t bytes) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return fail(directory + ": " + error.message());
  }
  for (const fs::path &file : modelFiles(directory)) {
    if (!options.overwrite) {
      return fail(directory + ": holds " + file.filename().string() + " already");
    }
    if (!fs::remove(file, error)) {
      return fail(file.string() + ": " + error.message());
    }
  }
  auto space = fs::space(directory, error);
  if (!error && space.available < bytes) {
    return fail(directory + ": the weights take " + std::to_string(bytes) +
                " bytes, the file system has room for " + std::to_string(space.available));
  }
  return {};
}

} // namespace

GeneratedNoise import::generatedNoise(uint64_t seed, const ExpectedTensor &tensor) {
  return {tensorSeed(seed, tensor.name), std::sqrt(3.0f / static_cast<float>(tensor.shape.back()))};
}

/// `count` numbers as elements of a type.
static void store(TensorType type, const float *values, uint64_t count, void *out) {
  if (type == TensorType::F32) {
    std::copy_n(values, count, static_cast<float *>(out));
    return;
  }
  auto *halves = static_cast<uint16_t *>(out);
  std::transform(values, values + count, halves,
                 type == TensorType::F16 ? numerics::halfFromFloat : numerics::bfloat16FromFloat);
}

/// The x in [low, high] at which an increasing function becomes `value`.
template <typename Function>
static double solve(double low, double high, double value, Function function) {
  for (int i = 0; i < 100; ++i) {
    double middle = (low + high) / 2;
    (function(middle) < value ? low : high) = middle;
  }
  return low;
}

/// The biases of experts of which `chosen` are taken, and whose popularity falls with their places in an order made of a seed.
static std::vector<float> skewedBiases(uint64_t seed, size_t experts, double chosen, double skew) {
  std::vector<size_t> order(experts);
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return package::noise(seed, a) > package::noise(seed, b); });
  auto probability = [&](double factor, size_t place) {
    return -std::expm1(-factor * std::pow(static_cast<double>(place + 1), -skew));
  };
  double factor = solve(0, 1e9, chosen, [&](double x) {
    double sum = 0;
    for (size_t place = 0; place < experts; ++place) {
      sum += probability(x, place);
    }
    return sum;
  });
  std::vector<float> biases(experts);
  for (size_t place = 0; place < experts; ++place) {
    double quantile = solve(-8, 8, 1 - probability(factor, place),
                            [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; });
    biases[order[place]] = static_cast<float>(-1 / (1 + std::exp(-quantile)));
  }
  return biases;
}

void import::generateElements(const GeneratorOptions &options, const ExpectedTensor &tensor, uint64_t first,
                              uint64_t count, void *out) {
  uint64_t seed = tensorSeed(options.seed, tensor.name);
  bool matrix = tensor.role == ExpectedTensor::Role::Matrix;
  bool aroundOne =
      tensor.role == ExpectedTensor::Role::Norm && options.config.norm != NormKind::RootMeanSquareOnePlus;
  float offset = aroundOne ? 1.0f : 0.0f;
  float scale = matrix ? generatedNoise(options.seed, tensor).scale : 0.125f;
  scale *= isEmbedding(options, tensor) ? options.embeddingGain : 1;
  if (tensor.role == ExpectedTensor::Role::ChoiceBias && options.routerSkew != 0) {
    std::vector<float> biases =
        skewedBiases(seed, static_cast<size_t>(tensor.shape.back()),
                     static_cast<double>(options.config.experts.perToken), options.routerSkew);
    store(options.type, biases.data() + first, count, out);
    return;
  }
  float values[1024];
  for (uint64_t i = 0; i < count;) {
    uint64_t some = std::min<uint64_t>(count - i, std::size(values));
    package::scaledNoise(seed, first + i, some, scale, values);
    for (uint64_t j = 0; j < some; ++j) {
      values[j] += offset;
    }
    store(options.type, values, some, static_cast<uint8_t *>(out) + i * tensorTypeSize(options.type));
    i += some;
  }
}

Expected<uint64_t> import::generatedBytes(const GeneratorOptions &options) {
  uint64_t total = 0;
  for (const TensorDeclaration &tensor : declarations(options)) {
    auto bytes = tensorBytes(tensor);
    if (!bytes) {
      return forward(bytes.error());
    }
    if (__builtin_add_overflow(total, *bytes, &total)) {
      return fail("more than 2^64 bytes of weights");
    }
  }
  return total;
}

Status import::generateModel(const GeneratorOptions &options, const std::string &directory,
                             const GeneratorProgress &progress) {
  if (options.type != TensorType::F32 && options.type != TensorType::F16 &&
      options.type != TensorType::BF16) {
    return fail(std::string("element type ") + tensorTypeName(options.type) + ", expected F32, F16 or BF16");
  }
  if (options.config.noiseSeed &&
      (options.type != TensorType::F32 || *options.config.noiseSeed != options.seed)) {
    return fail(
        "matrices that no file holds: expected elements of type F32 and the seed of the other weights");
  }
  // What can't be read back is not written.
  std::string config = huggingFaceConfigJson(options.config, options.type);
  if (auto read = parseHuggingFaceConfig(config, "configuration"); !read) {
    return forward(read.error());
  }
  auto tokenizer = generatedTokenizerJson(options.config.vocabularySize);
  if (!tokenizer) {
    return forward(tokenizer.error());
  }
  auto total = generatedBytes(options);
  if (!total) {
    return forward(total.error());
  }
  if (auto status = prepareDirectory(options, directory, *total); !status) {
    return status;
  }
  if (auto status = writeTextFile(directory + "/tokenizer.json", *tokenizer); !status) {
    return status;
  }
  std::vector<ExpectedTensor> tensors = storedTensors(options);
  uint64_t elementBytes = tensorTypeSize(options.type), done = 0;
  std::vector<float> buffer(chunkElements);
  auto source = [&](size_t index, const TensorSink &sink) -> Status {
    uint64_t elements = *tensorBytes({"", options.type, tensors[index].shape}) / elementBytes;
    for (uint64_t first = 0; first < elements; first += chunkElements) {
      uint64_t count = std::min(chunkElements, elements - first);
      generateElements(options, tensors[index], first, count, buffer.data());
      if (auto status = sink(buffer.data(), count * elementBytes); !status) {
        return status;
      }
      done += count * elementBytes;
      if (progress) {
        progress(done, *total);
      }
    }
    return {};
  };
  if (auto status = writeSafetensorsModel(directory, declarations(options), options.shards, source);
      !status) {
    return status;
  }
  // Last, so that a directory with a configuration holds a whole model.
  return writeTextFile(directory + "/config.json", config);
}
