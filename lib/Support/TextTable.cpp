#include "coopt/Support/TextTable.h"

#include <algorithm>
#include <cstdio>

using namespace coopt;

std::string coopt::alignColumns(const std::vector<std::vector<std::string>> &rows, size_t left) {
  std::vector<size_t> widths(rows[0].size());
  for (const auto &row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  for (const auto &row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      const bool isLeft = i < left || i + 1 == row.size();
      line += (i ? "  " : "") + (isLeft ? row[i] + space : space + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string coopt::formatNumber(const char *format, double value) {
  const int length = std::snprintf(nullptr, 0, format, value);
  std::string text(static_cast<size_t>(std::max(length, 0)) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, value);
  text.pop_back();
  return text;
}

std::string coopt::withoutNumbers(const std::string &opId) {
  std::string result;
  for (size_t begin = 0; begin <= opId.size();) {
    const size_t end = std::min(opId.find_first_of("./", begin), opId.size());
    const std::string part = opId.substr(begin, end - begin);
    const bool isNumber = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    result += (isNumber ? "*" : part) + opId.substr(end, 1);
    begin = end + 1;
  }
  return result;
}
