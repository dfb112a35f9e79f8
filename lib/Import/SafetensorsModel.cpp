//===- SafetensorsModel.cpp - One model in one or several safetensors files ------===//
#include "coopt/Import/Safetensors.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

using namespace coopt;
using namespace coopt::import;

namespace {

constexpr size_t maximumIndexBytes = 64 << 20;
constexpr size_t maximumShards = 4096;

bool byName(const TensorInfo &a, const TensorInfo &b) {
  return std::tie(a.name, a.file) < std::tie(b.name, b.file);
}

/// The index's {tensor: file}.
Expected<std::map<std::string, std::string>> readIndex(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) {
    return forward(file.error());
  }
  auto document = JsonDocument::parse({reinterpret_cast<const char *>(file->data()), file->size()}, path,
                                      maximumIndexBytes);
  if (!document) {
    return forward(document.error());
  }
  JsonValue root = document->root();
  if (auto status = root.expectObject(); !status) {
    return forward(status.error());
  }
  JsonValue weightMap = root["weight_map"];
  if (auto status = weightMap.expectObject(); !status) {
    return forward(status.error());
  }
  std::map<std::string, std::string> shards;
  for (const auto &[tensor, value] : weightMap.raw().items()) {
    JsonValue entry(value, path + ": $.weight_map[" + inQuotes(tensor) + "]");
    auto shard = entry.string();
    if (!shard) {
      return forward(shard.error());
    }
    // A model stays in its own folder.
    if (shard->empty() || *shard == "." || *shard == ".." || shard->find('/') != shard->npos ||
        shard->find('\0') != shard->npos) {
      return entry.expected("the name of a file beside the index");
    }
    shards.emplace(tensor, std::move(*shard));
  }
  return shards;
}

} // namespace

Status SafetensorsModel::addFile(const std::string &path) {
  if (maps.size() == maximumShards) {
    return fail(path + ": more than " + std::to_string(maximumShards) + " files in one model");
  }
  auto map = MappedFile::open(path);
  if (!map) {
    return forward(map.error());
  }
  auto tensors = parseSafetensors(map->data(), map->size(), path);
  if (!tensors) {
    return forward(tensors.error());
  }
  for (TensorInfo &tensor : *tensors) {
    tensor.file = static_cast<uint32_t>(maps.size());
    infos.push_back(std::move(tensor));
  }
  maps.push_back(std::move(*map));
  return {};
}

Status SafetensorsModel::openIndex(const std::string &directory, const std::string &indexPath) {
  auto index = readIndex(indexPath);
  if (!index) {
    return forward(index.error());
  }
  std::set<std::string> shards;
  for (const auto &[tensor, shard] : *index) {
    shards.insert(shard);
  }
  std::vector<std::string> names(shards.begin(), shards.end());
  for (const std::string &shard : names) {
    if (auto status = addFile(directory + "/" + shard); !status) {
      return forward(status.error(), indexPath);
    }
  }
  infos.erase(std::remove_if(infos.begin(), infos.end(),
                             [&](const TensorInfo &tensor) {
                               auto entry = index->find(tensor.name);
                               return entry == index->end() || entry->second != names[tensor.file];
                             }),
              infos.end());
  std::sort(infos.begin(), infos.end(), byName);
  for (const auto &[tensor, shard] : *index) {
    if (!find(tensor)) {
      return fail(indexPath + ": $.weight_map: tensor " + inQuotes(tensor) + " is not in " + inQuotes(shard));
    }
  }
  return {};
}

Expected<SafetensorsModel> SafetensorsModel::open(const std::string &path) {
  namespace fs = std::filesystem;
  SafetensorsModel model;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (auto status = model.addFile(path); !status) {
      return forward(status.error());
    }
    return model;
  }
  std::string index = path + "/model.safetensors.index.json", single = path + "/model.safetensors";
  if (fs::exists(index, error)) {
    if (auto status = model.openIndex(path, index); !status) {
      return forward(status.error());
    }
    return model;
  }
  std::vector<std::string> names;
  if (fs::exists(single, error)) {
    names.push_back(single);
  } else {
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().extension() == ".safetensors") {
        names.push_back(entry->path().string());
      }
    }
    if (error) {
      return fail(path + ": " + error.message());
    }
    std::sort(names.begin(), names.end());
  }
  if (names.empty()) {
    return fail(path + ": no *.safetensors file in this folder");
  }
  for (const std::string &name : names) {
    if (auto status = model.addFile(name); !status) {
      return forward(status.error());
    }
  }
  std::sort(model.infos.begin(), model.infos.end(), byName);
  for (size_t i = 1; i < model.infos.size(); ++i) {
    const TensorInfo &a = model.infos[i - 1], &b = model.infos[i];
    if (a.name == b.name) {
      return fail(model.maps[b.file].path() + ": tensor " + inQuotes(b.name) + " is in " +
                  model.maps[a.file].path() + " too");
    }
  }
  return model;
}

const TensorInfo *TensorFiles::find(std::string_view name) const {
  auto found =
      std::lower_bound(infos.begin(), infos.end(), name,
                       [](const TensorInfo &tensor, std::string_view key) { return tensor.name < key; });
  return found != infos.end() && found->name == name ? &*found : nullptr;
}
