//===- Register.cpp - What every tool that reads our IR registers -----------===//
#include "lib/Pipelines/Register.h"

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"

using namespace coopt;

void coopt::registerCooptDialects(mlir::DialectRegistry &registry) {
  registry.insert<model::ModelDialect>();
  registry.insert<attention::AttentionDialect>();
}

void coopt::registerCooptPasses() {}
