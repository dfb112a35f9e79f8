//===- CalibratedNodes.h - Codes chosen with statistics of inputs ----------------===//
//
// Nodes whose rows come of whole matrices: codes under error feedback, factors of channels. What is expensive (one rounded matrix,
// one factor of a Gram matrix) is kept in a cache that all nodes of a plan share and that holds one of each: parameters are
// written one after the other, parts of one weight next to each other.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_PACKAGE_CALIBRATEDNODES_H
#define COOPT_LIB_PACKAGE_CALIBRATEDNODES_H

#include "RecipeNodes.h"

#include "coopt/Calibration/RoundMatrix.h"
#include "coopt/Import/CalibrationFile.h"

#include <mutex>
#include <string>

namespace coopt::package::recipe {

/// The statistics of a module's contractions, and what was last made of them.
struct CalibrationContext {
  CalibrationContext(import::CalibrationFile file, unsigned threads)
      : file(std::move(file)), threads(threads) {}

  import::CalibrationFile file;
  unsigned threads;

  std::mutex mutex; ///< guards what follows
  const void *matrixOwner = nullptr;
  std::shared_ptr<const calibration::RoundedMatrix> matrix;
  std::string factorName;
  std::shared_ptr<const calibration::InverseFactor> factor;
};
using CalibrationRef = std::shared_ptr<CalibrationContext>;

/// How a weight's codes are chosen.
struct CalibratedRounding {
  calibration::WeightFormat format;
  calibration::RoundingMethod method;
  std::string opId;
  /// What the columns of the weight were multiplied with: its inputs are those of the statistics divided by it. May be null.
  NodeRef columnFactors;
};

/// The parts of the codes of a binary32 matrix, as makeQuantizeNode and makeTwoLevelNode shape them. Errors: a statistic that the
/// method needs and the file lacks.
Expected<std::vector<NodeRef>> makeCalibratedNodes(NodeRef input, CalibratedRounding rounding,
                                                   const std::vector<QuantizedPart> &parts,
                                                   CalibrationRef context);

/// Factors for the columns of all `weights` (ChannelScales.h), which read the inputs of op id `opId`.
Expected<NodeRef> makeChannelScalesNode(std::vector<NodeRef> weights, const calibration::WeightFormat &format,
                                        std::string opId, bool clip, CalibrationRef context);

/// input[.., i, ..] * or / factors[i] along one of at most two dimensions, binary32.
Expected<NodeRef> makeRescaleNode(NodeRef input, NodeRef factors, size_t dimension, bool divide);

} // namespace coopt::package::recipe

#endif // COOPT_LIB_PACKAGE_CALIBRATEDNODES_H
