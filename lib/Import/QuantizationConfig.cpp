// quantization_config of config.json: GPTQ, AWQ, compressed-tensors.
#include "coopt/Import/StoredMatrix.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::import;

namespace {

using Method = CheckpointQuantization::Method;
using Names = std::vector<std::string>;

/// Keys that say how the codes were found, or what other programs do with them.
const Names harmlessOfGptq = {"batch_size",
                              "block_name_to_quantize",
                              "cache_block_outputs",
                              "damp_auto_increment",
                              "damp_percent",
                              "dataset",
                              "disable_exllama",
                              "exllama_config",
                              "lm_head",
                              "max_input_length",
                              "meta",
                              "model_seqlen",
                              "model_file_base_name",
                              "model_name_or_path",
                              "modules_in_block_to_quantize",
                              "module_name_preceding_first_block",
                              "pad_token_id",
                              "quantizer",
                              "static_groups",
                              "sym",
                              "tokenizer",
                              "true_sequential",
                              "use_cuda_fp16",
                              "use_exllama",
                              "version"};
const Names harmlessOfAwq = {"backend",
                             "do_fuse",
                             "exllama_config",
                             "fuse_max_seq_len",
                             "modules_to_fuse",
                             "module_to_not_convert",
                             "modules_to_not_convert"};

class QuantizationReader : JsonReader {
public:
  explicit QuantizationReader(JsonValue root) : root(std::move(root)) {}

  Expected<CheckpointQuantization> read() {
    require(root.expectObject());
    std::string method;
    if (status) {
      take(root["quant_method"].string(), method);
    }
    if (status && method == "gptq") {
      gptq();
    } else if (status && method == "awq") {
      awq();
    } else if (status && method == "compressed-tensors") {
      compressedTensors();
    } else if (status) {
      mistake(root["quant_method"].expected("'gptq', 'awq' or 'compressed-tensors'"));
    }
    if (!status) {
      return forward(status.error());
    }
    return result;
  }

private:
  /// Every key is one of `read` or `harmless`.
  void checkKeys(const JsonValue &object, const Names &read, const Names &harmless) {
    for (const std::string &key : object.keys()) {
      auto in = [&](const Names &names) { return std::find(names.begin(), names.end(), key) != names.end(); };
      if (!in(read) && !in(harmless)) {
        mistake(object[key].error("is not supported in this version"));
      }
    }
  }
  /// Absent, null, false or empty.
  void expectNothing(const JsonValue &value) {
    const nlohmann::json &raw = value.raw();
    if (!value.isNull() && !(raw.is_boolean() && raw == false) && !(raw.is_structured() && raw.empty())) {
      mistake(value.error("is not supported in this version"));
    }
  }
  void bits(const JsonValue &value, const std::vector<int64_t> &known) {
    int64_t bits = 0;
    take(value.integer(1, 32), bits);
    if (status && std::find(known.begin(), known.end(), bits) == known.end()) {
      Names names;
      for (int64_t each : known) {
        names.push_back(std::to_string(each));
      }
      mistake(value.expected(alternatives(names) + " bits"));
    }
    result.bits = static_cast<int>(bits);
  }
  /// -1 stands for whole rows.
  void group(const JsonValue &value) {
    int64_t group = 0;
    take(value.integer(-1, int64_t(1) << 20), group);
    if (status && group == 0) {
      mistake(value.expected("the size of a group, or -1 for whole rows"));
    }
    result.group = std::max<int64_t>(group, 0);
  }
  std::string choice(const JsonValue &value, const std::string &otherwise, const Names &known) {
    std::string text = otherwise;
    if (!value.isNull()) {
      take(value.string(), text);
    }
    if (status && std::find(known.begin(), known.end(), text) == known.end()) {
      Names quoted;
      for (const std::string &name : known) {
        quoted.push_back("'" + name + "'");
      }
      mistake(value.expected(alternatives(quoted)));
    }
    return text;
  }

