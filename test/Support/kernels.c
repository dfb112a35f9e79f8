// Kernels as a compiler would make them, by hand: for tests of package and runtime without the compiler.
// Built freestanding into a shared object that imports nothing.
typedef unsigned int uint32;
typedef int int32;
typedef long long int64;

typedef struct {
  void *const *buffers;
  const int64 *sizes;
  void *scratch;
} Block;

#ifndef VARIANT
#define VARIANT 0
#endif

// reads x[n], y[n], alpha[1]; writes z[n]; 16 elements a work item
void axpy(const Block *b, const void *services, uint32 first, uint32 last) {
  const float *x = b->buffers[0], *y = b->buffers[1], *alpha = b->buffers[2];
  float *z = b->buffers[3];
  int64 n = b->sizes[0];
  for (int64 i = (int64)first * 16; i < n && i < (int64)last * 16; ++i) {
    z[i] = *alpha * x[i] + y[i];
  }
}

// writes r[1]: which object this is
void variant(const Block *b, const void *services, uint32 first, uint32 last) {
  *(int32 *)b->buffers[0] = VARIANT;
}

// writes r[1]: the number of its work items, added up from ranges, in which no item may come twice
void count_items(const Block *b, const void *services, uint32 first, uint32 last) {
  for (uint32 i = first; i < last; ++i) {
    __atomic_fetch_add((int32 *)b->buffers[0], 1, __ATOMIC_RELAXED);
  }
}

// reads f32 values; writes them plus 1, in place of what was there
void increment(const Block *b, const void *services, uint32 first, uint32 last) {
  const float *x = b->buffers[0];
  float *y = b->buffers[1];
  for (uint32 i = first; i < last; ++i) {
    y[i] = x[i] + (VARIANT == 9 ? 1.001f : 1.0f);
  }
}

// writes r[n], i64: element sizes[0] becomes sizes[1]
void store(const Block *b, const void *services, uint32 first, uint32 last) {
  ((int64 *)b->buffers[0])[b->sizes[0]] = b->sizes[1];
}

// The toy model: 4 features, 23 positions.
enum { FEATURES = 4, CAPACITY = 23 };

// reads tokens[T], table[V, 4]; writes x[T, 4]; an item a token
void embed(const Block *b, const void *services, uint32 first, uint32 last) {
  const int32 *tokens = b->buffers[0];
  const float *table = b->buffers[1];
  float *x = b->buffers[2];
  for (uint32 t = first; t < last; ++t) {
    for (int d = 0; d < FEATURES; ++d) {
      x[t * FEATURES + d] = table[tokens[t] * FEATURES + d];
    }
  }
}

// reads x[T, 4]; writes the state: keys x/2 in slab 0, values x+1 in slab 1; sizes T, past
void append(const Block *b, const void *services, uint32 first, uint32 last) {
  const float *x = b->buffers[0];
  float *state = b->buffers[1];
  int64 past = b->sizes[1];
  for (uint32 t = first; t < last; ++t) {
    for (int d = 0; d < FEATURES; ++d) {
      state[(past + t) * FEATURES + d] = 0.5f * x[t * FEATURES + d];
      state[(CAPACITY + past + t) * FEATURES + d] = 1.0f + x[t * FEATURES + d];
    }
  }
}

// reads x[T, 4], the state; writes y[T, 4]; sizes T, T, past; 16 bytes of scratch
void attend(const Block *b, const void *services, uint32 first, uint32 last) {
  const float *x = b->buffers[0], *state = b->buffers[1];
  float *y = b->buffers[2], *sums = b->scratch;
  int64 past = b->sizes[2];
  for (uint32 t = first; t < last; ++t) {
    for (int d = 0; d < FEATURES; ++d) {
      sums[d] = 0;
    }
    for (int64 j = 0; j <= past + t; ++j) {
      for (int d = 0; d < FEATURES; ++d) {
        float key = state[j * FEATURES + d], value = state[(CAPACITY + j) * FEATURES + d];
        sums[d] = sums[d] + key * value * x[t * FEATURES + d];
      }
    }
    for (int d = 0; d < FEATURES; ++d) {
      y[t * FEATURES + d] = sums[d];
    }
  }
}

// reads y[T, 4], weights[V, 4]; writes logits[O, V]; sizes T, O; an item a logit
void head(const Block *b, const void *services, uint32 first, uint32 last) {
  const float *y = b->buffers[0], *weights = b->buffers[1];
  float *logits = b->buffers[2];
  int64 skipped = b->sizes[0] - b->sizes[1];
  enum { VOCABULARY = 17 };
  for (uint32 i = first; i < last; ++i) {
    const float *row = y + (skipped + i / VOCABULARY) * FEATURES;
    const float *weight = weights + i % VOCABULARY * FEATURES;
    float sum = 0;
    for (int d = 0; d < FEATURES; ++d) {
      sum = sum + row[d] * weight[d];
    }
    logits[i] = VARIANT == 9 ? sum * 1.0009765625f : sum;
  }
}

// reads logits[O, V], targets[O]; writes nll[O]: how far the target's logit lies below the largest
void score(const Block *b, const void *services, uint32 first, uint32 last) {
  const float *logits = b->buffers[0];
  const int32 *targets = b->buffers[1];
  float *nll = b->buffers[2];
  for (uint32 o = first; o < last; ++o) {
    float most = logits[o * 17];
    for (int v = 1; v < 17; ++v) {
      most = logits[o * 17 + v] > most ? logits[o * 17 + v] : most;
    }
    nll[o] = most - logits[o * 17 + targets[o]];
  }
}

// reads logits[1, V], temperature[1], random[1]; writes token[1]: the largest, or one that the random number alone picks
void sample(const Block *b, const void *services, uint32 first, uint32 last) {
  const float *logits = b->buffers[0], *temperature = b->buffers[1], *random = b->buffers[2];
  int32 *token = b->buffers[3];
  *token = 0;
  for (int v = 1; v < 17; ++v) {
    *token = logits[v] > logits[*token] ? v : *token;
  }
  if (*temperature > 0) {
    *token = (int32)(*random * 17.0f);
  }
}
