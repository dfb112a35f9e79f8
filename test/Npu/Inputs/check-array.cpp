//===- check-array.cpp - The RTL of the matrix array against its model ------===//
//
// Comparison.h says what is compared. Built by build-rtl.sh for one mode and size of the array (ArrayOfRtl.h).
//
//===----------------------------------------------------------------------===//
#include "Comparison.h"
#include "RtlDevice.h"

#include "ArrayOfRtl.h"
#include "Vrtl.h"

#include <cstdio>

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class RtlArray : public RtlDevice<Vrtl> {
public:
  using RtlDevice::RtlDevice;

  void evaluate() override {
    drive("commands", rtl.commands_valid, rtl.commands, 16);
    drive("weights", rtl.weights_valid, rtl.weights, COOPT_OPERAND_BITS);
    drive("activations", rtl.activations_valid, rtl.activations, COOPT_OPERAND_BITS);
#if COOPT_HAS_PARTIALS
    drive("partials", rtl.partials_valid, rtl.partials, 32);
#endif
    rtl.results_ready = port("results").ready;
    rtl.eval();
    port("commands").ready = rtl.commands_ready;
    port("weights").ready = rtl.weights_ready;
    port("activations").ready = rtl.activations_ready;
#if COOPT_HAS_PARTIALS
    port("partials").ready = rtl.partials_ready;
#endif
    port("results").valid = rtl.results_valid;
    getLanes(rtl.results, 32, port("results").word);
  }
};

} // namespace

int main(int argc, char **argv) {
  auto mode = cost::parseArrayMode(COOPT_MODE);
  if (!mode) {
    std::fprintf(stderr, "check-rtl: error: %s\n", mode.error().message.c_str());
    return 2;
  }
  cost::MatrixArray array{*mode, COOPT_ROWS, COOPT_COLUMNS, COOPT_HOPS_DOWN, COOPT_HOPS_ACROSS};
  COOPT_SETTINGS
  if (Status status = check(array); !status) {
    std::fprintf(stderr, "check-rtl: error: %s\n", status.error().message.c_str());
    return 2;
  }

  Subject subject;
  subject.mode = COOPT_MODE;
  subject.size = std::to_string(array.rows) + " x " + std::to_string(array.columns);
  if (*COOPT_SETTINGS_TEXT != 0) {
    subject.size += std::string(", ") + COOPT_SETTINGS_TEXT;
  }
  if (hasHops(array.mode)) {
    subject.hops = std::to_string(array.hopRegistersDown) + ", " + std::to_string(array.hopRegistersAcross);
  }
  subject.law = law(*mode);
  subject.makeCase = [&](Random &random) {
    Workload workload = randomWorkload(array, random);
    Case test;
    test.stimulus = workload.stimulus;
    test.products = workload.products.size();
    test.tiles = workload.tiles.size();
    test.cycles = cycles(array, workload.tiles);
    test.compare = [&array, workload = std::move(workload)](const std::vector<Word> &words) {
      return workload.compare(array, words);
    };
    return test;
  };
  subject.makeModel = [&] { return std::move(*makeArray(array)); };
  subject.makeRtl = [](std::vector<Port> ports, uint64_t seed) {
    return std::make_unique<RtlArray>(std::move(ports), seed);
  };
  return compareSubject(subject, argc, argv);
}
