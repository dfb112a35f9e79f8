//===- SplitPieces.h - What becomes of the matches of a split ---------------------===//
#ifndef COOPT_RUNTIME_TOKENIZER_SPLITPIECES_H
#define COOPT_RUNTIME_TOKENIZER_SPLITPIECES_H

#include "RegularExpression.h"
#include "coopt/PackageFormat/Tokenizer.h"

namespace coopt::runtime {

/// Puts the parts that an expression cuts a text into together as a split's behavior says. Ill-formed bytes
/// stay pieces of their own and are never removed.
class SplitPieces {
public:
  using Sink = std::function<void(std::string_view)>;

  /// `count`: of the Split step.
  SplitPieces(uint32_t count, const Sink &sink)
      : behavior(static_cast<package::SplitBehavior>(count & 7)), inverted(count & 8), sink(sink) {}

  /// Parts come in order, each beginning where the one before ends.
  void add(std::string_view part, RegularExpression::Part kind);
  /// After the last part.
  void finish();

private:
  package::SplitBehavior behavior;
  bool inverted;
  const Sink &sink;
  std::string_view pending;
  bool pendingEndsInMatch = false;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_TOKENIZER_SPLITPIECES_H