  void gptq() {
    checkKeys(root,
              {"quant_method", "bits", "group_size", "checkpoint_format", "desc_act", "dynamic",
               "is_marlin_format", "pack_dtype"},
              harmlessOfGptq);
    result.method = Method::Gptq;
    result.symmetric = false; // zeros are always there
    bits(root["bits"], {2, 3, 4, 8});
    group(root["group_size"]);
    result.zerosLessOne = choice(root["checkpoint_format"], "gptq", {"gptq", "gptq_v2"}) == "gptq";
    choice(root["pack_dtype"], "int32", {"int32"});
    if (JsonValue sorted = root["desc_act"]; !sorted.isNull()) {
      take(sorted.boolean(), result.sortedColumns);
    }
    expectNothing(root["dynamic"]);
    expectNothing(root["is_marlin_format"]);
  }

  void awq() {
    const bool isShort = root["bits"].isMissing();
    checkKeys(root, {"quant_method", "bits", "w_bit", "group_size", "q_group_size", "zero_point", "version"},
              harmlessOfAwq);
    result.method = Method::Awq;
    result.symmetric = false;
    bits(root[isShort ? "w_bit" : "bits"], {4});
    group(root[root["group_size"].isMissing() ? "q_group_size" : "group_size"]);
    choice(root["version"], "gemm", {"gemm", "GEMM"});
    JsonValue zeros = root["zero_point"];
    if (!zeros.isNull() && zeros.raw() != true) {
      mistake(zeros.expected("true"));
    }
  }

  void compressedTensors() {
    checkKeys(
        root,
        {"quant_method", "format", "config_groups", "kv_cache_scheme", "sparsity_config", "transform_config"},
        {"global_compression_ratio", "ignore", "quantization_status", "version"});
    std::string format = choice(root["format"], "", {"pack-quantized", "int-quantized", "float-quantized"});
    expectNothing(root["kv_cache_scheme"]);
    expectNothing(root["transform_config"]);
    JsonValue sparsity = root["sparsity_config"], groups = root["config_groups"];
    if (sparsity["format"].raw() != "dense") {
      expectNothing(sparsity);
    }
    require(groups.expectObject());
    if (status && groups.size() != 1) {
      mistake(groups.expected("one group of layers"));
    }
    if (!status) {
      return;
    }
    JsonValue layers = groups[groups.keys().front()], weights = layers["weights"];
    checkKeys(layers, {"weights", "output_activations", "format"}, {"input_activations", "targets"});
    expectNothing(layers["output_activations"]);
    choice(layers["format"], format, {format});
    require(weights.expectObject());
    if (!status) {
      return;
    }
    checkKeys(
        weights,
        {"num_bits", "type", "symmetric", "strategy", "group_size", "dynamic", "block_structure", "actorder"},
        {"observer", "observer_kwargs", "scale_dtype", "zp_dtype"});
    expectNothing(weights["dynamic"]);
    expectNothing(weights["block_structure"]);
    // "weight" and "static": sorted while the codes were looked for, but the groups are those of the columns' own order.
    const nlohmann::json &order = weights["actorder"].raw();
    result.sortedColumns = order == true || order == "group" || order == "dynamic";
    const bool isFloat = format == "float-quantized", isPacked = format == "pack-quantized";
    result.method = isFloat ? Method::Floats : isPacked ? Method::Packed : Method::Integers;
    choice(weights["type"], "int", {isFloat ? "float" : "int"});
    bits(weights["num_bits"], isFloat ? std::vector<int64_t>{8} : std::vector<int64_t>{4, 8});
    JsonValue symmetric = weights["symmetric"];
    if (!symmetric.isNull()) {
      take(symmetric.boolean(), result.symmetric);
    }
    if (status && !result.symmetric && !isPacked) {
      mistake(symmetric.expected("true for the format '" + format + "'"));
    }
    std::string strategy = choice(weights["strategy"], "tensor",
                                  isFloat ? Names{"tensor", "channel"} : Names{"tensor", "channel", "group"});
    if (status && strategy == "group") {
      group(weights["group_size"]);
    }
  }

  JsonValue root;
  CheckpointQuantization result;
};

} // namespace

Expected<CheckpointQuantization> import::readCheckpointQuantization(const JsonValue &value) {
  return QuantizationReader(value).read();
}
