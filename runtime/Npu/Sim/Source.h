//===- Source.h - What the control units hand out ----------------------------===//
//
// The simulator gives time to entries; where they come from is a Source: the execution of an image, or the recording of one. A recording
// holds what depends on values, which is the way of each control unit, its registers where operands name them, and the lists of
// gathers: so it can be timed again without any.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_SOURCE_H
#define COOPT_NPU_SIM_SOURCE_H

#include "Npu/Core/Core.h"

namespace coopt::npu {

struct Recording {
  struct Step {
    uint32_t entry : 31, isSkipped : 1;
  };
  struct CoreRun {
    std::vector<Step> steps;
    std::vector<int64_t> values; ///< of operands with registers, in the order of the steps
    std::array<std::vector<std::vector<int32_t>>, kChannels>
        lists; ///< of each channel's gathers and scatters
  };
  std::vector<CoreRun> cores;
};

/// Of all cores; errors are faults, without their place.
class Source {
public:
  explicit Source(const Image &image) : image(image) {}
  virtual ~Source() = default;

  const Image &image;
  /// Of a core's control unit: as Control says it.
  virtual bool isAtEnd(size_t core) const = 0;
  virtual size_t position(size_t core) const = 0;
  virtual bool isSkipped(size_t core) const = 0;
  virtual bool mayCome(size_t core, size_t entry) const = 0;
  virtual Expected<std::optional<Entry>> step(size_t core) = 0;
  /// The rows that an entry names, when it starts.
  virtual Expected<std::vector<int32_t>> list(size_t core, const Entry &entry) = 0;
  /// An entry that step() gave has finished: its values are there.
  virtual Status finish(size_t core, size_t number, const Entry &entry) = 0;
};

/// Executes an image.
class Execution : public Source {
public:
  /// `needed`: by core and entry, whether its values are computed; null: of all. `recording`: gets what retime() needs; null: nothing does.
  Execution(const Image &image, const std::vector<MemoryMap> &memories,
            const std::vector<std::vector<bool>> *needed, Recording *recording);

  bool isAtEnd(size_t core) const override { return controls[core].isAtEnd(); }
  size_t position(size_t core) const override { return controls[core].position(); }
  bool isSkipped(size_t core) const override { return controls[core].isSkipped(); }
  bool mayCome(size_t core, size_t entry) const override { return controls[core].mayCome(entry); }
  Expected<std::optional<Entry>> step(size_t core) override;
  Expected<std::vector<int32_t>> list(size_t core, const Entry &entry) override;
  Status finish(size_t core, size_t number, const Entry &entry) override;

private:
  const std::vector<MemoryMap> &memories;
  const std::vector<std::vector<bool>> *const needed;
  Recording *const recording;
  std::vector<Control> controls;
  std::vector<Core> cores;
};

/// What was recorded.
class Replay : public Source {
public:
  /// The recording is that of the image.
  Replay(const Image &image, const Recording &recording)
      : Source(image), recording(recording), places(recording.cores.size()) {}

  bool isAtEnd(size_t core) const override { return places[core].step == recording.cores[core].steps.size(); }
  size_t position(size_t core) const override { return recording.cores[core].steps[places[core].step].entry; }
  bool isSkipped(size_t core) const override {
    return recording.cores[core].steps[places[core].step].isSkipped;
  }
  bool mayCome(size_t core, size_t) const override { return !isAtEnd(core); }
  Expected<std::optional<Entry>> step(size_t core) override;
  Expected<std::vector<int32_t>> list(size_t core, const Entry &entry) override;
  Status finish(size_t, size_t, const Entry &) override { return {}; }

private:
  const Recording &recording;
  struct Place {
    size_t step = 0, value = 0;
    std::array<size_t, kChannels> list = {};
  };
  std::vector<Place> places;
};

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_SOURCE_H
