#include "coopt/Support/MappedFile.h"

#include "Files.h"

#include <cstdio>
#include <gtest/gtest.h>

using namespace coopt;

TEST(MappedFile, MissingFileNamesThePath) {
  auto file = MappedFile::open("/nonexistent/weights.bin");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().message, "/nonexistent/weights.bin: No such file or directory");
}

TEST(MappedFile, FolderIsNoRegularFile) {
  auto file = MappedFile::open("/tmp");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().message, "/tmp: not a regular file");
}

TEST(MappedFile, ContentsSurviveAMove) {
  std::string path = testing::TempDir() + "coopt_mapped_file";
  FILE *out = std::fopen(path.c_str(), "wb");
  ASSERT_NE(out, nullptr);
  std::fputs("weights", out);
  std::fclose(out);
  auto file = MappedFile::open(path);
  ASSERT_TRUE(file.has_value());
  MappedFile moved = std::move(*file);
  ASSERT_EQ(moved.size(), 7u);
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(moved.data()), 7), "weights");
}

TEST(MappedFile, InsideOfAFolder) {
  test::TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("a..b"));
  test::writeFile(folder.file("a..b/w"), "weights");
  auto file = MappedFile::openInside(folder.path, "./a..b/w");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->size(), 7u);
  for (std::string outside : {"/etc/passwd", "..", "../w", "a..b/../../w", "a..b/.."}) {
    file = MappedFile::openInside(folder.path, outside);
    ASSERT_FALSE(file.has_value());
    EXPECT_EQ(file.error().message, "expected a file under the model's folder, got '" + outside + "'");
  }
}
