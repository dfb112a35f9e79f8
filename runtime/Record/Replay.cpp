#include "Record/Replay.h"

#include "Npy/Npy.h"
#include "Record/Recorder.h"
#include "Session/Session.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

using namespace coopt;
using namespace coopt::runtime;
using Kind = RecordedOperand::Kind;

uint64_t ReplayReport::compared() const {
  uint64_t sum = 0;
  for (const ReplayRow &row : rows) {
    sum += row.compared;
  }
  return sum;
}

uint64_t ReplayReport::recorded() const {
  uint64_t sum = 0;
  for (const ReplayRow &row : rows) {
    sum += row.recorded;
  }
  return sum;
}

bool ReplayReport::good() const {
  return compared() > 0 && std::all_of(rows.begin(), rows.end(),
                                       [](const ReplayRow &row) { return row.comparison.outside == 0; });
}

const ReplayRow *ReplayReport::firstMissing() const {
  auto found = std::find_if(rows.begin(), rows.end(),
                            [](const ReplayRow &row) { return row.compared < row.recorded; });
  return found == rows.end() ? nullptr : &*found;
}

namespace {

class ReplayObserver : public Observer {
public:
  ReplayObserver(std::shared_ptr<const LoadedPackage> package, const RecordIndex &index,
                 const ReplayOptions &options)
      : package(std::move(package)), options(options) {
    for (const RecordedDispatch &dispatch : index.dispatches) {
      byPlace[{dispatch.run, dispatch.opId, dispatch.occurrence}] = &dispatch;
      auto [place, isNew] = rowOf.emplace(dispatch.opId, report.rows.size());
      if (isNew) {
        report.rows.emplace_back();
        report.rows.back().opId = dispatch.opId;
      }
      ++report.rows[place->second].recorded;
    }
  }

  Status callBegins(const CallView &) override {
    occurrences.clear();
    return {};
  }

  Status before(const DispatchView &dispatch) override {
    pairs.clear();
    current = nullptr;
    auto found = byPlace.find({run, dispatch.command.opId, occurrences[dispatch.command.opId]++});
    if (found == byPlace.end() || !match(dispatch, *found->second)) {
      return {};
    }
    current = found->second;
    for (auto [operand, recorded] : pairs) {
      if (!recorded->in.empty()) {
        if (auto status = put(dispatch, operand, *recorded); !status) {
          return status;
        }
      }
    }
    return {};
  }

  Status after(const DispatchView &dispatch, int64_t, int64_t) override {
    if (!current) {
      return {};
    }
    ReplayRow &row = report.rows[rowOf[dispatch.command.opId]];
    ++row.compared;
    for (auto [operand, recorded] : pairs) {
      if (recorded->written) {
        if (auto status = check(dispatch, operand, *recorded, row.comparison); !status) {
          return status;
        }
      }
    }
    return {};
  }

  uint64_t run = 0;
  ReplayReport report;

private:
  /// Pairs the operands that are not parameters; false if they differ in number, direction, type or shape.
  bool match(const DispatchView &dispatch, const RecordedDispatch &recorded) {
    std::vector<const RecordedOperand *> expected;
    for (const RecordedOperand &operand : recorded.operands) {
      if (operand.kind != Kind::Parameter) {
        expected.push_back(&operand);
      }
    }
    for (size_t i = 0; i < dispatch.operands(); ++i) {
      RecordedOperand operand = describeOperand(*package, dispatch, i);
      if (operand.kind == Kind::Parameter) {
        continue;
      }
      size_t place = pairs.size();
      if (place == expected.size() || expected[place]->kind != operand.kind ||
          expected[place]->written != operand.written || expected[place]->type != operand.type ||
          expected[place]->shape != operand.shape) {
        return false;
      }
      pairs.emplace_back(i, expected[place]);
    }
    return pairs.size() == expected.size();
  }

  Expected<NpyFile> open(const std::string &name, const RecordedOperand &recorded) const {
    auto file = NpyFile::open(options.folder + "/" + name);
    if (file && (!file->holds(recorded.type) || file->shape() != recorded.shape)) {
      return fail(file->path() + ": type or shape differs from that in the index");
    }
    return file;
  }

  const package::State &state(const DispatchView &dispatch, size_t operand) const {
    return package->program().states[dispatch.buffer(operand).index];
  }

  Status put(const DispatchView &dispatch, size_t operand, const RecordedOperand &recorded) const {
    auto file = open(recorded.in, recorded);
    if (!file) {
      return forward(file.error());
    }
    if (recorded.kind == Kind::State) {
      const package::State &described = state(dispatch, operand);
      unpackState(described, dispatch.buffers[operand],
                  positionsOf(described, static_cast<uint64_t>(recorded.shape[1])), file->data());
    } else {
      std::memcpy(dispatch.buffers[operand], file->data(), file->bytes());
    }
    return {};
  }

