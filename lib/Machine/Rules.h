//===- Rules.h - What values of a description must be ---------------------===//
#ifndef COOPT_LIB_MACHINE_RULES_H
#define COOPT_LIB_MACHINE_RULES_H

#include "coopt/Support/Error.h"
#include "coopt/Support/TextTable.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace coopt::machine {

/// A number as messages show it.
inline std::string shown(double value) { return formatNumber("%g", value); }
inline std::string shown(int64_t value) { return std::to_string(value); }

/// What an integer must be, whatever the others are.
struct IntegerLimit {
  int64_t least = 1, most = std::numeric_limits<int64_t>::max();
  bool isPowerOfTwo = false;

  bool holds(int64_t value) const {
    return value >= least && value <= most && (!isPowerOfTwo || (value & (value - 1)) == 0);
  }
  std::string expected() const {
    if (most == std::numeric_limits<int64_t>::max()) {
      return isPowerOfTwo ? "a power of two" : "a positive integer";
    }
    return (isPowerOfTwo ? "a power of two in " : "an integer in ") + shown(least) + ".." + shown(most);
  }
};

/// What a number must be, whatever the others are; it is finite in any case.
struct NumberLimit {
  bool mayBeZero = false;
  double below = std::numeric_limits<double>::infinity();
  const char *what = nullptr; ///< for messages; null: what the range says

  bool holds(double value) const { return (mayBeZero ? value >= 0 : value > 0) && value < below; }
  std::string expected() const {
    return what ? what : mayBeZero ? "a number that is not negative" : "a positive number";
  }
};

/// How many elements a list must have.
struct CountLimit {
  size_t least, most;
  const char *what; ///< "one to eight levels"
};

/// What each number of a map must be, and under which keys they may stand.
struct KeyedLimit {
  std::vector<std::string> keys;
  NumberLimit each;
};

inline IntegerLimit positiveInteger() { return {}; }
inline IntegerLimit within(int64_t least, int64_t most) { return {least, most, false}; }
inline IntegerLimit powerOfTwo(int64_t most = std::numeric_limits<int64_t>::max()) { return {1, most, true}; }
inline NumberLimit positive() { return {}; }
inline NumberLimit notNegative() { return {true}; }
inline NumberLimit roundoff() {
  return {false, 1, "a roundoff between 0 and 1, such as 2^-24 = 5.9604644775390625e-08"};
}

/// Collects the first broken rule; later ones are not looked at.
class Rules {
public:
  void require(bool holds, const std::string &path, const std::string &expected, const std::string &got) {
    if (status && !holds) {
      status = fail(path + ": expected " + expected + ", got " + got);
    }
  }
  template <typename Limit, typename T>
  void require(const std::string &path, const Limit &limit, T value) {
    require(limit.holds(value), path, limit.expected(), shown(value));
  }
  void atLeast(const std::string &path, int64_t value, int64_t least, const std::string &why) {
    require(value >= least, path, "at least " + shown(least) + ", " + why, shown(value));
  }
  void atMost(const std::string &path, int64_t value, int64_t most, const std::string &why) {
    require(value <= most, path, "at most " + shown(most) + ", " + why, shown(value));
  }
  void multipleOf(const std::string &path, int64_t value, int64_t unit, const std::string &why) {
    require(value % unit == 0, path, "a multiple of " + shown(unit) + ", " + why, shown(value));
  }

  Status status;
};

} // namespace coopt::machine

#endif // COOPT_LIB_MACHINE_RULES_H
