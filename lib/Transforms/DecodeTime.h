//===- DecodeTime.h - What one token takes in a contraction, by the cost model ----===//
#ifndef COOPT_LIB_TRANSFORMS_DECODETIME_H
#define COOPT_LIB_TRANSFORMS_DECODETIME_H

#include "coopt/CostModel/CostModel.h"

namespace coopt {

/// The contraction of one row of inputs with a weight of n rows and k columns that comes from memory.
struct DecodeContraction {
  std::string id;
  int64_t n = 0, k = 0;
  double weightBytes = 0;
  std::string weightType; ///< "f32", "i1".."i8"
  bool hasCodedInputs = false;
  cost::CodeSummary codes;
};

class DecodeTime {
public:
  /// `variants`: the instruction sets to choose from, of those that the machine has; empty: all of these. Errors: the machine has no cost model.
  static Expected<DecodeTime> create(const machine::Machine &machine,
                                     const std::vector<std::string> &variants);

  /// Seconds of a kernel of its own, the least of the instruction sets and some widths of tiles. Errors: those of the model.
  Expected<double> of(const DecodeContraction &contraction) const;

private:
  std::unique_ptr<cost::CostModel> model;
  std::vector<std::string> families;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_DECODETIME_H
