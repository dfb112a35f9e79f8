//===- check-requantizer.cpp - The RTL of the requantiser against its model -===//
//
// Comparison.h says what is compared. Built by build-rtl.sh for one number of lanes (ArrayOfRtl.h).
//
//===----------------------------------------------------------------------===//
#include "Comparison.h"
#include "Npu/Requantizer.h"
#include "Requantized.h"
#include "RtlDevice.h"

#include "ArrayOfRtl.h"
#include "Vrtl.h"

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class RtlRequantizer : public RtlDevice<Vrtl> {
public:
  using RtlDevice::RtlDevice;

  void evaluate() override {
    drive("commands", rtl.commands_valid, rtl.commands, 16);
    drive("multipliers", rtl.multipliers_valid, rtl.multipliers, 32);
    drive("shifts", rtl.shifts_valid, rtl.shifts, 8);
    drive("sums", rtl.sums_valid, rtl.sums, 32);
    rtl.codes_ready = port("codes").ready;
    rtl.eval();
    port("commands").ready = rtl.commands_ready;
    port("multipliers").ready = rtl.multipliers_ready;
    port("shifts").ready = rtl.shifts_ready;
    port("sums").ready = rtl.sums_ready;
    port("codes").valid = rtl.codes_valid;
    getLanes(rtl.codes, 8, port("codes").word);
  }
};

} // namespace

int main(int argc, char **argv) {
  Subject subject;
  subject.mode = COOPT_MODE;
  subject.size = "1 x " + std::to_string(COOPT_COLUMNS);
  subject.hops = "";
  subject.law = cost::requantizerLaw();
  subject.makeCase = [](Random &random) {
    Requantized tiles(COOPT_COLUMNS, random);
    Case test;
    test.stimulus = tiles.stimulus;
    test.products = test.tiles = tiles.tiles;
    test.cycles = tiles.cycles;
    test.compare = [tiles = std::move(tiles)](const std::vector<Word> &words) {
      return tiles.compare(words);
    };
    return test;
  };
  subject.makeModel = [] { return std::make_unique<Requantizer>(COOPT_COLUMNS); };
  subject.makeRtl = [](std::vector<Port> ports, uint64_t seed) {
    return std::make_unique<RtlRequantizer>(std::move(ports), seed);
  };
  return compareSubject(subject, argc, argv);
}
