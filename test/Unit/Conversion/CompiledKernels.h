//===- CompiledKernels.h - MLIR text, lowered, compiled, called -------------===//
//
// Runs the pipelines on functions over memrefs, for an instruction set, and calls the machine code. The code
// generator refuses objects that import a symbol, so a library call fails the test too.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TEST_UNIT_CONVERSION_COMPILEDKERNELS_H
#define COOPT_TEST_UNIT_CONVERSION_COMPILEDKERNELS_H

#include "coopt/Conversion/Passes.h"
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace coopt::test {

/// The instruction sets that this machine can run.
std::vector<Isa> runnableIsas();

/// For tests of many shapes, each of which takes seconds to compile: the best of them, and of the others one in turn. All of
/// them with COOPT_SLOW.
std::vector<Isa> isasInTurn(int64_t turn);
const char *nameOf(Isa isa);

/// `text` with `to` wherever it has `from`.
std::string replaced(std::string text, const std::string &from, const std::string &to);

/// Elements that end where an inaccessible page begins: reading or writing behind them ends the test.
template <typename T>
class Buffer {
public:
  explicit Buffer(std::vector<int64_t> shape) : shape(std::move(shape)) {
    for (int64_t extent : this->shape) {
      count *= extent;
    }
    size_t page = sysconf(_SC_PAGESIZE);
    size_t bytes = (count * sizeof(T) + page - 1) / page * page;
    total = bytes + page;
    base =
        static_cast<char *>(mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base + bytes, page, PROT_NONE);
    data = reinterpret_cast<T *>(base + bytes) - count;
  }
  ~Buffer() { munmap(base, total); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  T &operator[](int64_t i) { return data[i]; }
  int64_t size() const { return count; }
  T *begin() { return data; }
  T *end() { return data + count; }

  /// Uniform random numbers in [low, high].
  Buffer &fill(uint32_t seed, double low, double high) {
    std::mt19937 random(seed);
    for (T &x : *this) {
      x = static_cast<T>(low + (high - low) * (random() / 4294967295.0));
    }
    return *this;
  }
  Buffer &set(T value) {
    std::fill(begin(), end(), value);
    return *this;
  }

  std::vector<int64_t> shape;

private:
  int64_t count = 1;
  size_t total = 0;
  char *base = nullptr;
  T *data = nullptr;
};

/// A memref descriptor.
struct Memref {
  template <typename T>
  Memref(Buffer<T> &buffer) : Memref(buffer, buffer.shape, rowMajor(buffer.shape)) {}
  template <typename T>
  Memref(Buffer<T> &buffer, std::vector<int64_t> sizes, std::vector<int64_t> strides, int64_t offset = 0) {
    auto address = reinterpret_cast<int64_t>(buffer.begin());
    words = {address, address, offset};
    words.insert(words.end(), sizes.begin(), sizes.end());
    words.insert(words.end(), strides.begin(), strides.end());
  }
  std::vector<int64_t> words;

private:
  static std::vector<int64_t> rowMajor(const std::vector<int64_t> &shape) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t d = shape.size(); d-- > 1;) {
      strides[d - 1] = strides[d] * shape[d];
    }
    return strides;
  }
};

/// An argument of a kernel: a memref or an index.
struct Argument {
  Argument(int64_t index) : value(index) {}
  Argument(const Memref &memref) : descriptor(memref.words) {}
  template <typename T>
  Argument(Buffer<T> &buffer) : descriptor(Memref(buffer).words) {}
  int64_t value = 0;
  std::vector<int64_t> descriptor;
};

/// The functions of a module as machine code. Each has `llvm.emit_c_interface`.
class CompiledKernels {
public:
  CompiledKernels(const std::string &text, Isa isa);
  ~CompiledKernels();
  bool valid() const { return handle != nullptr; }
  /// Calls a function. With more than 16 arguments it stops the test.
  void call(const std::string &name, std::vector<Argument> arguments) const;

private:
  void compile(const std::string &text, Isa isa);
  void *handle = nullptr;
};

/// Equal bits, all NaNs being equal.
inline bool sameBits(float a, float b) { return (a != a && b != b) || std::memcmp(&a, &b, sizeof(a)) == 0; }

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_CONVERSION_COMPILEDKERNELS_H
