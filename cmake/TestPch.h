// The precompiled header of unit tests that use no MLIR (those that do have MLIR's).
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>
#include <tl/expected.hpp>
#include <variant>
