//===- CoresTest.cpp - Checks of programs of several cores ----------------------===//
//
// As in CheckerTest.cpp: each broken program is a sound one with one thing changed, and the whole message is compared.
//
//===----------------------------------------------------------------------===//
#include "coopt/NpuIsa/Checker.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::npu;

namespace {

std::string refused(const std::string &text) {
  auto image = parse("image machine=0x0 features=0x0\nlocation 0 \"\"\n" + text);
  if (!image) {
    return image.error().message;
  }
  Limits limits;
  limits.cores = 4;
  limits.bytes = {1 << 20, 1 << 16, 1 << 14, 1 << 12};
  limits.channels = 2;
  limits.queueDepth = 4;
  Status status = checkProgram(*image, limits);
  return status ? std::string() : status.error().message;
}

std::string with(std::string text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// Core 0 brings eight blocks to two slots of the L2, from which core 1 takes them.
const std::string kHandedOver = R"(core 0
  loop counter=s1 count=8
    scalar to=s2 function=rem a=s1 b=none value=2
    scalar to=s3 function=mul a=s2 b=none value=256
    scalar to=s4 function=mul a=s1 b=none value=256
    dma.copy to=l2[0x0+s3] from=dram[0x0+s4] bytes=256 count=1 from1=0 to1=0 shaped=no | wait c0:1 signal c1:1
  endloop
  dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0 | wait c0:2
  halt
core 1
  dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0 | signal c0:2
  loop counter=s1 count=4
    scalar to=s4 function=mul a=s1 b=none value=512
    dma.copy to=dram[0x8000+s4] from=l2[0x0] bytes=256 count=1 from1=0 to1=0 shaped=no | wait c1:1 signal c0:1
    dma.copy to=dram[0x8100+s4] from=l2[0x100] bytes=256 count=1 from1=0 to1=0 shaped=no | wait c1:1 signal c0:1
  endloop
  halt
)";

std::string copy(const std::string &to, const std::string &from, const std::string &rest) {
  return "  dma.copy to=" + to + " from=" + from + " bytes=64 count=1 from1=0 to1=0 shaped=no" +
         (rest.empty() ? "" : " | " + rest) + "\n";
}

TEST(Cores, SoundPrograms) {
  EXPECT_EQ(refused(kHandedOver), "");
  // Each by itself, and semaphores of the cores are their own.
  const std::string own = copy("spad[0x0]", "dram[0x0]", "signal 3:1") +
                          copy("l2[0x0]", "spad[0x0]", "channel 1 wait 3:1") + "  halt\n";
  EXPECT_EQ(refused("core 0\n" + own + "core 1\n" + with(own, "l2[0x0]", "l2[0x100]")), "");
  // Two engines of one core may use a semaphore of the chip.
  EXPECT_EQ(refused("core 0\n" + copy("spad[0x0]", "dram[0x0]", "signal c63:1") +
                    copy("l2[0x0]", "spad[0x0]", "channel 1 wait c63:1") + "  halt\n"),
            "");
}

TEST(Cores, Balance) {
  EXPECT_EQ(refused(with(kHandedOver, " signal c1:1", "")),
            "all cores signal semaphore c1 8 times less than they wait for it");
  EXPECT_EQ(refused(with(kHandedOver, "count=4", "count=3")),
            "all cores signal semaphore c0 2 times less than they wait for it");
  EXPECT_EQ(refused(with(kHandedOver, "wait c1:1 signal c0:1\n  endloop",
                         "wait c1:1 signal c0:1 if s4\n  endloop")),
            "core 1, entry 4 (dma.copy): semaphores of the chip have no predicates: other cores can't know "
            "whether it holds");
  EXPECT_EQ(
      refused(with(kHandedOver, "count=4", "count=s9<=4")),
      "core 1, entry 1 (loop): a semaphore of the chip is used in its body, so its count must be a number");
  auto rounds = [](const std::string &rest) {
    return "  loop counter=s1 count=300000\n    dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0 | " +
           rest + "\n  endloop\n  halt\n";
  };
  EXPECT_EQ(refused("core 0\n" + rounds("signal c1:1") + "core 1\n" + rounds("wait c1:1")),
            "core 0, entry 0 (loop): the stream is too long to be decided");
}

TEST(Cores, Pairs) {
  EXPECT_EQ(refused(kHandedOver + "core 2\n" + copy("spad[0x0]", "dram[0x0]", "wait c1:1") + "  halt\n"),
            "all cores signal semaphore c1 1 times less than they wait for it");
  EXPECT_EQ(refused(with(kHandedOver, "count=8", "count=9") + "core 2\n" +
                    copy("spad[0x0]", "dram[0x0]", "wait c1:1 signal c0:1") + "  halt\n"),
            "core 2, entry 0 (dma.copy): semaphore c1 is waited for by dma channel 0 of core 1 and by dma "
            "channel 0: which wait "
            "meets which signal can't be decided");
  EXPECT_EQ(refused(with(kHandedOver, "signal c0:2\n", "signal c0:1\n") + "core 2\n" +
                    copy("spad[0x0]", "dram[0x0]", "signal c0:1") + "  halt\n"),
            "core 2, entry 0 (dma.copy): semaphore c0 is signalled by dma channel 0 of core 1 and by dma "
            "channel 0: which wait meets "
            "which signal can't be decided");
}

TEST(Cores, Order) {
  // A slot is used again before core 1 has taken what is in it.
  const std::string early =
      with(with(with(with(with(kHandedOver, "wait c0:1 ", ""), " | wait c0:2", ""), " | signal c0:2", ""),
                " signal c0:1", ""),
           " signal c0:1", "");
  EXPECT_EQ(refused(early), "core 1, entry 3 (dma.copy): from: l2[0x0 .. 0xff] is read while core 0, entry 4 "
                            "(dma.copy) may write it: "
                            "no semaphore orders them");
  // Two cores write the same bytes of DRAM; their scratchpads are their own.
  const std::string own = copy("dram[0x100]", "spad[0x0]", "") + "  halt\n";
  EXPECT_EQ(refused("core 0\n" + own + "core 1\n" + own),
            "core 1, entry 0 (dma.copy): to: dram[0x100 .. 0x13f] is written while core 0, entry 0 "
            "(dma.copy) may write it: no "
            "semaphore orders them");
  EXPECT_EQ(refused("core 0\n" + with(own, "dram[0x100]", "spad[0x100]") + "core 1\n" +
                    with(own, "dram[0x100]", "spad[0x100]")),
            "");
  // The rounds of a ring that is longer than what is looked at elsewhere: all are looked at.
  EXPECT_EQ(refused(with(with(with(kHandedOver, "signal c0:2", "signal c0:3"), "wait c0:2", "wait c0:3"),
                         "wait c1:1 signal c0:1\n  endloop", "wait c1:1 signal c0:1\n  endloop")),
            "core 1, entry 3 (dma.copy): from: l2[0x0 .. 0xff] is read while core 0, entry 4 (dma.copy) may "
            "write it: no semaphore orders "
            "them");
}

TEST(Cores, StandingStill) {
  const std::string first = "core 0\n" + copy("spad[0x0]", "dram[0x0]", "wait c0:1 signal c1:1") + "  halt\n";
  const std::string second =
      "core 1\n" + copy("spad[0x0]", "dram[0x0]", "wait c1:1 signal c0:1") + "  halt\n";
  EXPECT_EQ(refused(first + second), "core 0, entry 0 (dma.copy): the program stands still: dma channel 0 at "
                                     "entry 0 (dma.copy) waits for semaphore c0 (0 of 1), "
                                     "which core 1, entry 0 (dma.copy) of dma channel 0 signals; the control "
                                     "unit at entry 1 (halt) waits until all engines have "
                                     "finished; core 1: dma channel 0 at entry 0 (dma.copy) waits for "
                                     "semaphore c1 (0 of 1), which core 0, entry 0 (dma.copy) of "
                                     "dma channel 0 signals; core 1: the control unit at entry 1 (halt) "
                                     "waits until all engines have finished");
  // Slots that nobody gives first.
  EXPECT_EQ(refused(with(with(kHandedOver, " | signal c0:2", ""), " | wait c0:2", "")).substr(0, 70),
            "core 0, entry 4 (dma.copy): the program stands still: dma channel 0 at");
}

} // namespace
