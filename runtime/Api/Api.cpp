//===- Api.cpp - The C interface over the C++ classes -----------------------===//
#include "Session/Prompt.h"
#include "Session/Session.h"
#include "coopt.h"

#include <algorithm>
#include <cstring>
#include <new>

using namespace coopt;
using namespace coopt::runtime;

struct coopt_package {
  std::shared_ptr<const LoadedPackage> loaded;
};

struct coopt_session {
  std::unique_ptr<Session> session;
  std::vector<Tensor> results;
};

static thread_local std::string lastError;

/// Runs a body that returns Expected<T>; its error, or an exception of the standard library (memory), becomes
/// `failure` and a message.
template <typename T, typename Body>
static T guarded(T failure, Body body) {
  try {
    lastError.clear();
    Expected<T> result = body();
    if (result) {
      return std::move(*result);
    }
    lastError = std::move(result.error().message);
  } catch (const std::bad_alloc &) {
    lastError = "not enough memory";
  } catch (const std::exception &exception) {
    lastError = exception.what();
  }
  return failure;
}

/// The same for a body that returns Status: 0 or -1.
template <typename Body>
static int guardedStatus(Body body) {
  return guarded<int>(-1, [&]() -> Expected<int> {
    Status status = body();
    if (!status) {
      return forward(status.error());
    }
    return 0;
  });
}

static tl::unexpected<Error> null(const char *what) { return fail(std::string(what) + " is null"); }

const char *coopt_error_message(void) { return lastError.c_str(); }
const char *coopt_version(void) { return "0.1.0"; }

coopt_package *coopt_package_open(const char *path, const coopt_package_options *options) {
  return guarded<coopt_package *>(nullptr, [&]() -> Expected<coopt_package *> {
    if (!path) {
      return null("path");
    }
    LoadOptions load;
    if (options) {
      if (options->struct_size < sizeof(*options)) {
        return fail("options: struct_size " + std::to_string(options->struct_size) + " is too small");
      }
      load.device = options->device ? options->device : "";
      load.isa = options->isa ? options->isa : "";
      load.verify = options->verify != 0;
      auto experts = parseExpertOptions(options->expert_memory ? options->expert_memory : "",
                                        options->expert_policy ? options->expert_policy : "score");
      if (!experts) {
        return forward(experts.error());
      }
      load.experts = *experts;
      load.experts.prefetch = options->expert_on_demand == 0;
    }
    auto loaded = LoadedPackage::load(path, load);
    if (!loaded) {
      return forward(loaded.error());
    }
    return new coopt_package{std::move(*loaded)};
  });
}

void coopt_package_close(coopt_package *package) { delete package; }

int coopt_package_expert_statistics(const coopt_package *package, coopt_expert_statistics *statistics) {
  return guardedStatus([&]() -> Status {
    if (!package || !statistics) {
      return null("an argument");
    }
    if (statistics->struct_size < sizeof(*statistics)) {
      return fail("statistics: struct_size " + std::to_string(statistics->struct_size) + " is too small");
    }
    if (!package->loaded->experts()) {
      return fail("all experts of the package are mapped");
    }
    ExpertStatistics counts = package->loaded->experts()->statistics();
    *statistics = {
        statistics->struct_size, counts.limit,    counts.total,     counts.requests,    counts.hits,
        counts.guessed,          counts.foreseen, counts.bytesRead, counts.bytesWaited, counts.stallSeconds};
    return {};
  });
}

int64_t coopt_package_vocabulary(const coopt_package *package) {
  return package && package->loaded->manifest().model ? package->loaded->manifest().model->vocabulary : -1;
}

int64_t coopt_package_context(const coopt_package *package) {
  return package && package->loaded->manifest().model ? package->loaded->manifest().model->context : -1;
}

const char *coopt_package_isa(const coopt_package *package) {
  return package ? package->loaded->isa().c_str() : "";
}

const char *coopt_package_device(const coopt_package *package) {
  return package ? package->loaded->code().device() : "";
}

int64_t coopt_tokenize(const coopt_package *package, const char *text, size_t bytes, int add_special,
                       int32_t *tokens, size_t capacity) {
  return guarded<int64_t>(-1, [&]() -> Expected<int64_t> {
    if (!package || (!text && bytes) || (!tokens && capacity)) {
      return null("an argument");
    }
    auto ids = encodePrompt(*package->loaded, std::string_view(text ? text : "", bytes), add_special != 0);
    if (!ids) {
      return forward(ids.error());
    }
    std::copy_n(ids->begin(), std::min(ids->size(), capacity), tokens);
    return static_cast<int64_t>(ids->size());
  });
}

int64_t coopt_detokenize(const coopt_package *package, const int32_t *tokens, size_t count, char *text,
                         size_t capacity) {
  return guarded<int64_t>(-1, [&]() -> Expected<int64_t> {
    if (!package || (!tokens && count) || (!text && capacity)) {
      return null("an argument");
    }
    const Tokenizer *tokenizer = package->loaded->tokenizer();
    if (!tokenizer) {
      return fail("the package has no tokenizer");
    }
    std::string decoded = tokenizer->decode(tokens, count);
    std::copy_n(decoded.begin(), std::min(decoded.size(), capacity), text);
    return static_cast<int64_t>(decoded.size());
  });
}

