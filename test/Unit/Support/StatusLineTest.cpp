// The status line on a pseudo-terminal, byte by byte, and on what is no terminal.
#include "coopt/Support/StatusLine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <string>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

using coopt::StatusLine;

namespace {

/// A terminal of 20 columns and what was written to it.
class Terminal : public testing::Test {
protected:
  void SetUp() override {
    reader = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(reader, 0);
    ASSERT_EQ(grantpt(reader), 0);
    ASSERT_EQ(unlockpt(reader), 0);
    writer = open(ptsname(reader), O_RDWR | O_NOCTTY);
    ASSERT_GE(writer, 0);
    termios settings;
    ASSERT_EQ(tcgetattr(writer, &settings), 0);
    cfmakeraw(&settings);
    ASSERT_EQ(tcsetattr(writer, TCSANOW, &settings), 0);
    winsize size{};
    size.ws_col = 20;
    ASSERT_EQ(ioctl(writer, TIOCSWINSZ, &size), 0);
    ASSERT_EQ(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
  }
  void TearDown() override {
    close(reader);
    close(writer);
  }

  std::string written() {
    char bytes[4096];
    ssize_t count = read(reader, bytes, sizeof(bytes));
    return std::string(bytes, count > 0 ? static_cast<size_t>(count) : 0);
  }

  int reader = -1, writer = -1;
};

TEST_F(Terminal, TextsReplaceEachOther) {
  StatusLine line(writer);
  EXPECT_EQ(written(), "");
  line.show("kernels");
  EXPECT_EQ(written(), "\rkernels");
  line.show("tile");
  EXPECT_EQ(written(), "\rtile   \b\b\b");
  line.show("tile");
  EXPECT_EQ(written(), "");
  line.clear();
  EXPECT_EQ(written(), "\r    \b\b\b\b\r");
  line.clear();
  EXPECT_EQ(written(), "");
}

TEST_F(Terminal, IsCutToTheWidth) {
  StatusLine line(writer);
  line.show("123456789012345678901234");
  EXPECT_EQ(written(), "\r1234567890123456789");
}

TEST_F(Terminal, UpdatesAreFew) {
  StatusLine line(writer);
  auto start = std::chrono::steady_clock::now();
  line.show("0");
  for (int i = 0; i < 1000; ++i) {
    line.update("1");
  }
  // A machine that stood still in between has shown one more.
  if (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(100)) {
    EXPECT_EQ(written(), "\r0");
  }
  written();
  usleep(110000);
  line.update("2");
  EXPECT_EQ(written(), "\r2");
}

TEST_F(Terminal, IsGoneInTheEnd) {
  {
    StatusLine(writer).show("x");
  }
  EXPECT_EQ(written(), "\rx\r \b\r");
}

TEST(StatusLineTest, NothingWithoutATerminal) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  {
    StatusLine line(ends[1]);
    line.show("x");
    line.clear();
  }
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), -1);
  close(ends[0]);
  close(ends[1]);
}

} // namespace
