// The toy model through the C API, against an oracle that has neither cache nor chunks.
#include "Files.h"
#include "ToyOracle.h"
#include "coopt.h"
#include "coopt/PackageFormat/Package.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::test;

namespace {

class Toy : public testing::Test {
protected:
  void SetUp() override {
    path = folder.file("toy.coopt");
    auto status = writeTestPackage(path, toyModel());
    ASSERT_TRUE(status.has_value()) << status.error().message;
    package = coopt_package_open(path.c_str(), nullptr);
    ASSERT_NE(package, nullptr) << coopt_error_message();
    session = open(1);
  }
  void TearDown() override {
    coopt_session_close(session);
    coopt_package_close(package);
  }
  coopt_session *open(int threads) {
    coopt_session_options options = {sizeof(options), threads};
    coopt_session *opened = coopt_session_open(package, &options);
    EXPECT_NE(opened, nullptr) << coopt_error_message();
    return opened;
  }
  /// Appends tokens[from..to-1].
  std::vector<float> append(coopt_session *to_, const std::vector<int32_t> &tokens, size_t from, size_t to) {
    std::vector<float> logits(kToyVocabulary);
    EXPECT_EQ(coopt_session_append(to_, tokens.data() + from, to - from, logits.data()), 0)
        << coopt_error_message();
    return logits;
  }

  TemporaryFolder folder;
  std::string path;
  coopt_package *package = nullptr;
  coopt_session *session = nullptr;
  // As many as the context holds; odd, and no multiple of the chunk.
  const std::vector<int32_t> tokens = {1, 5, 9,  3,  16, 0,  2, 7, 7, 11, 4, 13,
                                       6, 8, 10, 12, 14, 15, 5, 3, 9, 1,  2};
};

} // namespace

TEST_F(Toy, Facts) {
  EXPECT_EQ(coopt_package_vocabulary(package), 17);
  EXPECT_EQ(coopt_package_context(package), 23);
  EXPECT_STREQ(coopt_package_isa(package), "generic");
  EXPECT_EQ(coopt_is_end(package, 2), 1);
  EXPECT_EQ(coopt_is_end(package, 1), 0);
  EXPECT_STREQ(coopt_version(), "0.1.0");
}

TEST_F(Toy, AnyCutIntoCallsGivesTheSameLogits) {
  for (size_t count = 1; count <= tokens.size(); ++count) {
    std::vector<float> expected = toyLogits(tokens, count);
    for (size_t first : {size_t(1), size_t(2), size_t(5), size_t(6), count}) {
      if (first > count) {
        continue;
      }
      ASSERT_EQ(coopt_session_truncate(session, 0), 0);
      std::vector<float> logits = append(session, tokens, 0, first);
      if (first < count) {
        logits = append(session, tokens, first, count);
      }
      EXPECT_EQ(logits, expected) << count << " tokens, first " << first;
      EXPECT_EQ(coopt_session_position(session), static_cast<int64_t>(count));
    }
  }
}

TEST_F(Toy, ThreadsDoNotMatter) {
  std::vector<float> expected = toyLogits(tokens, tokens.size());
  for (int threads : {1, 2, 3, 7}) {
    coopt_session *other = open(threads);
    for (int repeat = 0; repeat < 20; ++repeat) {
      ASSERT_EQ(coopt_session_truncate(other, 0), 0);
      ASSERT_EQ(append(other, tokens, 0, tokens.size()), expected) << threads;
    }
    coopt_session_close(other);
  }
}

TEST_F(Toy, TruncateForgets) {
  append(session, tokens, 0, 12);
  ASSERT_EQ(coopt_session_truncate(session, 5), 0);
  EXPECT_EQ(coopt_session_position(session), 5);
  EXPECT_EQ(coopt_session_sample(session, 0), -1);
  EXPECT_STREQ(coopt_error_message(), "nothing to sample from: append tokens first");
  std::vector<int32_t> other(tokens.begin(), tokens.begin() + 5);
  other.insert(other.end(), {8, 8, 3});
  EXPECT_EQ(append(session, other, 5, 8), toyLogits(other, 8));
  EXPECT_EQ(coopt_session_truncate(session, 9), -1);
  EXPECT_STREQ(coopt_error_message(), "truncate: expected a position between 0 and 8, got 9");
  EXPECT_EQ(coopt_session_truncate(session, -1), -1);
  EXPECT_EQ(coopt_session_truncate(session, 8), 0); // changes nothing
  EXPECT_GE(coopt_session_sample(session, 0), 0);
}

TEST_F(Toy, ForkIsIndependent) {
  append(session, tokens, 0, 7);
  coopt_session *other = coopt_session_fork(session);
  ASSERT_NE(other, nullptr) << coopt_error_message();
  EXPECT_EQ(coopt_session_position(other), 7);
  EXPECT_EQ(coopt_session_sample(other, 0), coopt_session_sample(session, 0));
  std::vector<int32_t> changed(tokens.begin(), tokens.begin() + 7);
  changed.insert(changed.end(), {10, 3, 5, 6, 7, 8});
  EXPECT_EQ(append(other, changed, 7, 13), toyLogits(changed, 13));
  EXPECT_EQ(append(session, tokens, 7, 13), toyLogits(tokens, 13));
  coopt_session_close(other);
}

