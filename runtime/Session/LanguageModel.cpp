#include "Session/LanguageModel.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::runtime;
using package::ElementType;
using package::Entry;
using package::Extent;
using package::Value;

static std::optional<uint32_t> findEntry(const package::Program &program, const std::string &name) {
  for (size_t i = 0; i < program.entries.size(); ++i) {
    if (program.entries[i].name == name) {
      return static_cast<uint32_t>(i);
    }
  }
  return std::nullopt;
}

static std::string print(const Entry &entry, ElementType type, const std::vector<Extent> &shape) {
  std::string text = package::elementName(type);
  text += '[';
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? ", " : "";
    text += shape[i].isSlot ? entry.dimensions[static_cast<size_t>(shape[i].value)].name
                            : std::to_string(shape[i].value);
  }
  return text + "]";
}

static Status expectValues(const Entry &entry, const char *kind, const std::vector<Value> &values,
                           const std::vector<std::pair<ElementType, std::vector<Extent>>> &expected) {
  if (values.size() != expected.size()) {
    return fail("expected " + std::to_string(expected.size()) + " " + kind + "s, got " +
                std::to_string(values.size()));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    std::string wanted = print(entry, expected[i].first, expected[i].second);
    std::string got = print(entry, values[i].type, values[i].shape);
    if (wanted != got) {
      return fail(std::string(kind) + " " + std::to_string(i) + ": expected " + wanted + ", got " + got);
    }
  }
  return {};
}

/// The slots of the named dimensions; the entry has these and no other.
static Expected<std::vector<uint32_t>> findDimensions(const Entry &entry,
                                                      const std::vector<std::string> &names) {
  std::vector<uint32_t> slots;
  for (const std::string &name : names) {
    auto found = std::find_if(entry.dimensions.begin(), entry.dimensions.end(),
                              [&](const package::Dimension &d) { return d.name == name; });
    if (found == entry.dimensions.end()) {
      return fail("no size '" + name + "'");
    }
    if (found->multipleOf != 1 || found->min > 1) {
      return fail("size '" + name + "': expected every value from 1 on");
    }
    slots.push_back(static_cast<uint32_t>(found - entry.dimensions.begin()));
  }
  if (entry.dimensions.size() != names.size()) {
    return fail("expected " + std::to_string(names.size()) + " sizes, got " +
                std::to_string(entry.dimensions.size()));
  }
  return slots;
}

static Extent fixed(int64_t value) { return {false, value}; }
static Extent slot(uint32_t number) { return {true, number}; }

static Status findForward(LanguageModel &model, const Entry &entry) {
  auto slots = findDimensions(entry, {"tokens", "outputs", "past"});
  if (!slots) {
    return forward(slots.error());
  }
  model.tokens = (*slots)[0];
  model.outputs = (*slots)[1];
  model.past = (*slots)[2];
  const package::Dimension &past = entry.dimensions[model.past];
  if (past.min != 0 || past.max < model.context - 1) {
    return fail("size 'past': expected 0 to " + std::to_string(model.context - 1) + ", got " +
                std::to_string(past.min) + " to " + std::to_string(past.max));
  }
  model.chunk = std::min(model.chunk, entry.dimensions[model.tokens].max);
  model.maxOutputs = std::min(model.chunk, entry.dimensions[model.outputs].max);
  if (model.chunk < 1 || model.maxOutputs < 1) {
    return fail("sizes 'tokens' and 'outputs': expected room for one at least");
  }
  if (auto status =
          expectValues(entry, "argument", entry.arguments, {{ElementType::I32, {slot(model.tokens)}}});
      !status) {
    return status;
  }
  return expectValues(entry, "result", entry.results,
                      {{ElementType::F32, {slot(model.outputs), fixed(model.vocabulary)}}});
}

static Status findScore(LanguageModel &model, const Entry &entry) {
  auto slots = findDimensions(entry, {"outputs"});
  if (!slots) {
    return forward(slots.error());
  }
  model.maxScored = std::min(model.maxOutputs, entry.dimensions[0].max);
  if (model.maxScored < 1) {
    return fail("size 'outputs': expected room for one at least");
  }
  if (auto status = expectValues(
          entry, "argument", entry.arguments,
          {{ElementType::F32, {slot(0), fixed(model.vocabulary)}}, {ElementType::I32, {slot(0)}}});
      !status) {
    return status;
  }
  return expectValues(entry, "result", entry.results, {{ElementType::F32, {slot(0)}}});
}

static Status findSample(const LanguageModel &model, const Entry &entry) {
  if (auto slots = findDimensions(entry, {}); !slots) {
    return forward(slots.error());
  }
  if (auto status = expectValues(entry, "argument", entry.arguments,
                                 {{ElementType::F32, {fixed(1), fixed(model.vocabulary)}},
                                  {ElementType::F32, {fixed(1)}},
                                  {ElementType::F32, {fixed(1)}}});
      !status) {
    return status;
  }
  return expectValues(entry, "result", entry.results, {{ElementType::I32, {fixed(1)}}});
}

Expected<LanguageModel> LanguageModel::find(const package::Program &program, const package::ModelInfo &info) {
  LanguageModel model;
  model.vocabulary = info.vocabulary;
  model.context = info.context;
  model.chunk = info.chunk;
  auto forwardEntry = findEntry(program, "forward");
  if (!forwardEntry) {
    return fail("a language model needs an entry 'forward'");
  }
  model.forward = *forwardEntry;
  if (auto status = findForward(model, program.entries[model.forward]); !status) {
    return coopt::forward(status.error(), "entry 'forward'");
  }
  model.score = findEntry(program, "score");
  if (model.score) {
    if (auto status = findScore(model, program.entries[*model.score]); !status) {
      return coopt::forward(status.error(), "entry 'score'");
    }
  }
  model.sample = findEntry(program, "sample");
  if (model.sample) {
    if (auto status = findSample(model, program.entries[*model.sample]); !status) {
      return coopt::forward(status.error(), "entry 'sample'");
    }
  }
  for (const package::State &state : program.states) {
    if (state.capacity < static_cast<uint64_t>(model.context)) {
      return fail("state '" + state.name + "' holds " + std::to_string(state.capacity) +
                  " positions, the context has " + std::to_string(model.context));
    }
  }
  return model;
}
