//===- ProgramBuilder.h - Host programs by hand -----------------------------===//
#ifndef COOPT_TEST_SUPPORT_PROGRAMBUILDER_H
#define COOPT_TEST_SUPPORT_PROGRAMBUILDER_H

#include "coopt/PackageFormat/Program.h"

namespace coopt::test {

inline package::Extent fixed(int64_t value) { return {false, value}; }
inline package::Extent slot(uint32_t number) { return {true, number}; }

/// Adds to one entry; every function returns what it added (a slot, a buffer's index).
class EntryBuilder {
public:
  EntryBuilder(package::Program &program, const std::string &name);

  uint32_t dimension(const std::string &name, int64_t min, int64_t max, int64_t multipleOf = 1);
  uint32_t argument(const std::string &name, package::ElementType type, std::vector<package::Extent> shape);
  uint32_t result(const std::string &name, package::ElementType type, std::vector<package::Extent> shape);
  uint32_t parameter(uint32_t index, package::ElementType type, std::vector<int64_t> shape);
  uint32_t state(uint32_t index);
  /// `maxBytes` 0: what the shape needs at the largest sizes.
  uint32_t arena(package::ElementType type, std::vector<package::Extent> shape, uint64_t maxBytes = 0);

  package::Slot constant(int64_t value);
  package::Slot scalar(package::ScalarOp op, package::Slot a, package::Slot b);
  /// Makes the kernel if the program has none of this name. `own` follow the dynamic extents of the buffers.
  void dispatch(const std::string &opId, const std::string &kernel, package::Slot items,
                std::vector<uint32_t> reads, std::vector<uint32_t> writes,
                std::vector<package::Slot> own = {}, uint64_t scratchBytes = 0);
  void copy(uint32_t source, uint32_t destination);
  /// The command's index, for land().
  size_t branchUnless(package::Slot condition);
  size_t jump();
  /// The branch or jump goes to the next command.
  void land(size_t command);

private:
  package::Entry &entry() { return program.entries[index]; }
  package::Slot newSlot() { return entry().slotCount++; }
  uint64_t largest(package::ElementType type, const std::vector<package::Extent> &shape);
  uint32_t add(package::Buffer buffer);

  package::Program &program;
  size_t index;
};

} // namespace coopt::test

#endif // COOPT_TEST_SUPPORT_PROGRAMBUILDER_H
