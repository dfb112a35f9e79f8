// Any bytes as config.json: what is accepted must keep the promises of DecoderConfig.
#include "coopt/Import/HuggingFaceConfig.h"

#include <cstdlib>

using namespace coopt::import;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto config = parseHuggingFaceConfig({reinterpret_cast<const char *>(data), size}, "file");
  if (config &&
      (config->hiddenSize < 1 || config->layers < 1 || config->keyValueHeads < 1 ||
       config->heads % config->keyValueHeads != 0 || config->headSize < 2 || config->headSize % 2 != 0 ||
       config->vocabularySize < 1 || !(config->rotary.theta >= 1) || !(config->normEpsilon >= 0) ||
       config->window.size() != static_cast<size_t>(config->layers) || config->rotary.size < 2 ||
       config->rotary.size > config->headSize || !(config->attentionScale > 0) ||
       decoderTensors(*config).size() < 10)) {
    std::abort();
  }
  return 0;
}
