//===- StandardOutput.h - What programs print arrived, or didn't -----------===//
#ifndef COOPT_SUPPORT_STANDARDOUTPUT_H
#define COOPT_SUPPORT_STANDARDOUTPUT_H

#include "coopt/Support/Error.h"

#include <string_view>

namespace coopt {

/// Writes out what stdout and std::cout hold. An error if this or any earlier write to them failed: a full disk
/// is known only then. Programs end with it, whatever they printed.
Status flushStandardOutput();

/// Writes the text and what was there before. Errors as above.
Status writeStandardOutput(std::string_view text);

} // namespace coopt

#endif // COOPT_SUPPORT_STANDARDOUTPUT_H
