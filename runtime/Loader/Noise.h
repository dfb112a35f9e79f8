//===- Noise.h - Parameters that are made at load ---------------------------===//
#ifndef COOPT_RUNTIME_LOADER_NOISE_H
#define COOPT_RUNTIME_LOADER_NOISE_H

#include "Executor/AlignedMemory.h"
#include "coopt/PackageFormat/Package.h"

namespace coopt::runtime {

/// Element i is f32(scale) * package::noise(seed, i), one binary32 multiplication, then converted once: to
/// nearest even for floating-point types; integers are the nearest one modulo 2^bits, so that a scale of 128
/// makes every byte about equally often. All threads that the process may use take part. Errors: 8-bit
/// floats, which are made by a recipe instead; not enough memory.
Expected<AlignedMemory> makeNoise(const package::Parameter &parameter);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_LOADER_NOISE_H
