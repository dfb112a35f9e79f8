//===- Load.cpp - From the start of a process to a session --------------------===//
#include "Bench/Load.h"

#include "Bench/Limits.h"
#include "Session/Session.h"

#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace coopt;
using namespace coopt::bench;

extern char **environ;

Status bench::loadOnly(const std::string &path, const Options &options) {
  runtime::LoadOptions load;
  load.isa = options.isa;
  load.timingOnly = options.timingOnly;
  auto package = runtime::LoadedPackage::load(path, load);
  if (!package) {
    return forward(package.error());
  }
  auto session = runtime::Session::open(*package, options.threads);
  if (!session) {
    return forward(session.error(), path);
  }
  return ::write(STDOUT_FILENO, "\n", 1) == 1 ? Status() : fail("standard output can't be written");
}

Expected<double> bench::loadSeconds(const std::string &path, const Options &options) {
  int ends[2];
  if (::pipe(ends) != 0) {
    return fail(std::string("pipe: ") + std::strerror(errno));
  }
  std::vector<std::string> words = {"coopt-bench", "--load-only",
                                    "--threads=" + std::to_string(options.threads), path};
  if (!options.isa.empty()) {
    words.insert(words.begin() + 1, "--isa=" + options.isa);
  }
  if (options.timingOnly) {
    words.insert(words.begin() + 1, "--timing-only");
  }
  std::vector<char *> arguments;
  for (std::string &word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  int64_t start = nanoseconds();
  pid_t child = 0;
  int failed = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  char byte = 0;
  ssize_t got = 0;
  while (failed == 0 && (got = ::read(ends[0], &byte, 1)) < 0 && errno == EINTR) {
  }
  double seconds = static_cast<double>(nanoseconds() - start) * 1e-9;
  ::close(ends[0]);
  int status = 0;
  if (failed == 0) {
    ::waitpid(child, &status, 0);
  }
  if (failed != 0 || got != 1 || byte != '\n') {
    return fail(path + ": a new process can't load the package");
  }
  return seconds;
}
