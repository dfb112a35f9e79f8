//===- RecordIndex.h - What a record holds ----------------------------------===//
//
// A record is a folder: index.json, and arrays as .npy files. An operand's file is
// `<op id>.<call>.<in|out><operand>.npy`, with '/' of the op id as '.', where `call` counts the dispatches of
// that op id. Types that NumPy lacks are raw bits with the type in the index. Of a state, only filled
// positions are stored, as [outer, filled, inner]; what a dispatch writes to it is stored before ("in") and
// after ("out").
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_RECORD_RECORDINDEX_H
#define COOPT_RUNTIME_RECORD_RECORDINDEX_H

#include "coopt/PackageFormat/Program.h"

#include <cstdint>
#include <string>
#include <vector>

namespace coopt::runtime {

struct RecordedOperand {
  enum class Kind { Buffer, Parameter, State };
  Kind kind = Kind::Buffer;
  bool written = false;
  std::string name;      ///< of a parameter or state
  uint64_t checksum = 0; ///< of a stored parameter; its bytes are not in the record
  package::ElementType type = package::ElementType::F32;
  std::vector<int64_t> shape; ///< of a state: outer, filled, inner
  std::string in, out;        ///< file names; empty if there is none
};

struct RecordedDispatch {
  std::string opId;
  uint64_t call = 0;       ///< how many dispatches of this op id came before, in the whole record
  uint64_t run = 0;        ///< index into RecordIndex::calls
  uint64_t occurrence = 0; ///< how many dispatches of this op id came before, in this run
  std::string kernel;
  uint32_t items = 0;
  std::vector<RecordedOperand> operands;
};

/// A call of an entry point.
struct RecordedCall {
  std::string entry;
  std::vector<std::pair<std::string, int64_t>> sizes;
  std::vector<std::string> argumentNames, argumentFiles;
};

struct RecordIndex {
  uint64_t package = 0; ///< identity of the package that was recorded
  std::string isa;
  std::vector<RecordedCall> calls;
  std::vector<RecordedDispatch> dispatches;
};

Status writeRecordIndex(const std::string &folder, const RecordIndex &index);
/// Errors name the file and the JSON path. File names that leave the folder are refused.
Expected<RecordIndex> readRecordIndex(const std::string &folder);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_RECORD_RECORDINDEX_H
