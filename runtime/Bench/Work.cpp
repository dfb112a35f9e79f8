#include "Bench/Work.h"

#include "coopt/Layout/Layout.h"

#include <algorithm>
#include <optional>

using namespace coopt;
using namespace coopt::bench;
using package::BufferKind;
using package::ElementType;
using runtime::DispatchView;

static bool readsState(const package::Entry &entry, const package::Command &command) {
  auto isState = [&](uint32_t buffer) { return entry.buffers[buffer].kind == BufferKind::State; };
  auto begin = command.buffers.begin(), written = begin + command.firstWritten;
  return std::any_of(begin, written, isState) && std::none_of(written, command.buffers.end(), isState);
}

WorkObserver::WorkObserver(const runtime::LoadedPackage &loaded) : package(loaded) {
  for (const package::Parameter &parameter : package.manifest().parameters) {
    auto layout = parameter.layout.empty() ? fail("") : layout::parse(parameter.layout);
    logicalShapes.push_back(layout ? layout->sizes() : parameter.shape);
  }
  for (const package::Entry &entry : package.program().entries) {
    std::set<std::string> ids;
    for (const package::Command &command : entry.commands) {
      if (command.kind == package::CommandKind::Dispatch && readsState(entry, command)) {
        ids.insert(command.opId);
      }
    }
    attendingLayers[&entry] = std::max<size_t>(1, ids.size());
  }
}

std::string bench::toString(const Product &product) {
  return std::to_string(product.rows) + "x" + std::to_string(product.K) + "x" + std::to_string(product.N);
}

/// Elements of the trailing dimensions, as many of them as multiply to `wanted`; the rows before them, or 0 if none do.
static double rowsOf(const std::vector<int64_t> &shape, int64_t wanted) {
  int64_t inner = 1;
  size_t dimension = shape.size();
  while (dimension > 0 && inner < wanted) {
    inner *= std::max<int64_t>(1, shape[--dimension]);
  }
  if (inner != wanted || shape.empty()) {
    return 0;
  }
  double rows = 1;
  for (size_t i = 0; i < dimension; ++i) {
    rows *= static_cast<double>(shape[i]);
  }
  return rows;
}

static Operand operandOf(ElementType type) {
  return type == ElementType::I8 || type == ElementType::U8 ? Operand::Int8
         : type == ElementType::BF16                        ? Operand::BFloat16
                                                            : Operand::Float32;
}

/// The segments that a dispatch reads: their number, and of those with rows; nothing if it reads none.
static std::optional<int64_t> usedSegments(const DispatchView &dispatch) {
  for (size_t i = 0; i < dispatch.command.firstWritten; ++i) {
    const std::vector<int64_t> &shape = dispatch.operandShapes[i];
    if (dispatch.buffer(i).type != ElementType::I32 || shape.size() != 2 || shape[1] != 3) {
      continue;
    }
    const auto *numbers = static_cast<const int32_t *>(dispatch.buffers[i]);
    int64_t used = 0;
    for (int64_t segment = 0; segment < shape[0]; ++segment) {
      used += numbers[3 * segment + 2] > 0;
    }
    return used;
  }
  return std::nullopt;
}

WorkObserver::ExpertShare WorkObserver::expertShareOf(const DispatchView &dispatch) const {
  std::optional<int64_t> used = usedSegments(dispatch);
  const std::vector<int64_t> &written = dispatch.operandShapes[dispatch.command.firstWritten];
  for (size_t i = 0; used && written.size() == 2 && i < dispatch.command.firstWritten; ++i) {
    if (dispatch.buffer(i).kind != BufferKind::Parameter) {
      continue;
    }
    const std::vector<int64_t> &shape = logicalShapes[dispatch.buffer(i).index];
    const int64_t stride = (written[1] + 15) / 16 * 16;
    if (shape.size() == 2 && stride > 0 && shape[0] >= stride && shape[0] % stride == 0) {
      return {shape[0], written[1], static_cast<double>(*used * stride) / static_cast<double>(shape[0])};
    }
  }
  return {};
}

