//===- StationarySequencer.h - Accepts weights that stay, then activations --===//
//
// What arrays whose weights stay have in common: the weights of the next tile are loaded while the activations of the one
// before move. A row of weights, and a word of activations, may come in several words of their port.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_STATIONARYSEQUENCER_H
#define COOPT_NPU_STATIONARYSEQUENCER_H

#include "Npu/Device.h"
#include "coopt/CostModel/MatrixArray.h"

namespace coopt::npu {

class StationarySequencer {
public:
  /// Ports of a device: commands, weights, activations, and partial sums if `hasPartials`.
  StationarySequencer(const cost::MatrixArray &array, std::vector<Port> &ports, bool hasPartials);

  /// Sets `ready` of the inputs. `advance`: the array is not held.
  void evaluate(bool advance);

  /// What is complete in this cycle, after evaluate().
  struct Row {
    bool isThere = false;
    size_t number = 0; ///< from 0 in the order of the port
    cost::ArrayTile tile;
  };
  struct Activations {
    bool areThere = false;
    bool areFirst = false; ///< of their tile
    cost::ArrayTile tile;
  };
  const Row &row() const { return row_; }
  const Activations &activations() const { return activations_; }
  /// Bytes of the row and lanes of the activations; of those that no word has brought the values are old.
  const Word &rowBytes() const { return rowBytes_; }
  const Word &lanes() const { return lanes_; }

  /// After the array's registers, which look at what is complete.
  void clock();

private:
  Port &port(size_t number) { return (*ports_)[number]; }
  const cost::ArrayTile &streamsNext() const;

  const cost::MatrixArray array_;
  std::vector<Port> *ports_;
  const bool hasPartials_;

  Row row_;
  Activations activations_;
  Word rowBytes_, lanes_;
  size_t rowFilled_ = 0, lanesFilled_ = 0;

  bool hasCommand_ = false;     ///< a tile whose weights are being accepted
  cost::ArrayTile command_;     ///
  size_t rows_ = 0;             ///< of it, complete
  bool isLoaded_ = false;       ///< a tile whose weights are in the shadows, on their way at least
  cost::ArrayTile loaded_;      ///
  int64_t shadowsUsed_ = 0;     ///< chain: cycles until the last shadow of the tile that started is free
  int64_t stripe_ = 0;          ///< cycles until the next tile may start
  int64_t activationsLeft_ = 0; ///< of the tile that streams
  cost::ArrayTile streamed_;    ///
};

} // namespace coopt::npu

#endif // COOPT_NPU_STATIONARYSEQUENCER_H
