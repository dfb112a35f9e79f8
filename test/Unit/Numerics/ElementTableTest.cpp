#include "BlockOracle.h"

#include "coopt/Numerics/ElementTable.h"

using namespace coopt;
using namespace coopt::numerics;
using namespace coopt::numerics::test;

namespace {

TEST(ElementTable, NearestEvenIsElementFormatsEncode) {
  std::vector<ElementFormat> formats;
  for (int e = 1; e <= 5; ++e) {
    for (int m = 0; e + m <= 7; ++m) {
      formats.push_back(*ElementFormat::makeFloat(e, m, SpecialCodes::None, true));
    }
  }
  formats.push_back(ElementFormat::e4m3());
  formats.push_back(ElementFormat::e5m2());
  for (int bits = 1; bits <= 8; ++bits) {
    formats.push_back(*ElementFormat::makeInteger(bits, true));
    formats.push_back(*ElementFormat::makeInteger(bits, false, -3));
    formats.push_back(*ElementFormat::makeBipolar(bits, 2));
  }
  std::mt19937 generator(12);
  for (const ElementFormat &format : formats) {
    ElementTable table(format);
    std::vector<float> arguments = {0.0f, -0.0f, HUGE_VALF, -HUGE_VALF, 1e-45f, -1e-45f, 3e38f, -3e38f};
    std::vector<float> values;
    for (uint32_t code = 0; code < uint32_t(1) << format.bits; ++code) {
      if (std::isfinite(format.decode(code))) {
        values.push_back(format.decode(code));
      }
    }
    std::sort(values.begin(), values.end());
    for (size_t i = 0; i < values.size(); ++i) { // all codes, all midpoints and their neighbours
      float middle = (values[i] + values[std::min(i + 1, values.size() - 1)]) / 2;
      arguments.insert(arguments.end(), {values[i], middle, std::nextafter(middle, HUGE_VALF),
                                         std::nextafter(middle, -HUGE_VALF)});
    }
    for (int i = 0; i < 2000; ++i) {
      arguments.push_back(fromBits(static_cast<uint32_t>(generator())));
    }
    for (float x : arguments) {
      if (x == x) {
        ASSERT_EQ(table.nearest(x, Rounding::NearestEven), format.encode(x)) << format.name() << " " << x;
      }
    }
  }
}

} // namespace
