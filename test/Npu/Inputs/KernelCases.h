//===- KernelCases.h - What kernels should compute ----------------------------===//
//
// Each gives the numbers of one run of its kernel (test/Npu/kernels*.mlir, experts.mlir, a function of its name), for one size, and says what must come of
// them: by loops that are written here, not by what the compiler or the simulator is made of.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TEST_NPU_INPUTS_KERNELCASES_H
#define COOPT_TEST_NPU_INPUTS_KERNELCASES_H

#include "ImageRun.h"

namespace coopt::npu::test {

using KernelCase = void (*)(ImageRun &run, int64_t size);

void broadcasts(ImageRun &run, int64_t size);
void comparisons(ImageRun &run, int64_t size);
void functions(ImageRun &run, int64_t size);
void integers(ImageRun &run, int64_t size);
void turned(ImageRun &run, int64_t size);
void reductions(ImageRun &run, int64_t size);
void heads(ImageRun &run, int64_t size);

void product(ImageRun &run, int64_t size);
void deepProduct(ImageRun &run, int64_t size);
void decoded(ImageRun &run, int64_t size);
void rows(ImageRun &run, int64_t size);
void panels(ImageRun &run, int64_t size);

// Of test/Npu/kernels-weights.mlir and kernels-bits.mlir.
void narrowProduct(ImageRun &run, int64_t size);
void groups(ImageRun &run, int64_t size);
void groupsOfZeros(ImageRun &run, int64_t size);
void levels(ImageRun &run, int64_t size);
void twoBits(ImageRun &run, int64_t size);
void byteZeros(ImageRun &run, int64_t size);
void longGroups(ImageRun &run, int64_t size);
void lookedOutputs(ImageRun &run, int64_t size);
void lookedGroups(ImageRun &run, int64_t size);
void lookedTiles(ImageRun &run, int64_t size);
void lookedZeros(ImageRun &run, int64_t size);
void lookedLevels(ImageRun &run, int64_t size);
void lookedBytes(ImageRun &run, int64_t size);
void lookedLong(ImageRun &run, int64_t size);
void packedRows(ImageRun &run, int64_t size);
void centredRows(ImageRun &run, int64_t size);
void centredBytes(ImageRun &run, int64_t size);
void decodedGroups(ImageRun &run, int64_t size);
void decodedZeros(ImageRun &run, int64_t size);
void decodedLevels(ImageRun &run, int64_t size);

// Of test/Npu/kernels-kept.mlir.
void keptProduct(ImageRun &run, int64_t size);
void keptQuarters(ImageRun &run, int64_t size);
void keptGroups(ImageRun &run, int64_t size);
void keptTwoBits(ImageRun &run, int64_t size);
void keptEights(ImageRun &run, int64_t size);
void keptFives(ImageRun &run, int64_t size);
void keptLongGroups(ImageRun &run, int64_t size);
void keptRows(ImageRun &run, int64_t size);
void keptBytes(ImageRun &run, int64_t size);

void attention(ImageRun &run, int64_t size);

// Of test/Npu/experts.mlir.
void logits(ImageRun &run, int64_t size);
void chosen(ImageRun &run, int64_t size);
void dispatched(ImageRun &run, int64_t size);
void restricted(ImageRun &run, int64_t size);
void byExperts(ImageRun &run, int64_t size);
void combined(ImageRun &run, int64_t size);

} // namespace coopt::npu::test

#endif // COOPT_TEST_NPU_INPUTS_KERNELCASES_H
