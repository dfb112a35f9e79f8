//===- coopt-lsp-server.cpp - Language server for MLIR text with our dialects ===//
#include "coopt/Pipelines/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  coopt::registerCooptDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
