//===- CheckerTest.cpp - Programs that can't go wrong, and those that can -------===//
//
// Each broken program is a sound one with one thing changed, or a few entries that show one mistake; the whole message is compared, so
// that a program is refused for its mistake and at its place.
//
//===----------------------------------------------------------------------===//
#include "coopt/NpuIsa/Checker.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::npu;

namespace {

Limits smallCore() {
  Limits limits;
  limits.bytes = {1 << 20, 1 << 16, 1 << 14, 1 << 12};
  limits.channels = 2;
  limits.semaphores = 32;
  limits.queueDepth = 4;
  return limits;
}

/// Sixteen tiles of weights come through two slots while the array computes; then the sums go to DRAM.
const std::string kDoubleBuffered = R"(
mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0 | signal 0:2
loop counter=s1 count=16
  scalar to=s2 function=rem a=s1 b=none value=2
  scalar to=s3 function=mul a=s2 b=none value=256
  scalar to=s4 function=mul a=s1 b=none value=256
  dma.copy to=spad[0x0+s3] from=dram[0x0+s4] bytes=256 count=1 from1=0 to1=0 shaped=no | wait 0:1 signal 1:1
  mxu.weights from=spad[0x0+s3] rows=16 columns=16 | wait 1:1 signal 0:1
  mxu.stream from=spad[0x1000] to=acc[0x0] rows=16 update=add swap=yes
endloop
mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0 | signal 2:1 at 1
dma.copy to=dram[0x8000] from=acc[0x0] bytes=1024 count=1 from1=0 to1=0 shaped=no | wait 0:2 wait 2:1
)";

/// Experts with as many tokens as a list says, rounds of which there may be none.
const std::string kExperts = R"(
mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0
dma.copy to=spad[0x2000] from=dram[0x0] bytes=64 count=1 from1=0 to1=0 shaped=no | signal 3:1
fence | wait 3:1
loop counter=s1 count=16
  scalar to=s2 function=mul a=s1 b=none value=4
  load to=s3 from=spad[0x2000+s2] type=i32 bound=32
  scalar to=s4 function=lt a=s3 b=none value=1
  loop counter=s5 count=s3<=32
    dma.copy to=spad[0x0] from=dram[0x1000] bytes=256 count=1 from1=0 to1=0 shaped=no | wait 0:1 signal 1:1
    mxu.weights from=spad[0x0] rows=16 columns=16 | wait 1:1
    mxu.stream from=spad[0x1000] to=acc[0x0] rows=s3<=32 update=write swap=yes | signal 0:1
  endloop
endloop
)";

std::string refused(const std::string &body, const Limits &limits = smallCore()) {
  auto image =
      parse("image machine=0x0 features=0x0\nlocation 0 \"\"\nlocation 1 \"layers.0/mlp/up_proj\"\ncore 0\n" +
            body + "\nhalt\n");
  if (!image) {
    return image.error().message;
  }
  Status status = checkProgram(*image, limits);
  return status ? std::string() : status.error().message;
}

