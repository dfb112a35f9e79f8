//===- CalibrationFile.h - Statistics of inputs, kept in a file ------------------===//
//
// A safetensors file. For the contraction of op id O, with K input channels:
//
//   O.rows          I64 scalar   rows of inputs that were seen, at least 1
//   O.mean_abs      F32 [K]      mean |x_k|
//   O.max_abs       F32 [K]      max |x_k|
//   O.sum_squares   F64 [K]      sum of x_k^2
//   O.gram          F32 [K, K]   sum of x x^T; there only if it was asked for
//   O.expert_rows   I64 [E]      how many of the rows went to each of E experts; there only for contractions by experts
//
// Contractions that read the same inputs share their tensors: the metadata entry "same_input:P" is the op id under which those of
// P are. "format" is "coopt-calibration-1".
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_CALIBRATIONFILE_H
#define COOPT_IMPORT_CALIBRATIONFILE_H

#include "coopt/Calibration/InputMoments.h"
#include "coopt/Import/Safetensors.h"

#include <map>

namespace coopt::import {

/// Statistics that are to be written.
struct CalibrationEntry {
  std::string opId;
  std::vector<std::string> sameInput; ///< ids of further contractions that read the same
  const calibration::InputMoments *moments = nullptr;
  std::vector<int64_t> expertRows = {}; ///< empty: no contraction by experts
};

/// Writes the file whole or not at all. Errors: no entry, one without rows, sums that are not finite, those of the file.
Status writeCalibrationFile(const std::string &path, const std::vector<CalibrationEntry> &entries);

class CalibrationFile {
public:
  /// Errors name the file: those of safetensors, a file of another format.
  static Expected<CalibrationFile> open(const std::string &path);

  const std::string &path() const { return name; }
  /// The op id under which the statistics of `opId` are; nothing if there are none.
  std::optional<std::string> entryOf(const std::string &opId) const;

  /// Whether all that the other functions need is there, with these shapes; numbers are not looked at.
  Status check(const std::string &opId, int64_t K, bool withGram) const;
  // Errors name file and tensor: one that is missing, has another type or shape than K asks for, or numbers that are not finite.
  Expected<double> rows(const std::string &opId) const;
  Expected<std::vector<float>> meanMagnitudes(const std::string &opId, int64_t K) const;
  /// sum_squares / rows
  Expected<std::vector<double>> meanSquares(const std::string &opId, int64_t K) const;
  /// One for each expert, none negative.
  Expected<std::vector<double>> expertRows(const std::string &opId, int64_t experts) const;
  /// K x K
  Expected<std::vector<float>> gram(const std::string &opId, int64_t K) const;

private:
  Expected<const TensorInfo *> find(const std::string &opId, const char *kind, TensorType type,
                                    const std::vector<int64_t> &shape) const;

  std::string name;
  std::shared_ptr<const SafetensorsModel> tensors;
  std::map<std::string, std::string> sameInput;
};

} // namespace coopt::import

#endif // COOPT_IMPORT_CALIBRATIONFILE_H
