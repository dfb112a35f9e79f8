//===- Drive.h - Words in and out of a device, with stalls and a trace ------===//
#ifndef COOPT_NPU_DRIVE_H
#define COOPT_NPU_DRIVE_H

#include "Npu/Device.h"
#include "coopt/Support/Error.h"

#include <map>

namespace coopt::npu {

/// A word that moved.
struct Event {
  uint64_t cycle = 0; ///< from 0
  size_t port = 0;    ///< its place in Device::ports
  Word word;

  friend bool operator==(const Event &a, const Event &b) {
    return a.cycle == b.cycle && a.port == b.port && a.word == b.word;
  }
};

/// All words that moved, in order, as a 64-bit hash; with `keepsEvents` themselves too.
/// The hash is FNV-1a over 32-bit units: of an event the cycle (low half, high half), the port, then the lanes.
class PortTrace {
public:
  PortTrace() = default;
  explicit PortTrace(bool keepsEvents) : keepsEvents_(keepsEvents) {}

  void record(uint64_t cycle, size_t port, const Word &word);
  uint64_t hash() const { return hash_; }
  const std::vector<Event> &events() const { return events_; }

private:
  uint64_t hash_ = 0xcbf29ce484222325u;
  bool keepsEvents_ = false;
  std::vector<Event> events_;
};

/// What is done to a device: by port name the words of each input, and when a port stalls. A recorded pattern has an entry a
/// cycle and begins again after its last: true means that in this cycle no new word is offered (inputs), none is
/// taken (outputs). A port without a pattern never stalls.
struct Stimulus {
  std::map<std::string, std::vector<Word>> words;
  std::map<std::string, std::vector<bool>> stalls;
  std::string outputPort = "results";
  size_t outputWords = 0; ///< after which the run ends
};

struct Transfer {
  std::vector<Word> output;
  /// From the first word on a port that is not `commands` to the last result, both included.
  uint64_t cycles = 0;
  PortTrace trace;
};

/// Errors: a device that does not take or give a word for `patience` cycles in which nothing stalls it, takes back a word that
/// waits or changes it, gives more than was asked for, or leaves words at its inputs.
Expected<Transfer> drive(Device &device, const Stimulus &stimulus, bool keepsEvents = false,
                         uint64_t patience = 100000);

} // namespace coopt::npu

#endif // COOPT_NPU_DRIVE_H
