#include "Stream.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr int64_t kFar = int64_t(1) << 52; ///< what is greater is no address, and has no bounds

Interval bounded(int64_t least, int64_t most) {
  return least < -kFar || most > kFar ? Interval() : Interval{least, most};
}

/// Functions of intervals; without bounds where it is not worth to say more.
Interval apply(std::string_view function, Interval a, Interval b) {
  const bool areKnown = a.isBounded() && b.isBounded();
  if (function == "lt") {
    return areKnown && a.most < b.least    ? Interval{1, 1}
           : areKnown && a.least >= b.most ? Interval{0, 0}
                                           : Interval{0, 1};
  }
  if (function == "eq") {
    const bool isOne = areKnown && a.least == a.most && b.least == b.most && a.least == b.least;
    const bool isApart = areKnown && (a.most < b.least || b.most < a.least);
    return {isOne ? 1 : 0, isApart ? 0 : 1};
  }
  if (!areKnown) {
    return {};
  }
  if (function == "add") {
    return bounded(a.least + b.least, a.most + b.most);
  }
  if (function == "sub") {
    return bounded(a.least - b.most, a.most - b.least);
  }
  if (function == "min") {
    return {std::min(a.least, b.least), std::min(a.most, b.most)};
  }
  if (function == "max") {
    return {std::max(a.least, b.least), std::max(a.most, b.most)};
  }
  if (function == "mul") {
    const __int128 corners[] = {
        static_cast<__int128>(a.least) * b.least, static_cast<__int128>(a.least) * b.most,
        static_cast<__int128>(a.most) * b.least, static_cast<__int128>(a.most) * b.most};
    const __int128 least = *std::min_element(std::begin(corners), std::end(corners));
    const __int128 most = *std::max_element(std::begin(corners), std::end(corners));
    return least < -kFar || most > kFar ? Interval()
                                        : Interval{static_cast<int64_t>(least), static_cast<int64_t>(most)};
  }
  if (a.least < 0 || b.least < 0) {
    return {};
  }
  if (function == "div") {
    return b.least > 0 ? Interval{a.least / b.most, a.most / b.least} : Interval();
  }
  if (function == "rem") {
    if (b.least > 0 && b.least == b.most && a.least / b.least == a.most / b.least) {
      return {a.least % b.least, a.most % b.least}; // no multiple among them
    }
    return b.least > 0 ? Interval{0, std::min(a.most, b.most - 1)} : Interval();
  }
  if (function == "and") {
    return a.least == a.most && b.least == b.most ? Interval{a.least & b.least, a.least & b.least}
                                                  : Interval{0, std::min(a.most, b.most)};
  }
  if (function == "or") { // no more bits than the greater one has
    if (a.least == a.most && b.least == b.most) {
      return {a.least | b.least, a.least | b.least};
    }
    int64_t ones = 0;
    while (ones < std::max(a.most, b.most)) {
      ones = 2 * ones + 1;
    }
    return {std::max(a.least, b.least), ones};
  }
  if (function == "shr") {
    return b.most < 63 ? Interval{a.least >> b.most, a.most >> b.least} : Interval();
  }
  if (function == "shl" && b.most < 52) {
    return a.most <= (kFar >> b.most) ? Interval{a.least << b.least, a.most << b.most} : Interval();
  }
  return {};
}

} // namespace

void npu::execute(const Entry &entry, Registers &registers) {
  const std::string_view mnemonic = find(entry.opcode)->mnemonic;
  auto isWritten = [&](Interval value) {
    Interval &to = registers[entry["to"].reg];
    // Under a predicate it may also keep what it holds.
    to = entry.predicate == kNoRegister
             ? value
             : Interval{std::min(to.least, value.least), std::max(to.most, value.most)};
  };
  if (mnemonic == "set") {
    const int64_t value = entry["value"].value;
    isWritten(bounded(value, value));
  } else if (mnemonic == "load") {
    isWritten({0, entry["bound"].value});
  } else if (mnemonic == "scalar") {
    const Operand &b = entry["b"];
    const int64_t value = entry["value"].value;
    isWritten(apply(chosen(entry, "function"), registers[entry["a"].reg],
                    b.reg == kNoRegister ? bounded(value, value) : registers[b.reg]));
  }
}

unsigned Stream::engineOf(size_t entry) const {
  const Engine engine = find(entries()[entry].opcode)->engine;
  switch (engine) {
  case Engine::Control:
    return 0;
  case Engine::Matrix:
    return 1;
  case Engine::Vector:
    return 2;
  case Engine::TopK:
    return 3;
  case Engine::Dma:
    return 4 + entries()[entry].channel;
  }
  return 0;
}

bool Stream::usesChip(size_t first, size_t end) const {
  auto isShared = [](SemaphoreUse use) { return use.count != 0 && isOfChip(use.semaphore); };
  for (size_t i = first; i < end; ++i) {
    const Entry &entry = entries()[i];
    if (std::any_of(entry.waits.begin(), entry.waits.end(), isShared) ||
        std::any_of(entry.signals.begin(), entry.signals.end(), isShared)) {
      return true;
    }
  }
  return false;
}

std::string Stream::engineName(unsigned engine) {
  static const char *const names[] = {"the control unit", "the matrix engine", "the vector engine",
                                      "the topk engine"};
  return engine < 4 ? names[engine] : "dma channel " + std::to_string(engine - 4);
}

std::string Stream::placeOf(size_t entry) const {
  std::string text = "entry " + std::to_string(entry) + " (" + std::string(mnemonic(entry));
  const uint32_t location = entries()[entry].location;
  if (location < image.locations.size() && !image.locations[location].empty()) {
    text += ", " + image.locations[location];
  }
  return text + ")";
}

tl::unexpected<Error> Stream::failAt(size_t entry, const std::string &what) const {
  return fail("core " + std::to_string(core) + ", " + placeOf(entry) + ": " + what);
}

Expected<Accesses> Stream::accesses(size_t entry, const Registers &registers,
                                    const Settings &settings) const {
  Entry resolved = entries()[entry];
  const std::vector<Field> &fields = find(resolved.opcode)->fields;
  std::vector<uint64_t> spread(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    Operand &operand = resolved.operands[i];
    if (operand.reg == kNoRegister || fields[i].kind == FieldKind::Register) {
      continue;
    }
    const Interval value = registers[operand.reg];
    if (fields[i].kind == FieldKind::Extent) {
      operand.value =
          value.isBounded() ? std::max<int64_t>(std::min(value.most, operand.value), 0) : operand.value;
    } else if (!value.isBounded()) {
      return failAt(
          entry, std::string(fields[i].name) + ": what s" + std::to_string(operand.reg) +
                     " may hold has no bounds: addresses are to be made of counters and of what is loaded");
    } else if (operand.value + value.least < 0) {
      return failAt(entry, std::string(fields[i].name) + ": s" + std::to_string(operand.reg) + " may be " +
                               std::to_string(value.least) + ": the address is negative");
    } else {
      operand.value += value.least;
      spread[i] = static_cast<uint64_t>(value.most - value.least);
    }
    operand.reg = kNoRegister;
  }
  auto list = settings.accesses(resolved);
  if (!list) {
    return failAt(entry, list.error().message);
  }
  for (Access &access : *list) {
    access.bytes += spread[access.operand];
  }
  return list;
}
