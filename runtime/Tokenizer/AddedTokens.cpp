#include "AddedTokens.h"
#include "coopt/Support/Unicode.h"

using namespace coopt;
using namespace coopt::runtime;

AddedTokenFinder::AddedTokenFinder(const package::TokenizerView &view, bool normalized)
    : view(view), normalized(normalized) {
  for (uint32_t i = 0; i < view.addedCount(normalized); ++i) {
    begins[static_cast<uint8_t>(view.addedText(normalized, i)[0])] = true;
  }
}

AddedTokenFinder::Found AddedTokenFinder::longest(std::string_view text) const {
  Found found;
  // The tokens are sorted, so those that agree with the text in their first `depth` bytes are a range; each
  // further byte narrows it.
  uint32_t first = 0, last = view.addedCount(normalized);
  for (size_t depth = 0; first < last; ++depth) {
    if (view.addedText(normalized, first).size() == depth) {
      found = {first, depth};
      ++first;
    }
    if (depth == text.size()) {
      break;
    }
    // The first token of the range whose byte at `depth` is at least `byte`.
    auto bound = [&](unsigned byte) {
      uint32_t low = first, high = last;
      while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (static_cast<uint8_t>(view.addedText(normalized, middle)[depth]) < byte) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    };
    unsigned byte = static_cast<uint8_t>(text[depth]);
    uint32_t end = bound(byte + 1);
    first = bound(byte);
    last = end;
  }
  return found;
}

Status AddedTokenFinder::split(std::string_view text, const std::function<Status(std::string_view)> &piece,
                               const std::function<void(uint32_t id)> &token) const {
  size_t done = 0, spaceEnd = 0; // text[.. spaceEnd) was searched for white space from somewhere on
  for (size_t at = 0; at < text.size();) {
    if (!begins[static_cast<uint8_t>(text[at])]) {
      ++at;
      continue;
    }
    Found found = longest(text.substr(at));
    if (found.length == 0) {
      ++at;
      continue;
    }
    size_t begin = at;
    at += found.length;
    size_t end = at;
    if (begin > done && view.addedStripsLeft(normalized, found.index)) {
      begin -= whiteSpaceAtEnd(text.substr(done, begin - done));
    }
    if (view.addedStripsRight(normalized, found.index)) {
      // A token found in the white space that the one before stripped: its end is known.
      if (end >= spaceEnd) {
        spaceEnd = end + whiteSpaceAtBegin(text.substr(end));
      }
      end = spaceEnd;
    }
    if (begin > done) {
      if (auto status = piece(text.substr(done, begin - done)); !status) {
        return status;
      }
    }
    token(view.addedId(normalized, found.index));
    done = end;
  }
  return done < text.size() ? piece(text.substr(done)) : Status{};
}
