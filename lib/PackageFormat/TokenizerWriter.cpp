//===- TokenizerWriter.cpp - Tokenizer tables to a byte section --------------===//
#include "TokenizerLayout.h"

#include <algorithm>
#include <unordered_map>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::package::tokenizer_layout;

void TokenizerTables::appendToken(std::string_view bytes, uint8_t tokenFlags) {
  text.append(bytes);
  offsets.push_back(static_cast<uint32_t>(text.size()));
  flags.push_back(tokenFlags);
}

uint64_t package::hashTokenText(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  }
  return finalise(hash);
}

uint64_t package::hashTokenPair(uint32_t left, uint32_t right) {
  return finalise(static_cast<uint64_t>(left) << 32 | right);
}

namespace {

using Bytes = std::vector<uint8_t>;

void put32(Bytes &out, uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}
void put64(Bytes &out, uint64_t value) {
  put32(out, static_cast<uint32_t>(value));
  put32(out, static_cast<uint32_t>(value >> 32));
}
Bytes pack(const std::vector<uint32_t> &values) {
  Bytes out;
  out.reserve(values.size() * 4);
  for (uint32_t value : values) {
    put32(out, value);
  }
  return out;
}

/// Slots of an open-addressed table: for each slot the number of the item in it, or noToken.
struct Slots {
  std::vector<uint32_t> items;
  uint32_t probes = 0;
};

/// At most three quarters full. Grows while a probe sequence is too long, which only chosen collisions can
/// cause.
Expected<Slots> placeInSlots(const std::vector<uint64_t> &hashes, const char *what) {
  size_t capacity = 4;
  while (capacity * 3 < hashes.size() * 4 + 1) {
    capacity *= 2;
  }
  for (int attempt = 0; attempt < 3; ++attempt, capacity *= 2) {
    Slots slots;
    slots.items.assign(capacity, noToken);
    for (size_t item = 0; item < hashes.size() && slots.probes <= maximumProbes; ++item) {
      size_t slot = hashes[item] & (capacity - 1);
      uint32_t probes = 1;
      for (; slots.items[slot] != noToken; ++probes) {
        slot = (slot + 1) & (capacity - 1);
      }
      slots.items[slot] = static_cast<uint32_t>(item);
      slots.probes = std::max(slots.probes, probes);
    }
    if (slots.probes <= maximumProbes) {
      return slots;
    }
  }
  return fail(std::string("tokenizer: ") + what + ": too many entries have the same hash");
}

class Writer {
public:
  explicit Writer(const TokenizerTables &tables) : tables(tables), strings(tables.text) {}

  Expected<Bytes> write() {
    if (tables.offsets.size() != tables.flags.size() + 1) {
      return fail("tokenizer: " + std::to_string(tables.flags.size()) + " token flags, but " +
                  std::to_string(tables.offsets.size()) + " token offsets");
    }
    blocks[TokenizerView::TokenOffsets] = pack(tables.offsets);
    blocks[TokenizerView::TokenFlagBlock] = tables.flags;
    blocks[TokenizerView::ByteIds] = pack({tables.byteIds.begin(), tables.byteIds.end()});
    blocks[TokenizerView::Prefix] = pack(tables.prefix);
    blocks[TokenizerView::Suffix] = pack(tables.suffix);
    for (Status status : {vocabularyHash(), merges(), added()}) {
      if (!status) {
        return forward(status.error());
      }
    }
    steps(TokenizerView::NormalizerSteps, tables.normalizer);
    steps(TokenizerView::PreTokenizerSteps, tables.preTokenizer);
    steps(TokenizerView::DecoderSteps, tables.decoder);
    if (strings.size() > (1u << 31)) {
      return fail("tokenizer: " + std::to_string(strings.size()) +
                  " bytes of text, at most 2^31 are possible");
    }
    blocks[TokenizerView::Strings].assign(strings.begin(), strings.end());
    Bytes section = assemble();
    // The reader is the one place that knows what a valid section is.
    auto view = TokenizerView::create(section.data(), section.size());
    if (!view) {
      return forward(view.error());
    }
    return section;
  }

private:
  Status vocabularyHash() {
    std::vector<uint32_t> ids;
    std::vector<uint64_t> hashes;
    for (uint32_t id = 0; id < tables.vocabularySize(); ++id) {
      if (tables.flags[id] & TokenVocabulary) {
        uint32_t begin = tables.offsets[id], end = tables.offsets[id + 1];
        if (begin > end || end > tables.text.size()) {
          return fail("tokenizer: token " + std::to_string(id) + " lies outside the text");
        }
        ids.push_back(id);
        hashes.push_back(hashTokenText(std::string_view(tables.text).substr(begin, end - begin)));
      }
    }
    auto slots = placeInSlots(hashes, "vocabulary");
    if (!slots) {
      return forward(slots.error());
    }
    for (uint32_t &item : slots->items) {
      item = item == noToken ? noToken : ids[item];
    }
    blocks[TokenizerView::VocabularyHash] = pack(slots->items);
    vocabularyProbes = slots->probes;
    return {};
  }

