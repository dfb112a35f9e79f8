//===- SessionFile.cpp - A session's state in a file ------------------------===//
//
// All integers little-endian: magic "COOPTSES", u32 version, u32 whether there are logits, u64 identity of
// the package, u64 position, u64 seed, u64 bytes and u64 XXH3-64 of what follows, u64 XXH3-64 of the header
// before it; then the filled positions of every state and what it keeps, slab by slab, and the logits.
//
//===----------------------------------------------------------------------===//
#include "Session/Session.h"
#include "coopt/Support/MappedFile.h"
#include "coopt/Support/OutputFile.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace coopt;
using namespace coopt::runtime;

namespace {

struct Header {
  char magic[8] = {'C', 'O', 'O', 'P', 'T', 'S', 'E', 'S'};
  uint32_t version = 1;
  uint32_t hasLogits = 0;
  uint64_t package = 0;
  uint64_t position = 0;
  uint64_t seed = 0;
  uint64_t payloadBytes = 0;
  uint64_t payloadChecksum = 0;
  uint64_t headerChecksum = 0;
};
static_assert(sizeof(Header) == 64, "the header has no padding");

uint64_t headerChecksum(const Header &header) {
  return XXH3_64bits(&header, offsetof(Header, headerChecksum));
}

} // namespace

Status Session::save(const std::string &path) const {
  if (auto status = needModel(); !status) {
    return status;
  }
  auto file = OutputFile::create(path);
  if (!file) {
    return coopt::forward(file.error());
  }
  Header header;
  header.hasLogits = hasLogits;
  header.package = package().file().identity();
  header.position = static_cast<uint64_t>(filled);
  header.seed = randomSeed;
  Status status = file->write(&header, sizeof(header));
  XXH3_state_t hash;
  XXH3_64bits_reset(&hash);
  auto write = [&](const void *bytes, size_t size) {
    if (status) {
      XXH3_64bits_update(&hash, bytes, size);
      status = file->write(bytes, size);
    }
  };
  const auto &described = package().program().states;
  for (size_t i = 0; i < described.size(); ++i) {
    const package::State &state = described[i];
    uint64_t position = state.inner * package::elementBytes(state.type);
    for (uint64_t o = 0; o < state.outer; ++o) {
      write(static_cast<const uint8_t *>(states.addresses()[i]) + o * state.stored() * position,
            state.stored(header.position) * position);
    }
  }
  if (hasLogits) {
    write(currentLogits(), static_cast<size_t>(model->vocabulary) * sizeof(float));
  }
  header.payloadBytes = file->size() - sizeof(header);
  header.payloadChecksum = XXH3_64bits_digest(&hash);
  header.headerChecksum = headerChecksum(header);
  if (status) {
    status = file->rewrite(0, &header, sizeof(header));
  }
  return status ? file->commit() : status;
}

Status Session::load(const std::string &path) {
  if (auto status = needModel(); !status) {
    return status;
  }
  auto file = MappedFile::open(path);
  if (!file) {
    return coopt::forward(file.error());
  }
  Header header, expected;
  if (file->size() < sizeof(header) ||
      std::memcmp(file->data(), expected.magic, sizeof(expected.magic)) != 0) {
    return fail(path + ": not a saved session");
  }
  std::memcpy(&header, file->data(), sizeof(header));
  if (header.version != expected.version) {
    return fail(path + ": expected version " + std::to_string(expected.version) + ", got " +
                std::to_string(header.version));
  }
  if (header.headerChecksum != headerChecksum(header)) {
    return fail(path + ": checksum of the header differs");
  }
  if (header.package != package().file().identity()) {
    return fail(path + ": was saved by a session of another package");
  }
  uint64_t logitBytes = static_cast<uint64_t>(model->vocabulary) * sizeof(float);
  const auto &described = package().program().states;
  uint64_t bytes = header.hasLogits ? logitBytes : 0;
  if (header.position > static_cast<uint64_t>(model->context) || header.hasLogits > 1) {
    return fail(path + ": position " + std::to_string(header.position) + " lies beyond the context of " +
                std::to_string(model->context));
  }
  for (const package::State &state : described) {
    bytes += packedBytes(state, header.position);
  }
  const uint8_t *payload = file->data() + sizeof(header);
  if (header.payloadBytes != bytes || file->size() - sizeof(header) != bytes) {
    return fail(path + ": expected " + std::to_string(bytes) + " bytes of state, got " +
                std::to_string(file->size() - sizeof(header)));
  }
  if (XXH3_64bits(payload, bytes) != header.payloadChecksum) {
    return fail(path + ": checksum of the state differs");
  }
  for (size_t i = 0; i < described.size(); ++i) {
    unpackState(described[i], states.addresses()[i], header.position, payload);
    payload += packedBytes(described[i], header.position);
  }
  if (header.hasLogits) {
    std::memcpy(currentLogits(), payload, logitBytes);
  }
  filled = static_cast<int64_t>(header.position);
  randomSeed = header.seed;
  hasLogits = header.hasLogits == 1;
  return {};
}
