//===- ConfigLimits.h - The largest sizes that are read ------------------------------===//
//
// Well above every published model; they keep products of two sizes far inside 64 bits.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_IMPORT_CONFIGLIMITS_H
#define COOPT_LIB_IMPORT_CONFIGLIMITS_H

#include <cstdint>

namespace coopt::import {

constexpr int64_t maximumWidth = 1 << 20;
constexpr int64_t maximumLayers = 4096;
constexpr int64_t maximumHeads = 1 << 14;
constexpr int64_t maximumHeadSize = 4096;
constexpr int64_t maximumExperts = 4096;
constexpr int64_t maximumVocabulary = 1 << 24;
constexpr int64_t maximumPositions = int64_t(1) << 28;

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_CONFIGLIMITS_H
