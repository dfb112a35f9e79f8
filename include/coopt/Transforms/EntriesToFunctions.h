//===- EntriesToFunctions.h - Entries for upstream's passes -----------------===//
//
// For the oracle: a model.entry becomes a func.func that upstream's passes lower and upstream's runner runs, so that
// nothing of the phases, the package or the runtime takes part. Its arguments are the entry's, a state as its buffer
// (written in place, so it is no result), then the entry's sizes in order. Parameters become constants, read from the
// model's files: for small models.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_ENTRIESTOFUNCTIONS_H
#define COOPT_TRANSFORMS_ENTRIESTOFUNCTIONS_H

namespace coopt {

/// Registers coopt-entries-to-functions.
void registerEntriesToFunctionsPass();

} // namespace coopt

#endif // COOPT_TRANSFORMS_ENTRIESTOFUNCTIONS_H
