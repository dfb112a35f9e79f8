//===- ProgramPrinter.h - A host program as text ------------------------------===//
#ifndef COOPT_PACKAGEFORMAT_PROGRAMPRINTER_H
#define COOPT_PACKAGEFORMAT_PROGRAMPRINTER_H

#include "coopt/PackageFormat/Program.h"

#include <string>

namespace coopt::package {

/// Every table and command, one a line, numbered as commands refer to them. Takes any program, verified or
/// not: what an index names is not looked up.
std::string print(const Program &program);

} // namespace coopt::package

#endif // COOPT_PACKAGEFORMAT_PROGRAMPRINTER_H
