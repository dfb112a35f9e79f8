//===- ProgramBytes.cpp - The host program as bytes -------------------------===//
//
// One walk describes the format in both directions: `describe` is instantiated with a writer and with a
// reader, so that they cannot differ.
//
//===----------------------------------------------------------------------===//
#include "Bytes.h"
#include "coopt/PackageFormat/Program.h"

using namespace coopt;
using namespace coopt::package;

namespace {

constexpr uint32_t kMagic = 0x474f5250; // "PROG"
constexpr uint32_t kProgramVersion = 3;

struct Writing {
  ByteWriter out;
  template <typename T>
  void integer(T &value) {
    out.integer(value);
  }
  void boolean(bool &value) { out.integer(static_cast<uint8_t>(value)); }
  template <typename E>
  void enumeration(E &value, unsigned) {
    out.integer(static_cast<uint8_t>(value));
  }
  void string(std::string &value) { out.string(value); }
  template <typename T, typename F>
  void list(std::vector<T> &values, size_t, F element) {
    out.integer(static_cast<uint32_t>(values.size()));
    for (T &value : values) {
      element(value);
    }
  }
};

struct Reading {
  ByteReader in;
  bool wrong = false; ///< a value outside its enumeration
  template <typename T>
  void integer(T &value) {
    value = in.integer<T>();
  }
  void boolean(bool &value) {
    uint8_t byte = in.integer<uint8_t>();
    wrong |= byte > 1;
    value = byte == 1;
  }
  template <typename E>
  void enumeration(E &value, unsigned count) {
    uint8_t byte = in.integer<uint8_t>();
    if (byte >= count) {
      wrong = true;
      byte = 0;
    }
    value = static_cast<E>(byte);
  }
  void string(std::string &value) { value = in.string(); }
  template <typename T, typename F>
  void list(std::vector<T> &values, size_t leastBytes, F element) {
    size_t count = in.count(leastBytes);
    values.resize(count);
    for (size_t i = 0; i < count && in.good() && !wrong; ++i) {
      element(values[i]);
    }
  }
};

constexpr unsigned kBufferKinds = static_cast<unsigned>(BufferKind::Arena) + 1;
constexpr unsigned kScalarOps = static_cast<unsigned>(ScalarOp::ExpertsLimited) + 1;
constexpr unsigned kCommandKinds = static_cast<unsigned>(CommandKind::Prefetch) + 1;

template <typename Stream>
void describe(Stream &s, std::vector<Extent> &shape) {
  s.list(shape, 9, [&](Extent &extent) {
    s.boolean(extent.isSlot);
    s.integer(extent.value);
  });
}

template <typename Stream>
void describe(Stream &s, std::vector<uint32_t> &numbers) {
  s.list(numbers, 4, [&](uint32_t &number) { s.integer(number); });
}

template <typename Stream>
void describe(Stream &s, std::vector<Value> &values) {
  s.list(values, 9, [&](Value &value) {
    s.string(value.name);
    s.enumeration(value.type, kElementTypes);
    describe(s, value.shape);
  });
}

template <typename Stream>
void describe(Stream &s, Command &command) {
  s.enumeration(command.kind, kCommandKinds);
  s.enumeration(command.op, kScalarOps);
  s.integer(command.dst);
  s.integer(command.a);
  s.integer(command.b);
  s.integer(command.immediate);
  s.integer(command.target);
  s.integer(command.kernel);
  s.string(command.opId);
  describe(s, command.buffers);
  s.integer(command.firstWritten);
  describe(s, command.scalars);
  s.integer(command.items);
  s.integer(command.segments);
}

template <typename Stream>
void describe(Stream &s, Entry &entry) {
  s.string(entry.name);
  s.list(entry.dimensions, 28, [&](Dimension &dimension) {
    s.string(dimension.name);
    s.integer(dimension.min);
    s.integer(dimension.max);
    s.integer(dimension.multipleOf);
  });
  describe(s, entry.arguments);
  describe(s, entry.results);
  describe(s, entry.states);
  s.integer(entry.slotCount);
  s.integer(entry.arenaBytes);
  s.list(entry.buffers, 26, [&](Buffer &buffer) {
    s.enumeration(buffer.kind, kBufferKinds);
    s.integer(buffer.index);
    s.integer(buffer.offset);
    s.integer(buffer.maxBytes);
    s.enumeration(buffer.type, kElementTypes);
    describe(s, buffer.shape);
  });
  s.list(entry.commands, 54, [&](Command &command) { describe(s, command); });
}

template <typename Stream>
void describe(Stream &s, Program &program) {
  s.list(program.kernels, 20, [&](Kernel &kernel) {
    s.string(kernel.symbol);
    s.integer(kernel.bufferCount);
    s.integer(kernel.scalarCount);
    s.integer(kernel.scratchBytes);
  });
  s.list(program.states, 45, [&](State &state) {
    s.string(state.name);
    s.enumeration(state.type, kElementTypes);
    s.integer(state.outer);
    s.integer(state.capacity);
    s.integer(state.inner);
    s.integer(state.block);
    s.integer(state.kept);
  });
  s.list(program.entries, 40, [&](Entry &entry) { describe(s, entry); });
}

} // namespace

std::vector<uint8_t> package::serialize(const Program &program) {
  Writing stream;
  stream.out.integer(kMagic);
  stream.out.integer(kProgramVersion);
  // The walk takes references that reading writes through; writing only reads them.
  describe(stream, const_cast<Program &>(program));
  return std::move(stream.out.bytes);
}

Expected<Program> package::deserialize(const uint8_t *bytes, size_t size) {
  Reading stream{ByteReader(bytes, size)};
  if (stream.in.integer<uint32_t>() != kMagic) {
    return fail("program: not a host program");
  }
  uint32_t version = stream.in.integer<uint32_t>();
  if (version != kProgramVersion) {
    return fail("program: expected version " + std::to_string(kProgramVersion) + ", got " +
                std::to_string(version));
  }
  Program program;
  describe(stream, program);
  size_t place = size - stream.in.remaining();
  if (stream.wrong) {
    return fail("program: value out of range before byte " + std::to_string(place));
  }
  if (!stream.in.good()) {
    return fail("program: ends too early at byte " + std::to_string(place) + " of " + std::to_string(size));
  }
  if (stream.in.remaining() != 0) {
    return fail("program: " + std::to_string(stream.in.remaining()) + " bytes too many");
  }
  return program;
}
