//===- SharedObjectTest.cpp - Objects that are loaded and called -------------===//
#include "coopt/PackageFormat/KernelAbi.h"
#include "coopt/Target/X86.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <sstream>
#include <sys/mman.h>
#include <unistd.h>

namespace coopt {
namespace {

/// y[i] = x[i] * 3 + y[i] for the items' elements, `sizes[0]` an item; then the scratch's first word counts
/// the items.
constexpr const char *kAxpy = R"(
llvm.func @axpy(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
  %buffers = llvm.load %block : !llvm.ptr -> !llvm.ptr
  %sizes_slot = llvm.getelementptr %block[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %sizes = llvm.load %sizes_slot : !llvm.ptr -> !llvm.ptr
  %scratch_slot = llvm.getelementptr %block[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %scratch = llvm.load %scratch_slot : !llvm.ptr -> !llvm.ptr
  %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
  %y_slot = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %y = llvm.load %y_slot : !llvm.ptr -> !llvm.ptr
  %count = llvm.load %sizes : !llvm.ptr -> i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %three = llvm.mlir.constant(3.0 : f32) : f32
  %low = llvm.zext %first : i32 to i64
  %high = llvm.zext %last : i32 to i64
  %items = llvm.sub %high, %low : i64
  llvm.store %items, %scratch : i64, !llvm.ptr
  %begin = llvm.mul %low, %count : i64
  %end = llvm.mul %high, %count : i64
  llvm.br ^head(%begin : i64)
^head(%i: i64):
  %more = llvm.icmp "ult" %i, %end : i64
  llvm.cond_br %more, ^body, ^exit
^body:
  %px = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %py = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %vx = llvm.load %px : !llvm.ptr -> f32
  %vy = llvm.load %py : !llvm.ptr -> f32
  %product = llvm.fmul %vx, %three {fastmathFlags = #llvm.fastmath<contract>} : f32
  %sum = llvm.fadd %product, %vy {fastmathFlags = #llvm.fastmath<contract>} : f32
  llvm.store %sum, %py : f32, !llvm.ptr
  %next = llvm.add %i, %one : i64
  llvm.br ^head(%next : i64)
^exit:
  llvm.return
}
)";

/// The sum of x in the order of the text, although the IR would allow any.
constexpr const char *kSum = R"(
llvm.func @sum(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
  %buffers = llvm.load %block : !llvm.ptr -> !llvm.ptr
  %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
  %y_slot = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %y = llvm.load %y_slot : !llvm.ptr -> !llvm.ptr
  %zero = llvm.mlir.constant(0 : i64) : i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %none = llvm.mlir.constant(0.0 : f32) : f32
  %end = llvm.zext %last : i32 to i64
  llvm.br ^head(%zero, %none : i64, f32)
^head(%i: i64, %sum: f32):
  %more = llvm.icmp "ult" %i, %end : i64
  llvm.cond_br %more, ^body, ^exit
^body:
  %px = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %vx = llvm.load %px : !llvm.ptr -> f32
  %new = llvm.fadd %sum, %vx {fastmathFlags = #llvm.fastmath<fast>} : f32
  %next = llvm.add %i, %one : i64
  llvm.br ^head(%next, %new : i64, f32)
^exit:
  llvm.store %sum, %y : f32, !llvm.ptr
  llvm.return
}
)";

/// Sizes of copies: y[0..n) = x[0..n), then y[1..n] = y[0..n) (overlapping), then 7 after that, m bytes.
constexpr const char *kBytes = R"(
llvm.func @bytes(%block: !llvm.ptr, %services: !llvm.ptr, %n32: i32, %m32: i32) {
  %buffers = llvm.load %block : !llvm.ptr -> !llvm.ptr
  %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
  %y_slot = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %y = llvm.load %y_slot : !llvm.ptr -> !llvm.ptr
  %n = llvm.zext %n32 : i32 to i64
  %m = llvm.zext %m32 : i32 to i64
  %seven = llvm.mlir.constant(7 : i8) : i8
  %y1 = llvm.getelementptr %y[1] : (!llvm.ptr) -> !llvm.ptr, i8
  %yn = llvm.getelementptr %y1[%n] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  "llvm.intr.memcpy"(%y, %x, %n) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  "llvm.intr.memmove"(%y1, %y, %n) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  "llvm.intr.memset"(%yn, %seven, %m) <{isVolatile = false}> : (!llvm.ptr, i8, i64) -> ()
  llvm.return
}
)";

/// An object in memory, loaded as the runtime does it.
class LoadedObject {
public:
  explicit LoadedObject(const std::vector<uint8_t> &bytes) {
    int file = memfd_create("kernels", MFD_CLOEXEC);
    EXPECT_EQ(write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    handle = dlopen(("/proc/self/fd/" + std::to_string(file)).c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle, nullptr) << dlerror();
    close(file);
  }
  ~LoadedObject() {
    if (handle) {
      dlclose(handle);
    }
  }
  LoadedObject(const LoadedObject &) = delete;
  LoadedObject &operator=(const LoadedObject &) = delete;
  abi::Kernel kernel(const char *name) const {
    return handle ? reinterpret_cast<abi::Kernel>(dlsym(handle, name)) : nullptr;
  }

private:
  void *handle = nullptr;
};

bool hostHas(const std::vector<std::string> &features) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("flags", 0) == 0) {
      line += ' ';
      return llvm::all_of(features, [&](const std::string &feature) {
        return line.find(' ' + feature + ' ') != std::string::npos;
      });
    }
  }
  return false;
}

class SharedObject : public testing::TestWithParam<std::string> {
protected:
  std::vector<uint8_t> emit(const char *text) {
    const target::CpuVariant *variant = target::findCpuVariant(GetParam());
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!variant || !module) {
      return {};
    }
    auto object = target::emitSharedObject(*module, *variant);
    return succeeded(object) ? *object : std::vector<uint8_t>();
  }
  void SetUp() override { context.loadDialect<mlir::LLVM::LLVMDialect>(); }
  bool canRun() const { return hostHas(target::findCpuVariant(GetParam())->required); }

