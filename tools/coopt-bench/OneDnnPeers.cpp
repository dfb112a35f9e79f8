// oneDNN's matmul through its C interface, version 2.
#include "PeerLibraries.h"

#include "coopt/Numerics/Half.h"

#include <dnnl.h>

#include <cstring>

using namespace coopt;
using namespace coopt::bench;

namespace {

/// What is used of the library: COOPT_FUNCTION says what to do with each.
#define COOPT_ONEDNN_FUNCTIONS                                                                               \
  COOPT_FUNCTION(engine_create)                                                                              \
  COOPT_FUNCTION(engine_destroy)                                                                             \
  COOPT_FUNCTION(stream_create)                                                                              \
  COOPT_FUNCTION(stream_destroy)                                                                             \
  COOPT_FUNCTION(stream_wait)                                                                                \
  COOPT_FUNCTION(memory_desc_init_by_tag)                                                                    \
  COOPT_FUNCTION(memory_desc_get_size)                                                                       \
  COOPT_FUNCTION(memory_create)                                                                              \
  COOPT_FUNCTION(memory_get_data_handle)                                                                     \
  COOPT_FUNCTION(memory_destroy)                                                                             \
  COOPT_FUNCTION(matmul_desc_init)                                                                           \
  COOPT_FUNCTION(primitive_desc_create)                                                                      \
  COOPT_FUNCTION(primitive_desc_query_md)                                                                    \
  COOPT_FUNCTION(primitive_desc_destroy)                                                                     \
  COOPT_FUNCTION(reorder_primitive_desc_create)                                                              \
  COOPT_FUNCTION(primitive_create)                                                                           \
  COOPT_FUNCTION(primitive_execute)                                                                          \
  COOPT_FUNCTION(primitive_destroy)

struct OneDnn : PeerLibrary {
#define COOPT_FUNCTION(name) decltype(::dnnl_##name) *name = nullptr;
  COOPT_ONEDNN_FUNCTIONS
#undef COOPT_FUNCTION
  void (*setThreads)(int) = nullptr; ///< of OpenMP
  dnnl_engine_t engine = nullptr;
  dnnl_stream_t stream = nullptr;

  ~OneDnn() {
    if (stream) {
      stream_destroy(stream);
    }
    if (engine) {
      engine_destroy(engine);
    }
  }
  Status start();
};

Status OneDnn::start() {
  if (Status status = open(COOPT_DNNL_LIBRARY); !status) {
    return status;
  }
#define COOPT_FUNCTION(name) find("dnnl_" #name, name);
  COOPT_ONEDNN_FUNCTIONS
#undef COOPT_FUNCTION
  find("omp_set_num_threads", setThreads); // in what the library itself needs
  if (Status status = complete(); !status) {
    return status;
  }
  return engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
                 stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success
             ? Status()
             : fail("no engine for a cpu");
}

/// What one product is made of; destroyed in the end.
class Matmul {
public:
  Matmul(OneDnn &library, dnnl_data_type_t left, dnnl_data_type_t right, dnnl_data_type_t sum)
      : library(library), left(left), right(right), sum(sum) {}
  ~Matmul();
  Matmul(const Matmul &) = delete;
  Matmul &operator=(const Matmul &) = delete;

  /// `plain` is B as [N, K]; it is put into the order that the library asks for, `copies` times.
  Status prepare(const Product &product, int64_t copies);
  void *leftData() { return data(a); }
  void *plainData() { return data(plain); }
  const void *results() { return data(c); }
  Status order();
  Status run(int64_t i);
  void evictWeights();

private:
  void *data(dnnl_memory_t memory) {
    void *handle = nullptr;
    library.memory_get_data_handle(memory, &handle);
    return handle;
  }
  /// The first failure stays.
  void take(dnnl_status_t result) { first = first == dnnl_success ? result : first; }
  Status said(const char *what) const {
    return first == dnnl_success
               ? Status()
               : fail(std::string(what) + ": status " + std::to_string(static_cast<int>(first)));
  }
  dnnl_memory_t allocate(const dnnl_memory_desc_t &description) {
    dnnl_memory_t memory = nullptr;
    if (first == dnnl_success) {
      take(library.memory_create(&memory, &description, library.engine, DNNL_MEMORY_ALLOCATE));
    }
    return memory;
  }