int coopt_is_end(const coopt_package *package, int32_t token) {
  return package && isEnd(*package->loaded, token) ? 1 : 0;
}

coopt_session *coopt_session_open(coopt_package *package, const coopt_session_options *options) {
  return guarded<coopt_session *>(nullptr, [&]() -> Expected<coopt_session *> {
    if (!package) {
      return null("package");
    }
    if (options && options->struct_size < sizeof(*options)) {
      return fail("options: struct_size " + std::to_string(options->struct_size) + " is too small");
    }
    auto session = Session::open(package->loaded, options ? options->threads : 0);
    if (!session) {
      return forward(session.error());
    }
    return new coopt_session{std::move(*session), {}};
  });
}

void coopt_session_close(coopt_session *session) { delete session; }

int64_t coopt_session_position(const coopt_session *session) {
  return session ? session->session->position() : -1;
}

/// Copies the last token's logits out, if wanted.
static void copyLogits(const Session &session, float *logits) {
  if (logits && session.logits()) {
    std::memcpy(logits, session.logits(),
                static_cast<size_t>(session.package().manifest().model->vocabulary) * sizeof(float));
  }
}

int coopt_session_append(coopt_session *session, const int32_t *tokens, size_t count, float *logits) {
  return guardedStatus([&]() -> Status {
    if (!session || (!tokens && count)) {
      return null("an argument");
    }
    Status status = session->session->append(tokens, count);
    if (status) {
      copyLogits(*session->session, logits);
    }
    return status;
  });
}

int coopt_session_score(coopt_session *session, const int32_t *tokens, const int32_t *targets, size_t count,
                        float *nll) {
  return guardedStatus([&]() -> Status {
    if (!session || ((!tokens || !targets || !nll) && count)) {
      return null("an argument");
    }
    return session->session->score(tokens, targets, count, nll);
  });
}

int32_t coopt_session_sample(coopt_session *session, float temperature) {
  return guarded<int32_t>(-1, [&]() -> Expected<int32_t> {
    if (!session) {
      return null("session");
    }
    return session->session->sample(temperature);
  });
}

void coopt_session_seed(coopt_session *session, uint64_t seed) {
  if (session) {
    session->session->seed(seed);
  }
}

int coopt_session_truncate(coopt_session *session, int64_t position) {
  return guardedStatus([&]() -> Status {
    if (!session) {
      return null("session");
    }
    return session->session->truncate(position);
  });
}

coopt_session *coopt_session_fork(const coopt_session *session) {
  return guarded<coopt_session *>(nullptr, [&]() -> Expected<coopt_session *> {
    if (!session) {
      return null("session");
    }
    auto copy = session->session->fork();
    if (!copy) {
      return forward(copy.error());
    }
    return new coopt_session{std::move(*copy), {}};
  });
}

int coopt_session_save(const coopt_session *session, const char *path) {
  return guardedStatus([&]() -> Status {
    if (!session || !path) {
      return null("an argument");
    }
    return session->session->save(path);
  });
}

int coopt_session_load(coopt_session *session, const char *path) {
  return guardedStatus([&]() -> Status {
    if (!session || !path) {
      return null("an argument");
    }
    return session->session->load(path);
  });
}

int64_t coopt_session_call(coopt_session *session, const char *entry, const coopt_tensor *arguments,
                           size_t count, const coopt_size *sizes, size_t size_count) {
  return guarded<int64_t>(-1, [&]() -> Expected<int64_t> {
    if (!session || !entry || (!arguments && count) || (!sizes && size_count)) {
      return null("an argument");
    }
    std::vector<TensorView> views;
    for (size_t i = 0; i < count; ++i) {
      const coopt_tensor &tensor = arguments[i];
      auto type = tensor.type ? package::elementNamed(tensor.type) : std::nullopt;
      if (!tensor.name || !type || (!tensor.shape && tensor.rank) || tensor.rank > 32) {
        return fail("argument " + std::to_string(i) + ": no name, no known type, or no shape");
      }
      TensorView view{tensor.name, *type, {}, tensor.data};
      view.shape.assign(tensor.shape, tensor.shape + tensor.rank);
      if (!tensor.data && package::bufferBytes(*type, view.shape) != 0u) {
        return fail("argument '" + view.name + "': no data");
      }
      views.push_back(std::move(view));
    }
    std::vector<std::pair<std::string, int64_t>> named;
    for (size_t i = 0; i < size_count; ++i) {
      if (!sizes[i].name) {
        return null("the name of a size");
      }
      named.emplace_back(sizes[i].name, sizes[i].value);
    }
    auto results = session->session->call(entry, views, named);
    if (!results) {
      return forward(results.error());
    }
    session->results = std::move(*results);
    return static_cast<int64_t>(session->results.size());
  });
}

int coopt_session_result(const coopt_session *session, size_t index, coopt_tensor *result) {
  return guardedStatus([&]() -> Status {
    if (!session || !result) {
      return null("an argument");
    }
    if (index >= session->results.size()) {
      return fail("result " + std::to_string(index) + " of " + std::to_string(session->results.size()));
    }
    const Tensor &tensor = session->results[index];
    result->name = tensor.name.c_str();
    result->type = package::elementName(tensor.type);
    result->rank = tensor.shape.size();
    result->shape = tensor.shape.data();
    result->data = tensor.memory.data();
    return {};
  });
}
