// First in the precompiled header of a build with assertions. NDEBUG decides the layout of llvm::Statistic, and with it
// that of every pass that has one; the LLVM we link was built with it, and its constructors would leave half of the other
// layout uninitialised.
#ifdef NDEBUG
#error "for builds with assertions"
#endif
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#include <cassert>
