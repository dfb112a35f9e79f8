//===- ProgramsTest.cpp - Programs of one core against plain loops --------------===//
#include "CoreFixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace coopt::npu::test {
namespace {

class Programs : public CoreFixture {};

std::string modeOf(const std::string &mode, const std::string &types, const std::string &strides,
                   const std::string &rest = "n=0 m=0 a_slice=0 w_slice=0") {
  return "mxu.mode mode=" + mode + " " + types + " " + strides + " " + rest;
}

/// Y[32][16] = X[32][64] W[64][16]: four tiles of k, each through one of two slots.
TEST_F(Programs, TilesOfWeightsComeThroughTwoSlots) {
  const auto x = fill<int8_t>(Space::Spad, 0x1000, 32 * 64, -128, 127),
             w = fill<int8_t>(Space::Dram, 0x400, 64 * 16, -128, 127);
  const std::string mode = modeOf("ws", "a=i8 w=i8 acc=i32", "a_stride=64 w_stride=16 acc_stride=64");
  EXPECT_EQ(run("dma.fill to=acc[0x0] bytes=2048 count=1 to1=0 value=0 | signal 7:1\n" + mode +
                " | wait 7:1 signal 0:2\n" + R"(
loop counter=s1 count=4
  scalar to=s2 function=rem a=s1 b=none value=2
  scalar to=s2 function=mul a=s2 b=none value=256
  scalar to=s3 function=mul a=s1 b=none value=256
  scalar to=s4 function=mul a=s1 b=none value=16
  dma.copy to=spad[0x0+s2] from=dram[0x400+s3] bytes=256 count=1 from1=0 to1=0 shaped=no | wait 0:1 signal 1:1
  mxu.weights from=spad[0x0+s2] rows=16 columns=16 | wait 1:1 signal 0:1
  mxu.stream from=spad[0x1000+s4] to=acc[0x0] rows=32 update=add swap=yes
endloop
)" + mode + R"( | signal 2:1
dma.copy to=dram[0x8000] from=acc[0x0] bytes=2048 count=1 from1=0 to1=0 shaped=no | wait 0:2 wait 2:1)"),
            "");
  const int32_t *y = data<int32_t>(Space::Dram, 0x8000);
  for (int m = 0; m < 32; ++m) {
    for (int n = 0; n < 16; ++n) {
      int32_t sum = 0;
      for (int k = 0; k < 64; ++k) {
        sum += x[static_cast<size_t>(m * 64 + k)] * w[static_cast<size_t>(k * 16 + n)];
      }
      ASSERT_EQ(y[m * 16 + n], sum) << m << "," << n;
    }
  }
}

/// Two of each four weights of a column are there, with their places.
TEST_F(Programs, KeptWeightsOfGroups) {
  const auto x = fill<int8_t>(Space::Spad, 0x1000, 5 * 32, -128, 127);
  int32_t w[32][8] = {};
  for (int row = 0; row < 16; ++row) {
    uint8_t *line = data<uint8_t>(Space::Spad, static_cast<uint64_t>(row * 16));
    std::memset(line, 0, 16);
    for (int n = 0; n < 8; ++n) {
      // Places ascend in a group: 0 or 1, then 2 or 3.
      const int place = row % 2 * 2 + static_cast<int>(random() % 2),
                code = static_cast<int>(random() % 16) - 8;
      line[n / 2] = static_cast<uint8_t>(line[n / 2] | ((code & 15) << (n % 2 * 4)));
      line[4 + n / 4] = static_cast<uint8_t>(line[4 + n / 4] | (place << (n % 4 * 2)));
      w[row / 2 * 4 + place][n] = code;
    }
  }
  EXPECT_EQ(run(modeOf("nm", "a=i8 w=i4 acc=i32", "a_stride=32 w_stride=16 acc_stride=32",
                       "n=2 m=4 a_slice=0 w_slice=0") +
                R"(
mxu.weights from=spad[0x0] rows=16 columns=8
mxu.stream from=spad[0x1000] to=acc[0x0] rows=5 update=write swap=yes)"),
            "");
  for (int m = 0; m < 5; ++m) {
    for (int n = 0; n < 8; ++n) {
      int32_t sum = 0;
      for (int k = 0; k < 32; ++k) {
        sum += x[static_cast<size_t>(m * 32 + k)] * w[k][n];
      }
      ASSERT_EQ(data<int32_t>(Space::Acc, 0)[m * 8 + n], sum) << m << "," << n;
    }
  }
}

/// The same product on the array's own sums in two steps, bit-serial, of floats, and by look-ups.
TEST_F(Programs, SumsThatStay) {
  const auto x = fill<int8_t>(Space::Spad, 0x0, 7 * 24, -8, 7),
             w = fill<int8_t>(Space::Spad, 0x800, 24 * 9, -8, 7);
  auto expectProduct = [&](auto *y, int stride, const char *what) {
    for (int m = 0; m < 7; ++m) {
      for (int n = 0; n < 9; ++n) {
        int32_t sum = 0;
        for (int k = 0; k < 24; ++k) {
          sum += x[static_cast<size_t>(m * 24 + k)] * w[static_cast<size_t>(k * 9 + n)];
        }
        ASSERT_EQ(y[m * stride + n], sum) << what << " " << m << "," << n;
      }
    }
  };
  for (const char *mode : {"os", "bitserial"}) {
    EXPECT_EQ(run(modeOf(mode, "a=i8 w=i8 acc=i32", "a_stride=24 w_stride=9 acc_stride=40") + R"(
mxu.multiply a=spad[0x0] w=spad[0x800] depth=10 rows=7 columns=9 update=write
mxu.multiply a=spad[0xa] w=spad[0x85a] depth=14 rows=7 columns=9 update=add
mxu.drain to=acc[0x0] rows=7 columns=9 update=write)"),
              "");
    expectProduct(data<int32_t>(Space::Acc, 0), 10, mode);
  }
  for (size_t i = 0; i < x.size(); ++i) {
    data<float>(Space::Spad, 0x2000)[i] = x[i];
  }
  for (size_t i = 0; i < w.size(); ++i) {
    data<float>(Space::Spad, 0x3000)[i] = w[i];
  }
  EXPECT_EQ(run(modeOf("os", "a=f32 w=f32 acc=f32", "a_stride=96 w_stride=36 acc_stride=40") + R"(
mxu.multiply a=spad[0x2000] w=spad[0x3000] depth=24 rows=7 columns=9 update=write
mxu.drain to=acc[0x0] rows=7 columns=9 update=write)"),
            "");
  expectProduct(data<float>(Space::Acc, 0), 10, "floats");
  uint8_t *planes = data<uint8_t>(Space::Spad, 0x4000);
  std::memset(planes, 0, 4 * 9 * 24 / 8 + 1);
  for (int bit = 0; bit < 4; ++bit) {
    for (int n = 0; n < 9; ++n) {
      for (int k = 0; k < 24; ++k) {
        const int number = (bit * 9 + n) * 24 + k;
        planes[number / 8] = static_cast<uint8_t>(
            planes[number / 8] | (((w[static_cast<size_t>(k * 9 + n)] >> bit) & 1) << (number % 8)));
      }
    }
  }
  EXPECT_EQ(run(modeOf("lut", "a=i8 w=i4 acc=i32", "a_stride=24 w_stride=0 acc_stride=40",
                       "n=0 m=4 a_slice=0 w_slice=0") +
                R"(
mxu.tables from=spad[0x0] rows=7 depth=24
mxu.lookup from=spad[0x4000] to=acc[0x0] rows=7 columns=9 update=write swap=yes)"),
            "");
  expectProduct(data<int32_t>(Space::Acc, 0), 10, "look-ups");
}

TEST_F(Programs, CopiesOfFiveDimensionsAndByLists) {
  fill<uint8_t>(Space::Dram, 0, 4096, 0, 255);
  EXPECT_EQ(run(R"(
dma.shape count2=2 from2=100 to2=64 count3=3 from3=700 to3=200 count4=2 from4=1900 to4=1000
dma.copy to=spad[0x10] from=dram[0x8] bytes=5 count=4 from1=16 to1=8 shaped=yes)"),
            "");
  for (int i4 = 0; i4 < 2; ++i4) {
    for (int i3 = 0; i3 < 3; ++i3) {
      for (int i2 = 0; i2 < 2; ++i2) {
        for (int i1 = 0; i1 < 4; ++i1) {
          EXPECT_EQ(std::memcmp(data<uint8_t>(Space::Spad, static_cast<uint64_t>(0x10 + i4 * 1000 + i3 * 200 +
                                                                                 i2 * 64 + i1 * 8)),
                                data<uint8_t>(Space::Dram, static_cast<uint64_t>(8 + i4 * 1900 + i3 * 700 +
                                                                                 i2 * 100 + i1 * 16)),
                                5),
                    0);
        }
      }
    }
  }
  const auto rows = fill<int32_t>(Space::Spad, 0x2000, 9, 0, 19);
  EXPECT_EQ(run(R"(
dma.gather to=spad[0x3000] from=dram[0x0] indices=spad[0x2000] count=9 bytes=24 from1=40 rows=20
dma.fill to=dram[0x8000] bytes=800 count=1 to1=0 value=238
dma.scatter to=dram[0x8000] from=spad[0x3000] indices=spad[0x2000] count=9 bytes=24 to1=40 rows=20)"),
            "");
  for (int row = 0; row < 20; ++row) {
    const bool isThere = std::count(rows.begin(), rows.end(), row) != 0;
    for (int byte = 0; byte < 40; ++byte) {
      const auto at = static_cast<uint64_t>(row * 40 + byte);
      EXPECT_EQ(*data<uint8_t>(Space::Dram, 0x8000 + at),
                isThere && byte < 24 ? *data<uint8_t>(Space::Dram, at) : 238);
    }
  }
}

TEST_F(Programs, ChoicesAndTheirExperts) {
  const auto scores = fill<int8_t>(Space::Dram, 0, 6 * 20, -5, 5); // many ties
  for (size_t i = 0; i < scores.size(); ++i) {
    data<float>(Space::Spad, 0)[i] = scores[i];
  }
  data<float>(Space::Spad, 0)[3] = NAN;
  EXPECT_EQ(run(R"(
topk.select scores=spad[0x0] values=spad[0x1000] indices=spad[0x2000] rows=6 columns=20 k=4
topk.route choices=spad[0x2000] places=spad[0x3000] tokens=spad[0x4000] segments=spad[0x5000] rows=6 k=4 experts=20)"),
            "");
  const int32_t *chosenExperts = data<int32_t>(Space::Spad, 0x2000),
                *places = data<int32_t>(Space::Spad, 0x3000), *tokens = data<int32_t>(Space::Spad, 0x4000),
                *segments = data<int32_t>(Space::Spad, 0x5000);
  for (int row = 0; row < 6; ++row) {
    std::vector<bool> isTaken(20);
    for (int slot = 0; slot < 4; ++slot) {
      int best = -1;
      for (int expert = 0; expert < 20; ++expert) {
        const bool isNumber = row != 0 || expert != 3;
        if (isNumber && !isTaken[static_cast<size_t>(expert)] &&
            (best < 0 ||
             scores[static_cast<size_t>(row * 20 + expert)] > scores[static_cast<size_t>(row * 20 + best)])) {
          best = expert;
        }
      }
      isTaken[static_cast<size_t>(best)] = true;
      EXPECT_EQ(chosenExperts[row * 4 + slot], best);
      EXPECT_EQ(data<float>(Space::Spad, 0x1000)[row * 4 + slot],
                scores[static_cast<size_t>(row * 20 + best)]);
    }
  }
  int place = 0;
  for (int expert = 0; expert < 20; ++expert) {
    EXPECT_EQ(segments[expert], place);
    for (int choice = 0; choice < 24; ++choice) {
      if (chosenExperts[choice] == expert) {
        EXPECT_EQ(places[choice], place);
        EXPECT_EQ(tokens[place++], choice / 4);
      }
    }
  }
  EXPECT_EQ(segments[20], 24);
}

TEST_F(Programs, LoopsAndScalars) {
  // The sum of i * j over 0 <= i < 5, 0 <= j < i, in bytes that are filled.
  EXPECT_EQ(run(R"(
set to=s9 value=0
loop counter=s1 count=5
  loop counter=s2 count=s1<=4
    scalar to=s3 function=mul a=s1 b=s2 value=0
    scalar to=s9 function=add a=s9 b=s3 value=0
  endloop
endloop
dma.fill to=spad[0x0] bytes=s9<=100 count=1 to1=0 value=1
scalar to=s4 function=lt a=s9 b=none value=3
dma.fill to=spad[0x0] bytes=100 count=1 to1=0 value=2 | if s4
scalar to=s4 function=eq a=s9 b=none value=35
dma.fill to=spad[0x40] bytes=1 count=1 to1=0 value=3 | if s4)"),
            "");
  const uint8_t *bytes = data<uint8_t>(Space::Spad, 0);
  EXPECT_EQ(std::accumulate(bytes, bytes + 64, 0), 35);
  EXPECT_EQ(bytes[64], 3);
}

TEST_F(Programs, Faults) {
  data<int32_t>(Space::Spad, 0)[0] = 70;
  data<int32_t>(Space::Spad, 0)[1] = -1;
  EXPECT_EQ(run("load to=s1 from=spad[0x0] type=i32 bound=64"),
            "entry 0 (load): from: got 70, expected 0 .. 64");
  EXPECT_EQ(run("load to=s1 from=spad[0x4] type=i32 bound=64"),
            "entry 0 (load): from: got -1, expected 0 .. 64");
  EXPECT_EQ(run("load to=s1 from=spad[0x0] type=f32 bound=64"),
            "entry 0 (load): type: expected i8, i16 or i32");
  EXPECT_EQ(run("load to=s1 from=spad[0xfffd] type=i32 bound=64"), "entry 0 (load): from: outside of spad");
  EXPECT_EQ(run("scalar to=s1 function=div a=s2 b=none value=0"), "entry 0 (scalar): division by 0");
  EXPECT_EQ(run("set to=s1 value=9\ndma.fill to=spad[0x0] bytes=s1<=8 count=1 to1=0 value=0"),
            "entry 1 (dma.fill): bytes: s1 is 9, expected 0 .. 8");
  EXPECT_EQ(run("set to=s1 value=-9\ndma.fill to=spad[0x8+s1] bytes=1 count=1 to1=0 value=0"),
            "entry 1 (dma.fill): to: s1 is -9: there is no such address");
  EXPECT_EQ(run("dma.fill to=spad[0xffff] bytes=2 count=1 to1=0 value=0"),
            "entry 0 (dma.fill): to: outside of spad");
  EXPECT_EQ(run("dma.gather to=spad[0x100] from=dram[0x0] indices=spad[0x0] count=1 bytes=4 from1=4 rows=70"),
            "entry 0 (dma.gather): indices: element 0 is 70, expected 0 .. 69");
  EXPECT_EQ(run("topk.route choices=spad[0x0] places=spad[0x100] tokens=spad[0x200] segments=spad[0x300] "
                "rows=1 k=1 experts=8"),
            "entry 0 (topk.route): choices: element 0 is 70, expected 0 .. 7");
  EXPECT_EQ(run("mxu.weights from=spad[0x0] rows=1 columns=1"),
            "entry 0 (mxu.weights): mxu.weights: expected mxu.mode before");
  const std::string strides = "a_stride=16 w_stride=16 acc_stride=64";
  EXPECT_EQ(run(modeOf("os", "a=i8 w=i8 acc=i32", strides) + "\nmxu.weights from=spad[0x0] rows=1 columns=1"),
            "entry 1 (mxu.weights): it is none of mode os");
  EXPECT_EQ(
      run(modeOf("ws", "a=i8 w=f16 acc=i32", strides) + "\nmxu.weights from=spad[0x0] rows=1 columns=1"),
      "entry 1 (mxu.weights): mxu.mode: expected integers with sums of i32, or floats with sums of f32");
  EXPECT_EQ(run(modeOf("os", "a=i8 w=i8 acc=i32", strides) +
                "\nmxu.drain to=acc[0x0] rows=2 columns=2 update=write"),
            "entry 1 (mxu.drain): the array's sums are of 0 rows and 0 columns");
}

/// DRAM of windows: a buffer that is written, one that is only read, and nothing elsewhere.
class Windows : public CoreFixture {
protected:
  std::vector<uint8_t> written = std::vector<uint8_t>(64), onlyRead = std::vector<uint8_t>(100, 7);
  Memory dram = Memory::over({{0x2000, 64, written.data(), true},
                              {0x40, 0, nullptr, false},
                              {0x1000, 100, onlyRead.data(), false},
                              {0x1064, 64, written.data(), false}});

