//===- TestPackages.h - Small packages made without the compiler ------------===//
#ifndef COOPT_TEST_SUPPORT_TESTPACKAGES_H
#define COOPT_TEST_SUPPORT_TESTPACKAGES_H

#include "coopt/PackageFormat/Package.h"

namespace coopt::test {

/// The bytes of kernels.c as a shared object, compiled with -DVARIANT=variant (0, 1 or 9).
std::vector<uint8_t> kernelObject(int variant);

/// Entries axpy, variant, count_items, noise, select (branches, copies), divide (run-time arithmetic that can
/// fail) and twice (two dispatches of one op id).
package::PackageContents functionPackage(int variant = 0);
/// No kernel, hence no code: entries "steps" (scalars, branches, copies) and "keep" (a state, a parameter),
/// which the interpreter runs all by itself.
package::PackageContents interpretedPackage();

constexpr int kToyVocabulary = 17, kToyFeatures = 4, kToyContext = 23, kToyChunk = 5;

/// A model of 17 tokens (0 unknown, 1 bos, 2 eos, 3.. the letters from 'a' on), 23 positions, chunks of 5.
package::PackageContents toyModel(int variant = 0, bool hasTokenizer = true);
/// Its weights: element (v, d) of the table and of the head.
float toyTable(int v, int d);
float toyHead(int v, int d);

/// Writes one of them with its parameters.
Status writeTestPackage(const std::string &path, const package::PackageContents &contents);

} // namespace coopt::test

#endif // COOPT_TEST_SUPPORT_TESTPACKAGES_H
