#include "Loader/LoadedPackage.h"

#include "Files.h"
#include "Device/CodeObject.h"
#include "Device/CpuFeatures.h"
#include "Loader/Noise.h"
#include "Session/Session.h"
#include "TestPackages.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace coopt;
using namespace coopt::runtime;
using namespace coopt::test;
using package::ElementType;

TEST(CpuFeatures, AgreeWithTheKernel) {
  std::ifstream in("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; std::getline(in, line) && flags.empty();) {
    if (line.rfind("flags", 0) == 0) {
      std::istringstream words(line.substr(line.find(':') + 1));
      for (std::string word; words >> word;) {
        flags.insert(word);
      }
    }
  }
  ASSERT_FALSE(flags.empty());
  ASSERT_GT(knownCpuFeatures().size(), 30u);
  for (const std::string &name : knownCpuFeatures()) {
    // The kernel does not list this one: it is the kernel's own doing, wherever there is xsave.
    std::string listed = name == "osxsave" ? "xsave" : name;
    EXPECT_EQ(hasCpuFeature(name), flags.count(listed) == 1) << name;
  }
  EXPECT_FALSE(hasCpuFeature("avx9000").has_value());
}

namespace {

class Variants : public testing::Test {
protected:
  std::string write(std::vector<package::CodeObject> code) {
    package::PackageContents contents = functionPackage();
    contents.code = std::move(code);
    std::string path = folder.file("variants.coopt");
    auto status = writeTestPackage(path, contents);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return path;
  }
  static package::CodeObject object(const char *variant, std::vector<std::string> features, int number) {
    return {variant, std::move(features), kernelObject(number)};
  }
  /// Which object's code runs, or the error without the path.
  std::string loaded(const std::string &path, const std::string &isa = "") {
    LoadOptions options;
    options.isa = isa;
    auto package = LoadedPackage::load(path, options);
    if (!package) {
      return package.error().message.substr(path.size() + 2);
    }
    auto session = Session::open(*package, 1);
    auto results = (*session)->call("variant", {});
    EXPECT_TRUE(results.has_value());
    int32_t number;
    std::memcpy(&number, (*results)[0].memory.data(), 4);
    return (*package)->isa() + " " + std::to_string(number);
  }
  static std::string missingFeature() {
    for (const std::string &name : knownCpuFeatures()) {
      if (hasCpuFeature(name) == false) {
        return name;
      }
    }
    return "";
  }
  TemporaryFolder folder;
};

} // namespace

TEST_F(Variants, BestThatTheProcessorHas) {
  std::string path =
      write({object("generic", {}, 0), object("avx512", {"sse2"}, 9), object("avx2", {"sse2"}, 1)});
  EXPECT_EQ(loaded(path), "avx512 9");
  EXPECT_EQ(loaded(path, "avx2"), "avx2 1");
  EXPECT_EQ(loaded(path, "generic"), "generic 0");
  EXPECT_EQ(loaded(path, "amx"), "package has no code for 'amx', only for: generic, avx512, avx2");
}

TEST_F(Variants, TwoPackagesAtOnceKeepTheirOwnCode) {
  // Their anonymous files once shared a path, and the second package got the first one's code.
  std::string paths[2];
  for (int variant : {0, 1}) {
    package::PackageContents contents = functionPackage(variant);
    paths[variant] = folder.file("variant" + std::to_string(variant) + ".coopt");
    ASSERT_TRUE(writeTestPackage(paths[variant], contents).has_value());
  }
  auto first = LoadedPackage::load(paths[0], {});
  auto second = LoadedPackage::load(paths[1], {});
  ASSERT_TRUE(first && second);
  for (int variant : {0, 1}) {
    auto session = Session::open(variant ? *second : *first, 1);
    auto results = (*session)->call("variant", {});
    ASSERT_TRUE(results.has_value());
    int32_t number;
    std::memcpy(&number, (*results)[0].memory.data(), 4);
    EXPECT_EQ(number, variant);
  }
}

TEST_F(Variants, MissingFeaturesAreNamed) {
  EXPECT_EQ(loaded(write({object("avx512", {"sse2", "avx9000"}, 1)})),
            "package needs avx9000, which this runtime does not know");
  std::string missing = missingFeature();
  if (missing.empty()) {
    GTEST_SKIP() << "this processor has every feature";
  }
  std::string path = write({object("avx512", {missing}, 1), object("generic", {}, 0)});
  EXPECT_EQ(loaded(path), "generic 0");
  EXPECT_EQ(loaded(path, "avx512"), "package needs " + missing + ", which this processor lacks");
}

