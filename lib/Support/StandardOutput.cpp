#include "coopt/Support/StandardOutput.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

using namespace coopt;

/// errno is that of writes since it was cleared.
static Status flushed() {
  std::cout.flush();
  bool flushed = std::fflush(stdout) == 0;
  if (flushed && !std::ferror(stdout) && std::cout) {
    return {};
  }
  // Only a write that failed just now left its reason.
  return fail(std::string("standard output can't be written") +
              (errno ? std::string(": ") + std::strerror(errno) : ""));
}

Status coopt::flushStandardOutput() {
  errno = 0;
  return flushed();
}

Status coopt::writeStandardOutput(std::string_view text) {
  errno = 0;
  std::cout << text;
  return flushed();
}
