#include "coopt/Import/SafetensorsWriter.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

using namespace coopt;
using namespace coopt::import;

namespace {

std::string number(uint64_t value) { return std::to_string(value); }

/// For names that JSON can't hold: bytes that are not UTF-8 become U+FFFD, which the reader's name check then
/// sees.
std::string dump(const nlohmann::ordered_json &json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// A new member; unlike the checked interface it does not look through all members for the key.
void append(nlohmann::ordered_json &object, const std::string &key, nlohmann::ordered_json value) {
  object.get_ref<nlohmann::ordered_json::object_t &>().emplace_back(key, std::move(value));
}

} // namespace

Expected<uint64_t> import::tensorBytes(const TensorDeclaration &tensor) {
  int64_t elements = 1;
  bool empty = false;
  for (int64_t size : tensor.shape) {
    empty |= size == 0;
    if (size < 0 || __builtin_mul_overflow(elements, std::max<int64_t>(size, 1), &elements) ||
        elements > maximumTensorElements) {
      return fail("tensor '" + tensor.name + "': a size is negative, or there are more than " +
                  number(maximumTensorElements) + " elements");
    }
  }
  return empty ? 0 : static_cast<uint64_t>(elements) * tensorTypeSize(tensor.type);
}

Expected<std::string> import::safetensorsHeader(const std::vector<TensorDeclaration> &tensors,
                                                const std::map<std::string, std::string> &metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  std::set<std::string> names = {"__metadata__"};
  uint64_t offset = 0;
  for (const TensorDeclaration &tensor : tensors) {
    auto bytes = tensorBytes(tensor);
    if (!bytes) {
      return forward(bytes.error());
    }
    if (!names.insert(tensor.name).second) {
      return fail("tensor '" + tensor.name + "': the name is taken already");
    }
    append(header, tensor.name,
           {{"dtype", tensorTypeName(tensor.type)},
            {"shape", tensor.shape},
            {"data_offsets", {offset, offset + *bytes}}});
    offset += *bytes;
  }
  std::string json = dump(header);
  json.resize((json.size() + 8 + 63) / 64 * 64 - 8, ' ');
  if (json.size() > maximumSafetensorsHeader) {
    return fail("header of " + number(json.size()) + " bytes, at most " + number(maximumSafetensorsHeader) +
                " can be read");
  }
  std::string length(8, '\0');
  for (int i = 0; i < 8; ++i) {
    length[i] = static_cast<char>(json.size() >> (8 * i));
  }
  return length + json;
}

tl::unexpected<Error> SafetensorsWriter::systemError() const {
  return fail(path + ": " + std::strerror(errno));
}

Expected<SafetensorsWriter> SafetensorsWriter::create(const std::string &path,
                                                      const std::vector<TensorDeclaration> &tensors,
                                                      const std::map<std::string, std::string> &metadata) {
  auto header = safetensorsHeader(tensors, metadata);
  if (!header) {
    return forward(header.error(), path);
  }
  SafetensorsWriter writer;
  writer.path = path;
  writer.file = {std::fopen((path + ".part").c_str(), "wb"), &std::fclose};
  if (!writer.file) {
    return writer.systemError();
  }
  for (const TensorDeclaration &tensor : tensors) {
    writer.remaining += *tensorBytes(tensor);
  }
  if (std::fwrite(header->data(), 1, header->size(), writer.file.get()) != header->size()) {
    return writer.systemError();
  }
  return writer;
}

SafetensorsWriter::~SafetensorsWriter() {
  if (file) {
    file.reset();
    std::remove((path + ".part").c_str());
  }
}

Status SafetensorsWriter::append(const void *bytes, uint64_t size) {
  if (size > remaining) {
    return fail(path + ": " + number(size - remaining) + " bytes more than the tensors take");
  }
  if (std::fwrite(bytes, 1, size, file.get()) != size) {
    return systemError();
  }
  remaining -= size;
  return {};
}

Status SafetensorsWriter::finish() {
  if (remaining != 0) {
    return fail(path + ": " + number(remaining) + " bytes of tensors were not written");
  }
  if (std::fflush(file.get()) != 0) {
    return systemError();
  }
  if (std::fclose(file.release()) != 0 || std::rename((path + ".part").c_str(), path.c_str()) != 0) {
    auto error = systemError();
    std::remove((path + ".part").c_str());
    return error;
  }
  return {};
}

Status import::writeTextFile(const std::string &path, const std::string &text) {
  std::string part = path + ".part";
  FILE *file = std::fopen(part.c_str(), "wb");
  bool good = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int error = errno;
  if (file && std::fclose(file) != 0 && good) {
    error = errno;
    good = false;
  }
  if (good && std::rename(part.c_str(), path.c_str()) != 0) {
    error = errno;
    good = false;
  }
  if (!good) {
    std::remove(part.c_str());
    return fail(path + ": " + std::strerror(error));
  }
  return {};
}

Status import::writeSafetensorsModel(const std::string &directory,
                                     const std::vector<TensorDeclaration> &tensors, size_t shards,
                                     const TensorSource &source) {
  if (shards == 0 || shards > std::max<size_t>(tensors.size(), 1) || shards > 99999) {
    return fail(directory + ": " + number(shards) + " shards for " + number(tensors.size()) +
                " tensors, expected at least 1 and at most one a tensor");
  }
  uint64_t total = 0;
  for (const TensorDeclaration &tensor : tensors) {
    auto bytes = tensorBytes(tensor);
    if (!bytes) {
      return forward(bytes.error(), directory);
    }
    total += *bytes;
  }
  nlohmann::ordered_json weightMap = nlohmann::ordered_json::object();
  size_t begin = 0;
  uint64_t done = 0;
  for (size_t shard = 0; shard < shards; ++shard) {
    // A shard ends with the tensor that reaches its part of the bytes, and leaves at least one tensor to each
    // later one.
    size_t end = begin, latest = tensors.size() - (shards - 1 - shard);
    uint64_t goal = total / shards * (shard + 1);
    while (end < latest && (end == begin || shard + 1 == shards || done < goal)) {
      done += *tensorBytes(tensors[end++]);
    }
    std::string name = "model.safetensors";
    if (shards > 1) {
      char text[64];
      std::snprintf(text, sizeof(text), "model-%05zu-of-%05zu.safetensors", shard + 1, shards);
      name = text;
    }
    auto writer = SafetensorsWriter::create(
        directory + "/" + name, {tensors.begin() + begin, tensors.begin() + end}, {{"format", "pt"}});
    if (!writer) {
      return forward(writer.error());
    }
    for (size_t i = begin; i < end; ++i) {
      uint64_t written = 0;
      auto status = source(i, [&](const void *bytes, uint64_t size) {
        written += size;
        return writer->append(bytes, size);
      });
      if (!status) {
        return status;
      }
      if (uint64_t expected = *tensorBytes(tensors[i]); written != expected) {
        return fail(directory + "/" + name + ": tensor '" + tensors[i].name + "': expected " +
                    number(expected) + " bytes, got " + number(written));
      }
      append(weightMap, tensors[i].name, name);
    }
    if (auto status = writer->finish(); !status) {
      return status;
    }
    begin = end;
  }
  if (shards == 1) {
    return {};
  }
  nlohmann::ordered_json index = {{"metadata", {{"total_size", total}}}, {"weight_map", weightMap}};
  return writeTextFile(directory + "/model.safetensors.index.json", dump(index, 1) + "\n");
}