TEST_F(Variants, BrokenCodeIsAnError) {
  EXPECT_EQ(loaded(write({})), "package has no code for a cpu");
  EXPECT_EQ(loaded(write({{"generic", {}, {1, 2, 3}}})), "code 'generic': not an ELF object");
  // Cut anywhere, it is refused before the dynamic loader would touch pages that are not there.
  std::vector<uint8_t> whole = kernelObject(0);
  for (size_t size : {size_t(63), size_t(100), whole.size() / 4, whole.size() / 3, whole.size() / 2}) {
    auto object = CodeObject::load(whole.data(), size);
    EXPECT_FALSE(object.has_value()) << size;
  }
  auto object = CodeObject::load(whole.data(), whole.size());
  ASSERT_TRUE(object.has_value()) << object.error().message;
  EXPECT_TRUE(object->kernel("axpy").has_value());
  package::PackageContents contents = functionPackage();
  contents.program.kernels[2].symbol = "absent";
  std::string path = folder.file("absent.coopt");
  ASSERT_TRUE(writeTestPackage(path, contents).has_value());
  EXPECT_EQ(loaded(path), "code 'generic': kernel 'absent' is not in it");
}

TEST_F(Variants, BrokenTokenizerIsAnError) {
  package::PackageContents contents = toyModel();
  contents.tokenizer = {1, 2, 3};
  std::string path = folder.file("tokenizer.coopt");
  ASSERT_TRUE(writeTestPackage(path, contents).has_value());
  EXPECT_EQ(loaded(path).substr(0, 10), "tokenizer:");
}

TEST_F(Variants, VerifyReadsTheWeights) {
  std::string path = folder.file("toy.coopt");
  ASSERT_TRUE(writeTestPackage(path, toyModel()).has_value());
  auto package = LoadedPackage::load(path);
  ASSERT_TRUE(package.has_value());
  const auto *weights = static_cast<const uint8_t *>((*package)->parameter(1));
  std::vector<uint8_t> bytes = readBytes(path);
  auto place = std::search(bytes.begin(), bytes.end(), weights, weights + 64);
  ASSERT_NE(place, bytes.end());
  *place ^= 1;
  std::string broken = folder.file("broken.coopt");
  writeBytes(broken, bytes);
  EXPECT_TRUE(LoadedPackage::load(broken).has_value());
  LoadOptions options;
  options.verify = true;
  EXPECT_TRUE(LoadedPackage::load(path, options).has_value());
  auto refused = LoadedPackage::load(broken, options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, broken + ": parameter 'head': checksum differs");
}

TEST(SeededNoise, EveryType) {
  // More than one block of work, and no multiple of it.
  const int64_t count = 65536 * 2 + 331;
  for (unsigned i = 0; i < package::kElementTypes; ++i) {
    package::Parameter parameter;
    parameter.type = static_cast<ElementType>(i);
    parameter.shape = {count};
    parameter.bytes = *package::bufferBytes(parameter.type, parameter.shape);
    parameter.noise = package::Parameter::Noise{3, 128};
    auto memory = makeNoise(parameter);
    bool supported = parameter.type != ElementType::F8E4M3FN && parameter.type != ElementType::F8E5M2 &&
                     parameter.type != ElementType::I1;
    ASSERT_EQ(memory.has_value(), supported) << package::elementName(parameter.type);
    if (!supported) {
      continue;
    }
    for (int64_t e : {int64_t(0), int64_t(1), int64_t(65535), int64_t(65536), count - 1}) {
      double exact = 128.0 * package::noise(3, static_cast<uint64_t>(e));
      const uint8_t *at = memory->data() + static_cast<size_t>(e) * package::elementBytes(parameter.type);
      auto as = [&](auto value) {
        std::memcpy(&value, at, sizeof(value));
        return static_cast<double>(value);
      };
      switch (parameter.type) {
      case ElementType::F32:
        EXPECT_EQ(as(float()), exact);
        break;
      case ElementType::F64:
        EXPECT_EQ(as(double()), exact);
        break;
      case ElementType::F16:
        EXPECT_NEAR(as(_Float16()), exact, std::fabs(exact) * 0x1p-11);
        break;
      case ElementType::BF16: {
        uint16_t bits;
        std::memcpy(&bits, at, 2);
        uint32_t wide = static_cast<uint32_t>(bits) << 16;
        float value;
        std::memcpy(&value, &wide, 4);
        EXPECT_NEAR(value, exact, std::fabs(exact) * 0x1p-8);
        break;
      }
      case ElementType::I8:
        EXPECT_EQ(as(int8_t()), static_cast<int8_t>(static_cast<int>(std::nearbyint(exact))));
        break;
      case ElementType::U8:
        EXPECT_EQ(as(uint8_t()), static_cast<uint8_t>(static_cast<int>(std::nearbyint(exact))));
        break;
      case ElementType::I16:
        EXPECT_EQ(as(int16_t()), std::nearbyint(exact));
        break;
      case ElementType::I32:
        EXPECT_EQ(as(int32_t()), std::nearbyint(exact));
        break;
      case ElementType::I64:
        EXPECT_EQ(as(int64_t()), std::nearbyint(exact));
        break;
      default:
        break;
      }
    }
  }
}