  Status check(const DispatchView &dispatch, size_t operand, const RecordedOperand &recorded,
               Comparison &sum) const {
    auto file = open(recorded.out, recorded);
    if (!file) {
      return forward(file.error());
    }
    const void *got = dispatch.buffers[operand];
    std::vector<uint8_t> packed;
    if (recorded.kind == Kind::State) {
      packed.resize(file->bytes());
      const package::State &described = state(dispatch, operand);
      packState(described, got, positionsOf(described, static_cast<uint64_t>(recorded.shape[1])),
                packed.data());
      got = packed.data();
    }
    const Tolerance *tolerance = options.tolerance ? &*options.tolerance : nullptr;
    const size_t elements = file->bytes() / package::elementBytes(recorded.type);
    const bool isBySegments = dispatch.command.segments != package::Command::kNoSegments;
    if (!isBySegments || recorded.kind == Kind::State || recorded.shape.empty() || recorded.shape[0] == 0) {
      sum.add(compare(recorded.type, file->data(), got, elements, tolerance));
      return {};
    }
    // Rows in no segment are not written: they hold whatever was there.
    const int64_t rows = recorded.shape[0];
    const size_t rowElements = elements / static_cast<size_t>(rows);
    const size_t rowBytes = rowElements * package::elementBytes(recorded.type);
    dispatch.forEachSegment([&](int64_t, int64_t first, int64_t count) {
      first = std::min(first, rows);
      count = std::min(count, rows - first);
      const size_t offset = static_cast<size_t>(first) * rowBytes;
      sum.add(compare(recorded.type, static_cast<const uint8_t *>(file->data()) + offset,
                      static_cast<const uint8_t *>(got) + offset, static_cast<size_t>(count) * rowElements,
                      tolerance));
    });
    return {};
  }

  std::shared_ptr<const LoadedPackage> package;
  const ReplayOptions &options;
  std::map<std::tuple<uint64_t, std::string, uint64_t>, const RecordedDispatch *> byPlace;
  std::map<std::string, size_t> rowOf;
  std::map<std::string, uint64_t> occurrences;
  std::vector<std::pair<size_t, const RecordedOperand *>> pairs;
  const RecordedDispatch *current = nullptr;
};

/// The recorded arguments of a call, typed as the entry of this package has them.
Expected<std::vector<TensorView>> openArguments(const LoadedPackage &package, const std::string &folder,
                                                const RecordedCall &call, std::vector<NpyFile> &files) {
  const auto &entries = package.program().entries;
  auto entry = std::find_if(entries.begin(), entries.end(),
                            [&](const package::Entry &e) { return e.name == call.entry; });
  if (entry == entries.end()) {
    return fail("no entry '" + call.entry + "', which the record calls");
  }
  std::vector<TensorView> views;
  for (size_t i = 0; i < call.argumentNames.size(); ++i) {
    auto value = std::find_if(entry->arguments.begin(), entry->arguments.end(),
                              [&](const package::Value &v) { return v.name == call.argumentNames[i]; });
    auto file = NpyFile::open(folder + "/" + call.argumentFiles[i]);
    if (!file) {
      return forward(file.error());
    }
    if (value == entry->arguments.end() || !file->holds(value->type)) {
      return fail("entry '" + call.entry + "': no argument '" + call.argumentNames[i] + "' of the type in " +
                  file->path());
    }
    views.push_back({value->name, value->type, file->shape(), file->data()});
    files.push_back(std::move(*file));
  }
  return views;
}

} // namespace

Expected<ReplayReport> runtime::replay(std::shared_ptr<const LoadedPackage> package,
                                       const ReplayOptions &options) {
  auto index = readRecordIndex(options.folder);
  if (!index) {
    return forward(index.error());
  }
  auto session = Session::open(package, options.threads);
  if (!session) {
    return forward(session.error());
  }
  ReplayObserver observer(package, *index, options);
  (*session)->observe({&observer});
  for (size_t run = 0; run < index->calls.size(); ++run) {
    const RecordedCall &call = index->calls[run];
    std::vector<NpyFile> files;
    auto arguments = openArguments(*package, options.folder, call, files);
    if (!arguments) {
      return forward(arguments.error());
    }
    observer.run = run;
    if (auto results = (*session)->call(call.entry, *arguments, call.sizes); !results) {
      return forward(results.error(), "run " + std::to_string(run));
    }
  }
  return std::move(observer.report);
}
