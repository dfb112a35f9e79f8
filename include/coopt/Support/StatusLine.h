//===- StatusLine.h - One line on a terminal that says what goes on ---------===//
#ifndef COOPT_SUPPORT_STATUSLINE_H
#define COOPT_SUPPORT_STATUSLINE_H

#include <chrono>
#include <string>

namespace coopt {

/// A line that is rewritten in place and gone in the end. Nothing is written where the descriptor is no
/// terminal. Whoever writes to the same terminal clears it first; the next text brings it back.
class StatusLine {
public:
  explicit StatusLine(int descriptor = 2);
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine &) = delete;
  StatusLine &operator=(const StatusLine &) = delete;

  /// Shows the text at once, cut to the terminal's width.
  void show(const std::string &text);
  /// The same for texts that come often: at most ten a second are shown.
  void update(const std::string &text);
  void clear();

private:
  void write(const std::string &text);

  int descriptor;
  bool isTerminal;
  std::string shown;
  std::chrono::steady_clock::time_point last;
};

} // namespace coopt

#endif // COOPT_SUPPORT_STATUSLINE_H
