//===- check-rtl.cpp - The RTL of the matrix array against its model --------===//
//
//   check-rtl [--cases=N] [--seed=S] [--certificate]
//
// Built by build-rtl.sh for one mode and size of the array (ArrayOfRtl.h). Runs both on the same seeded products, without stalls and
// with; compares values (of both with a plain loop), the words of every port in every cycle, and without stalls the number of
// cycles with the law. Prints what was compared, or with --certificate the law and what it was compared with, as rows of the page.
//
//===----------------------------------------------------------------------===//
#include "RtlDevice.h"
#include "Workload.h"

#include "ArrayOfRtl.h"
#include "Vrtl.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class RtlArray : public Device {
public:
  /// `ports`: those of the model; `seed`: of the registers' first values.
  RtlArray(std::vector<Port> ports, uint64_t seed) : Device(std::move(ports)), rtl_(noisyContext(seed)) {
    rtl_.reset = 1;
    for (int i = 0; i < 2; ++i) {
      tick();
    }
    rtl_.reset = 0;
  }

  void evaluate() override {
    drive("commands", rtl_.commands_valid, rtl_.commands, 16);
    drive("weights", rtl_.weights_valid, rtl_.weights, 8);
    drive("activations", rtl_.activations_valid, rtl_.activations, 8);
#if !COOPT_OUTPUT_STATIONARY
    drive("partials", rtl_.partials_valid, rtl_.partials, 32);
#endif
    rtl_.results_ready = port("results").ready;
    rtl_.eval();
    port("commands").ready = rtl_.commands_ready;
    port("weights").ready = rtl_.weights_ready;
    port("activations").ready = rtl_.activations_ready;
#if !COOPT_OUTPUT_STATIONARY
    port("partials").ready = rtl_.partials_ready;
#endif
    Port &results = port("results");
    results.valid = rtl_.results_valid;
    getLanes(rtl_.results, 32, results.word);
  }
  void clock() override { tick(); }

private:
  Port &port(const char *name) {
    for (Port &port : ports) {
      if (port.name == name) {
        return port;
      }
    }
    std::abort();
  }
  template <typename Signal>
  void drive(const char *name, CData &valid, Signal &signal, int bits) {
    const Port &input = port(name);
    valid = input.valid;
    setLanes(signal, bits, input.word);
  }
  void tick() {
    rtl_.clock = 1;
    rtl_.eval();
    rtl_.clock = 0;
    rtl_.eval();
  }

  /// In which registers begin with noise.
  VerilatedContext *noisyContext(uint64_t seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
    return &context_;
  }

  VerilatedContext context_;
  Vrtl rtl_;
};

struct Totals {
  uint64_t cases = 0, products = 0, tiles = 0, cycles = 0, words = 0;
  uint64_t largestDifference = 0; ///< to the law, in cycles
  PortTrace hashes;               ///< of the cases' traces
};

std::string printEvent(const std::vector<Event> &events, size_t i, const std::vector<Port> &ports) {
  if (i >= events.size()) {
    return "nothing";
  }
  std::string out = "cycle " + std::to_string(events[i].cycle) + ", " + ports[events[i].port].name + ":";
  for (int32_t lane : events[i].word) {
    out += " " + std::to_string(lane);
  }
  return out;
}

/// One stimulus on both. Errors: what differs.
Expected<Transfer> compare(const cost::MatrixArray &array, const Workload &workload, uint64_t seed) {
  auto model = makeArray(array);
  if (!model) {
    return forward(model.error());
  }
  RtlArray rtl((*model)->ports, seed);
  auto expected = drive(**model, workload.stimulus, true);
  if (!expected) {
    return forward(expected.error(), "model");
  }
  auto got = drive(rtl, workload.stimulus, true, 2000);
  if (!got) {
    return forward(got.error(), "RTL");
  }
  for (const Transfer *transfer : {&*expected, &*got}) {
    if (std::string difference = workload.compare(array, transfer->output); !difference.empty()) {
      return fail((transfer == &*got ? "RTL: " : "model: ") + difference);
    }
  }
  const std::vector<Event> &a = expected->trace.events(), &b = got->trace.events();
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i >= a.size() || i >= b.size() || !(a[i] == b[i])) {
      return fail("traces differ: model " + printEvent(a, i, rtl.ports) + "; RTL " +
                  printEvent(b, i, rtl.ports));
    }
  }
  if (expected->trace.hash() != got->trace.hash() || expected->cycles != got->cycles) {
    return fail("hashes or cycles differ, though the traces do not");
  }
  return *got;
}

