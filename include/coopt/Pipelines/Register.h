//===- Register.h - What every tool that reads our IR registers -------------===//
//
// One list of our dialects and passes, for coopt-opt, the language server, the reducer and the driver: a
// dialect or pass that is added here is known to all of them. Upstream's own are registered by the tools that
// want them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PIPELINES_REGISTER_H
#define COOPT_PIPELINES_REGISTER_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace coopt {

/// Adds coopt's dialects, and the interfaces they attach to each other, to the registry.
void registerCooptDialects(mlir::DialectRegistry &registry);

/// Adds the dialects that the phases make ops of, coopt's and upstream's: what a context must have loaded to
/// run them.
void insertPhaseDialects(mlir::DialectRegistry &registry);

/// Adds coopt's passes and pipelines to the global pass registry.
void registerCooptPasses();

} // namespace coopt

#endif // COOPT_PIPELINES_REGISTER_H