  Status merges() {
    std::unordered_map<uint64_t, uint32_t> ranks;
    for (uint32_t rank = 0; rank < tables.merges.size(); ++rank) {
      const auto &merge = tables.merges[rank];
      ranks[static_cast<uint64_t>(merge.left) << 32 | merge.right] = rank;
    }
    // In order of rank, so that the section does not depend on the order of a standard container.
    std::vector<uint32_t> kept;
    std::vector<uint64_t> hashes;
    for (uint32_t rank = 0; rank < tables.merges.size(); ++rank) {
      const auto &merge = tables.merges[rank];
      if (ranks[static_cast<uint64_t>(merge.left) << 32 | merge.right] == rank) {
        kept.push_back(rank);
        hashes.push_back(hashTokenPair(merge.left, merge.right));
      }
    }
    auto slots = placeInSlots(hashes, "merges");
    if (!slots) {
      return forward(slots.error());
    }
    Bytes &out = blocks[TokenizerView::Merges];
    for (uint32_t item : slots->items) {
      if (item == noToken) {
        for (int i = 0; i < 4; ++i) {
          put32(out, noToken);
        }
        continue;
      }
      const auto &merge = tables.merges[kept[item]];
      put32(out, merge.left);
      put32(out, merge.right);
      put32(out, kept[item]);
      put32(out, merge.merged);
    }
    mergeProbes = slots->probes;
    return {};
  }

  Status added() {
    auto sorted = tables.added;
    // std::string compares as unsigned bytes, the order that the section asks for.
    std::sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) { return a.text < b.text; });
    for (const auto &token : sorted) {
      Bytes &out = blocks[token.normalized ? TokenizerView::AddedNormalized : TokenizerView::AddedTokens];
      put32(out, token.id);
      string(out, token.text);
      put32(out, (token.stripsLeft ? 1 : 0) | (token.stripsRight ? 2 : 0));
    }
    return {};
  }

  void steps(TokenizerView::Block block, const std::vector<TokenizerStep> &list) {
    for (const auto &step : list) {
      put32(blocks[block], static_cast<uint32_t>(step.kind));
      put32(blocks[block], step.count);
      string(blocks[block], step.text);
      string(blocks[block], step.replacement);
    }
  }

  void string(Bytes &out, const std::string &text) {
    put32(out, static_cast<uint32_t>(strings.size()));
    put32(out, static_cast<uint32_t>(text.size()));
    strings += text;
  }

  Bytes assemble() const {
    Bytes out(magic, magic + sizeof(magic));
    put32(out, version);
    put32(out, static_cast<uint32_t>(tables.kind));
    put32(out, (tables.byteFallback ? 1 : 0) | (tables.fuseUnknown ? 2 : 0) | (tables.ignoreMerges ? 4 : 0) |
                   (tables.hasPostProcessor ? 8 : 0));
    put32(out, tables.vocabularySize());
    put32(out, tables.unknownId.value_or(noToken));
    put32(out, vocabularyProbes);
    put32(out, mergeProbes);
    put32(out, 0);
    uint64_t offset = headerSize;
    for (const Bytes &block : blocks) {
      put64(out, offset);
      put64(out, block.size());
      offset += (block.size() + 7) / 8 * 8;
    }
    out.reserve(offset);
    for (const Bytes &block : blocks) {
      out.insert(out.end(), block.begin(), block.end());
      out.resize((out.size() + 7) / 8 * 8);
    }
    return out;
  }

  const TokenizerTables &tables;
  std::string strings;
  std::array<Bytes, TokenizerView::BlockCount> blocks;
  uint32_t vocabularyProbes = 0, mergeProbes = 0;
};

} // namespace

Expected<std::vector<uint8_t>> package::serializeTokenizer(const TokenizerTables &tables) {
  return Writer(tables).write();
}
