#include "Programs.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace coopt::test {

namespace {

const fs::path binFolder = fs::path(COOPT_TEST_BINARY_DIR) / "bin";

fs::path workFolder() {
  fs::path folder = fs::path(COOPT_TEST_BINARY_DIR) / "test" / "Integration" / "Programs" / "Output";
  fs::create_directories(folder);
  return folder;
}

/// Holds a file that only one process at a time may hold.
class Lock {
public:
  explicit Lock(const fs::path &path) : file(open(path.c_str(), O_CREAT | O_RDWR, 0644)) {
    flock(file, LOCK_EX);
  }
  ~Lock() { close(file); }
  Lock(const Lock &) = delete;
  Lock &operator=(const Lock &) = delete;

private:
  int file;
};

std::string nameOf(const std::string &key) {
  char text[32];
  std::snprintf(text, sizeof(text), "%016zx", std::hash<std::string>{}(key));
  return text;
}

/// Whether `made` is there and no source is newer.
bool isCurrent(const fs::path &made, std::initializer_list<fs::path> sources) {
  std::error_code error;
  auto time = fs::last_write_time(made, error);
  if (error) {
    return false;
  }
  for (const fs::path &source : sources) {
    if (fs::last_write_time(source) > time) {
      return false;
    }
  }
  return true;
}

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words) {
    text += word + "\n";
  }
  return text;
}

} // namespace

Outcome run(const std::string &program, const std::vector<std::string> &arguments) {
  Outcome outcome;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return outcome;
  }
  std::string path = (binFolder / program).string();
  std::vector<char *> words = {path.data()};
  std::vector<std::string> copies = arguments;
  for (std::string &word : copies) {
    words.push_back(word.data());
  }
  words.push_back(nullptr);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execv(path.c_str(), words.data());
    _exit(127);
  }
  close(ends[1]);
  char buffer[4096];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    outcome.output.append(buffer, static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  if (child > 0 && waitpid(child, &status, 0) == child) {
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return outcome;
}

std::string generated(const std::vector<std::string> &options) {
  fs::path folder = workFolder() / ("model-" + nameOf(join(options)));
  Lock lock(folder.string() + ".lock");
  if (isCurrent(folder / "config.json", {binFolder / "coopt-gen"})) {
    return folder;
  }
  fs::remove_all(folder);
  std::vector<std::string> arguments = options;
  arguments.insert(arguments.end(), {"-o", folder.string()});
  Outcome outcome = run("coopt-gen", arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  return outcome.status == 0 ? folder.string() : "";
}

std::string compiled(const std::string &model, const std::vector<std::string> &options,
                     const std::string &schedule) {
  if (model.empty()) {
    return "";
  }
  fs::path package = workFolder() / ("package-" + nameOf(model + "\n" + join(options) + schedule) + ".coopt");
  Lock lock(package.string() + ".lock");
  fs::path source = fs::is_directory(model) ? fs::path(model) / "config.json" : fs::path(model);
  if (isCurrent(package, {binFolder / "coopt-compile", source})) {
    return package;
  }
  fs::remove(package);
  std::vector<std::string> arguments = {model};
  arguments.insert(arguments.end(), options.begin(), options.end());
  if (!schedule.empty()) {
    fs::path file = package.string() + ".json";
    std::ofstream(file) << schedule;
    arguments.push_back("--schedule=" + file.string());
  }
  arguments.insert(arguments.end(), {"-o", package.string()});
  Outcome outcome = run("coopt-compile", arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  return outcome.status == 0 ? package.string() : "";
}

std::string scratchPath(const std::string &name) {
  return (workFolder() / (std::to_string(getpid()) + "." + name)).string();
}

} // namespace coopt::test
