//===- ImageRun.h - A kernel's image, run on given numbers --------------------===//
//
// The image is checked for its machine and run twice, in the order of its stream and by the simulator, with the same bytes before:
// both must leave the same ones. Scratch memories and results are noise before, so that nothing can rely on zeros; what a run may not
// write must still be there behind it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TEST_NPU_INPUTS_IMAGERUN_H
#define COOPT_TEST_NPU_INPUTS_IMAGERUN_H

#include "Npu/Sim/Simulator.h"

#include <cmath>
#include <cstring>
#include <random>

namespace coopt::npu::test {

class ImageRun {
public:
  /// Every byte that no one has written.
  static constexpr uint8_t kNoise = 0xa5;

  /// Errors: the image is none, or may go wrong on the machine.
  static Expected<ImageRun> create(const std::string &image, const std::string &machine, uint32_t seed);

  std::mt19937 random;

  /// `count` numbers from least to most.
  template <typename T>
  std::vector<T> integers(size_t count, int64_t least, int64_t most) {
    std::vector<T> numbers(count);
    for (T &number : numbers) {
      number =
          static_cast<T>(least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1)));
    }
    return numbers;
  }
  /// Multiples of 2^-20 below 8.
  std::vector<float> floats(size_t count) {
    std::vector<float> numbers(count);
    for (float &number : numbers) {
      number = std::ldexp(static_cast<float>(static_cast<int>(random() % (1u << 24)) - (1 << 23)), -20);
    }
    return numbers;
  }

  /// The bytes of the next arguments, in their order: their beginning, the rest is noise.
  template <typename T>
  void input(const std::vector<T> &numbers) {
    give(reinterpret_cast<const uint8_t *>(numbers.data()), numbers.size() * sizeof(T));
  }
  /// The next argument is a result: noise; after the run it holds these numbers, and behind them its noise.
  template <typename T>
  void output(const std::vector<T> &expected) {
    outputs.push_back(
        {arguments,
         std::vector<uint8_t>(reinterpret_cast<const uint8_t *>(expected.data()),
                              reinterpret_cast<const uint8_t *>(expected.data() + expected.size())),
         std::is_same_v<T, float>});
    give(nullptr, 0);
  }
  /// The next argument is read and written.
  template <typename T>
  void updated(const std::vector<T> &before, const std::vector<T> &expected) {
    output(expected);
    --arguments;
    input(before);
  }
  /// Columns of the machine's array.
  int64_t arrayColumns() const { return machine.cores.front().mxu->cols; }
  /// What the host knows: scalars, then extents of all arguments.
  void block(const std::vector<int32_t> &numbers);
  /// Runs, compares, and begins anew. Errors: faults, and the first number that differs.
  Status run();

private:
  struct Output {
    size_t argument;
    std::vector<uint8_t> expected;
    bool areFloats;
  };
  Image image;
  machine::NpuMachine machine;
  std::vector<uint8_t> dram;
  std::vector<Output> outputs;
  size_t arguments = 0; ///< that were given
  std::string mistake;

  void give(const uint8_t *bytes, size_t size);
  void reset();
  Expected<std::vector<uint8_t>> runOnce(bool inTime);
  Status compare(const std::vector<uint8_t> &after) const;
};

} // namespace coopt::npu::test

#endif // COOPT_TEST_NPU_INPUTS_IMAGERUN_H
