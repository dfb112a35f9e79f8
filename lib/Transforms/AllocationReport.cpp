#include "AllocationReport.h"

#include "coopt/Support/TextTable.h"

using namespace coopt;

std::string coopt::printNumber(double value) { return formatNumber("%.6g", value); }

std::string coopt::printBytes(double bytes) {
  double shown = bytes;
  size_t unit = 0;
  for (; shown >= 1024 && unit < 4; ++unit) {
    shown /= 1024;
  }
  const std::string exact = formatNumber("%.0f bytes", bytes);
  return unit == 0 ? exact : formatNumber("%.4g", shown) + "KMGT"[unit - 1] + " (" + exact + ")";
}

std::string coopt::printTime(double seconds) {
  return seconds >= 1      ? formatNumber("%.4g s", seconds)
         : seconds >= 1e-3 ? formatNumber("%.4g ms", seconds * 1e3)
                           : formatNumber("%.4g us", seconds * 1e6);
}

void coopt::print(const AllocationReport &report, const std::function<void(const std::string &line)> &out) {
  const solver::BitAllocation &made = report.made;
  const auto bits = static_cast<double>(made.costs[0]);
  std::string head = report.automatic.text + ": " + std::to_string(report.lines.size()) + " weights, " +
                     formatNumber("%.4f", bits / report.weights) + " bits each, parameters " +
                     printBytes((bits + report.otherBits) / 8);
  if (report.automatic.seconds) {
    head += ", a token " + printTime(static_cast<double>(made.costs[1]) * 1e-12);
  }
  out(head);
  std::string loss = "loss " + printNumber(made.loss);
  if (!made.isProven) {
    loss += ", at least " + printNumber(made.bound) +
            " whatever the choice: " + formatNumber("%.3g", 100 * made.gap()) + " % may be avoidable";
  } else {
    loss += report.certificate == solver::Certificate::Confirmed
                ? ", proven least, confirmed by Z3"
                : ", proven least (Z3 did not find out in time)";
  }
  out(loss);
  for (const AllocationReport::Line &line : report.lines) {
    std::string text;
    for (const std::string &id : line.ids) {
      text += (text.empty() ? "" : ", ") + id;
    }
    text += ": " + line.format + ", loss " + printNumber(line.option.loss);
    if (report.automatic.seconds) {
      text += ", " + printTime(static_cast<double>(line.option.costs[1]) * 1e-12);
    }
    out(text);
  }
}
