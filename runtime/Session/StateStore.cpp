#include "Session/StateStore.h"

#include <cstring>

using namespace coopt;
using namespace coopt::runtime;
using package::State;

static uint64_t positionBytes(const State &state) { return state.inner * package::elementBytes(state.type); }

uint64_t runtime::stateBytes(const State &state) {
  return state.outer * state.stored() * positionBytes(state);
}

uint64_t runtime::packedBytes(const State &state, uint64_t positions) {
  return state.outer * state.stored(positions) * positionBytes(state);
}

void runtime::packState(const State &state, const void *memory, uint64_t positions, void *packed) {
  uint64_t slab = state.stored() * positionBytes(state);
  uint64_t filled = state.stored(positions) * positionBytes(state);
  for (uint64_t o = 0; o < state.outer; ++o) {
    std::memcpy(static_cast<uint8_t *>(packed) + o * filled, static_cast<const uint8_t *>(memory) + o * slab,
                filled);
  }
}

void runtime::unpackState(const State &state, void *memory, uint64_t positions, const void *packed) {
  uint64_t slab = state.stored() * positionBytes(state);
  uint64_t filled = state.stored(positions) * positionBytes(state);
  for (uint64_t o = 0; o < state.outer; ++o) {
    std::memcpy(static_cast<uint8_t *>(memory) + o * slab, static_cast<const uint8_t *>(packed) + o * filled,
                filled);
  }
}

Expected<StateStore> StateStore::create(const std::vector<State> &states) {
  StateStore store;
  for (const State &state : states) {
    auto memory = AlignedMemory::allocate(stateBytes(state));
    if (!memory) {
      return forward(memory.error(), "state '" + state.name + "'");
    }
    store.pointers.push_back(memory->data());
    store.buffers.push_back(std::move(*memory));
  }
  return store;
}

void StateStore::copyFrom(const std::vector<State> &states, const StateStore &other, uint64_t positions) {
  for (size_t i = 0; i < states.size(); ++i) {
    uint64_t slab = states[i].stored() * positionBytes(states[i]);
    uint64_t filled = states[i].stored(positions) * positionBytes(states[i]);
    for (uint64_t o = 0; o < states[i].outer; ++o) {
      std::memcpy(buffers[i].data() + o * slab, other.buffers[i].data() + o * slab, filled);
    }
  }
}
