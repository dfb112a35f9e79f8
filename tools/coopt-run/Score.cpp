#include "Commands.h"
#include "coopt/Support/Json.h"
#include "coopt/Support/MappedFile.h"

#include <cstdio>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::run;

/// {"sequences": [[ids]]}
static Expected<std::vector<std::vector<int32_t>>> readSequences(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) {
    return forward(file.error());
  }
  auto json = JsonDocument::parse({reinterpret_cast<const char *>(file->data()), file->size()}, path);
  if (!json) {
    return forward(json.error());
  }
  JsonReader in;
  std::vector<std::vector<int32_t>> sequences;
  in.forEach(json->root()["sequences"], [&](const JsonValue &list) {
    std::vector<int32_t> &ids = sequences.emplace_back();
    in.forEach(list, [&](const JsonValue &id) {
      ids.push_back(static_cast<int32_t>(in.read(id.integer(0, INT32_MAX))));
    });
  });
  if (!in.status) {
    return forward(in.status.error());
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
  nlohmann::ordered_json report = {{"mean_nll", sum / static_cast<double>(count)}, {"tokens", count}};
  if (!options.scoreAgainst.empty()) {
    auto compared = divergence(options, package, *sequences);
    if (!compared) {
      return forward(compared.error());
    }
    report["kl"] = compared->kl;
    report["top1"] = compared->top1;
  }
  std::printf("%s\n", report.dump().c_str());
  return (*measurement)->finish();
}
