#include "Session/Session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace coopt;
using namespace coopt::runtime;

float runtime::randomNumber(uint64_t seed, uint64_t position) {
  return static_cast<float>(package::splitMix64(seed, position) >> 40) * 0x1p-24f;
}

/// Allocates several buffers; the error says for what.
static Status allocate(const char *what,
                       std::initializer_list<std::pair<AlignedMemory *, uint64_t>> buffers) {
  for (auto [buffer, bytes] : buffers) {
    auto memory = AlignedMemory::allocate(bytes);
    if (!memory) {
      return forward(memory.error(), what);
    }
    *buffer = std::move(*memory);
  }
  return {};
}

Expected<std::unique_ptr<Session>> Session::open(std::shared_ptr<const LoadedPackage> package, int threads) {
  std::unique_ptr<Session> session(new Session());
  auto executor = Executor::create(package, threads);
  if (!executor) {
    return coopt::forward(executor.error());
  }
  session->executor = std::move(*executor);
  auto states = StateStore::create(package->program().states);
  if (!states) {
    return coopt::forward(states.error());
  }
  session->states = std::move(*states);
  if (!package->manifest().model) {
    return session;
  }
  auto model = LanguageModel::find(package->program(), *package->manifest().model);
  if (!model) {
    return coopt::forward(model.error());
  }
  session->model = *model;
  uint64_t logitBytes = static_cast<uint64_t>(model->vocabulary) * sizeof(float);
  auto status = allocate("session", {{&session->logitBuffers[0], logitBytes},
                                     {&session->logitBuffers[1], logitBytes},
                                     {&session->tokenBuffer, static_cast<uint64_t>(model->chunk) * 4},
                                     {&session->sampleArguments[0], 4},
                                     {&session->sampleArguments[1], 4},
                                     {&session->sampleResult, 4}});
  if (!status) {
    return coopt::forward(status.error());
  }
  return session;
}

Status Session::needModel() const {
  if (!model) {
    return fail("the package holds functions, not a language model");
  }
  return {};
}

Status Session::checkTokens(const int32_t *tokens, size_t count, const char *what) const {
  for (size_t i = 0; i < count; ++i) {
    if (tokens[i] < 0 || tokens[i] >= model->vocabulary) {
      return fail(std::string(what) + " " + std::to_string(i) + ": id " + std::to_string(tokens[i]) +
                  " is not in the vocabulary of " + std::to_string(model->vocabulary));
    }
  }
  return {};
}

Status Session::forward(const int32_t *tokens, int64_t count, int64_t outputs, int64_t past, float *logits) {
  std::memcpy(tokenBuffer.data(), tokens, static_cast<size_t>(count) * sizeof(int32_t));
  const void *arguments[] = {tokenBuffer.data()};
  void *results[] = {logits};
  Call call;
  call.entry = model->forward;
  call.sizes.resize(3);
  call.sizes[model->tokens] = count;
  call.sizes[model->outputs] = outputs;
  call.sizes[model->past] = past;
  call.arguments = arguments;
  call.results = results;
  call.states = states.addresses();
  return executor->run(call);
}

Status Session::appendChunks(const int32_t *tokens, int64_t count) {
  for (int64_t done = 0; done < count;) {
    int64_t chunk = std::min(model->chunk, count - done);
    if (auto status = forward(tokens + done, chunk, 1, filled + done, nextLogits()); !status) {
      return status;
    }
    done += chunk;
  }
  return {};
}

/// Room for `count` more tokens, and all of them known.
static Status checkRoom(const LanguageModel &model, int64_t position, size_t count) {
  if (count > static_cast<size_t>(model.context - position)) {
    return fail("context of " + std::to_string(model.context) + " tokens exceeded: " +
                std::to_string(position) + " held, " + std::to_string(count) + " more");
  }
  return {};
}

Status Session::append(const int32_t *tokens, size_t count) {
  Status status = needModel();
  if (status) {
    status = checkRoom(*model, filled, count);
  }
  if (status) {
    status = checkTokens(tokens, count, "token");
  }
  if (!status || count == 0) {
    return status;
  }
  if (status = appendChunks(tokens, static_cast<int64_t>(count)); !status) {
    return status;
  }
  filled += static_cast<int64_t>(count);
  current = 1 - current;
  hasLogits = true;
  return {};
}

