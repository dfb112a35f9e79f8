//===- InputStatistics.h - What the inputs of contractions are like ----------------===//
#ifndef COOPT_RUNTIME_MEASURE_INPUTSTATISTICS_H
#define COOPT_RUNTIME_MEASURE_INPUTSTATISTICS_H

#include "Executor/Observer.h"
#include "coopt/Calibration/InputMoments.h"
#include "coopt/PackageFormat/Package.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace coopt::runtime {

/// Adds up the float inputs of the contractions that the package's manifest names, dispatch by dispatch; nothing else is kept.
/// Contractions that read the same inputs are added up once.
class InputStatistics : public Observer {
public:
  struct Entry {
    std::string opId;                   ///< the first contraction that reads these inputs
    std::vector<std::string> sameInput; ///< the others
    uint32_t operand = 0;
    calibration::InputMoments moments;
    std::vector<int64_t> expertRows; ///< of a dispatch by experts: how many rows each of them had
  };

  /// Errors: a package that names no contraction with float inputs; lack of memory.
  static Expected<std::unique_ptr<InputStatistics>> create(const package::Manifest &manifest, bool withGram,
                                                           unsigned threads);

  Status before(const DispatchView &dispatch) override;
  /// In the order of the manifest.
  const std::vector<Entry> &entries() const { return list; }

private:
  explicit InputStatistics(unsigned threads) : threads(threads) {}
  void add(const DispatchView &dispatch, Entry &entry, int64_t first, int64_t rows) const;
  void addSegments(const DispatchView &dispatch, Entry &entry, int64_t rows) const;

  std::vector<Entry> list;
  std::unordered_map<std::string, size_t> byDispatch; ///< of the first contractions
  std::vector<uint32_t> expertsOf;                    ///< parameters
  unsigned threads;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_MEASURE_INPUTSTATISTICS_H
