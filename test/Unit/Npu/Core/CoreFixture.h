//===- CoreFixture.h - A core with small memories, and programs as text -------===//
#ifndef COOPT_TEST_UNIT_NPU_CORE_COREFIXTURE_H
#define COOPT_TEST_UNIT_NPU_CORE_COREFIXTURE_H

#include "Npu/Core/Core.h"
#include "coopt/NpuIsa/Checker.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace coopt::npu::test {

class CoreFixture : public testing::Test {
protected:
  static constexpr uint64_t kSizes[kSpaces] = {1 << 20, 1 << 16, 1 << 16, 1 << 14};
  std::array<Memory, kSpaces> memories;
  MemoryMap map = {};
  std::mt19937 random{5};

  void SetUp() override {
    for (unsigned i = 0; i < kSpaces; ++i) {
      memories[i] = *Memory::create(kSizes[i]);
      map[i] = &memories[i];
    }
  }

  template <typename T>
  T *data(Space space, uint64_t address) {
    return reinterpret_cast<T *>(memories[static_cast<size_t>(space)].at(address));
  }
  /// `count` numbers from `least` to `most` at an address; also as the vector that is given back.
  template <typename T>
  std::vector<T> fill(Space space, uint64_t address, size_t count, int64_t least, int64_t most) {
    std::vector<T> numbers(count);
    for (T &number : numbers) {
      number =
          static_cast<T>(least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1)));
    }
    std::memcpy(data<T>(space, address), numbers.data(), count * sizeof(T));
    return numbers;
  }

  /// Runs the lines of one core; "" or the fault. What runs without one is a program that the checks accept.
  std::string run(const std::string &body) {
    auto image = parse("image machine=0x0 features=0x0\nlocation 0 \"\"\ncore 0\n" + body + "\nhalt\n");
    if (!image) {
      return image.error().message;
    }
    Status status = runInOrder(image->cores[0], map);
    if (status) {
      Limits limits;
      std::copy(std::begin(kSizes), std::end(kSizes), limits.bytes.begin());
      Status checked = checkProgram(*image, limits);
      EXPECT_TRUE(checked) << checked.error().message;
    }
    return status ? std::string() : status.error().message;
  }
};

} // namespace coopt::npu::test

#endif // COOPT_TEST_UNIT_NPU_CORE_COREFIXTURE_H
