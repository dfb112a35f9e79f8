//===- coopt-test-image.cpp - Runs a kernel's image and compares --------------===//
#include "KernelCases.h"

#include <cstdio>
#include <cstdlib>

using namespace coopt;
using namespace coopt::npu::test;

namespace {

constexpr std::pair<const char *, KernelCase> kCases[] = {{"attention", attention},
                                                          {"broadcasts", broadcasts},
                                                          {"by_experts", byExperts},
                                                          {"byte_zeros", byteZeros},
                                                          {"centred_bytes", centredBytes},
                                                          {"centred_rows", centredRows},
                                                          {"chosen", chosen},
                                                          {"combined", combined},
                                                          {"comparisons", comparisons},
                                                          {"decoded", decoded},
                                                          {"decoded_groups", decodedGroups},
                                                          {"decoded_levels", decodedLevels},
                                                          {"decoded_zeros", decodedZeros},
                                                          {"deep_product", deepProduct},
                                                          {"dispatched", dispatched},
                                                          {"functions", functions},
                                                          {"groups", groups},
                                                          {"groups_of_zeros", groupsOfZeros},
                                                          {"heads", heads},
                                                          {"integers", integers},
                                                          {"kept_bytes", keptBytes},
                                                          {"kept_eights", keptEights},
                                                          {"kept_fives", keptFives},
                                                          {"kept_groups", keptGroups},
                                                          {"kept_long_groups", keptLongGroups},
                                                          {"kept_product", keptProduct},
                                                          {"kept_quarters", keptQuarters},
                                                          {"kept_rows", keptRows},
                                                          {"kept_two_bits", keptTwoBits},
                                                          {"levels", levels},
                                                          {"logits", logits},
                                                          {"long_groups", longGroups},
                                                          {"looked_bytes", lookedBytes},
                                                          {"looked_groups", lookedGroups},
                                                          {"looked_levels", lookedLevels},
                                                          {"looked_long", lookedLong},
                                                          {"looked_outputs", lookedOutputs},
                                                          {"looked_tiles", lookedTiles},
                                                          {"looked_zeros", lookedZeros},
                                                          {"narrow_product", narrowProduct},
                                                          {"packed_rows", packedRows},
                                                          {"panels", panels},
                                                          {"product", product},
                                                          {"reductions", reductions},
                                                          {"restricted", restricted},
                                                          {"rows", rows},
                                                          {"turned", turned},
                                                          {"two_bits", twoBits}};

} // namespace

// coopt-test-image CASE IMAGE MACHINE SIZE..: the same image for every size.
int main(int argc, char **argv) {
  KernelCase found = nullptr;
  for (const auto &[name, function] : kCases) {
    found = argc > 4 && std::string(name) == argv[1] ? function : found;
  }
  if (!found) {
    std::fprintf(stderr, "expected a case, an image, a machine and sizes\n");
    return 2;
  }
  auto run = ImageRun::create(argv[2], argv[3], 7);
  if (!run) {
    std::fprintf(stderr, "%s\n", run.error().message.c_str());
    return 1;
  }
  for (int i = 4; i < argc; ++i) {
    found(*run, std::atoll(argv[i]));
    if (Status status = run->run(); !status) {
      std::fprintf(stderr, "%s, size %s: %s\n", argv[1], argv[i], status.error().message.c_str());
      return 1;
    }
  }
  std::printf("%s: %d sizes: equal\n", argv[1], argc - 4);
  return 0;
}
