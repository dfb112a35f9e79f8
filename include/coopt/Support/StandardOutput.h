//===- StandardOutput.h - What programs print arrived, or didn't -----------===//
#ifndef COOPT_SUPPORT_STANDARDOUTPUT_H
#define COOPT_SUPPORT_STANDARDOUTPUT_H

#include "coopt/Support/Error.h"

namespace coopt {

/// Writes out what stdout and std::cout hold. An error if this or any earlier write to them failed: a full disk
/// is known only then. Programs end with it, whatever they printed.
Status flushStandardOutput();

} // namespace coopt

#endif // COOPT_SUPPORT_STANDARDOUTPUT_H
