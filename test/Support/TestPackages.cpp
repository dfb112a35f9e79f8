#include "TestPackages.h"

#include "ProgramBuilder.h"
#include "coopt/PackageFormat/Tokenizer.h"

#include <cstring>
#include <fstream>
#include <iterator>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::test;

std::vector<uint8_t> test::kernelObject(int variant) {
  std::ifstream in(std::string(COOPT_TEST_KERNELS) + std::to_string(variant) + ".so", std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(in), {});
}

static Parameter parameter(const std::string &name, ElementType type, std::vector<int64_t> shape) {
  Parameter result;
  result.name = name;
  result.type = type;
  result.bytes = bufferBytes(type, shape).value();
  result.shape = std::move(shape);
  return result;
}

static void addAxpy(Program &program) {
  EntryBuilder entry(program, "axpy");
  uint32_t n = entry.dimension("n", 0, 100000);
  uint32_t x = entry.argument("x", ElementType::F32, {slot(n)});
  uint32_t y = entry.argument("y", ElementType::F32, {slot(n)});
  uint32_t alpha = entry.argument("alpha", ElementType::F32, {fixed(1)});
  uint32_t z = entry.result("z", ElementType::F32, {slot(n)});
  Slot items = entry.scalar(ScalarOp::CeilDiv, n, entry.constant(16));
  entry.dispatch("math/axpy", "axpy", items, {x, y, alpha}, {z});
}

/// n < 4: z = x; else z = x + 1 + 1, through a buffer of the arena.
static void addSelect(Program &program) {
  EntryBuilder entry(program, "select");
  uint32_t n = entry.dimension("n", 1, 999);
  uint32_t x = entry.argument("x", ElementType::F32, {slot(n)});
  uint32_t z = entry.result("z", ElementType::F32, {slot(n)});
  uint32_t between = entry.arena(ElementType::F32, {slot(n)});
  size_t branch = entry.branchUnless(entry.scalar(ScalarOp::Less, n, entry.constant(4)));
  entry.copy(x, z);
  size_t jump = entry.jump();
  entry.land(branch);
  entry.dispatch("select/first", "increment", n, {x}, {between});
  entry.dispatch("select/second", "increment", n, {between}, {z});
  entry.land(jump);
}

/// r[1] = a / b work items, seen by a buffer of at most 8 floats.
static void addDivide(Program &program) {
  EntryBuilder entry(program, "divide");
  uint32_t a = entry.dimension("a", 0, 1000);
  uint32_t b = entry.dimension("b", 0, 1000);
  uint32_t r = entry.result("r", ElementType::I32, {fixed(1)});
  Slot quotient = entry.scalar(ScalarOp::FloorDiv, a, b);
  uint32_t space = entry.arena(ElementType::F32, {slot(quotient)}, 32);
  entry.dispatch("divide/count", "count_items", quotient, {}, {r});
  entry.dispatch("divide/increment", "increment", quotient, {space}, {space});
}

PackageContents test::functionPackage(int variant) {
  PackageContents contents;
  contents.manifest.producer = "coopt tests";
  contents.manifest.target = "cpu";
  Parameter noise = parameter("noise", ElementType::F32, {301});
  noise.noise = Parameter::Noise{77, 0.25};
  contents.manifest.parameters = {noise};
  Program &program = contents.program;
  addAxpy(program);
  {
    EntryBuilder entry(program, "variant");
    uint32_t r = entry.result("r", ElementType::I32, {fixed(1)});
    entry.dispatch("variant", "variant", entry.constant(1), {}, {r});
  }
  {
    EntryBuilder entry(program, "count");
    uint32_t n = entry.dimension("n", 0, 1 << 30);
    uint32_t r = entry.result("r", ElementType::I32, {fixed(1)});
    entry.dispatch("count", "count_items", n, {}, {r});
  }
  {
    EntryBuilder entry(program, "noise");
    uint32_t p = entry.parameter(0, ElementType::F32, {301});
    uint32_t r = entry.result("r", ElementType::F32, {fixed(301)});
    entry.copy(p, r);
  }
  addSelect(program);
  addDivide(program);
  {
    // Two dispatches of one op id.
    EntryBuilder entry(program, "twice");
    uint32_t n = entry.dimension("n", 1, 999, 3);
    uint32_t x = entry.argument("x", ElementType::F32, {slot(n)});
    uint32_t z = entry.result("z", ElementType::F32, {slot(n)});
    uint32_t between = entry.arena(ElementType::F32, {slot(n)});
    entry.dispatch("twice", "increment", n, {x}, {between});
    entry.dispatch("twice", "increment", n, {between}, {z});
  }
  contents.code = {{"generic", {}, kernelObject(variant)}};
  return contents;
}

PackageContents test::interpretedPackage() {
  PackageContents contents;
  contents.manifest.producer = "coopt tests";
  contents.manifest.target = "cpu";
  contents.manifest.parameters = {parameter("table", ElementType::F32, {17, 4})};
  Program &program = contents.program;
  program.states = {{"kept", ElementType::F32, 1, 17, 4}};
  {
    EntryBuilder entry(program, "steps");
    uint32_t n = entry.dimension("n", 1, 33, 2);
    uint32_t x = entry.argument("x", ElementType::I16, {slot(n)});
    uint32_t z = entry.result("z", ElementType::I16, {slot(n)});
    Slot half = entry.scalar(ScalarOp::FloorDiv, n, entry.constant(2));
    uint32_t first = entry.arena(ElementType::U8, {slot(half), fixed(3)}, 60);
    uint32_t second = entry.arena(ElementType::U8, {slot(half), fixed(3)}, 60);
    entry.copy(first, second);
    size_t branch = entry.branchUnless(entry.scalar(ScalarOp::LessEqual, half, entry.constant(5)));
    entry.copy(x, z);
    entry.land(branch);
  }
  {
    EntryBuilder entry(program, "keep");
    uint32_t table = entry.parameter(0, ElementType::F32, {1, 17, 4});
    uint32_t kept = entry.state(0);
    uint32_t z = entry.result("z", ElementType::F32, {fixed(1), fixed(17), fixed(4)});
    entry.copy(kept, z);
    entry.copy(table, kept);
  }
  return contents;
}

