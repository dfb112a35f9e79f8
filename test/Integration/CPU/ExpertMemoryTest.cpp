// Experts that do not all fit, by the C interface: sessions of several threads share a package's memory.
#include "Inference.h"
#include "Programs.h"

#include <gtest/gtest.h>
#include <thread>

using namespace coopt::test;

namespace {

class ExpertMemory : public testing::Test {
protected:
  void SetUp() override {
    std::string directory =
        generated({"--arch=mixtral", "--layers=2", "--hidden=72", "--heads=3", "--kv-heads=1", "--ffn=172",
                   "--experts=5", "--vocab=389", "--max-positions=96", "--seed=7"});
    path = compiled(directory, {"--quantize=w8a8", "--isa=" + runnableVariants().back(), "--chunk=8"});
    ASSERT_FALSE(path.empty());
    options.struct_size = sizeof(options);
  }

  PackagePointer open() {
    coopt_package *package = coopt_package_open(path.c_str(), &options);
    EXPECT_NE(package, nullptr) << coopt_error_message();
    return PackagePointer(package, coopt_package_close);
  }

  std::string path;
  coopt_package_options options{};
};

TEST_F(ExpertMemory, SessionsShareIt) {
  PackagePointer mapped = openPackage(path);
  std::vector<Tokens> prompts;
  std::vector<Logits> expected;
  for (uint32_t i = 0; i < 3; ++i) {
    prompts.push_back(someTokens(20 + i, 389, i));
    expected.push_back(append(openSession(mapped), mapped, prompts.back(), 3));
  }
  for (const char *memory : {"128K", "50%", "1T"}) {
    for (int onDemand : {0, 1}) {
      options.expert_memory = memory;
      options.expert_on_demand = onDemand;
      options.expert_policy = onDemand ? "lru" : nullptr;
      PackagePointer package = open();
      std::vector<Logits> got(prompts.size());
      std::vector<std::thread> threads;
      for (size_t i = 0; i < prompts.size(); ++i) {
        threads.emplace_back([&, i] { got[i] = append(openSession(package, 2), package, prompts[i], 3); });
      }
      for (std::thread &thread : threads) {
        thread.join();
      }
      for (size_t i = 0; i < prompts.size(); ++i) {
        EXPECT_EQ(difference(got[i], expected[i]), "") << memory << ", session " << i;
      }
      coopt_expert_statistics counts{};
      counts.struct_size = sizeof(counts);
      ASSERT_EQ(coopt_package_expert_statistics(package.get(), &counts), 0) << coopt_error_message();
      EXPECT_GT(counts.requests, 0u);
      EXPECT_LE(counts.hits, counts.requests);
      EXPECT_EQ(counts.guessed > 0, onDemand == 0);
      EXPECT_GT(counts.read_bytes, 0u);
      EXPECT_GT(counts.total_bytes, 0u);
    }
  }
}

TEST_F(ExpertMemory, Errors) {
  coopt_expert_statistics counts{};
  counts.struct_size = sizeof(counts);
  PackagePointer mapped = open();
  EXPECT_EQ(coopt_package_expert_statistics(mapped.get(), &counts), -1);
  EXPECT_STREQ(coopt_error_message(), "all experts of the package are mapped");
  EXPECT_EQ(coopt_package_expert_statistics(nullptr, &counts), -1);
  options.expert_memory = "plenty";
  EXPECT_EQ(coopt_package_open(path.c_str(), &options), nullptr);
  EXPECT_STREQ(
      coopt_error_message(),
      "expert memory: expected bytes (4096, 512M, 1.5G) or a share of all experts (50%), got 'plenty'");
  options.expert_memory = "1M";
  options.expert_policy = "fifo";
  EXPECT_EQ(coopt_package_open(path.c_str(), &options), nullptr);
  EXPECT_STREQ(coopt_error_message(), "expert policy: expected lru, score or advice, got 'fifo'");
  options.expert_policy = nullptr;
  options.expert_memory = "1";
  EXPECT_EQ(coopt_package_open(path.c_str(), &options), nullptr);
  EXPECT_NE(std::string(coopt_error_message()).find("memory of 1 bytes for experts: expected at least "),
            std::string::npos)
      << coopt_error_message();
}

} // namespace
