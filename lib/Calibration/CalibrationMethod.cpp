#include "coopt/Calibration/CalibrationMethod.h"

using namespace coopt;
using namespace coopt::calibration;

Expected<CalibrationMethod> calibration::parseCalibrationMethod(std::string_view text) {
  CalibrationMethod method;
  if (text == "nearest") {
    return method;
  }
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('+', begin), text.size());
    std::string_view name = text.substr(begin, end - begin);
    bool *flag = name == "awq"    ? &method.channelScales
                 : name == "clip" ? &method.rounding.clip
                 : name == "gptq" ? &method.rounding.feedback
                                  : nullptr;
    if (!flag || *flag) {
      return fail("expected nearest, or awq, clip and gptq joined by '+' (each once), got '" +
                  std::string(text) + "'");
    }
    *flag = true;
    begin = end + 1;
  }
  return method;
}
