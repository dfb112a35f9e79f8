//===- ReplaceAll.h - The replace step of normalizers and decoders ----------------===//
#ifndef COOPT_RUNTIME_TOKENIZER_REPLACEALL_H
#define COOPT_RUNTIME_TOKENIZER_REPLACEALL_H

#include <string>
#include <string_view>

namespace coopt::runtime {

/// Every `from` (not empty) in `text` becomes `to`, left to right, not overlapping. Linear in text and
/// result; the tokenizer section bounds how much longer the result can be.
inline std::string replaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  size_t done = 0;
  for (size_t at; (at = text.find(from, done)) != std::string_view::npos; done = at + from.size()) {
    out.append(text.substr(done, at - done)).append(to);
  }
  return out.append(text.substr(done));
}

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_TOKENIZER_REPLACEALL_H
