//===- Text.cpp - Images as text --------------------------------------------===//
#include "coopt/NpuIsa/Image.h"

#include <cstdio>
#include <limits>

using namespace coopt;
using namespace coopt::npu;

namespace {

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string registerName(uint8_t reg) { return "s" + std::to_string(reg); }

std::string print(const Field &field, const Operand &operand) {
  switch (field.kind) {
  case FieldKind::Unsigned:
  case FieldKind::Signed:
  case FieldKind::Body:
    return std::to_string(operand.value);
  case FieldKind::Choice:
    return (*field.names)[static_cast<size_t>(operand.value)];
  case FieldKind::Register:
    return operand.reg == kNoRegister ? "none" : registerName(operand.reg);
  case FieldKind::Address: {
    std::string offset = hex(static_cast<uint64_t>(operand.value));
    return std::string(name(operand.space)) + "[" + offset +
           (operand.reg == kNoRegister ? "" : "+" + registerName(operand.reg)) + "]";
  }
  case FieldKind::Extent:
    return (operand.reg == kNoRegister ? "" : registerName(operand.reg) + "<=") +
           std::to_string(operand.value);
  }
  return "";
}

/// One line, read from the left.
class Line {
public:
  explicit Line(std::string_view text) : rest(text) {}

  void skipSpaces() {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t' || rest.front() == '\r')) {
      rest.remove_prefix(1);
    }
  }
  bool atEnd() {
    skipSpaces();
    return rest.empty() || rest.front() == '#';
  }
  bool take(std::string_view token) {
    if (rest.substr(0, token.size()) != token) {
      return false;
    }
    rest.remove_prefix(token.size());
    return true;
  }
  /// Letters, digits, '.' and '_'.
  std::string_view word() {
    size_t size = 0;
    auto isOfWord = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
             c == '_';
    };
    while (size < rest.size() && isOfWord(rest[size])) {
      ++size;
    }
    std::string_view result = rest.substr(0, size);
    rest.remove_prefix(size);
    return result;
  }
  std::optional<std::string> quoted() {
    const size_t end = rest.empty() || rest.front() != '"' ? std::string_view::npos : rest.find('"', 1);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    std::string result(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    return result;
  }
  /// Decimal or 0x..; absent if there is none or it has more than 64 bits.
  std::optional<uint64_t> number() {
    const bool isHex = take("0x");
    const unsigned base = isHex ? 16 : 10;
    uint64_t value = 0;
    size_t size = 0;
    for (; size < rest.size(); ++size) {
      const char c = rest[size];
      const unsigned digit = c >= '0' && c <= '9'            ? static_cast<unsigned>(c - '0')
                             : isHex && c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                                                             : base;
      if (digit >= base) {
        break;
      }
      if (value > (std::numeric_limits<uint64_t>::max() - digit) / base) {
        return std::nullopt;
      }
      value = value * base + digit;
    }
    rest.remove_prefix(size);
    return size > 0 ? std::optional<uint64_t>(value) : std::nullopt;
  }
  /// A number in 63 bits, with a sign if it is wanted.
  std::optional<int64_t> integer(bool isSigned) {
    const bool isNegative = isSigned && take("-");
    auto value = number();
    const uint64_t most = uint64_t(1) << 63;
    if (!value || *value > most - (isNegative ? 0 : 1)) {
      return std::nullopt;
    }
    return isNegative ? static_cast<int64_t>(~*value + 1) : static_cast<int64_t>(*value);
  }
  std::optional<uint8_t> reg() {
    if (!take("s")) {
      return std::nullopt;
    }
    auto value = number();
    return value && *value < kRegisters ? std::optional<uint8_t>(static_cast<uint8_t>(*value)) : std::nullopt;
  }
  std::optional<SemaphoreUse> use() {
    const bool isShared = take("c");
    auto semaphore = number();
    if (!semaphore || *semaphore >= (isShared ? kChipSemaphores : kSemaphores) || !take(":")) {
      return std::nullopt;
    }
    auto count = number();
    if (!count || *count < 1 || *count > 255) {
      return std::nullopt;
    }
    return SemaphoreUse{static_cast<uint8_t>(*semaphore + (isShared ? kSemaphores : 0)),
                        static_cast<uint8_t>(*count)};
  }
  std::optional<Space> space() {
    for (unsigned i = 0; i < kSpaces; ++i) {
      if (take(std::string(name(static_cast<Space>(i))) + "[")) {
        return static_cast<Space>(i);
      }
    }
    return std::nullopt;
  }
  std::string_view rest;
};

