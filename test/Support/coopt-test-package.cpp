//===- coopt-test-package.cpp - Writes a test package, for lit --------------===//
#include "TestPackages.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace coopt;

// coopt-test-package functions|toy|toy-without-tokenizer PATH [VARIANT]
int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "expected a kind and a path\n");
    return 1;
  }
  int variant = argc > 3 ? std::atoi(argv[3]) : 0;
  package::PackageContents contents = std::strcmp(argv[1], "functions") == 0
                                          ? test::functionPackage(variant)
                                          : test::toyModel(variant, std::strcmp(argv[1], "toy") == 0);
  auto status = test::writeTestPackage(argv[2], contents);
  if (!status) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
