#include "Commands.h"
#include "coopt/Support/MappedFile.h"

#include <cstdio>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::run;
using Json = nlohmann::ordered_json;

/// {"sequences": [[ids]]}
static Expected<std::vector<std::vector<int32_t>>> readSequences(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) {
    return forward(file.error());
  }
  Json json = Json::parse(file->data(), file->data() + file->size(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return fail(path + ": not JSON");
  }
  if (!json.is_object() || !json.contains("sequences") || !json["sequences"].is_array()) {
    return fail(path + ": $.sequences: expected an array of arrays of ids");
  }
  std::vector<std::vector<int32_t>> sequences;
  for (const Json &list : json["sequences"]) {
    std::string place = path + ": $.sequences[" + std::to_string(sequences.size()) + "]";
    if (!list.is_array()) {
      return fail(place + ": expected an array of ids");
    }
    std::vector<int32_t> ids;
    for (const Json &id : list) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() > INT32_MAX) {
        return fail(place + "[" + std::to_string(ids.size()) + "]: expected an id");
      }
      ids.push_back(id.get<int32_t>());
    }
    sequences.push_back(std::move(ids));
  }
  return sequences;
}

Status run::score(const Options &options, const Package &package) {
  auto sequences = readSequences(options.score);
  if (!sequences) {
    return forward(sequences.error());
  }
  auto measurement = Measurement::create(options, package);
  if (!measurement) {
    return forward(measurement.error());
  }
  auto session = openSession(options, package, **measurement);
  if (!session) {
    return forward(session.error());
  }
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < sequences->size(); ++i) {
    const std::vector<int32_t> &ids = (*sequences)[i];
    if (ids.size() < 2) {
      continue;
    }
    Stopwatch watch;
    std::vector<float> nll(ids.size() - 1);
    Status status = (*session)->truncate(0);
    if (status) {
      status = (*session)->score(ids.data(), ids.data() + 1, nll.size(), nll.data());
    }
    if (!status) {
      return forward(status.error(), options.score + ": $.sequences[" + std::to_string(i) + "]");
    }
    (*measurement)->phase("score", static_cast<int64_t>(nll.size()), watch.seconds());
    for (float value : nll) {
      sum += static_cast<double>(value);
    }
    count += static_cast<int64_t>(nll.size());
  }
  if (count == 0) {
    return fail(options.score + ": no sequence has two tokens");
  }
  Json report = {{"mean_nll", sum / static_cast<double>(count)}, {"tokens", count}};
  std::printf("%s\n", report.dump().c_str());
  return (*measurement)->finish();
}
