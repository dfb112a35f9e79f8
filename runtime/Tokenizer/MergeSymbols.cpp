#include "MergeSymbols.h"

#include <algorithm>
#include <tuple>

using namespace coopt;
using namespace coopt::runtime;

namespace {

// The standard heap keeps its largest on top; here the best candidate is the least.
const auto later = [](const auto &a, const auto &b) {
  return std::tie(a.rank, a.left) > std::tie(b.rank, b.left);
};

} // namespace

void SymbolMerger::add(uint32_t id) {
  int32_t index = static_cast<int32_t>(symbols.size());
  if (index > 0) {
    symbols.back().next = index;
  }
  symbols.push_back({id, index - 1, -1, false});
}

void SymbolMerger::consider(int32_t left) {
  if (left < 0 || symbols[left].next < 0) {
    return;
  }
  auto merge = view.merge(symbols[left].id, symbols[symbols[left].next].id);
  if (merge.merged != package::noToken) {
    queue.push_back({merge.rank, left, merge.merged});
    std::push_heap(queue.begin(), queue.end(), later);
  }
}

void SymbolMerger::mergeInto(std::vector<int32_t> &ids) {
  for (int32_t i = 0; i < static_cast<int32_t>(symbols.size()); ++i) {
    consider(i);
  }
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), later);
    Candidate best = queue.back();
    queue.pop_back();
    Symbol &left = symbols[best.left];
    if (left.gone || left.next < 0) {
      continue;
    }
    Symbol &right = symbols[left.next];
    if (view.merge(left.id, right.id).merged != best.merged) {
      continue;
    }
    left.id = best.merged;
    left.next = right.next;
    right.gone = true;
    if (left.next >= 0) {
      symbols[left.next].previous = best.left;
    }
    consider(left.previous);
    consider(best.left);
  }
  for (const Symbol &symbol : symbols) {
    if (!symbol.gone) {
      ids.push_back(static_cast<int32_t>(symbol.id));
    }
  }
  symbols.clear();
}
