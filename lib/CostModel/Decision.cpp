#include "coopt/CostModel/Decision.h"

#include "coopt/Support/TextTable.h"

#include <cmath>
#include <map>

using namespace coopt;
using namespace coopt::cost;

const char *cost::name(Chooser chooser) {
  switch (chooser) {
  case Chooser::Model:
    return "model";
  case Chooser::Tuned:
    return "tuned";
  case Chooser::File:
    return "file";
  case Chooser::Hand:
    return "hand";
  case Chooser::Rule:
    return "rule";
  }
  return "unknown";
}

const Considered *Decision::runnerUp() const {
  return considered.size() > 1 && considered[1].estimate ? &considered[1] : nullptr;
}

std::string cost::summarize(const Decision &decision) {
  auto describe = [](const Considered &one) {
    const std::string measured = one.measured ? formatNumber(", measured %.4g us", 1e6 * *one.measured) : "";
    return one.schedule + measured + (one.estimate ? ", " + print(*one.estimate) : ", not priced");
  };
  std::string text = describe(decision.chosen());
  if (const Considered *second = decision.runnerUp()) {
    text += "; then " + describe(*second);
  }
  return text;
}

std::string cost::printTable(const DecisionTrace &trace) {
  using Cells = std::vector<std::string>;
  std::vector<Cells> rows = {
      {"kernel", "entry", "case", "schedule", "by", "bound by", "us", "of roofline", "runner-up"}};
  std::vector<size_t> count = {0};
  std::map<Cells, size_t> known;
  for (const Decision &decision : trace.decisions) {
    Cells cells = {withoutNumbers(decision.kernel),
                   decision.entry,
                   decision.guard.empty() ? "else" : decision.guard,
                   decision.chosen().schedule,
                   name(decision.by),
                   "-",
                   "-",
                   "-",
                   "-"};
    if (const auto &estimate = decision.chosen().estimate) {
      cells[5] = estimate->bound;
      const double seconds = decision.chosen().measured.value_or(estimate->seconds);
      cells[6] = formatNumber("%.4g", seconds * 1e6);
      if (std::isfinite(estimate->rooflineSeconds)) {
        cells[7] = formatNumber("%.0f%%", 100 * estimate->rooflineSeconds / seconds);
      }
      if (const Considered *second = decision.runnerUp()) {
        // Measured times are compared with each other, as are estimates.
        const bool bothMeasured = decision.chosen().measured && second->measured;
        const double ratio =
            bothMeasured ? *second->measured / seconds : second->estimate->seconds / estimate->seconds;
        cells[8] = second->schedule + formatNumber(" %+.1f%%", 100 * (ratio - 1));
      }
    }
    auto [place, isNew] = known.insert({cells, rows.size()});
    if (isNew) {
      rows.push_back(std::move(cells));
      count.push_back(0);
    }
    ++count[place->second];
  }
  for (size_t i = 1; i < rows.size(); ++i) {
    rows[i][0] += count[i] > 1 ? " x" + std::to_string(count[i]) : "";
  }
  return "schedules for machine '" + trace.machine + "' by " + trace.model + "\n" + alignColumns(rows, 6);
}
