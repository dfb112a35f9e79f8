// Any bytes as a GGUF file: what is accepted must lie inside the file and keep the promises of its readers.
#include "TensorChecks.h"
#include "coopt/Import/Gguf.h"

using namespace coopt::import;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = parseGguf(data, size, "file");
  if (!file) {
    return 0;
  }
  checkTensors(file->tensors, size);
  auto config = ggufConfig(*file, data);
  if (config && (config->hiddenSize < 1 || config->layers < 1 || config->keyValueHeads < 1 ||
                 config->heads % config->keyValueHeads != 0 || config->headSize < 2 ||
                 config->rotary.size != config->headSize ||
                 config->window.size() != static_cast<size_t>(config->layers) ||
                 rotaryFrequencies(config->rotary).size() != static_cast<size_t>(config->headSize / 2))) {
    std::abort();
  }
  auto tokenizer = ggufTokenizer(*file);
  if (tokenizer) {
    for (const auto &merge : tokenizer->merges) {
      if (merge.left >= tokenizer->vocabularySize() || merge.right >= tokenizer->vocabularySize() ||
          merge.merged >= tokenizer->vocabularySize()) {
        std::abort();
      }
    }
    (void)coopt::package::serializeTokenizer(*tokenizer);
  }
  return 0;
}