TEST_F(Toy, SaveAndLoadGoOn) {
  append(session, tokens, 0, 11);
  coopt_session_seed(session, 99);
  int32_t sampled = coopt_session_sample(session, 1);
  std::string file = folder.file("saved");
  ASSERT_EQ(coopt_session_save(session, file.c_str()), 0) << coopt_error_message();
  // The header, 2 slabs of 11 positions of 4 floats, 17 logits: nothing but what is filled.
  EXPECT_EQ(readBytes(file).size(), 64u + 2 * 11 * 4 * 4 + 17 * 4);
  coopt_session *other = open(2);
  append(other, tokens, 3, 9);
  ASSERT_EQ(coopt_session_load(other, file.c_str()), 0) << coopt_error_message();
  EXPECT_EQ(coopt_session_position(other), 11);
  EXPECT_EQ(coopt_session_sample(other, 1), sampled);
  EXPECT_EQ(append(other, tokens, 11, 20), toyLogits(tokens, 20));
  coopt_session_close(other);
}

TEST_F(Toy, BrokenSavedSessionsAreRefused) {
  append(session, tokens, 0, 3);
  std::string file = folder.file("saved");
  ASSERT_EQ(coopt_session_save(session, file.c_str()), 0);
  std::vector<uint8_t> bytes = readBytes(file);
  append(session, tokens, 3, 4);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::vector<uint8_t> changed = bytes;
    changed[i] ^= static_cast<uint8_t>(1u << (i % 8));
    writeBytes(file, changed);
    ASSERT_EQ(coopt_session_load(session, file.c_str()), -1) << "byte " << i;
    if (i % 7 != 0) {
      continue;
    }
    changed.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(i));
    writeBytes(file, changed);
    ASSERT_EQ(coopt_session_load(session, file.c_str()), -1) << "size " << i;
  }
  bytes.push_back(0);
  writeBytes(file, bytes);
  EXPECT_EQ(coopt_session_load(session, file.c_str()), -1);
  // And the session is as it was.
  EXPECT_EQ(coopt_session_position(session), 4);
  EXPECT_EQ(append(session, tokens, 4, 6), toyLogits(tokens, 6));
}

TEST_F(Toy, SessionOfAnotherPackageIsRefused) {
  append(session, tokens, 0, 3);
  std::string file = folder.file("saved");
  ASSERT_EQ(coopt_session_save(session, file.c_str()), 0);
  std::string otherPath = folder.file("other.coopt");
  package::PackageContents contents = toyModel();
  contents.manifest.model->quantization = "other";
  ASSERT_TRUE(writeTestPackage(otherPath, contents).has_value());
  coopt_package *otherPackage = coopt_package_open(otherPath.c_str(), nullptr);
  ASSERT_NE(otherPackage, nullptr);
  coopt_session *other = coopt_session_open(otherPackage, nullptr);
  EXPECT_EQ(coopt_session_load(other, file.c_str()), -1);
  EXPECT_EQ(coopt_error_message(), file + ": was saved by a session of another package");
  coopt_session_close(other);
  coopt_package_close(otherPackage);
}

TEST_F(Toy, ScoreIsThatOfEveryPosition) {
  std::vector<float> nll(tokens.size() - 1);
  ASSERT_EQ(coopt_session_score(session, tokens.data(), tokens.data() + 1, nll.size(), nll.data()), 0)
      << coopt_error_message();
  for (size_t i = 0; i < nll.size(); ++i) {
    std::vector<float> logits = toyLogits(tokens, i + 1);
    float most = *std::max_element(logits.begin(), logits.end());
    EXPECT_EQ(nll[i], most - logits[static_cast<size_t>(tokens[i + 1])]) << i;
  }
  EXPECT_EQ(coopt_session_position(session), 22);
  // Its last logits are kept, and the state goes on.
  std::vector<int32_t> scored(tokens.begin(), tokens.end() - 1);
  EXPECT_EQ(coopt_session_sample(session, 0), toyGreedy(scored));
  EXPECT_EQ(append(session, tokens, 22, 23), toyLogits(tokens, 23));
}

TEST_F(Toy, RandomNumbersAreThoseOfSplitMix64) {
  std::vector<int32_t> sampled;
  coopt_session_seed(session, 1234567);
  for (size_t i = 0; i < 10; ++i) {
    append(session, tokens, i, i + 1);
    sampled.push_back(coopt_session_sample(session, 0.5f));
    EXPECT_EQ(coopt_session_sample(session, 0.5f), sampled.back());
  }
  // Position 1..: the published outputs of seed 1234567, from the second on.
  const uint64_t outputs[] = {3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
                              16408922859458223821u};
  for (size_t i = 0; i < 4; ++i) {
    float random = static_cast<float>(outputs[i] >> 40) / 16777216.0f;
    EXPECT_EQ(sampled[i], static_cast<int32_t>(random * 17)) << i;
  }
  coopt_session_seed(session, 7);
  coopt_session_truncate(session, 0);
  std::vector<int32_t> other;
  for (size_t i = 0; i < 10; ++i) {
    append(session, tokens, i, i + 1);
    other.push_back(coopt_session_sample(session, 0.5f));
  }
  EXPECT_NE(other, sampled);
}

