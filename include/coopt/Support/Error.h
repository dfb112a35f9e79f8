//===- Error.h - Errors by value ------------------------------------------===//
//
// Every function that can fail on its input returns Expected<T> (or Status): a value or an Error. Errors are
// sentences in lower case that say what was expected, what was got, and where: "model.safetensors: tensor
// 'a.weight': offset 4096 lies outside the file (1024 bytes)".
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SUPPORT_ERROR_H
#define COOPT_SUPPORT_ERROR_H

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace coopt {

/// What went wrong, ready to be shown to a person: place first, then the fact.
struct Error {
  std::string message;

  /// The same error, seen from an outer place: "place: message".
  Error in(const std::string &place) && { return Error{place + ": " + message}; }
};

template <typename T>
using Expected = tl::expected<T, Error>;

/// Success, or an Error.
using Status = Expected<void>;

/// `return fail("..")` in a function that returns Expected<T> or Status.
inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

/// Passes an error on, optionally with an outer place in front.
inline tl::unexpected<Error> forward(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> forward(Error error, const std::string &place) {
  return tl::unexpected<Error>(std::move(error).in(place));
}

} // namespace coopt

#endif // COOPT_SUPPORT_ERROR_H
