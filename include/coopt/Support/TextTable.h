//===- TextTable.h - Tables for people ------------------------------------===//
#ifndef COOPT_SUPPORT_TEXTTABLE_H
#define COOPT_SUPPORT_TEXTTABLE_H

#include <cstddef>
#include <string>
#include <vector>

namespace coopt {

/// A line for each row, columns as wide as their widest cell and two spaces between; the first `left` of them and the last are
/// aligned left. All rows have as many cells as the first, of which there is one.
std::string alignColumns(const std::vector<std::vector<std::string>> &rows, size_t left);

/// A number as `format` says, a printf format of one double: formatNumber("%.4g us", 12.345) is "12.35 us".
std::string formatNumber(const char *format, double value);

/// An op id with a * for each number between dots or slashes: what it has in common with other layers' ids,
/// "layers.*/mlp/up_proj".
std::string withoutNumbers(const std::string &opId);

} // namespace coopt

#endif // COOPT_SUPPORT_TEXTTABLE_H