TEST_F(Toy, BadInputsAreRefusedAndChangeNothing) {
  append(session, tokens, 0, 6);
  auto message = [&](std::vector<int32_t> more) {
    EXPECT_EQ(coopt_session_append(session, more.data(), more.size(), nullptr), -1);
    EXPECT_EQ(coopt_session_position(session), 6);
    return std::string(coopt_error_message());
  };
  EXPECT_EQ(message({3, 17}), "token 1: id 17 is not in the vocabulary of 17");
  EXPECT_EQ(message({-1}), "token 0: id -1 is not in the vocabulary of 17");
  EXPECT_EQ(message(std::vector<int32_t>(18, 3)), "context of 23 tokens exceeded: 6 held, 18 more");
  float nll[2];
  const int32_t good[] = {3, 4}, bad[] = {3, 17};
  EXPECT_EQ(coopt_session_score(session, good, bad, 2, nll), -1);
  EXPECT_STREQ(coopt_error_message(), "target 1: id 17 is not in the vocabulary of 17");
  EXPECT_EQ(coopt_session_sample(session, -1), -1);
  EXPECT_EQ(coopt_session_sample(session, std::nanf("")), -1);
  EXPECT_EQ(coopt_session_sample(session, INFINITY), -1);
  EXPECT_EQ(coopt_session_append(session, nullptr, 0, nullptr), 0);
  EXPECT_EQ(coopt_session_append(nullptr, nullptr, 0, nullptr), -1);
  EXPECT_EQ(coopt_session_open(nullptr, nullptr), nullptr);
  EXPECT_STREQ(coopt_error_message(), "package is null");
  coopt_session_options many = {sizeof(many), 5000};
  EXPECT_EQ(coopt_session_open(package, &many), nullptr);
  EXPECT_STREQ(coopt_error_message(), "expected between 0 and 1024 threads, got 5000");
  EXPECT_EQ(append(session, tokens, 6, 8), toyLogits(tokens, 8));
}

TEST_F(Toy, TextAndBack) {
  int32_t ids[8];
  EXPECT_EQ(coopt_tokenize(package, "cab", 3, 1, ids, 8), 4);
  EXPECT_EQ(std::vector<int32_t>(ids, ids + 4), (std::vector<int32_t>{1, 5, 3, 4}));
  EXPECT_EQ(coopt_tokenize(package, "cab", 3, 0, ids, 2), 3);
  EXPECT_EQ(ids[0], 5);
  char text[8] = {};
  EXPECT_EQ(coopt_detokenize(package, ids, 2, text, 8), 2);
  EXPECT_STREQ(text, "ca");
}

// A language model must have the entries that the session calls, in the form that it calls them.
TEST(LanguageModels, WrongSignaturesAreRefused) {
  TemporaryFolder folder;
  std::string path = folder.file("bad.coopt");
  auto message = [&](auto change) {
    package::PackageContents contents = toyModel();
    change(contents);
    auto status = writeTestPackage(path, contents);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    coopt_package *package = coopt_package_open(path.c_str(), nullptr);
    EXPECT_NE(package, nullptr) << coopt_error_message();
    EXPECT_EQ(coopt_session_open(package, nullptr), nullptr);
    std::string text = coopt_error_message();
    coopt_package_close(package);
    return text;
  };
  EXPECT_EQ(message([](auto &c) { c.program.entries[0].name = "fore"; }),
            "a language model needs an entry 'forward'");
  EXPECT_EQ(message([](auto &c) { c.program.entries[0].dimensions[1].name = "position"; }),
            "entry 'forward': no size 'past'");
  EXPECT_EQ(message([](auto &c) { c.program.entries[0].dimensions[1].max = 21; }),
            "entry 'forward': size 'past': expected 0 to 22, got 0 to 21");
  EXPECT_EQ(message([](auto &c) { c.program.entries[0].dimensions[2].min = 2; }),
            "entry 'forward': size 'tokens': expected every value from 1 on");
  EXPECT_EQ(message([](auto &c) { c.manifest.model->vocabulary = 16; }),
            "entry 'forward': result 0: expected f32[outputs, 16], got f32[outputs, 17]");
  EXPECT_EQ(message([](auto &c) {
              c.manifest.model->context = 22, c.program.entries[2].arguments.pop_back();
              c.program.entries[2].buffers[2] = c.program.entries[2].buffers[1];
            }),
            "entry 'sample': expected 3 arguments, got 2");
}
