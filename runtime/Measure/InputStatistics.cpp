#include "Measure/InputStatistics.h"

#include <new>
#include <stdexcept>

using namespace coopt;
using namespace coopt::runtime;

Expected<std::unique_ptr<InputStatistics>> InputStatistics::create(const package::Manifest &manifest,
                                                                   bool withGram, unsigned threads) {
  if (manifest.contractions.empty()) {
    return fail("the package names no contraction with float inputs: expected one that this version "
                "compiled, without a8");
  }
  std::unique_ptr<InputStatistics> statistics(new InputStatistics(threads));
  for (const package::Parameter &parameter : manifest.parameters) {
    statistics->expertsOf.push_back(parameter.experts);
  }
  std::unordered_map<std::string, size_t> bySource;
  for (const package::Contraction &contraction : manifest.contractions) {
    auto [source, isNew] = bySource.emplace(contraction.source, statistics->list.size());
    if (!contraction.source.empty() && !isNew) {
      Entry &entry = statistics->list[source->second];
      if (entry.moments.channels() == contraction.columns) {
        entry.sameInput.push_back(contraction.opId);
        continue;
      }
    }
    try {
      statistics->byDispatch.emplace(contraction.dispatchId, statistics->list.size());
      statistics->list.push_back({contraction.opId,
                                  {},
                                  contraction.operand,
                                  calibration::InputMoments(contraction.columns, withGram),
                                  {}});
    } catch (const std::bad_alloc &) {
      return fail("out of memory for the statistics of '" + contraction.opId + "' (" +
                  std::to_string(contraction.columns) + " channels)");
    } catch (const std::length_error &) {
      return fail("out of memory for the statistics of '" + contraction.opId + "' (" +
                  std::to_string(contraction.columns) + " channels)");
    }
  }
  return statistics;
}

Status InputStatistics::before(const DispatchView &dispatch) {
  auto found = byDispatch.find(dispatch.command.opId);
  if (found == byDispatch.end()) {
    return {};
  }
  Entry &entry = list[found->second];
  uint64_t rowBytes = 4 * static_cast<uint64_t>(entry.moments.channels());
  if (entry.operand >= dispatch.operands() ||
      dispatch.buffer(entry.operand).type != package::ElementType::F32 ||
      dispatch.bytes(entry.operand) % rowBytes != 0) {
    return fail(entry.opId + ": operand " + std::to_string(entry.operand) + " is no matrix of f32 with " +
                std::to_string(entry.moments.channels()) + " columns, as the manifest says");
  }
  const auto rows = static_cast<int64_t>(dispatch.bytes(entry.operand) / rowBytes);
  if (dispatch.command.segments == package::Command::kNoSegments) {
    add(dispatch, entry, 0, rows);
  } else {
    addSegments(dispatch, entry, rows);
  }
  return {};
}

void InputStatistics::add(const DispatchView &dispatch, Entry &entry, int64_t first, int64_t rows) const {
  entry.moments.add(static_cast<const float *>(dispatch.buffers[entry.operand]) +
                        first * entry.moments.channels(),
                    rows, threads);
}

/// Rows in no segment are nobody's inputs.
void InputStatistics::addSegments(const DispatchView &dispatch, Entry &entry, int64_t rows) const {
  for (size_t i = 0; i < dispatch.operands() && entry.expertRows.empty(); ++i) {
    if (dispatch.buffer(i).kind == package::BufferKind::Parameter) {
      entry.expertRows.resize(expertsOf[dispatch.buffer(i).index]);
    }
  }
  int64_t first = 0, end = 0; // rows that are to be added: segments side by side as one
  dispatch.forEachSegment([&](int64_t expert, int64_t from, int64_t count) {
    if (expert < static_cast<int64_t>(entry.expertRows.size())) {
      entry.expertRows[static_cast<size_t>(expert)] += count;
    }
    from = std::min(from, rows);
    count = std::min(count, rows - from);
    if (from != end) {
      if (end > first) {
        add(dispatch, entry, first, end - first);
      }
      first = from;
    }
    end = from + count;
  });
  if (end > first) {
    add(dispatch, entry, first, end - first);
  }
}