class Parser {
public:
  Expected<Image> run(std::string_view text);

private:
  Image image;
  std::vector<size_t> loops; ///< of the current core
  bool hasHeader = false;

  Status parseLine(Line &line);
  Status parseHeader(Line &line);
  Status parseNamed(Line &line, std::vector<std::string> &names, const char *what);
  Status parseSymbol(Line &line);
  Status parseData(Line &line);
  Status parseEntry(Line &line, const Instruction &instruction);
  static Expected<Operand> parseOperand(Line &line, const Field &field);
  static Status parseUnusual(Line &line, Entry &entry);
};

Expected<Operand> Parser::parseOperand(Line &line, const Field &field) {
  Operand operand;
  auto expected = [&](const std::string &what) {
    return fail(std::string(field.name) + ": expected " + what);
  };
  switch (field.kind) {
  case FieldKind::Unsigned:
  case FieldKind::Signed:
  case FieldKind::Body: {
    auto value = line.integer(field.kind == FieldKind::Signed);
    if (!value) {
      return expected("a number");
    }
    operand.value = *value;
    return operand;
  }
  case FieldKind::Choice: {
    const std::string_view word = line.word();
    std::string all;
    for (size_t i = 0; i < field.names->size(); ++i) {
      if ((*field.names)[i] == word) {
        operand.value = static_cast<int64_t>(i);
        return operand;
      }
      all += (i == 0 ? "" : ", ") + std::string((*field.names)[i]);
    }
    return expected("one of " + all + ", got '" + std::string(word) + "'");
  }
  case FieldKind::Register:
    if (line.take("none")) {
      return operand;
    }
    if (auto reg = line.reg()) {
      operand.reg = *reg;
      return operand;
    }
    return expected("a register s0 .. s" + std::to_string(kRegisters - 1));
  case FieldKind::Address: {
    auto space = line.space();
    auto value = space ? line.integer(false) : std::nullopt;
    if (value && line.take("+")) {
      auto reg = line.reg();
      operand.reg = reg.value_or(kNoRegister);
      value = reg ? value : std::nullopt;
    }
    if (!value || !line.take("]")) {
      return expected("an address: dram, l2, spad or acc[0x10+s1]");
    }
    operand.space = *space;
    operand.value = *value;
    return operand;
  }
  case FieldKind::Extent: {
    if (auto reg = line.reg()) {
      operand.reg = *reg;
      if (!line.take("<=")) {
        return expected("'<=' and the most that the register may hold");
      }
    }
    auto value = line.integer(false);
    if (!value) {
      return expected("a number, or a register and the most that it may hold: s1<=16");
    }
    operand.value = *value;
    return operand;
  }
  }
  return expected("an operand");
}

Status Parser::parseUnusual(Line &line, Entry &entry) {
  size_t waits = 0, signals = 0;
  while (!line.atEnd()) {
    const std::string_view word = line.word();
    line.skipSpaces();
    if (word == "wait" || word == "signal") {
      auto use = line.use();
      const size_t most = word == "wait" ? entry.waits.size() : entry.signals.size();
      size_t &count = word == "wait" ? waits : signals;
      if (!use) {
        return fail(std::string(word) + ": expected a semaphore and a count: 3:1, or c3:1 of the chip");
      }
      if (count == most) {
        return fail("expected at most " + std::to_string(most) + " of " + std::string(word));
      }
      (word == "wait" ? entry.waits[count] : entry.signals[count]) = *use;
      ++count;
    } else if (word == "if") {
      auto reg = line.reg();
      if (!reg) {
        return fail("if: expected a register");
      }
      entry.predicate = *reg;
    } else if (word == "at" || word == "channel") {
      auto value = line.number();
      const uint64_t most = word == "at" ? std::numeric_limits<uint32_t>::max() : kChannels - 1;
      if (!value || *value > most) {
        return fail(std::string(word) + ": expected 0 .. " + std::to_string(most));
      }
      if (word == "at") {
        entry.location = static_cast<uint32_t>(*value);
      } else {
        entry.channel = static_cast<uint8_t>(*value);
      }
    } else {
      return fail("expected channel, wait, signal, if or at behind '|'");
    }
  }
  return {};
}

