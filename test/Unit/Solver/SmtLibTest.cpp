//===- SmtLibTest.cpp - Scripts of which the answers are known ----------------===//
#include "coopt/Solver/SmtLib.h"

#include <gtest/gtest.h>

namespace coopt::solver {
namespace {

TEST(SmtLib, SaysYesWithBits) {
  const auto answer =
      checkSmtLib("(declare-const x (_ BitVec 8))\n(declare-const y (_ BitVec 3))\n"
                  "(assert (= (bvmul x #x03) #x07))\n(assert (= y #b010))\n(check-sat)\n(reset)\n",
                  10);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->satisfied, Satisfied::Yes);
  // 3 * 173 = 519 = 2 * 256 + 7: 3 has an inverse, so there is no other.
  EXPECT_EQ(answer->bits.at("x"), "10101101");
  EXPECT_EQ(answer->bits.at("y"), "010");
}

TEST(SmtLib, SaysNo) {
  // Sums of products of the same factors, too many to compare bit by bit.
  std::string script, left = "#x00000000", right = left;
  for (int i = 0; i < 32; ++i) {
    const std::string a = "a" + std::to_string(i), b = "b" + std::to_string(i);
    script += "(declare-const " + a + " (_ BitVec 32))\n(declare-const " + b + " (_ BitVec 32))\n";
    left = "(bvadd " + left + " (bvmul " + a + " (bvadd " + b + " #x00000080)))";
    right = "(bvadd (bvadd (bvmul " + b + " " + a + ") (bvmul #x00000080 " + a + ")) " + right + ")";
  }
  const auto answer = checkSmtLib(script + "(assert (distinct " + left + " " + right + "))\n", 60);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->satisfied, Satisfied::No);
}

TEST(SmtLib, SaysThatItDoesNotKnow) {
  // A factor of a product of two large primes, in no time.
  const auto answer = checkSmtLib("(declare-const x (_ BitVec 128))\n(declare-const y (_ BitVec 128))\n"
                                  "(assert (= (bvmul x y) (bvmul ((_ zero_extend 64) #xffffffffffffffc5) "
                                  "((_ zero_extend 64) #xffffffffffffffad))))\n"
                                  "(assert (= ((_ extract 127 64) x) #x0000000000000000))\n"
                                  "(assert (= ((_ extract 127 64) y) #x0000000000000000))\n"
                                  "(assert (bvugt x #x00000000000000000000000000000001))\n"
                                  "(assert (bvugt y #x00000000000000000000000000000001))\n",
                                  0.2);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->satisfied, Satisfied::Unknown);
  EXPECT_FALSE(answer->reason.empty());
}

TEST(SmtLib, Errors) {
  for (const char *script :
       {"(assert", "(assert (= x #b1))", "(declare-const x (_ BitVec 8)) (assert (= x #b1))"}) {
    const auto answer = checkSmtLib(script, 10);
    ASSERT_FALSE(answer) << script;
    EXPECT_EQ(answer.error().message.rfind("SMT-LIB script: ", 0), 0u) << answer.error().message;
  }
}

} // namespace
} // namespace coopt::solver
