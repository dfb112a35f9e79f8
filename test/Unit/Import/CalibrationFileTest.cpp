#include "coopt/Import/CalibrationFile.h"
#include "coopt/Import/SafetensorsWriter.h"

#include "Files.h"

#include <gtest/gtest.h>
#include <limits>

using namespace coopt;
using namespace coopt::import;
using calibration::InputMoments;

namespace {

const std::vector<float> kRows = {1, -2, 3, 0, 0.5f, -1};

InputMoments moments(bool withGram) {
  InputMoments made(3, withGram);
  made.add(kRows.data(), 2);
  return made;
}

TEST(CalibrationFile, HoldsWhatWasWritten) {
  test::TemporaryFolder folder;
  std::string path = folder.file("s.safetensors");
  InputMoments first = moments(true), second = moments(false);
  Status written = writeCalibrationFile(path, {{"a/q", {"a/k", "a/v"}, &first}, {"a/o", {}, &second}});
  ASSERT_TRUE(written) << written.error().message;
  auto file = CalibrationFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  for (const char *id : {"a/q", "a/k", "a/v"}) {
    EXPECT_EQ(file->entryOf(id), "a/q");
    EXPECT_EQ(file->rows(id).value(), 2);
    EXPECT_EQ(file->meanMagnitudes(id, 3).value(), (std::vector<float>{0.5f, 1.25f, 2}));
    EXPECT_EQ(file->meanSquares(id, 3).value(), (std::vector<double>{0.5, 2.125, 5}));
    EXPECT_EQ(file->gram(id, 3).value(), (std::vector<float>{1, -2, 3, -2, 4.25f, -6.5f, 3, -6.5f, 10}));
    EXPECT_TRUE(file->check(id, 3, true));
  }
  EXPECT_TRUE(file->check("a/o", 3, false));
  EXPECT_FALSE(file->entryOf("b"));
}

TEST(CalibrationFile, RowsOfExperts) {
  test::TemporaryFolder folder;
  std::string path = folder.file("s.safetensors");
  InputMoments some = moments(false);
  ASSERT_TRUE(writeCalibrationFile(
      path, {{"e/gate", {"e/up"}, &some, {2, 0, 5}}, {"o", {}, &some}, {"n", {}, &some, {-1}}}));
  auto file = CalibrationFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->expertRows("e/up", 3).value(), (std::vector<double>{2, 0, 5}));
  EXPECT_EQ(file->expertRows("e/gate", 4).error().message,
            path + ": tensor 'e/gate.expert_rows': expected I64 4, got I64 3");
  EXPECT_EQ(file->expertRows("o", 3).error().message, path + ": no tensor 'o.expert_rows'");
  EXPECT_EQ(file->expertRows("n", 1).error().message,
            path + ": tensor 'n.expert_rows': expected numbers from 0 on, got -1");
}

TEST(CalibrationFile, ErrorsNameFileAndTensor) {
  test::TemporaryFolder folder;
  std::string path = folder.file("s.safetensors");
  InputMoments some = moments(false), none(3, false), infinite(1, false);
  ASSERT_TRUE(writeCalibrationFile(path, {{"o", {}, &some}}));
  auto file = CalibrationFile::open(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->gram("o", 3).error().message,
            path + ": no tensor 'o.gram' (coopt-run --collect-hessian writes it)");
  EXPECT_EQ(file->check("o", 3, true).error().message,
            path + ": no tensor 'o.gram' (coopt-run --collect-hessian writes it)");
  EXPECT_EQ(file->check("p", 3, false).error().message, path + ": no tensor 'p.rows'");
  EXPECT_EQ(file->meanMagnitudes("o", 4).error().message,
            path + ": tensor 'o.mean_abs': expected F32 4, got F32 3");

  float huge = std::numeric_limits<float>::infinity();
  infinite.add(&huge, 1);
  EXPECT_EQ(writeCalibrationFile(path, {{"o", {}, &none}}).error().message,
            path + ": the inputs of 'o' were never seen");
  EXPECT_EQ(writeCalibrationFile(path, {{"o", {}, &infinite}}).error().message,
            path + ": the inputs of 'o' are not all finite");
  EXPECT_FALSE(writeCalibrationFile(path, {}));
}

TEST(CalibrationFile, RefusesOtherFiles) {
  test::TemporaryFolder folder;
  std::string path = folder.file("model.safetensors");
  auto writer = SafetensorsWriter::create(path, {{"w", TensorType::F32, {1}}}, {{"format", "pt"}});
  ASSERT_TRUE(writer);
  float one = 1;
  ASSERT_TRUE(writer->append(&one, 4));
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(CalibrationFile::open(path).error().message,
            path + ": expected statistics that coopt-run --collect-stats wrote (format "
                   "'coopt-calibration-1'), got 'pt'");
  EXPECT_FALSE(CalibrationFile::open(folder.file("missing")));
}

/// A file of this format with numbers that no run writes.
TEST(CalibrationFile, NumbersAreLookedAt) {
  test::TemporaryFolder folder;
  std::string path = folder.file("s.safetensors");
  auto writer = SafetensorsWriter::create(path,
                                          {{"o.rows", TensorType::I64, {}},
                                           {"o.mean_abs", TensorType::F32, {1}},
                                           {"o.sum_squares", TensorType::F64, {1}},
                                           {"o.gram", TensorType::F32, {1, 1}}},
                                          {{"format", "coopt-calibration-1"}});
  ASSERT_TRUE(writer);
  int64_t rows = 0;
  float notANumber = std::numeric_limits<float>::quiet_NaN();
  double negative = -1;
  ASSERT_TRUE(writer->append(&rows, 8) && writer->append(&notANumber, 4) && writer->append(&negative, 8) &&
              writer->append(&notANumber, 4) && writer->finish());
  auto file = CalibrationFile::open(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->rows("o").error().message, path + ": tensor 'o.rows': expected at least 1, got 0");
  EXPECT_EQ(file->meanMagnitudes("o", 1).error().message,
            path + ": tensor 'o.mean_abs': not all numbers are finite");
  EXPECT_EQ(file->gram("o", 1).error().message, path + ": tensor 'o.gram': not all numbers are finite");
  EXPECT_FALSE(file->meanSquares("o", 1));
}

} // namespace
