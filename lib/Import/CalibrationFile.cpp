#include "coopt/Import/CalibrationFile.h"

#include "coopt/Import/SafetensorsWriter.h"

#include <cmath>
#include <cstring>

using namespace coopt;
using namespace coopt::import;
using calibration::InputMoments;

static constexpr char kFormat[] = "coopt-calibration-1";
static constexpr char kSameInput[] = "same_input:";

namespace {

Status writeEntry(SafetensorsWriter &writer, const CalibrationEntry &entry) {
  const InputMoments &moments = *entry.moments;
  int64_t rows = moments.rows(), K = moments.channels();
  Status status = writer.append(&rows, sizeof(rows));
  std::vector<float> means;
  for (double sum : moments.magnitudes()) {
    means.push_back(static_cast<float>(sum / static_cast<double>(rows)));
  }
  auto channels = static_cast<uint64_t>(K);
  if (status) {
    status = writer.append(means.data(), 4 * channels);
  }
  if (status) {
    status = writer.append(moments.largest().data(), 4 * channels);
  }
  if (status) {
    status = writer.append(moments.squares().data(), 8 * channels);
  }
  std::vector<float> row(channels);
  for (int64_t i = 0; moments.hasGram() && status && i < K; ++i) {
    for (int64_t j = 0; j < K; ++j) {
      row[static_cast<size_t>(j)] = static_cast<float>(moments.gram(i, j));
    }
    status = writer.append(row.data(), 4 * channels);
  }
  if (status && !entry.expertRows.empty()) {
    status = writer.append(entry.expertRows.data(), 8 * entry.expertRows.size());
  }
  return status;
}

/// Elements as they are stored, which need not be aligned.
template <class T>
std::vector<T> copyElements(const uint8_t *bytes, int64_t count) {
  std::vector<T> values(static_cast<size_t>(count));
  if (count > 0) {
    std::memcpy(values.data(), bytes, values.size() * sizeof(T));
  }
  return values;
}

template <class T>
bool areFinite(const std::vector<T> &values) {
  for (T value : values) {
    if (!std::isfinite(value)) {
      return false;
    }
  }
  return true;
}

} // namespace

Status import::writeCalibrationFile(const std::string &path, const std::vector<CalibrationEntry> &entries) {
  std::vector<TensorDeclaration> tensors;
  std::map<std::string, std::string> metadata = {{"format", kFormat}};
  for (const CalibrationEntry &entry : entries) {
    const InputMoments &moments = *entry.moments;
    if (moments.rows() == 0 || !moments.isFinite()) {
      return fail(path + ": the inputs of '" + entry.opId +
                  (moments.rows() == 0 ? "' were never seen" : "' are not all finite"));
    }
    int64_t K = moments.channels();
    tensors.push_back({entry.opId + ".rows", TensorType::I64, {}});
    tensors.push_back({entry.opId + ".mean_abs", TensorType::F32, {K}});
    tensors.push_back({entry.opId + ".max_abs", TensorType::F32, {K}});
    tensors.push_back({entry.opId + ".sum_squares", TensorType::F64, {K}});
    if (moments.hasGram()) {
      tensors.push_back({entry.opId + ".gram", TensorType::F32, {K, K}});
    }
    if (!entry.expertRows.empty()) {
      tensors.push_back(
          {entry.opId + ".expert_rows", TensorType::I64, {static_cast<int64_t>(entry.expertRows.size())}});
    }
    for (const std::string &other : entry.sameInput) {
      metadata[kSameInput + other] = entry.opId;
    }
  }
  if (tensors.empty()) {
    return fail(path + ": there are no statistics to write");
  }
  auto writer = SafetensorsWriter::create(path, tensors, metadata);
  if (!writer) {
    return forward(writer.error());
  }
  for (const CalibrationEntry &entry : entries) {
    if (Status written = writeEntry(*writer, entry); !written) {
      return written;
    }
  }
  return writer->finish();
}

Expected<CalibrationFile> CalibrationFile::open(const std::string &path) {
  auto tensors = SafetensorsModel::open(path);
  if (!tensors) {
    return forward(tensors.error());
  }
  CalibrationFile file;
  file.name = path;
  const MappedFile &map = tensors->files().front();
  auto metadata = parseSafetensorsMetadata(map.data(), map.size(), path);
  if (!metadata) {
    return forward(metadata.error());
  }
  if (auto format = metadata->find("format"); format == metadata->end() || format->second != kFormat) {
    return fail(path + ": expected statistics that coopt-run --collect-stats wrote (format '" + kFormat +
                "'), got " + (format == metadata->end() ? "none" : "'" + format->second + "'"));
  }
  size_t prefix = sizeof(kSameInput) - 1;
  for (const auto &[key, value] : *metadata) {
    if (key.compare(0, prefix, kSameInput) == 0) {
      file.sameInput[key.substr(prefix)] = value;
    }
  }
  file.tensors = std::make_shared<SafetensorsModel>(std::move(*tensors));
  return file;
}

