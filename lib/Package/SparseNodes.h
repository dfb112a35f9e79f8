//===- SparseNodes.h - Matrices under a pattern, row by row -----------------------===//
#ifndef COOPT_LIB_PACKAGE_SPARSENODES_H
#define COOPT_LIB_PACKAGE_SPARSENODES_H

#include "RecipeNodes.h"

#include "coopt/Numerics/SparsePattern.h"

namespace coopt::package::recipe {

/// The blocks that a binary32 matrix keeps, a byte (0 or 1) each; `factors`, one a column, may be empty.
Expected<NodeRef> makeKeptNode(NodeRef scores, const numerics::SparsePattern &pattern,
                               std::vector<float> factors);
/// The compact form of a matrix, and the matrix of `columns` that one means; `kept` as above.
Expected<NodeRef> makeCompressNode(NodeRef source, NodeRef kept, const numerics::SparsePattern &pattern);
Expected<NodeRef> makeDecompressNode(NodeRef values, NodeRef kept, const numerics::SparsePattern &pattern,
                                     int64_t columns);
/// The matrix with zeros where nothing is kept: decompressing what was compressed.
Expected<NodeRef> makePruneNode(NodeRef source, NodeRef kept, const numerics::SparsePattern &pattern);

} // namespace coopt::package::recipe

#endif // COOPT_LIB_PACKAGE_SPARSENODES_H