  OneDnn &library;
  dnnl_data_type_t left, right, sum;
  dnnl_status_t first = dnnl_success;
  dnnl_primitive_desc_t description = nullptr, reorderDescription = nullptr;
  dnnl_primitive_t multiply = nullptr, reorder = nullptr;
  dnnl_memory_t a = nullptr, plain = nullptr, c = nullptr;
  std::vector<dnnl_memory_t> weights;
  size_t weightBytes = 0; ///< of each
};

Matmul::~Matmul() {
  for (dnnl_memory_t memory : weights) {
    library.memory_destroy(memory);
  }
  for (dnnl_memory_t memory : {a, plain, c}) {
    library.memory_destroy(memory);
  }
  for (dnnl_primitive_t primitive : {multiply, reorder}) {
    if (primitive) {
      library.primitive_destroy(primitive);
    }
  }
  for (dnnl_primitive_desc_t each : {description, reorderDescription}) {
    if (each) {
      library.primitive_desc_destroy(each);
    }
  }
}

Status Matmul::prepare(const Product &product, int64_t copies) {
  const dnnl_dims_t leftSizes = {product.rows, product.K}, rightSizes = {product.K, product.N},
                    sumSizes = {product.rows, product.N};
  dnnl_memory_desc_t aForm, bForm, plainForm, cForm;
  take(library.memory_desc_init_by_tag(&aForm, 2, leftSizes, left, dnnl_ab));
  take(library.memory_desc_init_by_tag(&bForm, 2, rightSizes, right, dnnl_format_tag_any));
  take(library.memory_desc_init_by_tag(&plainForm, 2, rightSizes, right, dnnl_ba));
  take(library.memory_desc_init_by_tag(&cForm, 2, sumSizes, sum, dnnl_ab));
  dnnl_matmul_desc_t matmul;
  take(library.matmul_desc_init(&matmul, &aForm, &bForm, nullptr, &cForm));
  if (first == dnnl_success) {
    take(library.primitive_desc_create(&description, &matmul, nullptr, library.engine, nullptr));
  }
  if (first == dnnl_success) {
    take(library.primitive_create(&multiply, description));
  }
  if (first != dnnl_success) {
    return said("no such product");
  }
  const dnnl_memory_desc_t *ordered = library.primitive_desc_query_md(description, dnnl_query_weights_md, 0);
  take(library.reorder_primitive_desc_create(&reorderDescription, &plainForm, library.engine, ordered,
                                             library.engine, nullptr));
  if (first == dnnl_success) {
    take(library.primitive_create(&reorder, reorderDescription));
  }
  weightBytes = library.memory_desc_get_size(ordered);
  a = allocate(aForm);
  plain = allocate(plainForm);
  c = allocate(cForm);
  for (int64_t i = 0; i < copies && first == dnnl_success; ++i) {
    weights.push_back(allocate(*ordered));
  }
  return said("no memory");
}

Status Matmul::order() {
  for (dnnl_memory_t memory : weights) {
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, memory}};
    take(library.primitive_execute(reorder, library.stream, 2, arguments));
    take(library.stream_wait(library.stream));
  }
  return said("weights can't be reordered");
}

void Matmul::evictWeights() {
  for (dnnl_memory_t memory : weights) {
    evict(data(memory), weightBytes);
  }
}

Status Matmul::run(int64_t i) {
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, a},
                                       {DNNL_ARG_WEIGHTS, weights[static_cast<size_t>(i) % weights.size()]},
                                       {DNNL_ARG_DST, c}};
  take(library.primitive_execute(multiply, library.stream, 3, arguments));
  take(library.stream_wait(library.stream));
  return said("a product failed");
}

/// Entries converted to the type: bytes, bf16 or f32.
template <typename Entry>
void fill(void *out, dnnl_data_type_t type, int64_t rows, int64_t columns, Entry entry) {
  switch (type) {
  case dnnl_f32:
    return fillEntries(static_cast<float *>(out), rows, columns, entry,
                       [](int x) { return static_cast<float>(x); });
  case dnnl_bf16:
    return fillEntries(static_cast<uint16_t *>(out), rows, columns, entry,
                       [](int x) { return numerics::bfloat16FromFloat(static_cast<float>(x)); });
  default:
    return fillEntries(static_cast<int8_t *>(out), rows, columns, entry,
                       [](int x) { return static_cast<int8_t>(x); });
  }
}

struct Numbers {
  const char *name; ///< of A; B is s8 for u8
  dnnl_data_type_t left, right, sum;
  int64_t weightBytes;
};
const Numbers kinds[] = {{"u8", dnnl_u8, dnnl_s8, dnnl_s32, 1},
                         {"s8", dnnl_s8, dnnl_s8, dnnl_s32, 1},
                         {"bf16", dnnl_bf16, dnnl_bf16, dnnl_f32, 2},
                         {"f32", dnnl_f32, dnnl_f32, dnnl_f32, 4}};

class OneDnnPeer : public Peer {
public:
  OneDnnPeer(std::shared_ptr<OneDnn> library, int threads, const Numbers &numbers)
      : library(std::move(library)), threads(threads), numbers(numbers) {}
  std::string name() const override { return std::string("oneDNN ") + numbers.name; }
  int64_t weightBytes() const override { return numbers.weightBytes; }

  Expected<double> seconds(const Product &product, int64_t copies) override {
    library->setThreads(threads);
    Matmul matmul(*library, numbers.left, numbers.right, numbers.sum);
    if (Status status = matmul.prepare(product, copies); !status) {
      return forward(status.error(), toString(product));
    }
    fill(matmul.leftData(), numbers.left, product.rows, product.K, leftEntry);
    fill(matmul.plainData(), numbers.right, product.N, product.K, rightEntry);
    Status status = matmul.order();
    if (status) {
      status = matmul.run(0);
    }
    if (status) {
      status = checkProduct(product, [&](int64_t row, int64_t column) {
        return entryOf(matmul.results(), row * product.N + column);
      });
    }
    if (!status) {
      return forward(status.error());
    }
    matmul.evictWeights();
    return quickestSeconds([&](int64_t i) { return matmul.run(i); });
  }

private:
  double entryOf(const void *results, int64_t index) const {
    const char *at = static_cast<const char *>(results) + 4 * index;
    if (numbers.sum == dnnl_s32) {
      int32_t entry;
      std::memcpy(&entry, at, 4);
      return entry;
    }
    float entry;
    std::memcpy(&entry, at, 4);
    return static_cast<double>(entry);
  }

  std::shared_ptr<OneDnn> library;
  int threads;
  const Numbers &numbers;
};

} // namespace

Expected<PeerList> bench::openOneDnn(int threads) {
  auto library = std::make_shared<OneDnn>();
  if (Status status = library->start(); !status) {
    return forward(status.error());
  }
  PeerList peers;
  for (const Numbers &numbers : kinds) {
    peers.push_back(std::make_shared<OneDnnPeer>(library, threads, numbers));
  }
  return peers;
}
