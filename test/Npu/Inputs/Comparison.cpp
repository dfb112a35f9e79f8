#include "Comparison.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

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
Expected<Transfer> compareOnce(const Subject &subject, const Case &test, uint64_t seed) {
  std::unique_ptr<Device> model = subject.makeModel(), rtl = subject.makeRtl(model->ports, seed);
  auto expected = drive(*model, test.stimulus, true);
  if (!expected) {
    return forward(expected.error(), "model");
  }
  auto got = drive(*rtl, test.stimulus, true, 2000);
  if (!got) {
    return forward(got.error(), "RTL");
  }
  for (const Transfer *transfer : {&*expected, &*got}) {
    if (std::string difference = test.compare(transfer->output); !difference.empty()) {
      return fail((transfer == &*got ? "RTL: " : "model: ") + difference);
    }
  }
  const std::vector<Event> &a = expected->trace.events(), &b = got->trace.events();
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i >= a.size() || i >= b.size() || !(a[i] == b[i])) {
      return fail("traces differ: model " + printEvent(a, i, rtl->ports) + "; RTL " +
                  printEvent(b, i, rtl->ports));
    }
  }
  if (expected->trace.hash() != got->trace.hash() || expected->cycles != got->cycles) {
    return fail("hashes or cycles differ, though the traces do not");
  }
  return *got;
}

Status compareCases(const Subject &subject, uint64_t cases, uint64_t seed, Totals &totals) {
  const std::vector<Port> ports = subject.makeModel()->ports;
  for (uint64_t number = seed; number < seed + cases; ++number) {
    Random random(number);
    Case test = subject.makeCase(random);
    for (bool stalls : {false, true}) {
      if (stalls) {
        addStalls(ports, random, test.stimulus);
      }
      std::string place = "case " + std::to_string(number) + (stalls ? " with stalls" : " without stalls");
      auto transfer = compareOnce(subject, test, number);
      if (!transfer) {
        return forward(transfer.error(), place);
      }
      totals.cycles += transfer->cycles;
      totals.words += transfer->trace.events().size();
      totals.hashes.record(
          0, 0,
          {static_cast<int32_t>(transfer->trace.hash()), static_cast<int32_t>(transfer->trace.hash() >> 32)});
      if (!stalls) {
        int64_t difference = static_cast<int64_t>(transfer->cycles) - test.cycles;
        totals.largestDifference = std::max<uint64_t>(totals.largestDifference, std::abs(difference));
        if (difference != 0) {
          return fail(place + ": the law says " + std::to_string(test.cycles) +
                      " cycles, model and RTL take " + std::to_string(transfer->cycles));
        }
      }
    }
    ++totals.cases;
    totals.products += test.products;
    totals.tiles += test.tiles;
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

int test::compareSubject(const Subject &subject, int argc, char **argv) {
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
  const char *mode = subject.mode.c_str(), *size = subject.size.c_str();
  Totals totals;
  if (Status status = compareCases(subject, cases, seed, totals); !status) {
    std::fprintf(stderr, "check-rtl: error: %s %s: %s\n", mode, size, status.error().message.c_str());
    return 1;
  }
  if (certificate) {
    const cost::ArrayLaw &law = subject.law;
    std::printf("| `%s` | %s | %s | %s | %s |\n", mode, law.start, law.end, law.latency, law.interval);
    std::printf("| `%s` | %s | %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64
                " | `%016" PRIx64 "` |\n",
                mode, size, subject.hops.c_str(), totals.products, totals.tiles, totals.cycles, totals.words,
                totals.largestDifference, totals.hashes.hash());
  } else {
    std::printf("%s %s: %" PRIu64 " cases with and without stalls, %" PRIu64 " products of %" PRIu64
                " tiles, %" PRIu64 " cycles: equal\n",
                mode, size, totals.cases, totals.products, totals.tiles, totals.cycles);
  }
  return 0;
}