Status run(const cost::MatrixArray &array, uint64_t cases, uint64_t seed, Totals &totals) {
  for (uint64_t i = 0; i < cases; ++i) {
    Random random(seed + i);
    Workload workload = randomWorkload(array, random);
    auto model = makeArray(array);
    if (!model) {
      return forward(model.error());
    }
    for (bool stalls : {false, true}) {
      if (stalls) {
        addStalls((*model)->ports, random, workload.stimulus);
      }
      std::string place = "case " + std::to_string(seed + i) + (stalls ? " with stalls" : " without stalls");
      auto transfer = compare(array, workload, seed + i);
      if (!transfer) {
        return forward(transfer.error(), place);
      }
      totals.cycles += transfer->cycles;
      totals.words += transfer->trace.events().size();
      totals.hashes.record(
          0, 0,
          {static_cast<int32_t>(transfer->trace.hash()), static_cast<int32_t>(transfer->trace.hash() >> 32)});
      if (!stalls) {
        int64_t law = cycles(array, workload.tiles), rtl = static_cast<int64_t>(transfer->cycles);
        totals.largestDifference = std::max<uint64_t>(totals.largestDifference, std::abs(rtl - law));
        if (rtl != law) {
          return fail(place + ": the law says " + std::to_string(law) + " cycles, the RTL takes " +
                      std::to_string(rtl));
        }
      }
    }
    ++totals.cases;
    totals.products += workload.products.size();
    totals.tiles += workload.tiles.size();
  }
  return {};
}

/// --name=NUMBER
bool parse(const char *argument, const char *name, uint64_t &value) {
  size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=') {
    return false;
  }
  char *end = nullptr;
  value = std::strtoull(argument + length + 1, &end, 10);
  return end != argument + length + 1 && *end == 0;
}

} // namespace

int main(int argc, char **argv) {
  uint64_t cases = 200, seed = 1;
  bool certificate = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--certificate") == 0) {
      certificate = true;
    } else if (!parse(argv[i], "--cases", cases) && !parse(argv[i], "--seed", seed)) {
      std::fprintf(stderr, "check-rtl: error: unknown argument '%s'\n", argv[i]);
      return 2;
    }
  }
  auto mode = cost::parseArrayMode(COOPT_MODE);
  if (!mode) {
    std::fprintf(stderr, "check-rtl: error: %s\n", mode.error().message.c_str());
    return 2;
  }
  const cost::MatrixArray array{*mode, COOPT_ROWS, COOPT_COLUMNS, COOPT_HOPS_DOWN, COOPT_HOPS_ACROSS};
  Totals totals;
  if (Status status = run(array, cases, seed, totals); !status) {
    std::fprintf(stderr, "check-rtl: error: %s %dx%d: %s\n", name(*mode), COOPT_ROWS, COOPT_COLUMNS,
                 status.error().message.c_str());
    return 1;
  }
  if (certificate) {
    const cost::ArrayLaw law = cost::law(*mode);
    std::printf("| `%s` | %s | %s | %s | %s |\n", name(*mode), law.start, law.end, law.latency, law.interval);
    std::printf("| `%s` | %d x %d | %d, %d | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64
                " | `%016" PRIx64 "` |\n",
                name(*mode), COOPT_ROWS, COOPT_COLUMNS, COOPT_HOPS_DOWN, COOPT_HOPS_ACROSS, totals.products,
                totals.tiles, totals.cycles, totals.words, totals.largestDifference, totals.hashes.hash());
  } else {
    std::printf("%s %dx%d: %" PRIu64 " cases with and without stalls, %" PRIu64 " products of %" PRIu64
                " tiles, %" PRIu64 " cycles: equal\n",
                name(*mode), COOPT_ROWS, COOPT_COLUMNS, totals.cases, totals.products, totals.tiles,
                totals.cycles);
  }
  return 0;
}