  mlir::MLIRContext context;
};

TEST_P(SharedObject, ComputesWithoutFusing) {
  std::vector<uint8_t> bytes = emit(kAxpy);
  ASSERT_FALSE(bytes.empty());
  if (!canRun()) {
    GTEST_SKIP() << "this CPU lacks features of " << GetParam();
  }
  LoadedObject object(bytes);
  abi::Kernel kernel = object.kernel("axpy");
  ASSERT_NE(kernel, nullptr);

  constexpr int64_t kCount = 37, kItems = 5;
  std::vector<float> x(kCount * kItems), y(x.size()), expected(x.size());
  unsigned fusedDiffers = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = 1.0f + static_cast<float>(i) * 0x1p-23f;
    y[i] = expected[i] = -3.0f + static_cast<float>(i % 7) * 0x1p-22f;
    size_t item = i / kCount;
    if (item >= 1 && item < 4) {
      volatile float product = x[i] * 3.0f; // rounded by itself
      expected[i] = product + y[i];
      fusedDiffers += expected[i] != std::fma(x[i], 3.0f, y[i]);
    }
  }
  EXPECT_GT(fusedDiffers, 10u) << "the values cannot tell fused from unfused";
  void *buffers[] = {x.data(), y.data()};
  alignas(64) int64_t scratch[8] = {};
  abi::Block block{buffers, &kCount, scratch, nullptr};
  abi::Services services{abi::kVersion};
  kernel(&block, &services, 1, 4);
  EXPECT_EQ(y, expected);
  EXPECT_EQ(scratch[0], 3);
}

TEST_P(SharedObject, KeepsTheOrderOfSums) {
  std::vector<uint8_t> bytes = emit(kSum);
  ASSERT_FALSE(bytes.empty());
  if (!canRun()) {
    GTEST_SKIP() << "this CPU lacks features of " << GetParam();
  }
  LoadedObject object(bytes);
  abi::Kernel kernel = object.kernel("sum");
  ASSERT_NE(kernel, nullptr);
  std::vector<float> x(131);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = i == 0 ? 0x1p24f : 1.0f; // each 1 is lost, one after the other
  }
  float y = 0;
  void *buffers[] = {x.data(), &y};
  abi::Block block{buffers, nullptr, nullptr, nullptr};
  kernel(&block, nullptr, 0, static_cast<uint32_t>(x.size()));
  EXPECT_EQ(y, 0x1p24f);
}

TEST_P(SharedObject, CopiesBytesItself) {
  std::vector<uint8_t> bytes = emit(kBytes);
  ASSERT_FALSE(bytes.empty());
  if (!canRun()) {
    GTEST_SKIP() << "this CPU lacks features of " << GetParam();
  }
  LoadedObject object(bytes);
  abi::Kernel kernel = object.kernel("bytes");
  ASSERT_NE(kernel, nullptr);
  for (uint32_t n : {0u, 1u, 63u, 64u, 65u, 1021u}) {
    uint32_t m = n % 17;
    std::vector<uint8_t> x(n), y(n + m + 2, 1), expected(n + m + 2, 1);
    for (uint32_t i = 0; i < n; ++i) {
      x[i] = static_cast<uint8_t>(i * 31 + 11);
      expected[i + 1] = x[i];
    }
    if (n > 0) {
      expected[0] = x[0];
    }
    for (uint32_t i = 0; i < m; ++i) {
      expected[n + 1 + i] = 7;
    }
    void *buffers[] = {x.data(), y.data()};
    abi::Block block{buffers, nullptr, nullptr, nullptr};
    kernel(&block, nullptr, n, m);
    EXPECT_EQ(y, expected) << n;
  }
}

TEST_P(SharedObject, IsReproducible) {
  std::vector<uint8_t> first = emit(kAxpy);
  ASSERT_FALSE(first.empty());
  EXPECT_EQ(first, emit(kAxpy));
}

TEST_P(SharedObject, NamesWhatIsMissing) {
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    message += diagnostic.str();
    return mlir::success();
  });
  EXPECT_TRUE(emit(R"(
    llvm.func @power(f64) -> f64
    llvm.func @k(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
      %v = llvm.load %block : !llvm.ptr -> f64
      %r = llvm.call @power(%v) : (f64) -> f64
      llvm.store %r, %block : f64, !llvm.ptr
      llvm.return
    })")
                  .empty());
  EXPECT_EQ(message, "object '" + GetParam() + "': kernel 'k' calls 'power', which no object provides");
}

INSTANTIATE_TEST_SUITE_P(Variants, SharedObject, testing::Values("generic", "avx2", "avx512"),
                         [](const auto &info) { return info.param; });

TEST(CpuVariants, DemandMoreAndMore) {
  std::vector<std::string> before;
  for (const target::CpuVariant &variant : target::cpuVariants()) {
    EXPECT_GT(variant.required.size(), before.size());
    for (const std::string &feature : before) {
      EXPECT_TRUE(llvm::is_contained(variant.required, feature)) << variant.name << " " << feature;
    }
    before = variant.required;
  }
  EXPECT_EQ(target::findCpuVariant("sse9"), nullptr);
}

} // namespace
} // namespace coopt
