//===- CalibrationMethod.h - The names nearest, clip, awq, gptq -----------------===//
#ifndef COOPT_CALIBRATION_CALIBRATIONMETHOD_H
#define COOPT_CALIBRATION_CALIBRATIONMETHOD_H

#include "coopt/Calibration/RoundMatrix.h"
#include "coopt/Support/Error.h"

#include <string_view>

namespace coopt::calibration {

/// What is done to weights before and while they are rounded.
struct CalibrationMethod {
  bool channelScales = false; ///< awq: ChannelScales.h, folded into what comes before
  RoundingMethod rounding;    ///< clip, gptq: RoundMatrix.h

  bool isNearest() const { return !channelScales && !rounding.clip && !rounding.feedback; }
};

/// "nearest", or one or more of "awq", "clip" and "gptq" joined by '+', each once.
Expected<CalibrationMethod> parseCalibrationMethod(std::string_view text);

} // namespace coopt::calibration

#endif // COOPT_CALIBRATION_CALIBRATIONMETHOD_H
