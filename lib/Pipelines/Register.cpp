//===- Register.cpp - What every tool that reads our IR registers -----------===//
#include "lib/Pipelines/Register.h"

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Program/IR/Program.h"
#include "dialects/Program/Transforms/Passes.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Quantized/Transforms/Patterns.h"
#include "dialects/Schedule/IR/Schedule.h"
#include "dialects/Schedule/Transforms/Passes.h"

#include "coopt/Conversion/Passes.h"
#include "coopt/Package/ProgramSerializer.h"
#include "coopt/Target/X86.h"
#include "coopt/Transforms/Compress.h"

using namespace coopt;

void coopt::registerCooptDialects(mlir::DialectRegistry &registry) {
  registry.insert<model::ModelDialect>();
  registry.insert<attention::AttentionDialect>();
  registry.insert<program::ProgramDialect>();
  registry.insert<quantized::QuantizedDialect>();
  registry.insert<schedule::ScheduleDialect>();
}

void coopt::registerCooptPasses() {
  registerCompressPass();
  registerConversionPasses();
  package::registerPackagePasses();
  program::registerProgramPasses();
  quantized::registerQuantizedPasses();
  schedule::registerSchedulePasses();
  target::registerTargetPasses();
}