void WorkObserver::addParameter(const DispatchView &dispatch, size_t operand, Work &work) {
  uint32_t index = dispatch.buffer(operand).index;
  double bytes = static_cast<double>(package.manifest().parameters[index].bytes);
  const std::vector<int64_t> &shape = logicalShapes[index];
  if (const ExpertShare experts = expertShareOf(dispatch);
      experts.parameterRows > 0 && !shape.empty() && shape[0] == experts.parameterRows) {
    for (size_t i = 0; shape.size() == 2 && i < dispatch.command.firstWritten; ++i) {
      const std::vector<int64_t> &rows = dispatch.operandShapes[i];
      if (dispatch.buffer(i).kind != BufferKind::Parameter && rows.size() == 2 && rows[1] == shape[1]) {
        work.operand = operandOf(dispatch.buffer(i).type);
        work.operations +=
            2.0 * static_cast<double>(rows[0] * shape[1]) * static_cast<double>(experts.columns);
        break;
      }
    }
    wholeParameters.insert(index);
    work.parameterBytes += bytes * experts.share;
    return;
  }
  bool isPacked = !package.manifest().parameters[index].layout.empty();
  double writtenRows = 0;
  for (size_t i = dispatch.command.firstWritten; i < dispatch.operands(); ++i) {
    const std::vector<int64_t> &written = dispatch.operandShapes[i];
    writtenRows = std::max(writtenRows, written.empty() ? 1.0 : static_cast<double>(written[0]));
  }
  if (shape.size() == 2) {
    for (size_t i = 0; i < dispatch.command.firstWritten; ++i) {
      bool isMatrix =
          dispatch.buffer(i).kind != BufferKind::Parameter && dispatch.operandShapes[i].size() > 1;
      double rows = isMatrix ? rowsOf(dispatch.operandShapes[i], shape[1]) : 0;
      // Contractions of one matrix may share a dispatch: any of its results may be this parameter's.
      bool isWritten = false;
      for (size_t w = dispatch.command.firstWritten; w < dispatch.operands(); ++w) {
        const std::vector<int64_t> &written = dispatch.operandShapes[w];
        isWritten |= written.size() > 1 && rowsOf(written, shape[0]) == rows;
      }
      if (rows > 0 && isWritten) {
        work.operand = operandOf(dispatch.buffer(i).type);
        work.contractions.push_back({static_cast<int64_t>(rows), shape[1], shape[0]});
        work.operations += 2 * rows * static_cast<double>(shape[0]) * static_cast<double>(shape[1]);
        isPacked = true;
        break;
      }
    }
    if (!isPacked) {
      work.parameterBytes += std::min(bytes, bytes / static_cast<double>(shape[0]) * writtenRows);
      return;
    }
  }
  wholeParameters.insert(index);
  work.parameterBytes += bytes;
}

void WorkObserver::addState(const DispatchView &dispatch, Work &work) const {
  double past = 0;
  const package::Entry &entry = dispatch.call.entry;
  for (size_t i = 0; i < entry.dimensions.size(); ++i) {
    if (entry.dimensions[i].name == "past") {
      past = static_cast<double>(dispatch.call.sizes[i]);
    }
  }
  const std::vector<int64_t> &written = dispatch.operandShapes[dispatch.command.firstWritten];
  if (written.empty()) {
    return;
  }
  double tokens = static_cast<double>(written[0]), width = 1;
  for (size_t i = 1; i < written.size(); ++i) {
    width *= static_cast<double>(written[i]);
  }
  // Of each row at most `limit` positions; rows that see fewer are the first ones.
  const double limit =
      dispatch.command.immediate > 0 ? static_cast<double>(dispatch.command.immediate) : past + tokens;
  const double growing = std::clamp(limit - past, 0.0, tokens);
  work.attention += 4 * width * (growing * (past + (growing + 1) / 2) + (tokens - growing) * limit);
  for (size_t i = 0; i < dispatch.command.firstWritten; ++i) {
    const package::Buffer &buffer = dispatch.buffer(i);
    if (buffer.kind == BufferKind::State) {
      const package::State &state = package.program().states[buffer.index];
      // The residual of a state with blocks counts as if it were coded.
      work.stateBytes += (std::min(past, limit - 1) + tokens) * static_cast<double>(state.outer) *
                         static_cast<double>(state.inner) * package::elementBytes(state.type) /
                         static_cast<double>(attendingLayers.at(&entry));
    }
  }
}

Work WorkObserver::workOf(const DispatchView &dispatch) {
  Work work;
  for (size_t i = 0; i < dispatch.command.firstWritten; ++i) {
    if (dispatch.buffer(i).kind == BufferKind::Parameter) {
      addParameter(dispatch, i, work);
    }
  }
  if (readsState(dispatch.call.entry, dispatch.command)) {
    addState(dispatch, work);
  }
  return work;
}

Status WorkObserver::after(const DispatchView &dispatch, int64_t start, int64_t end) {
  Row &row = byId[dispatch.command.opId];
  Work work = workOf(dispatch);
  row.opId = dispatch.command.opId;
  ++row.calls;
  row.seconds += static_cast<double>(end - start) * 1e-9;
  row.parameterBytes += work.parameterBytes;
  row.stateBytes += work.stateBytes;
  row.operations += work.operations;
  row.attention += work.attention;
  if (!work.contractions.empty()) {
    Quickest &quickest = row.products[work.contractions];
    const double seconds = static_cast<double>(end - start) * 1e-9;
    quickest.seconds = quickest.calls++ == 0 ? seconds : std::min(quickest.seconds, seconds);
  }
  if (work.operations > 0) {
    row.operand = work.operand;
    byOperand[work.operand] += work.operations;
  }
  return {};
}

void WorkObserver::clear() {
  byId.clear();
  byOperand.clear();
}

std::vector<WorkObserver::Row> WorkObserver::rows() const {
  std::vector<Row> sorted;
  for (const auto &[id, row] : byId) {
    sorted.push_back(row);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Row &a, const Row &b) {
    return a.seconds != b.seconds ? a.seconds > b.seconds : a.opId < b.opId;
  });
  return sorted;
}

double WorkObserver::bytes() const {
  double sum = 0;
  for (const auto &[id, row] : byId) {
    sum += row.parameterBytes + row.stateBytes;
  }
  return sum;
}