Status Parser::parseEntry(Line &line, const Instruction &instruction) {
  if (image.cores.empty()) {
    return fail("expected 'core 0' before instructions");
  }
  std::vector<Entry> &entries = image.cores.back();
  Entry entry = entryOf(instruction);
  for (size_t i = 0; i < instruction.fields.size(); ++i) {
    const Field &field = instruction.fields[i];
    if (field.kind == FieldKind::Body) {
      continue; // counted
    }
    line.skipSpaces();
    if (!line.take(std::string(field.name) + "=")) {
      return fail(std::string(instruction.mnemonic) + ": expected '" + field.name + "='");
    }
    auto operand = parseOperand(line, field);
    if (!operand) {
      return forward(operand.error(), instruction.mnemonic);
    }
    entry.operands[i] = *operand;
  }
  line.skipSpaces();
  if (line.take("|")) {
    if (Status status = parseUnusual(line, entry); !status) {
      return forward(status.error(), instruction.mnemonic);
    }
  }
  const std::string_view mnemonic = instruction.mnemonic;
  if (mnemonic == "loop") {
    loops.push_back(entries.size());
  } else if (mnemonic == "endloop" && !loops.empty()) {
    entries[loops.back()]["body"].value = static_cast<int64_t>(entries.size() - loops.back());
    loops.pop_back();
  }
  if (Status checked = check(entry); !checked) {
    return forward(checked.error());
  }
  entries.push_back(std::move(entry));
  return {};
}

Status Parser::parseHeader(Line &line) {
  auto value = [&](const char *name) -> std::optional<uint64_t> {
    line.skipSpaces();
    return line.take(std::string(name) + "=") ? line.number() : std::nullopt;
  };
  auto machine = value("machine"), features = value("features");
  if (hasHeader || !machine || !features) {
    return fail("expected 'image machine=0x.. features=0x..', once");
  }
  hasHeader = true;
  image.machine = *machine;
  image.features = *features;
  return {};
}

Status Parser::parseSymbol(Line &line) {
  Symbol symbol;
  line.skipSpaces();
  auto name = line.quoted();
  line.skipSpaces();
  auto space = line.space();
  auto address = space ? line.number() : std::nullopt;
  const bool isClosed = line.take("]");
  line.skipSpaces();
  auto bytes = line.take("bytes=") ? line.number() : std::nullopt;
  if (!name || !address || !isClosed || !bytes) {
    return fail("symbol: expected a name in quotes, an address and bytes: \"x\" dram[0x0] bytes=64");
  }
  image.symbols.push_back({*name, *space, *address, *bytes});
  return {};
}

Status Parser::parseData(Line &line) {
  line.skipSpaces();
  auto address = line.take("dram[") ? line.number() : std::nullopt;
  if (!address || !line.take("]")) {
    return fail("data: expected an address dram[0x0] and bytes in hexadecimal digits");
  }
  line.skipSpaces();
  const std::string_view digits = line.word();
  Data data{*address, {}};
  for (size_t i = 0; i < digits.size(); i += 2) {
    Line two(std::string_view("0x"));
    std::string text = "0x" + std::string(digits.substr(i, 2));
    two.rest = text;
    auto byte = digits.size() % 2 == 0 ? two.number() : std::nullopt;
    if (!byte || !two.rest.empty()) {
      return fail("data: expected two hexadecimal digits, 0-9 and a-f, for each byte");
    }
    data.bytes.push_back(static_cast<uint8_t>(*byte));
  }
  image.data.push_back(std::move(data));
  return {};
}

