//===- coopt-opt.cpp - Passes and pipelines over MLIR text ------------------===//
#include "coopt/Pipelines/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  coopt::registerCooptPasses();

  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  coopt::registerCooptDialects(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "coopt optimizer driver\n", registry));
}
