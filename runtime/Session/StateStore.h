//===- StateStore.h - The memory behind a session's states ------------------===//
#ifndef COOPT_RUNTIME_SESSION_STATESTORE_H
#define COOPT_RUNTIME_SESSION_STATESTORE_H

#include "Executor/AlignedMemory.h"
#include "coopt/PackageFormat/Program.h"

#include <vector>

namespace coopt::runtime {

uint64_t stateBytes(const package::State &state);

/// Copies what is kept and positions 0..positions-1, with the rest of their last block, of every slab out of a state into
/// dense bytes, or back.
void packState(const package::State &state, const void *memory, uint64_t positions, void *packed);
void unpackState(const package::State &state, void *memory, uint64_t positions, const void *packed);
/// The positions of which a slab has so many stored.
inline uint64_t positionsOf(const package::State &state, uint64_t stored) {
  return stored > state.kept ? stored - state.kept : 0;
}
/// Bytes of that, all slabs together.
uint64_t packedBytes(const package::State &state, uint64_t positions);

/// One zeroed buffer a state.
class StateStore {
public:
  static Expected<StateStore> create(const std::vector<package::State> &states);
  void *const *addresses() const { return pointers.data(); }
  /// Takes over the first positions of a store of the same states.
  void copyFrom(const std::vector<package::State> &states, const StateStore &other, uint64_t positions);

private:
  std::vector<AlignedMemory> buffers;
  std::vector<void *> pointers;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_SESSION_STATESTORE_H
