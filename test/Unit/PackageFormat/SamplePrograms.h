//===- SamplePrograms.h - A small program that uses every feature -----------===//
#ifndef COOPT_TEST_UNIT_PACKAGEFORMAT_SAMPLEPROGRAMS_H
#define COOPT_TEST_UNIT_PACKAGEFORMAT_SAMPLEPROGRAMS_H

#include "coopt/PackageFormat/Program.h"

namespace coopt::package::test {

inline Extent fixed(int64_t value) { return {false, value}; }
inline Extent slot(int64_t number) { return {true, number}; }

inline Command scalar(ScalarOp op, Slot dst, Slot a, Slot b, int64_t immediate = 0) {
  Command command;
  command.kind = CommandKind::Scalar;
  command.op = op;
  command.dst = dst;
  command.a = a;
  command.b = b;
  command.immediate = immediate;
  return command;
}

/// One entry over a run-time size n (slot 0): buffers 0 argument, 1 result, 2 parameter, 3 state, 4 to 6
/// arena.
inline Program sampleProgram() {
  Program program;
  program.kernels = {{"first", 4, 1, 128}, {"second", 2, 3, 0}};
  program.states = {{"cache", ElementType::F16, 2, 5, 3}};
  Entry entry;
  entry.name = "main";
  entry.dimensions = {{"n", 1, 9, 1}};
  entry.arguments = {{"x", ElementType::F32, {slot(0), fixed(3)}}};
  entry.results = {{"y", ElementType::F32, {slot(0), fixed(3)}}};
  entry.states = {0};
  entry.slotCount = 4;
  entry.arenaBytes = 320;
  entry.buffers = {
      {BufferKind::Argument, 0, 0, 108, ElementType::F32, {slot(0), fixed(3)}},
      {BufferKind::Result, 0, 0, 108, ElementType::F32, {slot(0), fixed(3)}},
      {BufferKind::Parameter, 0, 0, 12, ElementType::F32, {fixed(3)}},
      {BufferKind::State, 0, 0, 60, ElementType::F16, {fixed(2), fixed(5), fixed(3)}},
      {BufferKind::Arena, 0, 0, 108, ElementType::F32, {slot(0), fixed(3)}},
      {BufferKind::Arena, 0, 128, 128, ElementType::U8, {slot(2)}},
      {BufferKind::Arena, 0, 256, 24, ElementType::I32, {fixed(2), fixed(3)}},
  };
  entry.commands.push_back(scalar(ScalarOp::Constant, 1, 0, 0, 4)); // 0
  entry.commands.push_back(scalar(ScalarOp::CeilDiv, 2, 0, 1));     // 1
  entry.commands.push_back(scalar(ScalarOp::Less, 3, 0, 1));        // 2
  Command branch;
  branch.kind = CommandKind::BranchUnless;
  branch.a = 3;
  branch.target = 6;
  entry.commands.push_back(branch); // 3
  Command first;
  first.kind = CommandKind::Dispatch;
  first.kernel = 0;
  first.opId = "layers.0/first";
  first.buffers = {0, 2, 3, 3};
  first.firstWritten = 3;
  first.scalars = {0};
  first.items = 2;
  entry.commands.push_back(first); // 4
  Command jump;
  jump.kind = CommandKind::Jump;
  jump.target = 7;
  entry.commands.push_back(jump); // 5
  Command second;
  second.kind = CommandKind::Dispatch;
  second.kernel = 1;
  second.opId = "layers.0/second";
  second.buffers = {5, 4};
  second.firstWritten = 1;
  second.scalars = {2, 0, 1};
  second.items = 2;
  entry.commands.push_back(second); // 6
  Command copy;
  copy.kind = CommandKind::Copy;
  copy.buffers = {4, 1};
  entry.commands.push_back(copy);                                      // 7
  entry.commands.push_back(scalar(ScalarOp::ExpertsLimited, 3, 0, 0)); // 8
  Command prefetch;
  prefetch.kind = CommandKind::Prefetch;
  prefetch.buffers = {6, 2};
  entry.commands.push_back(prefetch); // 9
  Command bySegments = second;
  bySegments.opId = "layers.0/experts";
  bySegments.buffers = {6, 4};
  bySegments.segments = 0;
  bySegments.scalars = {0, 1, 1};
  entry.commands.push_back(bySegments); // 10
  program.entries.push_back(entry);
  return program;
}

} // namespace coopt::package::test

#endif // COOPT_TEST_UNIT_PACKAGEFORMAT_SAMPLEPROGRAMS_H
