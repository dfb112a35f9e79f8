#include "RecipeStream.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::package::recipe;

namespace {

struct Block {
  std::vector<uint8_t> bytes;
  Status status;
};

void evaluate(const Node &node, const Piece &piece, Block &block) {
  try {
    block.bytes.resize(piece.bytes);
    block.status = node.evaluatePiece(piece, block.bytes.data());
  } catch (const std::bad_alloc &) {
    block.status = fail("out of memory for a piece of " + std::to_string(piece.bytes) + " bytes");
  } catch (const std::length_error &) {
    block.status = fail("out of memory for a piece of " + std::to_string(piece.bytes) + " bytes");
  }
}

} // namespace

Status recipe::stream(const Node &node, unsigned threads, uint64_t pieceBytes, const ByteSink &sink) {
  std::vector<Piece> pieces = node.pieces(pieceBytes);
  std::vector<Block> blocks(std::max<size_t>(1, std::min<size_t>(threads, pieces.size())));
  for (size_t first = 0; first < pieces.size(); first += blocks.size()) {
    size_t count = std::min(blocks.size(), pieces.size() - first);
    std::vector<std::thread> workers;
    for (size_t i = 1; i < count; ++i) {
      try {
        workers.emplace_back(evaluate, std::cref(node), std::cref(pieces[first + i]), std::ref(blocks[i]));
      } catch (const std::system_error &) {
        // No more threads to be had: this one does the work.
        evaluate(node, pieces[first + i], blocks[i]);
      }
    }
    evaluate(node, pieces[first], blocks[0]);
    for (std::thread &worker : workers) {
      worker.join();
    }
    for (size_t i = 0; i < count; ++i) {
      if (!blocks[i].status) {
        return blocks[i].status;
      }
      if (Status written = sink(blocks[i].bytes.data(), blocks[i].bytes.size()); !written) {
        return written;
      }
    }
  }
  return {};
}