  std::string runInWindows(const std::string &body) {
    auto image = parse("image machine=0x0 features=0x0\ncore 0\n" + body + "\nhalt\n");
    if (!image) {
      return image.error().message;
    }
    map[static_cast<size_t>(Space::Dram)] = &dram;
    Status status = runInOrder(image->cores[0], map);
    return status ? std::string() : status.error().message;
  }
};

TEST_F(Windows, BytesLieWhereTheHostHasThem) {
  const auto in = fill<uint8_t>(Space::Spad, 0, 64, 0, 255);
  EXPECT_EQ(
      runInWindows("dma.copy to=dram[0x2000] from=spad[0x0] bytes=16 count=4 from1=16 to1=16 shaped=no\n"
                   "dma.copy to=spad[0x100] from=dram[0x1000] bytes=50 count=2 from1=50 to1=50 shaped=no\n"
                   "dma.copy to=spad[0x200] from=dram[0x1064] bytes=64 count=1 from1=0 to1=0 shaped=no\n"
                   "dma.fill to=dram[0x203f] bytes=1 count=1 to1=0 value=9"),
      "");
  EXPECT_EQ(std::memcmp(written.data(), in.data(), 63), 0);
  EXPECT_EQ(written[63], 9);
  EXPECT_EQ(std::memcmp(data<uint8_t>(Space::Spad, 0x100), onlyRead.data(), 100), 0);
  EXPECT_EQ(std::memcmp(data<uint8_t>(Space::Spad, 0x200), in.data(), 64), 0);
}

TEST_F(Windows, WhatIsInNoneIsAFault) {
  auto copy = [](const std::string &to, const std::string &from, int bytes) {
    return "dma.copy to=" + to + " from=" + from + " bytes=" + std::to_string(bytes) +
           " count=1 from1=0 to1=0 shaped=no";
  };
  const std::vector<uint8_t> before = written;
  EXPECT_EQ(runInWindows(copy("spad[0x0]", "dram[0xfff]", 2)),
            "entry 0 (dma.copy): from: no window holds dram[0xfff .. 0x1000]");
  // Windows that lie side by side are two all the same.
  EXPECT_EQ(runInWindows(copy("spad[0x0]", "dram[0x1000]", 101)),
            "entry 0 (dma.copy): from: no window holds dram[0x1000 .. 0x1064]");
  EXPECT_EQ(runInWindows(copy("dram[0x2001]", "spad[0x0]", 64)),
            "entry 0 (dma.copy): to: no window holds dram[0x2001 .. 0x2040]");
  EXPECT_EQ(runInWindows(copy("dram[0x1010]", "spad[0x0]", 4)),
            "entry 0 (dma.copy): to: dram[0x1010 .. 0x1013] is only read");
  EXPECT_EQ(runInWindows("set to=s1 value=4611686018427387904\n" + copy("spad[0x0]", "dram[0x0+s1]", 2)),
            "entry 1 (dma.copy): from: no window holds dram[0x4000000000000000 .. 0x4000000000000001]");
  EXPECT_EQ(written, before);
  // What moves nothing is nowhere.
  EXPECT_EQ(runInWindows(copy("dram[0x77]", "dram[0x99999]", 0)), "");
}

/// A list may name any row of a table; those that it names must be there.
TEST_F(Windows, RowsThatAreMoved) {
  for (int i = 0; i < 4; ++i) {
    data<int32_t>(Space::Spad, 0)[i] = 24 - 8 * i;
    onlyRead[static_cast<size_t>(96 - 32 * i)] = static_cast<uint8_t>(i);
  }
  const std::string gather = "dma.gather to=spad[0x100] from=dram[0x1000] indices=spad[0x0] count=4 bytes=4 "
                             "from1=4 rows=1000000";
  EXPECT_EQ(runInWindows(gather), "");
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(*data<uint8_t>(Space::Spad, static_cast<uint64_t>(0x100 + 4 * i)), i);
  }
  data<int32_t>(Space::Spad, 0)[2] = 41;
  EXPECT_EQ(runInWindows(gather),
            "entry 0 (dma.gather): from: row 41: no window holds dram[0x10a4 .. 0x10a7]");
  EXPECT_EQ(
      runInWindows("dma.scatter to=dram[0x1000] from=spad[0x100] indices=spad[0x0] count=1 bytes=4 to1=4 "
                   "rows=25"),
      "entry 0 (dma.scatter): to: row 24: dram[0x1060 .. 0x1063] is only read");
}

} // namespace
} // namespace coopt::npu::test
