//===- Format.h - Lines of numbers ------------------------------------------===//
#ifndef COOPT_NPU_SIM_FORMAT_H
#define COOPT_NPU_SIM_FORMAT_H

#include <cstdarg>
#include <cstdio>
#include <string>

namespace coopt::npu {

/// As printf; names are no part of it, as what is longer than a line is cut off.
__attribute__((format(printf, 1, 2))) inline std::string format(const char *pattern, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_FORMAT_H
