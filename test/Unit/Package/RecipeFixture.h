//===- RecipeFixture.h - A module and the files its parameters come from -------------===//
#ifndef COOPT_TEST_UNIT_PACKAGE_RECIPEFIXTURE_H
#define COOPT_TEST_UNIT_PACKAGE_RECIPEFIXTURE_H

#include "Files.h"
#include "coopt/Package/RecipeEvaluator.h"

#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace coopt {

class RecipeFixture : public ::testing::Test {
protected:
  RecipeFixture() {
    context.loadDialect<model::ModelDialect, quantized::QuantizedDialect, mlir::arith::ArithDialect,
                        mlir::tensor::TensorDialect>();
  }

  template <typename T>
  void writeFile(const std::string &name, const std::vector<T> &values, size_t offset = 0) {
    std::ofstream stream(folder.file(name), std::ios::binary);
    stream << std::string(offset, 'x');
    stream.write(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
  }

  Expected<RecipeEvaluator> evaluate(const std::string &text, const RecipeOptions &options = {}) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module) {
      return fail("does not parse");
    }
    return RecipeEvaluator::create(*module, folder.path, options);
  }

  static std::vector<uint8_t> bytesOf(const RecipeEvaluator &evaluator, const std::string &name) {
    std::vector<uint8_t> bytes;
    Status status = evaluator.write(name, [&](const uint8_t *data, size_t size) -> Status {
      bytes.insert(bytes.end(), data, data + size);
      return {};
    });
    EXPECT_TRUE(status.has_value()) << status.error().message;
    EXPECT_EQ(bytes.size(), evaluator.size(name).value_or(~uint64_t(0)));
    return bytes;
  }

  template <typename T>
  static std::vector<T> valuesOf(const RecipeEvaluator &evaluator, const std::string &name) {
    std::vector<uint8_t> bytes = bytesOf(evaluator, name);
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  test::TemporaryFolder folder;
};

} // namespace coopt

#endif // COOPT_TEST_UNIT_PACKAGE_RECIPEFIXTURE_H
