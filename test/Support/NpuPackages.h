//===- NpuPackages.h - Small packages for a simulated accelerator -----------===//
#ifndef COOPT_TEST_SUPPORT_NPUPACKAGES_H
#define COOPT_TEST_SUPPORT_NPUPACKAGES_H

#include "coopt/Machine/Machine.h"
#include "coopt/NpuIsa/Image.h"
#include "coopt/PackageFormat/Package.h"

namespace coopt::test {

constexpr int kNpuColumns = 16, kNpuTableRows = 8;

/// A kernel image for npuMachine(): lines with its symbols, and those of its core without the last halt.
npu::Image npuImage(const std::string &symbols, const std::string &body);
/// edge1.
machine::Machine npuMachine();
/// A constant of kernel "pick": element (row, column).
float npuTable(int row, int column);

/// For npuMachine(), with f32 rows of 16 columns:
///   blend       z[n] = x[n] y[n] + w, w the parameter "table": two dispatches, blend/multiply and blend/add; 0 to 1000 rows
///   accumulate  adds the rows of x[n] to a state, z = the state
///   pick        z[n] = rows of npuTable() that i32 indices[n] name; others are a fault
///   number      r = n, an i32 from the block; n goes up to 2^40
///   part        the first m numbers of x[n]; more than it has are a fault
package::PackageContents npuPackage();

} // namespace coopt::test

#endif // COOPT_TEST_SUPPORT_NPUPACKAGES_H
