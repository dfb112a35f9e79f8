#include "coopt/Support/StatusLine.h"

#include <sys/ioctl.h>
#include <unistd.h>

using namespace coopt;

StatusLine::StatusLine(int descriptor) : descriptor(descriptor), isTerminal(::isatty(descriptor) == 1) {}

void StatusLine::write(const std::string &text) {
  // One write a change, over what stands there: the line is never seen empty between two texts.
  std::string bytes = "\r" + text;
  if (text.size() < shown.size()) {
    size_t rest = shown.size() - text.size();
    bytes += std::string(rest, ' ') + std::string(rest, '\b');
  }
  ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
  (void)written; // a line that isn't seen harms nothing
  shown = text;
}

void StatusLine::show(const std::string &text) {
  if (!isTerminal) {
    return;
  }
  last = std::chrono::steady_clock::now();
  winsize size{};
  size_t columns = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  // The last column stays free: some terminals go to the next line after it.
  std::string cut = text.substr(0, columns - 1);
  if (cut != shown) {
    write(cut);
  }
}

void StatusLine::update(const std::string &text) {
  if (std::chrono::steady_clock::now() - last >= std::chrono::milliseconds(100)) {
    show(text);
  }
}

void StatusLine::clear() {
  if (!shown.empty()) {
    write("");
    // Back to the first column in every case: what follows begins there.
    ssize_t written = ::write(descriptor, "\r", 1);
    (void)written;
  }
}