Status Parser::parseLine(Line &line) {
  const std::string_view word = line.word();
  if (word == "image") {
    return parseHeader(line);
  }
  if (!hasHeader) {
    return fail("expected 'image machine=0x.. features=0x..' first");
  }
  if (word == "symbol") {
    return parseSymbol(line);
  }
  if (word == "data") {
    return parseData(line);
  }
  if (word == "location" || word == "core") {
    const bool isCore = word == "core";
    const size_t next = isCore ? image.cores.size() : image.locations.size();
    line.skipSpaces();
    if (line.number() != next) {
      return fail(std::string(word) + ": expected number " + std::to_string(next));
    }
    if (isCore) {
      if (!loops.empty()) {
        return fail("the core before has a loop without an end");
      }
      image.cores.emplace_back();
      return {};
    }
    line.skipSpaces();
    auto name = line.quoted();
    if (!name) {
      return fail("location: expected a name in quotes");
    }
    image.locations.push_back(*name);
    return {};
  }
  const Instruction *instruction = find(word);
  if (!instruction) {
    return fail("there is no instruction '" + std::string(word) + "'");
  }
  return parseEntry(line, *instruction);
}

Expected<Image> Parser::run(std::string_view text) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    Line line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.atEnd()) {
      continue;
    }
    Status status = parseLine(line);
    if (status && !line.atEnd()) {
      status = fail("what is '" + std::string(line.rest.substr(0, 40)) + "'?");
    }
    if (!status) {
      return forward(status.error(), "line " + std::to_string(number));
    }
  }
  if (Status checked = check(image); !checked) {
    return forward(checked.error());
  }
  return image;
}

} // namespace

std::string npu::print(const Entry &entry) {
  const Instruction *instruction = find(entry.opcode);
  std::string text = instruction->mnemonic;
  for (size_t i = 0; i < instruction->fields.size(); ++i) {
    if (const Field &field = instruction->fields[i]; field.kind != FieldKind::Body) {
      text += std::string(" ") + field.name + "=" + ::print(field, entry.operands[i]);
    }
  }
  std::string unusual;
  if (entry.channel != 0) {
    unusual += " channel " + std::to_string(entry.channel);
  }
  auto add = [&](const char *word, SemaphoreUse use) {
    if (use.count != 0) {
      unusual +=
          std::string(" ") + word + " " + semaphoreName(use.semaphore) + ":" + std::to_string(use.count);
    }
  };
  for (SemaphoreUse use : entry.waits) {
    add("wait", use);
  }
  for (SemaphoreUse use : entry.signals) {
    add("signal", use);
  }
  if (entry.predicate != kNoRegister) {
    unusual += " if " + registerName(entry.predicate);
  }
  if (entry.location != 0) {
    unusual += " at " + std::to_string(entry.location);
  }
  return unusual.empty() ? text : text + " |" + unusual;
}

std::string npu::print(const Image &image) {
  std::string text = "image machine=" + hex(image.machine) + " features=" + hex(image.features) + "\n";
  for (size_t i = 0; i < image.locations.size(); ++i) {
    text += "location " + std::to_string(i) + " \"" + image.locations[i] + "\"\n";
  }
  for (const Symbol &symbol : image.symbols) {
    text += "symbol \"" + symbol.name + "\" " + name(symbol.space) + "[" + hex(symbol.address) +
            "] bytes=" + std::to_string(symbol.bytes) + "\n";
  }
  for (const Data &data : image.data) {
    text += "data dram[" + hex(data.address) + "] ";
    for (uint8_t byte : data.bytes) {
      const char *digits = "0123456789abcdef";
      text += {digits[byte >> 4], digits[byte & 15]};
    }
    text += "\n";
  }
  for (size_t core = 0; core < image.cores.size(); ++core) {
    text += "core " + std::to_string(core) + "\n";
    size_t depth = 1;
    for (const Entry &entry : image.cores[core]) {
      const std::string_view mnemonic = find(entry.opcode)->mnemonic;
      depth -= mnemonic == "endloop" ? 1 : 0;
      text += std::string(2 * depth, ' ') + print(entry) + "\n";
      depth += mnemonic == "loop" ? 1 : 0;
    }
  }
  return text;
}

Expected<Image> npu::parse(std::string_view text) { return Parser().run(text); }