float test::toyTable(int v, int d) { return noise(5, static_cast<uint64_t>(v * kToyFeatures + d)); }
float test::toyHead(int v, int d) { return noise(6, static_cast<uint64_t>(v * kToyFeatures + d)); }

static std::vector<uint8_t> toyTokenizer() {
  TokenizerTables tables;
  tables.unknownId = 0;
  tables.appendToken("<unk>", TokenVocabulary | TokenSpecial);
  tables.appendToken("<s>", TokenVocabulary | TokenSpecial);
  tables.appendToken("</s>", TokenVocabulary | TokenSpecial);
  for (char c = 'a'; tables.vocabularySize() < kToyVocabulary; ++c) {
    tables.appendToken(std::string(1, c), TokenVocabulary);
  }
  return serializeTokenizer(tables).value();
}

static void addForward(Program &program) {
  EntryBuilder entry(program, "forward");
  uint32_t outputs = entry.dimension("outputs", 1, kToyChunk);
  uint32_t past = entry.dimension("past", 0, kToyContext - 1);
  uint32_t tokens = entry.dimension("tokens", 1, kToyChunk);
  uint32_t ids = entry.argument("tokens", ElementType::I32, {slot(tokens)});
  uint32_t logits = entry.result("logits", ElementType::F32, {slot(outputs), fixed(kToyVocabulary)});
  uint32_t table = entry.parameter(0, ElementType::F32, {kToyVocabulary, kToyFeatures});
  uint32_t head = entry.parameter(1, ElementType::F32, {kToyVocabulary, kToyFeatures});
  uint32_t cache = entry.state(0);
  uint32_t x = entry.arena(ElementType::F32, {slot(tokens), fixed(kToyFeatures)});
  uint32_t y = entry.arena(ElementType::F32, {slot(tokens), fixed(kToyFeatures)});
  entry.dispatch("embed", "embed", tokens, {ids, table}, {x});
  entry.dispatch("layers.0/append", "append", tokens, {x}, {cache}, {past});
  entry.dispatch("layers.0/attend", "attend", tokens, {x, cache}, {y}, {past}, 16);
  Slot items = entry.scalar(ScalarOp::Mul, outputs, entry.constant(kToyVocabulary));
  entry.dispatch("head", "head", items, {y, head}, {logits});
}

PackageContents test::toyModel(int variant, bool hasTokenizer) {
  PackageContents contents;
  contents.manifest.producer = "coopt tests";
  contents.manifest.target = "cpu";
  ModelInfo model;
  model.name = "toy";
  model.family = "toy";
  model.quantization = "f32";
  model.vocabulary = kToyVocabulary;
  model.context = kToyContext;
  model.chunk = kToyChunk;
  model.bos = 1;
  model.eos = {2};
  contents.manifest.model = model;
  contents.manifest.parameters = {parameter("table", ElementType::F32, {kToyVocabulary, kToyFeatures}),
                                  parameter("head", ElementType::F32, {kToyVocabulary, kToyFeatures})};
  Program &program = contents.program;
  program.states = {{"cache", ElementType::F32, 2, kToyContext, kToyFeatures}};
  addForward(program);
  {
    EntryBuilder entry(program, "score");
    uint32_t outputs = entry.dimension("outputs", 1, kToyChunk);
    uint32_t logits = entry.argument("logits", ElementType::F32, {slot(outputs), fixed(kToyVocabulary)});
    uint32_t targets = entry.argument("targets", ElementType::I32, {slot(outputs)});
    uint32_t nll = entry.result("nll", ElementType::F32, {slot(outputs)});
    entry.dispatch("score", "score", outputs, {logits, targets}, {nll});
  }
  {
    EntryBuilder entry(program, "sample");
    uint32_t logits = entry.argument("logits", ElementType::F32, {fixed(1), fixed(kToyVocabulary)});
    uint32_t temperature = entry.argument("temperature", ElementType::F32, {fixed(1)});
    uint32_t random = entry.argument("random", ElementType::F32, {fixed(1)});
    uint32_t token = entry.result("token", ElementType::I32, {fixed(1)});
    entry.dispatch("sample", "sample", entry.constant(1), {logits, temperature, random}, {token});
  }
  if (hasTokenizer) {
    contents.tokenizer = toyTokenizer();
  }
  contents.code = {{"generic", {}, kernelObject(variant)}};
  return contents;
}

Status test::writeTestPackage(const std::string &path, const PackageContents &contents) {
  return writePackage(path, contents, [&](size_t index, const ByteSink &sink) -> Status {
    const Parameter &parameter = contents.manifest.parameters[index];
    std::vector<float> values;
    for (int v = 0; v < kToyVocabulary; ++v) {
      for (int d = 0; d < kToyFeatures; ++d) {
        values.push_back(parameter.name == "table" ? toyTable(v, d) : toyHead(v, d));
      }
    }
    return sink(reinterpret_cast<const uint8_t *>(values.data()), parameter.bytes);
  });
}
