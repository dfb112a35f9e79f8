//===- RecipeStream.h - Writing a parameter piece by piece -----------------------===//
#ifndef COOPT_LIB_PACKAGE_RECIPESTREAM_H
#define COOPT_LIB_PACKAGE_RECIPESTREAM_H

#include "RecipeNodes.h"

#include "coopt/PackageFormat/Package.h"

namespace coopt::package::recipe {

/// Evaluates pieces of about `pieceBytes` on `threads` threads and gives them to the sink in order. Holds at
/// most one piece, and the rows it is made of, a thread.
Status stream(const Node &node, unsigned threads, uint64_t pieceBytes, const ByteSink &sink);

} // namespace coopt::package::recipe

#endif // COOPT_LIB_PACKAGE_RECIPESTREAM_H
