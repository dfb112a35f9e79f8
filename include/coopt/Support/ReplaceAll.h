//===- ReplaceAll.h - Every occurrence of one text by another -----------------------===//
#ifndef COOPT_SUPPORT_REPLACEALL_H
#define COOPT_SUPPORT_REPLACEALL_H

#include <string>
#include <string_view>

namespace coopt {

/// Every `from` (not empty) in `text` becomes `to`, left to right, not overlapping. Linear in text and
/// result.
inline std::string replaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  size_t done = 0;
  for (size_t at; (at = text.find(from, done)) != std::string_view::npos; done = at + from.size()) {
    out.append(text.substr(done, at - done)).append(to);
  }
  return out.append(text.substr(done));
}

} // namespace coopt

#endif // COOPT_SUPPORT_REPLACEALL_H
