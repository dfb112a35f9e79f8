//===- coopt-test-package.cpp - Writes a test package, for lit --------------===//
#include "NpuPackages.h"
#include "TestPackages.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace coopt;

static package::PackageContents make(const char *kind, int variant) {
  if (std::strcmp(kind, "functions") == 0) {
    return test::functionPackage(variant);
  }
  if (std::strcmp(kind, "interpreted") == 0) {
    return test::interpretedPackage();
  }
  if (std::strcmp(kind, "npu") == 0) {
    return test::npuPackage();
  }
  return test::toyModel(variant, std::strcmp(kind, "toy") == 0);
}

// coopt-test-package functions|interpreted|npu|toy|toy-without-tokenizer PATH [VARIANT]
int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "expected a kind and a path\n");
    return 1;
  }
  package::PackageContents contents = make(argv[1], argc > 3 ? std::atoi(argv[3]) : 0);
  auto status = test::writeTestPackage(argv[2], contents);
  if (!status) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
