//===- ProgramPrinter.cpp - A host program as text ----------------------------===//
#include "coopt/PackageFormat/ProgramPrinter.h"

#include <algorithm>
#include <sstream>
#include <utility>

using namespace coopt::package;

namespace {

const char *operationName(ScalarOp op) {
  switch (op) {
  case ScalarOp::Constant:
    return "constant";
  case ScalarOp::Add:
    return "add";
  case ScalarOp::Sub:
    return "sub";
  case ScalarOp::Mul:
    return "mul";
  case ScalarOp::FloorDiv:
    return "floordiv";
  case ScalarOp::CeilDiv:
    return "ceildiv";
  case ScalarOp::Mod:
    return "mod";
  case ScalarOp::Min:
    return "min";
  case ScalarOp::Max:
    return "max";
  case ScalarOp::Equal:
    return "equal";
  case ScalarOp::Less:
    return "less";
  case ScalarOp::LessEqual:
    return "lessequal";
  case ScalarOp::And:
    return "and";
  case ScalarOp::Or:
    return "or";
  case ScalarOp::ExpertsLimited:
    return "experts_limited";
  }
  return "?";
}

class Printer {
public:
  explicit Printer(std::ostringstream &out) : out(out) {}

  void type(ElementType element, const std::vector<Extent> &shape) {
    for (const Extent &extent : shape) {
      out << (extent.isSlot ? "s" : "") << extent.value << "x";
    }
    out << elementName(element);
  }

  void buffer(const Buffer &buffer) {
    switch (buffer.kind) {
    case BufferKind::Parameter:
      out << "parameter " << buffer.index;
      break;
    case BufferKind::Argument:
      out << "argument " << buffer.index;
      break;
    case BufferKind::Result:
      out << "result " << buffer.index;
      break;
    case BufferKind::State:
      out << "state " << buffer.index;
      break;
    case BufferKind::Arena:
      out << "arena " << buffer.offset;
      break;
    }
    out << " : ";
    type(buffer.type, buffer.shape);
    out << ", at most " << buffer.maxBytes << " bytes";
  }

  template <typename List>
  void list(const char *prefix, const List &values, size_t from, size_t to) {
    out << "(";
    for (size_t i = from; i < to; ++i) {
      out << (i == from ? "" : ", ") << prefix << values[i];
    }
    out << ")";
  }

  void command(const Command &command) {
    switch (command.kind) {
    case CommandKind::Scalar:
      out << "s" << command.dst << " = " << operationName(command.op);
      if (command.op == ScalarOp::Constant) {
        out << " " << command.immediate;
      } else if (command.op != ScalarOp::ExpertsLimited) {
        out << " s" << command.a << ", s" << command.b;
      }
      return;
    case CommandKind::Dispatch: {
      size_t written = std::min<size_t>(command.firstWritten, command.buffers.size());
      out << "dispatch \"" << command.opId << "\" k" << command.kernel << " items s" << command.items
          << " reads ";
      list("b", command.buffers, 0, written);
      out << " writes ";
      list("b", command.buffers, written, command.buffers.size());
      out << " scalars ";
      list("s", command.scalars, 0, command.scalars.size());
      if (command.segments != Command::kNoSegments) {
        out << " by segments of operand " << command.segments;
      }
      if (command.immediate != 0) {
        out << " of " << command.immediate << " positions a row";
      }
      return;
    }
    case CommandKind::Prefetch:
      out << "prefetch ";
      list("b", command.buffers, 0, command.buffers.size());
      return;
    case CommandKind::Copy:
      out << "copy ";
      list("b", command.buffers, 0, command.buffers.size());
      return;
    case CommandKind::BranchUnless:
      out << "unless s" << command.a << " goto " << command.target;
      return;
    case CommandKind::Jump:
      out << "goto " << command.target;
      return;
    case CommandKind::Require:
      out << "require s" << command.a << " kind " << command.immediate << " ";
      list("s", command.scalars, 0, command.scalars.size());
      out << " \"" << command.opId << "\"";
      return;
    }
  }

  void entry(const Entry &entry) {
    out << "entry " << entry.name << ": " << entry.slotCount << " slots, arena of " << entry.arenaBytes
        << " bytes\n";
    for (size_t i = 0; i < entry.dimensions.size(); ++i) {
      const Dimension &d = entry.dimensions[i];
      out << "  s" << i << " = " << d.name << " in [" << d.min << ", " << d.max << "], multiple of "
          << d.multipleOf << "\n";
    }
    for (const auto &[kind, values] :
         {std::pair("argument", &entry.arguments), std::pair("result", &entry.results)}) {
      for (size_t i = 0; i < values->size(); ++i) {
        out << "  " << kind << " " << i << " " << (*values)[i].name << " : ";
        type((*values)[i].type, (*values)[i].shape);
        out << "\n";
      }
    }
    for (uint32_t state : entry.states) {
      out << "  uses state " << state << "\n";
    }
    for (size_t i = 0; i < entry.buffers.size(); ++i) {
      out << "  b" << i << " = ";
      buffer(entry.buffers[i]);
      out << "\n";
    }
    for (size_t i = 0; i < entry.commands.size(); ++i) {
      out << "  " << i << ": ";
      command(entry.commands[i]);
      out << "\n";
    }
  }

private:
  std::ostringstream &out;
};

} // namespace

std::string coopt::package::print(const Program &program) {
  std::ostringstream out;
  Printer printer(out);
  for (size_t i = 0; i < program.kernels.size(); ++i) {
    const Kernel &kernel = program.kernels[i];
    out << "kernel k" << i << " = " << kernel.symbol << ": " << kernel.bufferCount << " buffers, "
        << kernel.scalarCount << " scalars, " << kernel.scratchBytes << " bytes of scratch\n";
  }
  for (size_t i = 0; i < program.states.size(); ++i) {
    const State &state = program.states[i];
    out << "state " << i << " = " << state.name << ": " << state.outer << " x " << state.capacity << " x "
        << state.inner << " x " << elementName(state.type);
    if (state.block != 1 || state.kept != 0) {
      out << ", blocks of " << state.block << ", " << state.kept << " kept";
    }
    out << "\n";
  }
  for (const Entry &entry : program.entries) {
    printer.entry(entry);
  }
  return out.str();
}
