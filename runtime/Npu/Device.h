//===- Device.h - Something with ready/valid ports and a clock --------------===//
//
// A cycle-exact model and a simulation of its RTL are devices: what drives one drives the other.
//
// A word moves over a port in a cycle in which both `valid` (the sender's) and `ready` (the receiver's) are set. A sender that
// was valid stays valid, with the same word, until then.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_DEVICE_H
#define COOPT_NPU_DEVICE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace coopt::npu {

/// One number a lane; int8 lanes are sign-extended.
using Word = std::vector<int32_t>;

struct Port {
  std::string name;
  bool isInput = true; ///< words go into the device
  bool valid = false, ready = false;
  Word word;

  Port(std::string name, bool isInput, size_t lanes)
      : name(std::move(name)), isInput(isInput), word(lanes, 0) {}
  bool moves() const { return valid && ready; }
};

class Device {
public:
  explicit Device(std::vector<Port> ports) : ports(std::move(ports)) {}
  virtual ~Device() = default;

  /// In the order in which a trace has the words of one cycle.
  std::vector<Port> ports;

  /// From `valid` and `word` of the inputs and `ready` of the outputs to the rest, within one cycle: may be called again.
  virtual void evaluate() = 0;
  /// The edge that ends the cycle, after evaluate().
  virtual void clock() = 0;
};

} // namespace coopt::npu

#endif // COOPT_NPU_DEVICE_H
