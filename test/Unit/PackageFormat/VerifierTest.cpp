// One bad case for each rule of verify(): the sample program with one thing changed, and the message.
#include "SamplePrograms.h"

#include <functional>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::package::test;

namespace {

struct BadCase {
  const char *name;
  std::function<void(Program &, Entry &)> change;
  const char *message; ///< a part of it
};

std::vector<BadCase> badCases() {
  return {
      {"PositionsAreNegative", [](Program &, Entry &e) { e.commands[10].immediate = -1; },
       "command 10: a row reads -1 positions"},
      {"SegmentsAreWritten", [](Program &, Entry &e) { e.commands[10].segments = 1; },
       "command 10: segments are operand 1, expected one of the 1 that are read"},
      {"SegmentsOfAnotherType",
       [](Program &, Entry &e) {
         e.commands.erase(e.commands.begin() + 9);
         e.buffers[6].type = ElementType::F32;
       },
       "is no matrix of i32 with a segment in each row"},
      {"SegmentsOfTwoParts",
       [](Program &, Entry &e) {
         e.commands.erase(e.commands.begin() + 9);
         e.buffers[6].shape = {fixed(3), fixed(2)};
       },
       "operand 0 is no matrix of i32 with a segment in each row"},
      {"PrefetchOfNothing", [](Program &, Entry &e) { e.commands[9].buffers = {6}; },
       "command 9: a prefetch takes experts and parameters, got 1 buffers"},
      {"PrefetchByFloats", [](Program &, Entry &e) { e.commands[9].buffers = {4, 2}; },
       "command 9: the experts of a prefetch are no i32"},
      {"PrefetchOfNoParameter", [](Program &, Entry &e) { e.commands[9].buffers = {6, 4}; },
       "buffer 4 of a prefetch is no parameter"},
      {"PrefetchOfUnknownBuffer", [](Program &, Entry &e) { e.commands[9].buffers = {6, 77}; },
       "buffer 77 of 7"},
      {"KernelWithoutName", [](Program &p, Entry &) { p.kernels[1].symbol = ""; },
       "program: kernel 1 has no name"},
      {"HugeScratch", [](Program &p, Entry &) { p.kernels[0].scratchBytes = UINT64_MAX; },
       "kernel 'first': scratch of 18446744073709551615 bytes is too large"},
      {"StateWithoutName", [](Program &p, Entry &) { p.states[0].name = ""; }, "state '': no name"},
      {"StateTwice", [](Program &p, Entry &) { p.states.push_back(p.states[0]); },
       "state 'cache': no name, or one that is there twice"},
      {"StateEmpty", [](Program &p, Entry &) { p.states[0].capacity = 0; }, "state 'cache': extents"},
      {"StateWithoutBlocks", [](Program &p, Entry &) { p.states[0].block = 0; }, "state 'cache': extents"},
      {"StateKeepsTooMuch", [](Program &p, Entry &) { p.states[0].kept = UINT64_MAX; },
       "state 'cache': extents"},
      {"StateOfLargeBlocks",
       [](Program &p, Entry &) {
         p.states[0].outer = 1 << 10;
         p.states[0].block = uint64_t(1) << 40;
       },
       "state 'cache': more than 2^47 bytes"},
      {"StateOverflow",
       [](Program &p, Entry &) { p.states[0].outer = p.states[0].capacity = uint64_t(1) << 40; },
       "state 'cache': more than 2^47 bytes"},
      {"EntryWithoutName", [](Program &, Entry &e) { e.name = ""; }, "entry ''"},
      {"EntryNameWithControlCharacter", [](Program &, Entry &e) { e.name = "a\n"; }, "no name"},
      {"EntryTwice", [](Program &p, Entry &) { p.entries.push_back(p.entries[0]); }, "there twice"},
      {"TooFewSlots", [](Program &, Entry &e) { e.slotCount = 0; },
       "expected between 1 and 1048576 slots, got 0"},
      {"TooManySlots", [](Program &, Entry &e) { e.slotCount = UINT32_MAX; }, "slots, got 4294967295"},
      {"DimensionWithoutName", [](Program &, Entry &e) { e.dimensions[0].name = ""; }, "dimension ''"},
      {"DimensionTwice", [](Program &, Entry &e) { e.dimensions.push_back(e.dimensions[0]); },
       "dimension 'n': no name, or one that is there twice"},
      {"DimensionNegative", [](Program &, Entry &e) { e.dimensions[0].min = -1; }, "got min -1, max 9"},
      {"DimensionReversed", [](Program &, Entry &e) { e.dimensions[0].max = 0; }, "got min 1, max 0"},
      {"DimensionHuge", [](Program &, Entry &e) { e.dimensions[0].max = INT64_MAX; },
       "0 <= min <= max <= 2^40"},
      {"DimensionMultipleOfZero", [](Program &, Entry &e) { e.dimensions[0].multipleOf = 0; },
       "no multiple of 0"},
      {"DimensionWithoutMultiple", [](Program &, Entry &e) { e.dimensions[0].multipleOf = 10; },
       "no multiple of 10 lies between"},
      {"ArgumentWithoutName", [](Program &, Entry &e) { e.arguments[0].name = ""; }, "argument ''"},
      {"ArgumentTwice", [](Program &, Entry &e) { e.arguments.push_back(e.arguments[0]); },
       "argument 'x': no name, or one that is there twice"},
      {"ResultNegativeExtent", [](Program &, Entry &e) { e.results[0].shape[1].value = -3; },
       "result 'y': negative extent"},
      {"ArgumentExtentIsNoDimension", [](Program &, Entry &e) { e.arguments[0].shape[0].value = 1; },
       "argument 'x': extent names slot 1 of 1"},
      {"ArgumentExtentIsNegativeSlot", [](Program &, Entry &e) { e.arguments[0].shape[0].value = -1; },
       "argument 'x': extent names slot -1 of 1"},
      {"ValueOfTooManyDimensions", [](Program &, Entry &e) { e.arguments[0].shape.assign(33, fixed(1)); },
       "more than 32 dimensions"},
      {"ValueTooLarge", [](Program &, Entry &e) { e.arguments[0].shape[1].value = int64_t(1) << 46; },
       "argument 'x': negative extent, or more than 2^47 bytes"},
      {"UnknownState", [](Program &, Entry &e) { e.states[0] = 1; }, "state 1 is unknown"},
      {"StateListedTwice", [](Program &, Entry &e) { e.states.push_back(0); }, "listed twice"},
      {"HugeArena", [](Program &, Entry &e) { e.arenaBytes = UINT64_MAX; }, "is too large"},
      {"BufferExtentOutsideSlots", [](Program &, Entry &e) { e.buffers[5].shape[0].value = 4; },
       "buffer 5: extent names slot 4 of 4"},
      {"BufferTooSmall", [](Program &, Entry &e) { e.buffers[4].maxBytes = 107; },
       "buffer 4: needs 108 bytes, has 107"},
      {"BufferHuge", [](Program &, Entry &e) { e.buffers[0].maxBytes = uint64_t(1) << 48; },
       "buffer 0: needs"},
      {"UnknownParameter", [](Program &, Entry &e) { e.buffers[2].index = 1; }, "buffer 2: parameter 1 of 1"},
      {"ParameterTooSmall",
       [](Program &, Entry &e) {
         e.buffers[2].shape[0].value = 4;
         e.buffers[2].maxBytes = 16;
       },
       "buffer 2: expected a constant shape within the parameter's 12 bytes"},
      {"ParameterWithRunTimeShape", [](Program &, Entry &e) { e.buffers[2].shape[0] = slot(1); },
       "buffer 2: expected a constant shape"},
      {"UnknownArgument", [](Program &, Entry &e) { e.buffers[0].index = 1; }, "buffer 0: argument 1 of 1"},
      {"ArgumentOfOtherType", [](Program &, Entry &e) { e.buffers[0].type = ElementType::I32; },
       "buffer 0: type or shape differs from that of argument 'x'"},
      {"ArgumentOfOtherShape", [](Program &, Entry &e) { e.buffers[0].shape[1].value = 2; },
       "differs from that of argument 'x'"},
      {"UnknownResult", [](Program &, Entry &e) { e.buffers[1].index = 2; }, "buffer 1: result 2 of 1"},
      {"ResultOfOtherShape", [](Program &, Entry &e) { e.buffers[1].shape.pop_back(); },
       "differs from that of result 'y'"},
      {"StateNotOfTheEntry", [](Program &, Entry &e) { e.states.clear(); },
       "buffer 3: state 0 is not one of the entry's"},
      {"StateOfOtherType", [](Program &, Entry &e) { e.buffers[3].type = ElementType::I16; },
       "buffer 3: expected the type of state 'cache'"},
      {"StateTooSmall", [](Program &, Entry &e) { e.buffers[3].maxBytes = 62; }, "within its 60 bytes"},
      {"StateWithRunTimeShape", [](Program &, Entry &e) { e.buffers[3].shape[0] = slot(1); },
       "buffer 3: expected the type of state 'cache' and a constant shape"},
      {"ArenaMisaligned", [](Program &, Entry &e) { e.buffers[5].offset = 120; },
       "buffer 5: offset 120 is no multiple of 64"},
      {"ArenaTooSmall", [](Program &, Entry &e) { e.arenaBytes = 255; },
       "buffer 5: [128, +128) lies outside the arena of 255 bytes"},
      {"ArenaOffsetOutside", [](Program &, Entry &e) { e.buffers[5].offset = uint64_t(1) << 63; },
       "lies outside the arena"},
      {"ScalarWritesDimension", [](Program &, Entry &e) { e.commands[0].dst = 0; },
       "command 0: writes slot 0, expected one between 1 and 4"},
      {"ScalarWritesOutside", [](Program &, Entry &e) { e.commands[0].dst = 4; }, "command 0: writes slot 4"},
      {"ScalarReadsOutside", [](Program &, Entry &e) { e.commands[1].a = 4; }, "command 1: slot 4 of 4"},
      {"ScalarReadsUnwritten", [](Program &, Entry &e) { e.commands[1].b = 3; },
       "command 1: slot 3 is read before any command writes it"},
      {"BranchOnUnwritten", [](Program &, Entry &e) { e.commands[2].dst = 1; },
       "command 3: slot 3 is read before"},
      {"BranchBackward", [](Program &, Entry &e) { e.commands[3].target = 3; },
       "command 3: jumps to command 3 of 11; only forward"},
      {"JumpOutside", [](Program &, Entry &e) { e.commands[5].target = 12; },
       "command 5: jumps to command 12 of 11"},
      {"UnknownKernel", [](Program &, Entry &e) { e.commands[4].kernel = 2; }, "command 4: kernel 2 of 2"},
      {"NoOpId", [](Program &, Entry &e) { e.commands[4].opId = ""; },
       "command 4: a dispatch needs an op id"},
      {"TooFewBuffers", [](Program &, Entry &e) { e.commands[4].buffers.pop_back(); },
       "command 4: kernel 'first' takes 4 buffers and 1 scalars, got 3 and 1"},
      {"TooManyScalars", [](Program &, Entry &e) { e.commands[4].scalars.push_back(0); }, "got 4 and 2"},
      {"FirstWrittenOutside", [](Program &, Entry &e) { e.commands[4].firstWritten = 5; },
       "command 4: first written operand 5 of 4"},
      {"UnknownBuffer", [](Program &, Entry &e) { e.commands[4].buffers[0] = 7; },
       "command 4: buffer 7 of 7"},
      {"WritesParameter", [](Program &, Entry &e) { e.commands[4].firstWritten = 1; },
       "command 4: writes buffer 2: parameters are only read"},
      {"WritesArgument", [](Program &, Entry &e) { e.commands[4].firstWritten = 0; },
       "command 4: writes buffer 0: arguments are only read"},
      {"WrongDynamicExtent", [](Program &, Entry &e) { e.commands[6].scalars[0] = 1; },
       "command 6: scalar 0 is not the dynamic extent of operand 0, slot 2"},
      {"MissingDynamicExtent",
       [](Program &p, Entry &e) {
         p.kernels[1].scalarCount = 1;
         e.commands[6].scalars = {2};
       },
       "command 6: scalar 1 is not the dynamic extent of operand 1, slot 0"},
      {"ScalarOfDispatchOutside", [](Program &, Entry &e) { e.commands[6].scalars[2] = 7; },
       "command 6: slot 7 of 4"},
      {"ItemsOutside", [](Program &, Entry &e) { e.commands[6].items = 7; }, "command 6: slot 7 of 4"},
      {"ExtentBeforeItIsComputed", [](Program &, Entry &e) { e.commands[1].dst = 3; },
       "slot 2 is read before any command writes it"},
      {"CopyOfOne", [](Program &, Entry &e) { e.commands[7].buffers.pop_back(); },
       "command 7: a copy takes 2 buffers, got 1"},
      {"CopyToParameter", [](Program &, Entry &e) { e.commands[7].buffers = {2, 2}; },
       "command 7: writes buffer 2: parameters are only read"},
      {"CopyToOtherShape", [](Program &, Entry &e) { e.commands[7].buffers = {5, 4}; },
       "command 7: copies between buffers of different type or shape"},
  };
}

class BadProgram : public testing::TestWithParam<BadCase> {};

} // namespace

TEST(Verifier, SampleIsFine) {
  auto status = verify(sampleProgram(), {12});
  EXPECT_TRUE(status.has_value()) << status.error().message;
}

TEST_P(BadProgram, IsRefusedWithItsReason) {
  Program program = sampleProgram();
  GetParam().change(program, program.entries[0]);
  auto status = verify(program, {12});
  ASSERT_FALSE(status.has_value());
  EXPECT_NE(status.error().message.find(GetParam().message), std::string::npos) << status.error().message;
  EXPECT_EQ(status.error().message.rfind("program: ", 0), 0u) << status.error().message;
}

INSTANTIATE_TEST_SUITE_P(Rules, BadProgram, testing::ValuesIn(badCases()),
                         [](const auto &info) { return std::string(info.param.name); });
