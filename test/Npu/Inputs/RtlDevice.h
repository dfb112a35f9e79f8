//===- RtlDevice.h - What Verilator makes of the RTL, as a device ------------===//
#ifndef COOPT_TEST_NPU_RTLDEVICE_H
#define COOPT_TEST_NPU_RTLDEVICE_H

#include "Npu/Device.h"

#include "verilated.h"

#include <cstdlib>

namespace coopt::npu::test {

/// The signal's 32-bit words, least significant first.
inline uint32_t part(uint64_t signal, size_t i) { return static_cast<uint32_t>(signal >> (32 * i)); }
template <size_t Words>
uint32_t part(const VlWide<Words> &signal, size_t i) {
  return signal.data()[i];
}
template <typename Signal>
void setPart(Signal &signal, size_t i, uint32_t value) {
  signal = static_cast<Signal>((signal & ~(uint64_t(0xffffffff) << (32 * i))) | uint64_t(value) << (32 * i));
}
template <size_t Words>
void setPart(VlWide<Words> &signal, size_t i, uint32_t value) {
  signal.data()[i] = value;
}

/// Lane i is the bits from i * bits on; `bits` divides 32.
template <typename Signal>
void setLanes(Signal &signal, int bits, const Word &word) {
  const size_t perPart = 32 / bits;
  const uint32_t mask = bits == 32 ? ~0u : (1u << bits) - 1;
  for (size_t i = 0; i < word.size(); i += perPart) {
    uint32_t value = 0;
    for (size_t j = 0; j < perPart && i + j < word.size(); ++j) {
      value |= (static_cast<uint32_t>(word[i + j]) & mask) << (bits * j);
    }
    setPart(signal, i / perPart, value);
  }
}

/// Sign-extended lanes.
template <typename Signal>
void getLanes(const Signal &signal, int bits, Word &word) {
  const size_t perPart = 32 / bits;
  for (size_t i = 0; i < word.size(); ++i) {
    uint32_t above = part(signal, i / perPart) << (32 - bits * (i % perPart + 1));
    word[i] = static_cast<int32_t>(above) >> (32 - bits);
  }
}

/// Resets the RTL, whose registers begin with noise, and keeps its clock; what derives from it connects the ports.
template <typename Rtl>
class RtlDevice : public Device {
public:
  RtlDevice(std::vector<Port> ports, uint64_t seed) : Device(std::move(ports)), rtl(noisyContext(seed)) {
    rtl.reset = 1;
    clock();
    clock();
    rtl.reset = 0;
  }
  void clock() override {
    rtl.clock = 1;
    rtl.eval();
    rtl.clock = 0;
    rtl.eval();
  }

protected:
  Port &port(const char *name) {
    for (Port &port : ports) {
      if (port.name == name) {
        return port;
      }
    }
    std::abort();
  }
  template <typename Signal>
  void drive(const char *name, CData &valid, Signal &signal, int bits) {
    valid = port(name).valid;
    setLanes(signal, bits, port(name).word);
  }

private:
  VerilatedContext *noisyContext(uint64_t seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
    return &context_;
  }
  VerilatedContext context_;

protected:
  Rtl rtl;
};

} // namespace coopt::npu::test

#endif // COOPT_TEST_NPU_RTLDEVICE_H
