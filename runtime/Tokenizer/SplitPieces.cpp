#include "SplitPieces.h"

using namespace coopt;
using namespace coopt::runtime;
using package::SplitBehavior;

void SplitPieces::add(std::string_view part, RegularExpression::Part kind) {
  if (kind == RegularExpression::Part::IllFormed) {
    finish();
    sink(part);
    return;
  }
  bool match = (kind == RegularExpression::Part::Match) != inverted;
  if (behavior == SplitBehavior::Isolated || behavior == SplitBehavior::Removed) {
    if (behavior == SplitBehavior::Isolated || !match) {
      sink(part);
    }
    return;
  }
  bool joins = behavior == SplitBehavior::Contiguous           ? match == pendingEndsInMatch
               : behavior == SplitBehavior::MergedWithPrevious ? match && !pendingEndsInMatch
                                                               : !match && pendingEndsInMatch;
  if (joins && !pending.empty()) {
    pending = {pending.data(), pending.size() + part.size()};
  } else {
    finish();
    pending = part;
  }
  pendingEndsInMatch = match;
}

void SplitPieces::finish() {
  if (!pending.empty()) {
    sink(pending);
  }
  pending = {};
}
