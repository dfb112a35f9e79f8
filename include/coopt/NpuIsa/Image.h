//===- Image.h - A program for the accelerator ----------------------------===//
//
// # Image
//
// What the compiler makes for an accelerator and a simulator runs: an instruction stream for each core, data that stand in DRAM when it
// begins, symbols (where the arguments, weights and state of the program lie) and the names of its locations.
//
//   header, 64 bytes   "COOPTNPU", major u16, minor u16, sections u32, features u64, machine u64, bytes of the file u64, checksum u64,
//                      zeros. The checksum is the XXH3 (64 bits) of the file with zeros in its place
//   section table      for each section 32 bytes: kind u32, number u32, offset u64, bytes u64, address u64
//   sections           code of a core (number: the core), data (address: in DRAM), symbols, locations; each at a multiple of 64
//
// A reader takes images of its major version, of its minor and the one before it, with features that it knows. A machine hash names
// the description that the program was made for.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPUISA_IMAGE_H
#define COOPT_NPUISA_IMAGE_H

#include "coopt/NpuIsa/Instruction.h"

namespace coopt::npu {

/// 1.1: semaphores of the chip.
constexpr uint16_t kMajor = 1, kMinor = 1;
/// Feature bits that this version knows: none yet.
constexpr uint64_t kKnownFeatures = 0;

struct Symbol {
  std::string name;
  Space space = Space::Dram;
  uint64_t address = 0, bytes = 0;

  friend bool operator==(const Symbol &a, const Symbol &b) {
    return a.name == b.name && a.space == b.space && a.address == b.address && a.bytes == b.bytes;
  }
};

struct Data {
  uint64_t address = 0; ///< in DRAM
  std::vector<uint8_t> bytes;

  friend bool operator==(const Data &a, const Data &b) {
    return a.address == b.address && a.bytes == b.bytes;
  }
};

struct Image {
  uint16_t minor = kMinor;
  uint64_t features = 0, machine = 0;
  std::vector<std::vector<Entry>> cores;
  std::vector<Data> data;      ///< ascending, none of them overlapping
  std::vector<Symbol> symbols; ///< names are there once
  std::vector<std::string> locations;

  friend bool operator==(const Image &a, const Image &b) {
    return a.minor == b.minor && a.features == b.features && a.machine == b.machine && a.cores == b.cores &&
           a.data == b.data && a.symbols == b.symbols && a.locations == b.locations;
  }
};

/// Image::machine of what is made for a machine: the XXH3 (64 bits) of its description as JSON text, in the bytes that machine::toJson writes.
uint64_t machineHash(std::string_view description);

/// Success if write() can write it: entries that check() accepts, loops that end (with bodies of the length that they say), a halt at
/// the end of each core's stream and nowhere in a loop, locations that exist, names without control characters, data in order. Errors begin
/// with the place: "core 0, entry 12: ..".
Status check(const Image &image);
/// The bytes of an image that check() accepts.
std::vector<uint8_t> write(const Image &image);
/// Any bytes. Errors say what of the file is wrong; what is read passes check(), and is of this minor version.
Expected<Image> read(const uint8_t *bytes, size_t size);

/// The image as text, a line for each entry, indented by loops:
///
///   image machine=0x0123456789abcdef features=0x0
///   location 0 "layers.0/mlp/gate_proj"
///   symbol "weights" dram[0x1000] bytes=4096
///   data dram[0x1000] 00ff..
///   core 0
///     loop counter=s1 count=16
///       dma.copy to=spad[0x0+s1] from=dram[0x1000] bytes=64 count=s2<=8 from1=0 to1=64 shaped=no | channel 1 wait 3:1 signal 4:1 if s5 at 0
///     endloop
///     halt
///
/// Behind "|" there is what is not usual: a channel other than 0, semaphores with counts (c3:1 of the chip), a predicate, a location.
std::string print(const Image &image);
/// The reverse; `#` begins a comment. Bodies of loops are counted. Errors begin with "line 7: "; the image passes check().
Expected<Image> parse(std::string_view text);
/// One entry, as print() writes it.
std::string print(const Entry &entry);

/// The page of the docs: what an entry is, and every instruction with its operands.
std::string describeInstructions();

} // namespace coopt::npu

#endif // COOPT_NPUISA_IMAGE_H
