#include "coopt/Numerics/QuantizationScheme.h"
#include "coopt/Numerics/BlockFormatJson.h"
#include "coopt/Numerics/FormatTable.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::numerics;

namespace {

QuantizationScheme parsed(const std::string &name) {
  auto scheme = parseQuantizationName(name);
  EXPECT_TRUE(scheme.has_value()) << (scheme ? "" : scheme.error().message);
  return scheme ? *scheme : QuantizationScheme{};
}

std::string messageOf(const std::string &name) {
  auto scheme = parseQuantizationName(name);
  return scheme ? "accepted" : scheme.error().message;
}

TEST(QuantizationScheme, Names) {
  EXPECT_EQ(parsed("w8a8"), (QuantizationScheme{8, 8, 0, true, false, 0, "", nullptr}));
  EXPECT_EQ(parsed("w8"), (QuantizationScheme{8, 16, 0, true, false, 0, "", nullptr}));
  EXPECT_EQ(parsed("w4a16-g32-asym-head8"), (QuantizationScheme{4, 16, 32, false, false, 8, "", nullptr}));
  EXPECT_EQ(parsed("w4-g128-sym"), (QuantizationScheme{4, 16, 128, true, false, 0, "", nullptr}));
  EXPECT_EQ(parsed("w4a8-qoq"), (QuantizationScheme{4, 8, 0, true, true, 0, "", nullptr}));
  EXPECT_EQ(parsed("w1-head16"), (QuantizationScheme{1, 16, 0, true, false, 16, "", nullptr}));
}

TEST(QuantizationScheme, Formats) {
  BlockFormat format = *parsed("w4a16-g32-asym-head8").weightBlockFormat();
  EXPECT_EQ(format.element.format.bits, 4);
  EXPECT_EQ(format.groupSize(), 32);
  EXPECT_EQ(format.zeroBits, 4);
  EXPECT_EQ(format.scales[0].type, ElementFormat::f16());
  EXPECT_EQ(parsed("w4a16-g32-asym-head8").headBlockFormat()->element.format.bits, 8);
  EXPECT_EQ(parsed("w8a8").weightBlockFormat()->scales[0].type, ElementFormat::f32());
  EXPECT_EQ(parsed("w3").headBlockFormat()->element.format.bits, 3);
  EXPECT_EQ(parsed("w4a8-qoq").headBlockFormat()->element.format.bits, 8);
  EXPECT_EQ(parsed("w4a8-qoq-head4").headBlockFormat()->scales.size(), 2u);
  EXPECT_FALSE(parsed("w3-head16").headIsQuantized());
}

TEST(QuantizationScheme, RoundTripOfAllSchemes) {
  int count = 0;
  for (int weight = 1; weight <= 8; ++weight) {
    for (int activation : {8, 16}) {
      for (int64_t group : {int64_t(0), int64_t(1), int64_t(32), int64_t(2147483647)}) {
        for (int flags = 0; flags < 4; ++flags) {
          for (int head : {0, 4, 8, 16}) {
            QuantizationScheme scheme{weight,           activation, group, (flags & 1) != 0,
                                      (flags & 2) != 0, head,       "",    nullptr};
            EXPECT_EQ(parsed(toString(scheme)), scheme) << toString(scheme);
            ++count;
          }
        }
      }
    }
  }
  EXPECT_EQ(count, 8 * 2 * 4 * 4 * 4);
  EXPECT_EQ(toString(parsed("w4-g32-sym")), "w4a16-g32");
}

TEST(QuantizationScheme, NamedFormats) {
  for (const NamedFormat &named : listFormats()) {
    QuantizationScheme scheme = parsed(named.format.name);
    EXPECT_EQ(scheme.format, named.format.name); // the longest name: fp8-channel, not fp8
    EXPECT_EQ(scheme.weightBits, 0);
    EXPECT_EQ(scheme.activationBits, 16);
    EXPECT_EQ(parsed(toString(scheme)), scheme);
    auto format = scheme.weightBlockFormat();
    ASSERT_TRUE(format);
    EXPECT_EQ(printBlockFormat(*format), printBlockFormat(named.format));
  }
  EXPECT_EQ(toString(parsed("nf4-a8-g32-head8")), "nf4-a8-g32-head8");
  EXPECT_EQ(parsed("nf4-g32").weightBlockFormat()->groupSize(), 32);
  EXPECT_EQ(parsed("nf4-head8").headBlockFormat()->element.format.name(), "i8");
  EXPECT_EQ(parsed("nf4").headBlockFormat()->name, "nf4");
  EXPECT_EQ(parsed("fp8-g32").weightBlockFormat().error().message,
            "format 'fp8': it has no groups whose size could be chosen");
  EXPECT_EQ(parsed("q6_k-g48").weightBlockFormat().error().message,
            "format 'q6_k' with groups of 48: scales[1].span: expected whole groups of the level within, 48 "
            "elements each, got 256");
  EXPECT_NE(describeQuantization().find("mxfp4 "), std::string::npos);
}

TEST(QuantizationScheme, BlockFormatsOfIntegers) {
  EXPECT_EQ(parsed("w1").weightBlockFormat()->encoding.kind, EncodingKind::SignMean);
  EXPECT_EQ(parsed("w1-g64").weightBlockFormat()->scales[0].type, ElementFormat::f16());
  EXPECT_EQ(parsed("w4-g32-asym").weightBlockFormat()->zeroBits, 4);
  EXPECT_EQ(parsed("w4a8-qoq").weightBlockFormat()->groupSize(), 128);
  EXPECT_EQ(parsed("w8a8-qoq").weightBlockFormat().error().message,
            "two levels of scales: expected weights of 4 bits, got 8");
  for (int bits = 1; bits <= 8; ++bits) {
    for (const char *rest : {"", "-g32", "-asym", "-g5-asym"}) {
      EXPECT_TRUE(parsed("w" + std::to_string(bits) + rest).weightBlockFormat()) << bits << rest;
    }
  }
}

TEST(QuantizationScheme, RefusalsSayWhatWasExpected) {
  EXPECT_EQ(messageOf(""),
            "quantisation name '': expected 'w' and the bits of a weight, or the name of a format, "
            "got its end");
  EXPECT_EQ(messageOf("W8a8"),
            "quantisation name 'W8a8': expected 'w' and the bits of a weight, or the name of a "
            "format, got 'W8a8'");
  EXPECT_EQ(messageOf("nvfp5"),
            "quantisation name 'nvfp5': expected 'w' and the bits of a weight, or the name of a "
            "format, got 'nvfp5', did you mean 'nvfp4'?");
  EXPECT_EQ(messageOf("mxfp4-qoq"),
            "quantisation name 'mxfp4-qoq': expected FORMAT[-a{8,16}][-g{N}][-head{4,8,16}], "
            "got '-qoq'");
  EXPECT_EQ(messageOf("w9"), "quantisation name 'w9': expected 1 to 8 bits of a weight, got '9'");
  EXPECT_EQ(messageOf("w0"), "quantisation name 'w0': expected 1 to 8 bits of a weight, got '0'");
  EXPECT_EQ(messageOf("w08"), "quantisation name 'w08': expected 1 to 8 bits of a weight, got '08'");
  EXPECT_EQ(messageOf("w8a4"), "quantisation name 'w8a4': expected 8 or 16 bits of an activation, got '4'");
  EXPECT_EQ(messageOf("w4-g"),
            "quantisation name 'w4-g': expected a group size from 1 to 2147483647, got its end");
  EXPECT_EQ(messageOf("w4-g0"),
            "quantisation name 'w4-g0': expected a group size from 1 to 2147483647, got '0'");
  EXPECT_EQ(
      messageOf("w4-g99999999999999999999999"),
      "quantisation name 'w4-g99999999999999999999999': expected a group size from 1 to 2147483647, got "
      "'99999999999999999999'");
  EXPECT_EQ(messageOf("w4-head5"),
            "quantisation name 'w4-head5': expected 4, 8 or 16 bits of the head, got '5'");
  EXPECT_EQ(
      messageOf("w4-sym-asym"),
      "quantisation name 'w4-sym-asym': expected w{1-8}[a{8,16}][-g{N}][-sym|-asym][-qoq][-head{4,8,16}], "
      "got '-asym'");
  EXPECT_NE(messageOf("w4-asym-g32"), "accepted");
  EXPECT_NE(messageOf("w8a8 "), "accepted");
  EXPECT_NE(messageOf(std::string("w8a8\0", 5)), "accepted");
  EXPECT_LT(messageOf(std::string(1000000, 'x')).size(), 300u);
}

} // namespace