std::optional<std::string> CalibrationFile::entryOf(const std::string &opId) const {
  auto shared = sameInput.find(opId);
  const std::string &entry = shared == sameInput.end() ? opId : shared->second;
  return tensors->find(entry + ".rows") ? std::optional(entry) : std::nullopt;
}

Expected<const TensorInfo *> CalibrationFile::find(const std::string &opId, const char *kind, TensorType type,
                                                   const std::vector<int64_t> &shape) const {
  auto shared = sameInput.find(opId);
  std::string tensor = (shared == sameInput.end() ? opId : shared->second) + kind;
  const TensorInfo *info = tensors->find(tensor);
  if (!info) {
    std::string hint = std::strcmp(kind, ".gram") == 0 ? " (coopt-run --collect-hessian writes it)" : "";
    return fail(name + ": no tensor '" + tensor + "'" + hint);
  }
  if (info->type != type || info->shape != shape) {
    std::string wanted = tensorTypeName(type), got = tensorTypeName(info->type);
    for (int64_t size : shape) {
      wanted += " " + std::to_string(size);
    }
    for (int64_t size : info->shape) {
      got += " " + std::to_string(size);
    }
    return fail(name + ": tensor '" + tensor + "': expected " + wanted + ", got " + got);
  }
  return info;
}

Status CalibrationFile::check(const std::string &opId, int64_t K, bool withGram) const {
  struct Needed {
    const char *kind;
    TensorType type;
    std::vector<int64_t> shape;
  };
  std::vector<Needed> needed = {{".rows", TensorType::I64, {}},
                                {".mean_abs", TensorType::F32, {K}},
                                {".sum_squares", TensorType::F64, {K}}};
  if (withGram) {
    needed.push_back({".gram", TensorType::F32, {K, K}});
  }
  for (const Needed &tensor : needed) {
    if (auto found = find(opId, tensor.kind, tensor.type, tensor.shape); !found) {
      return forward(found.error());
    }
  }
  return {};
}

Expected<double> CalibrationFile::rows(const std::string &opId) const {
  auto info = find(opId, ".rows", TensorType::I64, {});
  if (!info) {
    return forward(info.error());
  }
  int64_t rows = copyElements<int64_t>(tensors->data(**info), 1)[0];
  if (rows < 1) {
    return fail(name + ": tensor '" + (*info)->name + "': expected at least 1, got " + std::to_string(rows));
  }
  return static_cast<double>(rows);
}

Expected<std::vector<float>> CalibrationFile::meanMagnitudes(const std::string &opId, int64_t K) const {
  auto info = find(opId, ".mean_abs", TensorType::F32, {K});
  if (!info) {
    return forward(info.error());
  }
  auto values = copyElements<float>(tensors->data(**info), K);
  if (!areFinite(values)) {
    return fail(name + ": tensor '" + (*info)->name + "': not all numbers are finite");
  }
  return values;
}

Expected<std::vector<double>> CalibrationFile::meanSquares(const std::string &opId, int64_t K) const {
  auto count = rows(opId);
  auto info = find(opId, ".sum_squares", TensorType::F64, {K});
  if (!count || !info) {
    return forward(!count ? count.error() : info.error());
  }
  auto values = copyElements<double>(tensors->data(**info), K);
  for (double &value : values) {
    value /= *count;
    if (!(value >= 0) || !std::isfinite(value)) {
      return fail(name + ": tensor '" + (*info)->name + "': expected finite numbers from 0 on");
    }
  }
  return values;
}

Expected<std::vector<double>> CalibrationFile::expertRows(const std::string &opId, int64_t experts) const {
  auto info = find(opId, ".expert_rows", TensorType::I64, {experts});
  if (!info) {
    return forward(info.error());
  }
  std::vector<double> rows;
  for (int64_t count : copyElements<int64_t>(tensors->data(**info), experts)) {
    if (count < 0) {
      return fail(name + ": tensor '" + (*info)->name + "': expected numbers from 0 on, got " +
                  std::to_string(count));
    }
    rows.push_back(static_cast<double>(count));
  }
  return rows;
}

Expected<std::vector<float>> CalibrationFile::gram(const std::string &opId, int64_t K) const {
  auto info = find(opId, ".gram", TensorType::F32, {K, K});
  if (!info) {
    return forward(info.error());
  }
  auto values = copyElements<float>(tensors->data(**info), K * K);
  if (!areFinite(values)) {
    return fail(name + ": tensor '" + (*info)->name + "': not all numbers are finite");
  }
  return values;
}
