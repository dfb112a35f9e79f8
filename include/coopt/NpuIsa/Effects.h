//===- Effects.h - What an instruction reads and writes -------------------===//
//
// The memory that an entry touches, from its operands and what its engine was told before (mxu.mode, vec.mode, dma.shape, the
// tile of weights in use). Simulator and checker ask here, so both mean the same. Ranges run from the first byte to the last: what is
// between the rows of a strided operand belongs to it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPUISA_EFFECTS_H
#define COOPT_NPUISA_EFFECTS_H

#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Choices.h"

namespace coopt::npu {

/// The name that a choice of an entry has: chosen(entry, "mode") is "ws".
std::string_view chosen(const Entry &entry, FieldName field);
/// Operands that a function of vec.map reads, by its name: 1, 2 or 3.
int operandsOf(std::string_view function);

/// The type that a field of an entry names, and its bits.
inline machine::NpuType typeOf(const Entry &entry, FieldName field) {
  return static_cast<machine::NpuType>(entry[field].value);
}
unsigned bitsOf(const Entry &entry, FieldName field);

struct Access {
  Space space = Space::Dram;
  uint64_t first = 0, bytes = 0; ///< bytes is not 0
  bool isWrite = false;
  size_t operand = 0; ///< the field that says it
  /// What of the range is touched: rows of so many bytes, `stride` apart. Of copies with outer dimensions the range alone is told.
  uint64_t rows = 1, rowBytes = 0, stride = 0;
};

/// Of one entry.
using Accesses = FixedVector<Access, 4>;

/// Settings of the engines of a core, and what accesses follow from them.
class Settings {
public:
  /// What the entry touches, registers resolved (Operand::reg none, values with them). Errors: it needs settings that were not made: "mxu.stream:
  /// expected mxu.mode before".
  Expected<Accesses> accesses(const Entry &entry) const;
  /// Remembers what the entry sets: to be called for each, in order, after accesses().
  void update(const Entry &entry);
  /// Another number whenever accesses of the engine may be others, with equal operands.
  uint64_t version(Engine engine) const { return versions[static_cast<size_t>(engine)]; }

  /// What was set last, if anything was.
  const std::optional<Entry> &shape(unsigned channel) const { return shapes[channel]; }
  const std::optional<Entry> &matrix() const { return matrixMode; }
  const std::optional<Entry> &vector() const { return vectorMode; }
  /// Activations of a row whose tables an mxu.lookup reads; 0 if there are none.
  int64_t tableDepth(const Entry &lookup) const;
  /// Rows of the tile of weights that an mxu.stream multiplies; 0 if there is none.
  int64_t weightRows(const Entry &stream) const;

  struct Tile {
    int64_t rows = 0, columns = 0;
    friend bool operator==(const Tile &a, const Tile &b) {
      return a.rows == b.rows && a.columns == b.columns;
    }
  };
  /// The weights that an mxu.stream multiplies with; accesses() has no error for it.
  const Tile &weights(const Entry &stream) const { return isYes(stream, "swap") ? *loaded : *used; }

private:
  std::array<uint64_t, 5> versions = {}; ///< by Engine
  std::optional<Entry> shapes[kChannels], matrixMode, vectorMode;
  std::optional<Tile> loaded, used;       ///< of weights
  std::optional<Tile> madeTables, tables; ///< rows, and depth as columns

  friend class AccessList;
};

} // namespace coopt::npu

#endif // COOPT_NPUISA_EFFECTS_H
