#include "Commands.h"

#include "Record/Replay.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <cstdio>

using namespace coopt;
using namespace coopt::run;

static std::string verdict(const runtime::ReplayRow &row) {
  const runtime::Comparison &comparison = row.comparison;
  if (row.compared == 0) {
    return "not compared";
  }
  if (comparison.unequal == 0) {
    return "equal";
  }
  char text[160];
  std::snprintf(text, sizeof(text), "%s: %zu of %zu elements, max difference %.3g, relative %.3g",
                comparison.outside ? "DIFFERS" : "within tolerance", comparison.unequal, comparison.elements,
                comparison.maxAbsolute, comparison.maxRelative);
  return text;
}

Expected<bool> run::replayRecord(const Options &options, const Package &package) {
  runtime::ReplayOptions replay;
  replay.folder = options.replay;
  replay.threads = options.threads;
  if (!options.replayTolerance.empty()) {
    replay.tolerance = runtime::Tolerance{options.replayTolerance[0], options.replayTolerance[1]};
  }
  auto report = runtime::replay(package, replay);
  if (!report) {
    return forward(report.error(), options.package);
  }
  size_t width = 5;
  for (const runtime::ReplayRow &row : report->rows) {
    width = std::max(width, row.opId.size());
  }
  std::printf("%-*s %9s %9s  %s\n", static_cast<int>(width), "op id", "recorded", "compared", "result");
  for (const runtime::ReplayRow &row : report->rows) {
    std::printf("%-*s %9llu %9llu  %s\n", static_cast<int>(width), row.opId.c_str(),
                static_cast<unsigned long long>(row.recorded), static_cast<unsigned long long>(row.compared),
                verdict(row).c_str());
  }
  uint64_t compared = report->compared(), recorded = report->recorded();
  const runtime::ReplayRow *missing = report->firstMissing();
  bool isIncomplete = missing && !options.replayPartial;
  std::printf("%llu of %llu dispatches compared: %s\n", static_cast<unsigned long long>(compared),
              static_cast<unsigned long long>(recorded),
              compared == 0     ? "nothing to compare"
              : !report->good() ? "different"
              : isIncomplete    ? "incomplete"
                                : "good");
  if (isIncomplete) {
    return fail(options.replay + ": expected all " + std::to_string(recorded) +
                " recorded dispatches to be compared, got " + std::to_string(compared) +
                ": the package has " + "no counterpart with the same operands for " +
                std::to_string(recorded - compared) + ", first of op id " + inQuotes(missing->opId) +
                " (--replay-partial lets it pass)");
  }
  return report->good();
}
