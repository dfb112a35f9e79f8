// State: whatever way a session came to hold tokens, it goes on with the same bits.
#include "Inference.h"
#include "Programs.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace coopt::test;

namespace {

/// How weights, and how keys and values are stored.
struct Storage {
  const char *quantize, *kv;
};

class SessionState : public testing::TestWithParam<Storage> {
protected:
  void SetUp() override {
    std::string directory = generated({"--layers=2", "--hidden=72", "--heads=3", "--kv-heads=1", "--ffn=172",
                                       "--vocab=389", "--max-positions=96", "--seed=5"});
    // What a session does with its state does not depend on the variant: the one that is compiled soonest.
    std::string path =
        compiled(directory, {std::string("--quantize=") + GetParam().quantize,
                             std::string("--kv=") + GetParam().kv, "--isa=" + runnableVariants().back()});
    ASSERT_FALSE(path.empty());
    package = openPackage(path);
    first = someTokens(23, 389, 1);
    other = someTokens(9, 389, 2);
    second = someTokens(5, 389, 3);
    session = openSession(package, 2);
    append(session, package, first, 23);
    // What must follow after `first`.
    expected = append(fork(session, package), package, second, 5);
  }
  Logits goOn(const SessionPointer &from) { return append(from, package, second, 5); }

  PackagePointer package;
  SessionPointer session;
  Tokens first, other, second;
  Logits expected;
};

TEST_P(SessionState, PiecesAreOneAppend) {
  SessionPointer pieces = openSession(package, 1);
  append(pieces, package, Tokens(first.begin(), first.begin() + 1), 1);
  append(pieces, package, Tokens(first.begin() + 1, first.end()), 11);
  EXPECT_EQ(coopt_session_position(pieces.get()), 23);
  Logits got = goOn(pieces);
  if (std::string(GetParam().quantize) == "w8a8") {
    EXPECT_EQ(difference(got, expected), "");
  }
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], 1e-4);
  }
}

TEST_P(SessionState, TruncateForgets) {
  append(session, package, other, 9);
  EXPECT_EQ(coopt_session_position(session.get()), 32);
  EXPECT_EQ(coopt_session_truncate(session.get(), 23), 0);
  EXPECT_EQ(difference(goOn(session), expected), "");
  EXPECT_EQ(coopt_session_truncate(session.get(), 29), -1);
  EXPECT_EQ(coopt_session_truncate(session.get(), -1), -1);
  EXPECT_EQ(coopt_session_truncate(session.get(), 0), 0);
  append(session, package, first, 23);
  EXPECT_EQ(difference(goOn(session), expected), "");
}

TEST_P(SessionState, ForksAreIndependent) {
  SessionPointer branch = fork(session, package);
  append(branch, package, other, 9);
  EXPECT_EQ(coopt_session_position(session.get()), 23);
  SessionPointer second = fork(session, package);
  session.reset();
  EXPECT_EQ(difference(goOn(second), expected), "");
}

TEST_P(SessionState, SavedIsLoaded) {
  std::string path = scratchPath(std::string("session-") + GetParam().quantize + GetParam().kv);
  ASSERT_EQ(coopt_session_save(session.get(), path.c_str()), 0) << coopt_error_message();
  SessionPointer loaded = openSession(package, 3);
  append(loaded, package, other, 9);
  ASSERT_EQ(coopt_session_load(loaded.get(), path.c_str()), 0) << coopt_error_message();
  EXPECT_EQ(coopt_session_position(loaded.get()), 23);
  EXPECT_EQ(difference(goOn(loaded), expected), "");

  // A truncated file and a file of another package are refused, and the session stays as it was.
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_EQ(coopt_session_load(loaded.get(), path.c_str()), -1);
  EXPECT_NE(std::string(coopt_error_message()), "");
  EXPECT_EQ(coopt_session_position(loaded.get()), 28);
  EXPECT_EQ(coopt_session_truncate(loaded.get(), 23), 0);
  EXPECT_EQ(difference(goOn(loaded), expected), "");
  std::filesystem::remove(path);
}

TEST_P(SessionState, TooManyTokensChangeNothing) {
  Tokens many = someTokens(74, 389, 4), wrong = {3, 389, 4};
  EXPECT_EQ(coopt_session_append(session.get(), many.data(), many.size(), nullptr), -1);
  EXPECT_NE(std::string(coopt_error_message()).find("96"), std::string::npos) << coopt_error_message();
  EXPECT_EQ(coopt_session_append(session.get(), wrong.data(), wrong.size(), nullptr), -1);
  EXPECT_NE(std::string(coopt_error_message()).find("389"), std::string::npos) << coopt_error_message();
  EXPECT_EQ(coopt_session_position(session.get()), 23);
  EXPECT_EQ(difference(goOn(session), expected), "");
  // Exactly up to the end.
  EXPECT_EQ(coopt_session_truncate(session.get(), 23), 0);
  EXPECT_EQ(coopt_session_append(session.get(), many.data(), 73, nullptr), 0) << coopt_error_message();
}

// Beyond the residual the first session and those that were made of it still agree, whatever way they go on.
TEST(SessionBlocks, TruncatedBeyondTheResidual) {
  std::string directory = generated({"--layers=1", "--hidden=72", "--heads=3", "--kv-heads=1", "--ffn=53",
                                     "--vocab=389", "--max-positions=200", "--seed=6"});
  PackagePointer package = openPackage(compiled(
      directory, {"--quantize=w8a8", "--kv=kivi2", "--chunk=9", "--isa=" + runnableVariants().back()}));
  Tokens many = someTokens(180, 389, 1), more = someTokens(50, 389, 2);
  SessionPointer session = openSession(package, 2);
  append(session, package, many, 9);
  ASSERT_EQ(coopt_session_truncate(session.get(), 45), 0);
  SessionPointer forked = fork(session, package), loaded = openSession(package, 1);
  std::string path = scratchPath("session-blocks");
  ASSERT_EQ(coopt_session_save(session.get(), path.c_str()), 0) << coopt_error_message();
  ASSERT_EQ(coopt_session_load(loaded.get(), path.c_str()), 0) << coopt_error_message();
  std::filesystem::remove(path);
  auto goOn = [&](const SessionPointer &from, size_t piece) {
    Logits all = append(from, package, more, piece);
    return Logits(all.end() - 389, all.end());
  };
  Logits expected = goOn(session, 50);
  EXPECT_EQ(difference(goOn(forked, 1), expected), "");
  EXPECT_EQ(difference(goOn(loaded, 7), expected), "");
  // What was never truncated has other keys in that block.
  SessionPointer fresh = openSession(package, 1);
  append(fresh, package, Tokens(many.begin(), many.begin() + 45), 9);
  EXPECT_NE(difference(goOn(fresh, 9), expected), "");
}

INSTANTIATE_TEST_SUITE_P(Formats, SessionState,
                         testing::Values(Storage{"f32", "f32"}, Storage{"w8a8", "f32"},
                                         Storage{"w8a8", "f16"}, Storage{"w8a8", "int8"},
                                         Storage{"w8a8", "kivi4"}),
                         [](const testing::TestParamInfo<Storage> &info) {
                           return std::string(info.param.quantize) + "_" + info.param.kv;
                         });

} // namespace