Status Session::scoreChunks(const int32_t *tokens, const int32_t *targets, int64_t count, float *nll) {
  uint64_t rows = static_cast<uint64_t>(model->maxScored);
  uint64_t rowBytes = static_cast<uint64_t>(model->vocabulary) * sizeof(float);
  if (!scoreLogits.data()) {
    auto status = allocate(
        "score", {{&targetBuffer, rows * 4}, {&nllBuffer, rows * 4}, {&scoreLogits, rows * rowBytes}});
    if (!status) {
      return status;
    }
  }
  for (int64_t done = 0; done < count;) {
    int64_t chunk = std::min(std::min(model->chunk, model->maxScored), count - done);
    auto *logits = reinterpret_cast<float *>(scoreLogits.data());
    if (auto status = forward(tokens + done, chunk, chunk, filled + done, logits); !status) {
      return status;
    }
    size_t bytes = static_cast<size_t>(chunk) * 4;
    std::memcpy(targetBuffer.data(), targets + done, bytes);
    const void *arguments[] = {logits, targetBuffer.data()};
    void *results[] = {nllBuffer.data()};
    Call call;
    call.entry = *model->score;
    call.sizes = {chunk};
    call.arguments = arguments;
    call.results = results;
    call.states = states.addresses();
    if (auto status = executor->run(call); !status) {
      return status;
    }
    std::memcpy(nll + done, nllBuffer.data(), bytes);
    done += chunk;
    std::memcpy(nextLogits(), scoreLogits.data() + static_cast<size_t>(chunk - 1) * rowBytes, rowBytes);
  }
  return {};
}

Status Session::score(const int32_t *tokens, const int32_t *targets, size_t count, float *nll) {
  Status status = needModel();
  if (status && !model->score) {
    status = fail("the package has no entry 'score'");
  }
  if (status) {
    status = checkRoom(*model, filled, count);
  }
  if (status) {
    status = checkTokens(tokens, count, "token");
  }
  if (status) {
    status = checkTokens(targets, count, "target");
  }
  if (!status || count == 0) {
    return status;
  }
  if (status = scoreChunks(tokens, targets, static_cast<int64_t>(count), nll); !status) {
    return status;
  }
  filled += static_cast<int64_t>(count);
  current = 1 - current;
  hasLogits = true;
  return {};
}

Expected<int32_t> Session::sample(float temperature) {
  if (auto status = needModel(); !status) {
    return coopt::forward(status.error());
  }
  if (!model->sample) {
    return fail("the package has no entry 'sample'");
  }
  if (!hasLogits) {
    return fail("nothing to sample from: append tokens first");
  }
  if (!(temperature >= 0) || std::isinf(temperature)) {
    return fail("temperature: expected a finite number from 0 on, got " + std::to_string(temperature));
  }
  float random = randomNumber(randomSeed, static_cast<uint64_t>(filled));
  std::memcpy(sampleArguments[0].data(), &temperature, 4);
  std::memcpy(sampleArguments[1].data(), &random, 4);
  const void *arguments[] = {currentLogits(), sampleArguments[0].data(), sampleArguments[1].data()};
  void *results[] = {sampleResult.data()};
  Call call;
  call.entry = *model->sample;
  call.arguments = arguments;
  call.results = results;
  call.states = states.addresses();
  if (auto status = executor->run(call); !status) {
    return coopt::forward(status.error());
  }
  int32_t token;
  std::memcpy(&token, sampleResult.data(), 4);
  if (auto status = checkTokens(&token, 1, "sampled token"); !status) {
    return coopt::forward(status.error());
  }
  return token;
}

Status Session::truncate(int64_t position) {
  if (auto status = needModel(); !status) {
    return status;
  }
  if (position < 0 || position > filled) {
    return fail("truncate: expected a position between 0 and " + std::to_string(filled) + ", got " +
                std::to_string(position));
  }
  hasLogits = hasLogits && position == filled;
  filled = position;
  return {};
}

Expected<std::unique_ptr<Session>> Session::fork() const {
  auto copy = open(executor->shared(), executor->threads());
  if (!copy) {
    return copy;
  }
  Session &other = **copy;
  // Functions have no position: all of their state counts.
  other.states.copyFrom(package().program().states, states,
                        model ? static_cast<uint64_t>(filled) : UINT64_MAX);
  other.filled = filled;
  other.randomSeed = randomSeed;
  other.hasLogits = hasLogits;
  if (hasLogits) {
    std::memcpy(other.currentLogits(), currentLogits(),
                static_cast<size_t>(model->vocabulary) * sizeof(float));
  }
  return copy;
}