std::string with(std::string text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

const std::string kMode =
    "mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=16 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0\n";
const std::string kVectorMode =
    "vec.mode to=i8 a=i8 b=i8 c=i8 to_stride=64 a_stride=64 b_stride=64 c_stride=64 "
    "b_broadcast=none c_broadcast=none\n";

std::string copy(const std::string &to, const std::string &from, int64_t bytes,
                 const std::string &rest = "") {
  return "dma.copy to=" + to + " from=" + from + " bytes=" + std::to_string(bytes) +
         " count=1 from1=0 to1=0 shaped=no" + rest + "\n";
}

TEST(Checker, SoundPrograms) {
  EXPECT_EQ(refused(kDoubleBuffered), "");
  // The same with three slots, and with fewer rounds than slots.
  std::string three = with(with(kDoubleBuffered, "value=2\n", "value=3\n"), "signal 0:2", "signal 0:3");
  EXPECT_EQ(refused(with(three, "wait 0:2", "wait 0:3")), "");
  EXPECT_EQ(refused(with(kDoubleBuffered, "count=16", "count=1")), "");
  // In the experts' loop the slot is free at the beginning of each round, which the round before says: a token for the first.
  std::string experts = with(kExperts, "w_slice=0", "w_slice=0 | signal 0:1");
  EXPECT_EQ(refused(experts + copy("dram[0x0]", "acc[0x0]", 1024, " | wait 0:1")), "");
  // Two entries under one predicate that belong together.
  EXPECT_EQ(refused("set to=s7 value=1\n" + kVectorMode +
                    copy("spad[0x0]", "dram[0x0]", 64, " | signal 4:1 if s7") +
                    "vec.map function=neg to=spad[0x100] a=spad[0x0] b=spad[0x0] c=spad[0x0] rows=1 "
                    "columns=64 | wait 4:1 if s7"),
            "");
  // A register that is carried is no address, but may be a count.
  EXPECT_EQ(
      refused("set to=s2 value=0\nloop counter=s1 count=4\nscalar to=s2 function=add a=s2 b=none value=1\n"
              "dma.fill to=spad[0x0] bytes=s2<=64 count=1 to1=0 value=0\nendloop"),
      "");
}

TEST(Checker, Limits) {
  EXPECT_EQ(refused("dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0 | channel 2"),
            "core 0, entry 0 (dma.fill): the machine has 2 DMA channels, none of number 2");
  EXPECT_EQ(refused("fence | wait 32:1"),
            "core 0, entry 0 (fence): the machine has 32 semaphores, none of number 32");
  EXPECT_EQ(refused(kMode + "mxu.weights from=spad[0x0] rows=17 columns=16"),
            "core 0, entry 1 (mxu.weights): rows: the array has 16, got 17");
  EXPECT_EQ(
      refused(
          "topk.select scores=spad[0x0] values=spad[0x1000] indices=spad[0x2000] rows=1 columns=128 k=65"),
      "core 0, entry 0 (topk.select): k: the selecting unit has 64, got 65");
}

// What the machine's array has not is refused; without a machine anything goes.
TEST(Checker, ModesOfTheArray) {
  Limits limits = smallCore();
  machine::NpuModes &modes = limits.modes.emplace();
  modes.dense = {machine::NpuDataflow::OutputStationary};
  modes.nm = {{2, 4}};
  auto of = [](const std::string &mode, int n, int m, int aSlice, int wSlice) {
    return "mxu.mode mode=" + mode +
           " a=i8 w=i8 acc=i32 a_stride=16 w_stride=32 acc_stride=64 n=" + std::to_string(n) +
           " m=" + std::to_string(m) + " a_slice=" + std::to_string(aSlice) +
           " w_slice=" + std::to_string(wSlice) + "\n";
  };
  const std::string place = "core 0, entry 0 (mxu.mode): ";
  EXPECT_EQ(refused(of("os", 0, 0, 0, 0), limits), "");
  EXPECT_EQ(refused(of("nm", 2, 4, 0, 0), limits), "");
  EXPECT_EQ(refused(of("ws", 0, 0, 0, 0), limits), place + "mode: the array has os, nm 2:4, got ws");
  EXPECT_EQ(refused(of("nm", 1, 4, 0, 0), limits), place + "mode: the array has os, nm 2:4, got nm 1:4");
  for (const char *mode : {"dot", "lut", "bitserial"}) {
    EXPECT_EQ(refused(of(mode, 0, 0, 0, 0), limits), place + "mode: the array has os, nm 2:4, got " + mode);
    EXPECT_EQ(refused(of(mode, 0, 0, 0, 0)), "");
  }
  modes.dot = machine::NpuDotMode{8};
  modes.lut = machine::NpuLutMode{4, 3, 64, 16, false};
  modes.bitserial = machine::NpuBitserialMode{2, 1};
  EXPECT_EQ(refused(of("dot", 0, 0, 0, 0), limits), "");
  EXPECT_EQ(refused(of("ws", 0, 0, 0, 0), limits),
            place + "mode: the array has os, dot, nm 2:4, lut, bitserial, got ws");
  EXPECT_EQ(refused(of("lut", 0, 3, 0, 0), limits),
            place + "m: the array's groups of a table are of 4, got 3");
  EXPECT_EQ(refused(of("bitserial", 0, 0, 1, 1), limits),
            place + "a_slice: the array's slices of activations are of 2, got 1");
  EXPECT_EQ(refused(of("bitserial", 0, 0, 2, 2), limits),
            place + "w_slice: the array's slices of weights are of 1, got 2");
  const std::string tables = of("lut", 0, 4, 0, 0) + "mxu.tables from=spad[0x0] ";
  EXPECT_EQ(refused(tables + "rows=16 depth=12", limits), "");
  EXPECT_EQ(refused(tables + "rows=17 depth=12", limits),
            "core 0, entry 1 (mxu.tables): rows: the array has 16, got 17");
  EXPECT_EQ(refused(tables + "rows=16 depth=16", limits),
            "core 0, entry 1 (mxu.tables): depth: a row of tables has 12, got 16");
}

TEST(Checker, Bounds) {
  EXPECT_EQ(refused(copy("spad[0x3fc1]", "dram[0x0]", 64)),
            "core 0, entry 0 (dma.copy): to: spad has 0x4000 bytes, written are 0x3fc1 .. 0x4000");
  // In the last round, which is not among the first ones.
  EXPECT_EQ(refused(with(kDoubleBuffered, "from=dram[0x0+s4]", "from=dram[0xff001+s4]")),
            "core 0, entry 5 (dma.copy): from: dram has 0x100000 bytes, read are 0xff001 .. 0x100000");
  EXPECT_EQ(refused("load to=s3 from=spad[0x0] type=i32 bound=65536\ndma.fill to=spad[0x0+s3] bytes=1 "
                    "count=1 to1=0 value=0"),
            "core 0, entry 1 (dma.fill): to: spad has 0x4000 bytes, written are 0x0 .. 0x10000");
  EXPECT_EQ(refused("load to=s3 from=spad[0x0] type=i32 bound=32768\ndma.fill to=spad[0x0] bytes=s3<=16385 "
                    "count=1 to1=0 value=0"),
            "core 0, entry 1 (dma.fill): to: spad has 0x4000 bytes, written are 0x0 .. 0x4000");
  EXPECT_EQ(refused("dma.fill to=spad[0x0] bytes=4294967295 count=4294967295 to1=4294967295 value=0"),
            "core 0, entry 0 (dma.fill): to: spad has 0x4000 bytes, written are 0x0 .. 0x3fffffffffffffff");
  EXPECT_EQ(refused("set to=s1 value=-64\n" + copy("spad[0x3f+s1]", "dram[0x0]", 1)),
            "core 0, entry 1 (dma.copy): to: s1 may be -64: the address is negative");
  EXPECT_EQ(refused("set to=s2 value=0\nloop counter=s1 count=4\n" + copy("spad[0x0+s2]", "dram[0x0]", 1) +
                    "scalar to=s2 function=add a=s2 b=none value=1\nendloop"),
            "core 0, entry 2 (dma.copy): to: what s2 may hold has no bounds: addresses are to be made of "
            "counters and of what is loaded");
  EXPECT_EQ(refused(kMode + "mxu.stream from=spad[0x0] to=acc[0x0] rows=16 update=write swap=no"),
            "core 0, entry 1 (mxu.stream): mxu.stream: expected mxu.weights before");
  EXPECT_EQ(refused("vec.map function=neg to=spad[0x0] a=spad[0x0] b=spad[0x0] c=spad[0x0] rows=1 columns=1"),
            "core 0, entry 0 (vec.map): vec.map: expected vec.mode before");
  EXPECT_EQ(
      refused(with(with(kMode, "mode=ws", "mode=nm"), "n=0 m=0", "n=4 m=4") +
              "mxu.weights from=spad[0x0] rows=16 columns=16"),
      "core 0, entry 1 (mxu.weights): mxu.weights: expected n of m with 0 < n < m in mxu.mode, got 4 of 4");
  // The rows of the second round follow from the settings that the first one leaves.
  EXPECT_EQ(
      refused(kVectorMode +
              "loop counter=s1 count=2\n"
              "vec.map function=neg to=spad[0x0] a=spad[0x1000] b=spad[0x0] c=spad[0x0] rows=4 columns=64\n" +
              with(kVectorMode, "to_stride=64", "to_stride=65536") + "endloop"),
      "core 0, entry 2 (vec.map): to: spad has 0x4000 bytes, written are 0x0 .. 0x3003f");
}

TEST(Checker, Balance) {
  EXPECT_EQ(
      refused(with(kDoubleBuffered, "wait 1:1 signal 0:1", "signal 0:1")),
      "core 0, entry 1 (loop): a round of the loop signals semaphore 1 1 times more than it waits for it");
  EXPECT_EQ(
      refused(with(kDoubleBuffered, "wait 1:1 signal 0:1", "wait 1:1")),
      "core 0, entry 1 (loop): a round of the loop signals semaphore 0 1 times less than it waits for it");
  EXPECT_EQ(refused(with(kDoubleBuffered, "wait 0:2 wait 2:1", "wait 2:1")),
            "core 0, entry 11 (halt): the stream signals semaphore 0 2 times more than it waits for it");
  EXPECT_EQ(
      refused("set to=s7 value=1\nfence | signal 4:1 if s7\n" +
              copy("spad[0x0]", "dram[0x0]", 64, " | wait 4:1")),
      "core 0, entry 3 (halt): the stream signals semaphore 4 1 times more than it waits for it under s7");
  EXPECT_EQ(refused("set to=s7 value=1\nfence | signal 4:1 if s7\nset to=s7 value=0\n" +
                    copy("spad[0x0]", "dram[0x0]", 64, " | wait 4:1 if s7")),
            "core 0, entry 2 (set): s7 is a predicate of entry 1 (fence) and of entry 3 (dma.copy), which "
            "belong together: it can't "
            "change between them");
}

TEST(Checker, Pairs) {
  EXPECT_EQ(refused(copy("spad[0x0]", "dram[0x0]", 64, " | signal 4:1") +
                    copy("spad[0x40]", "dram[0x0]", 64, " | channel 1 signal 4:1") + "fence | wait 4:2"),
            "core 0, entry 1 (dma.copy): semaphore 4 is signalled by dma channel 0 and by dma channel 1: "
            "which wait meets which signal "
            "can't be decided");
  EXPECT_EQ(refused("fence | signal 4:2\n" + copy("spad[0x0]", "dram[0x0]", 64, " | wait 4:1") +
                    copy("spad[0x40]", "dram[0x0]", 64, " | channel 1 wait 4:1")),
            "core 0, entry 2 (dma.copy): semaphore 4 is waited for by dma channel 0 and by dma channel 1: "
            "which wait meets which signal "
            "can't be decided");
}

TEST(Checker, Progress) {
  // Each waits for the other.
  EXPECT_EQ(refused(copy("spad[0x0]", "dram[0x0]", 64, " | wait 4:1 signal 5:1 at 1") +
                    copy("spad[0x40]", "dram[0x0]", 64, " | channel 1 wait 5:1 signal 4:1")),
            "core 0, entry 0 (dma.copy, layers.0/mlp/up_proj): the program stands still: dma channel 0 at "
            "entry 0 (dma.copy, "
            "layers.0/mlp/up_proj) waits for semaphore 4 (0 of 1), which entry 1 (dma.copy) of dma channel 1 "
            "signals; dma channel 1 at "
            "entry 1 (dma.copy) waits for semaphore 5 (0 of 1), which entry 0 (dma.copy, "
            "layers.0/mlp/up_proj) of dma channel 0 signals; "
            "the control unit at entry 2 (halt) waits until all engines have finished");
  // An engine that waits for itself.
  EXPECT_EQ(refused(copy("spad[0x0]", "dram[0x0]", 64, " | wait 4:1") +
                    copy("spad[0x40]", "dram[0x0]", 64, " | signal 4:1")),
            "core 0, entry 0 (dma.copy): the program stands still: dma channel 0 at entry 0 (dma.copy) waits "
            "for semaphore 4 (0 of 1), "
            "which entry 1 (dma.copy) of dma channel 0 signals; the control unit at entry 2 (halt) waits "
            "until all engines have finished");
  // The queue is full before what its first entry waits for is handed out.
  std::string overrun = copy("spad[0x0]", "dram[0x0]", 64, " | wait 4:1");
  for (int i = 0; i < 4; ++i) {
    overrun += copy("spad[0x0]", "dram[0x0]", 64);
  }
  overrun += copy("spad[0x40]", "dram[0x0]", 64, " | channel 1 signal 4:1");
  EXPECT_EQ(refused(overrun), "core 0, entry 0 (dma.copy): the program stands still: dma channel 0 at entry "
                              "0 (dma.copy) waits for semaphore 4 (0 of 1), "
                              "which entry 5 (dma.copy) of dma channel 1 signals; the control unit at entry "
                              "4 (dma.copy) waits for a place in the queue of "
                              "dma channel 0");
  Limits longer = smallCore();
  longer.queueDepth = 5;
  EXPECT_EQ(refused(overrun, longer), "");
  // The control unit waits for what it has not handed out yet.
  EXPECT_EQ(refused("fence | wait 4:1\n" + copy("spad[0x0]", "dram[0x0]", 64, " | signal 4:1")),
            "core 0, entry 0 (fence): the program stands still: the control unit at entry 0 (fence) waits "
            "for semaphore 4 (0 of 1), which "
            "entry 1 (dma.copy) of dma channel 0 signals");
  // Nobody says at the beginning that the slot is free.
  EXPECT_EQ(refused(kExperts), "core 0, entry 8 (dma.copy): the program stands still: the matrix engine at "
                               "entry 9 (mxu.weights) waits for semaphore 1 (0 of "
                               "1), which entry 8 (dma.copy) of dma channel 0 signals; dma channel 0 at "
                               "entry 8 (dma.copy) waits for semaphore 0 (0 of 1), which "
                               "entry 10 (mxu.stream) of the matrix engine signals; the control unit at "
                               "entry 9 (mxu.weights) waits for a place in the queue of "
                               "the matrix engine");
}

TEST(Checker, Order) {
  // A slot is filled again before the array has read it: nobody waits for it to be free.
  std::string reuse =
      with(with(kDoubleBuffered, "wait 0:1 signal 1:1", "signal 1:1"), "wait 1:1 signal 0:1", "wait 1:1");
  reuse = with(with(reuse, " | signal 0:2", ""), "wait 0:2 wait 2:1", "wait 2:1");
  EXPECT_EQ(refused(reuse), "core 0, entry 5 (dma.copy): to: spad[0x0 .. 0xff] is written while entry 6 "
                            "(mxu.weights) may read it: no semaphore orders them");
  // Two slots, but three are said to be free: in the third round.
  EXPECT_EQ(refused(with(with(kDoubleBuffered, "signal 0:2", "signal 0:3"), "wait 0:2", "wait 0:3")),
            "core 0, entry 5 (dma.copy): to: spad[0x0 .. 0xff] is written while entry 6 (mxu.weights) may "
            "read it: no semaphore orders them");
  // Weights are read before they are there.
  std::string early =
      with(with(kDoubleBuffered, "wait 0:1 signal 1:1", "wait 0:1"), "wait 1:1 signal 0:1", "signal 0:1");
  EXPECT_EQ(refused(early), "core 0, entry 5 (dma.copy): to: spad[0x0 .. 0xff] is written while entry 6 "
                            "(mxu.weights) may read it: no semaphore orders them");
  // Sums leave before the last tile is in them.
  EXPECT_EQ(refused(with(with(kDoubleBuffered, " | signal 2:1 at 1", ""), "wait 0:2 wait 2:1", "wait 0:2")),
            "core 0, entry 10 (dma.copy): from: acc[0x0 .. 0x3ff] is read while entry 7 (mxu.stream) may "
            "write it: no semaphore orders "
            "them");
  // Two writers.
  EXPECT_EQ(
      refused(copy("spad[0x20]", "dram[0x0]", 64) + copy("spad[0x0]", "dram[0x40]", 64, " | channel 1")),
      "core 0, entry 1 (dma.copy): to: spad[0x20 .. 0x3f] is written while entry 0 (dma.copy) may write it: "
      "no semaphore orders them");
  // Two readers are none.
  EXPECT_EQ(refused(copy("spad[0x0]", "dram[0x0]", 64) + copy("spad[0x40]", "dram[0x0]", 64, " | channel 1")),
            "");
  // The control unit reads what nobody says is there.
  EXPECT_EQ(refused(with(with(kExperts, " | signal 3:1", ""), "fence | wait 3:1\n", "")),
            "core 0, entry 1 (dma.copy): to: spad[0x2000 .. 0x2003] is written while entry 4 (load) may read "
            "it: no semaphore orders them");
  // What orders them is in a loop of which there may be no round.
  EXPECT_EQ(refused(copy("spad[0x2000]", "dram[0x0]", 64, " | signal 3:1") + "fence | wait 3:1\n" +
                    "load to=s3 from=spad[0x2000] type=i32 bound=8\n" + copy("spad[0x0]", "dram[0x0]", 64) +
                    "loop counter=s1 count=s3<=8\n" + copy("spad[0x100]", "dram[0x0]", 64, " | signal 4:1") +
                    copy("spad[0x200]", "dram[0x0]", 64, " | channel 1 wait 4:1") + "endloop\n" +
                    copy("dram[0x1000]", "spad[0x0]", 64, " | channel 1")),
            "core 0, entry 8 (dma.copy): from: spad[0x0 .. 0x3f] is read while entry 3 (dma.copy) may write "
            "it: no semaphore orders them");
  EXPECT_EQ(refused(with(kDoubleBuffered, "value=2\n", "value=17\n")),
            "core 0, entry 2 (scalar): rings of more than 16 slots, or of a number that is not known, can't "
            "be decided");
  auto nested = [](int depth, const std::string &body) {
    std::string text;
    for (int i = 0; i < depth; ++i) {
      text += "loop counter=s" + std::to_string(i) + " count=9\n";
    }
    text += body;
    for (int i = 0; i < depth; ++i) {
      text += "endloop\n";
    }
    return text;
  };
  const std::string fill = "dma.fill to=spad[0x0] bytes=1 count=1 to1=0 value=0\n";
  EXPECT_EQ(refused(nested(8, fill)), "");
  EXPECT_EQ(refused(nested(9, "")), "core 0, entry 8 (loop): loops in loops deeper than 8 can't be decided");
  EXPECT_EQ(refused("scalar to=s20 function=rem a=s20 b=none value=7\n" + nested(6, "")),
            "core 0, entry 6 (loop): the stream is too long to be decided");
  // Engines that never wait for each other: each access is compared with all before.
  EXPECT_EQ(refused("scalar to=s20 function=rem a=s20 b=none value=7\n" +
                    nested(5, fill + "dma.fill to=spad[0x40] bytes=1 count=1 to1=0 value=0 | channel 1\n")),
            "core 0, entry 6 (dma.fill): the stream is too long to be decided");
}

} // namespace
