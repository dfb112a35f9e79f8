#include "NpuPackages.h"

#include "ProgramBuilder.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::test;

machine::Machine test::npuMachine() { return machine::presetNpu("edge1").value(); }

npu::Image test::npuImage(const std::string &symbols, const std::string &body) {
  char first[64];
  std::snprintf(first, sizeof first, "image machine=0x%llx features=0x0\n",
                static_cast<unsigned long long>(npu::machineHash(machine::toJson(npuMachine()))));
  auto image = npu::parse(first + symbols + "\ncore 0\n" + body + "\nhalt\n");
  if (!image) {
    std::fprintf(stderr, "%s\n", image.error().message.c_str());
    std::abort();
  }
  return *image;
}

float test::npuTable(int row, int column) { return static_cast<float>(100 * row + column) * 0.25f; }

/// Three operands of up to 64000 bytes, the block, and scratch for a row.
static const char *const kSymbols = R"(
symbol "operand.0" dram[0x10000] bytes=64000
symbol "operand.1" dram[0x20000] bytes=64000
symbol "operand.2" dram[0x30000] bytes=64000
symbol "block" dram[0x0] bytes=64
symbol "scratch" dram[0x1000] bytes=64)";

/// The block in the scratchpad, and its first number (rows) in s1.
static const char *const kRows = R"(
dma.copy to=spad[0x0] from=dram[0x0] bytes=64 count=1 from1=0 to1=0 shaped=no | signal 0:1
fence | wait 0:1
load to=s1 from=spad[0x0] type=i32 bound=1000
)";

static std::string vectors(const char *broadcast) {
  return std::string("vec.mode to=f32 a=f32 b=f32 c=f32 to_stride=64 a_stride=64 b_stride=64 c_stride=64 "
                     "b_broadcast=") +
         broadcast + " c_broadcast=none\n";
}

/// Row by row; a product goes through scratch.
static npu::Image multiply() {
  return npuImage(kSymbols, vectors("none") + kRows + R"(
loop counter=s2 count=s1<=1000
  scalar to=s3 function=mul a=s2 b=none value=64
  dma.copy to=spad[0x100] from=dram[0x10000+s3] bytes=64 count=1 from1=0 to1=0 shaped=no
  dma.copy to=spad[0x140] from=dram[0x20000+s3] bytes=64 count=1 from1=0 to1=0 shaped=no | signal 1:1
  vec.map function=mul to=spad[0x180] a=spad[0x100] b=spad[0x140] c=spad[0x0] rows=1 columns=16 | wait 1:1 signal 2:1
  dma.copy to=dram[0x1000] from=spad[0x180] bytes=64 count=1 from1=0 to1=0 shaped=no | wait 2:1
  dma.copy to=dram[0x30000+s3] from=dram[0x1000] bytes=64 count=1 from1=0 to1=0 shaped=no
endloop)");
}

/// All rows at once; their number is the first extent of the result, behind two scalars and three extents, and the columns are
/// that of the parameter.
static npu::Image addRow() {
  return npuImage(kSymbols, vectors("row") + kRows + R"(
load to=s4 from=spad[0x14] type=i32 bound=1000
load to=s5 from=spad[0x10] type=i32 bound=16
scalar to=s3 function=mul a=s4 b=none value=64
dma.copy to=spad[0x100] from=dram[0x20000] bytes=64 count=1 from1=0 to1=0 shaped=no
dma.copy to=spad[0x1000] from=dram[0x10000] bytes=s3<=64000 count=1 from1=0 to1=0 shaped=no | signal 1:1
vec.map function=add to=spad[0x20000] a=spad[0x1000] b=spad[0x100] c=spad[0x0] rows=s4<=1000 columns=s5<=16 | wait 1:1 signal 2:1
dma.copy to=dram[0x30000] from=spad[0x20000] bytes=s3<=64000 count=1 from1=0 to1=0 shaped=no | wait 2:1)");
}

/// The state is read and written, and has one range.
static npu::Image accumulate() {
  return npuImage(R"(
symbol "operand.0" dram[0x10000] bytes=64000
symbol "operand.1" dram[0x20000] bytes=64
symbol "operand.2" dram[0x20000] bytes=64
symbol "block" dram[0x0] bytes=64)",
                  vectors("none") + kRows + R"(
dma.copy to=spad[0x140] from=dram[0x20000] bytes=64 count=1 from1=0 to1=0 shaped=no
loop counter=s2 count=s1<=1000
  scalar to=s3 function=mul a=s2 b=none value=64
  dma.copy to=spad[0x100] from=dram[0x10000+s3] bytes=64 count=1 from1=0 to1=0 shaped=no | signal 1:1
  vec.map function=add to=spad[0x140] a=spad[0x140] b=spad[0x100] c=spad[0x0] rows=1 columns=16 | wait 1:1 signal 2:1
  dma.copy to=dram[0x20000] from=spad[0x140] bytes=64 count=1 from1=0 to1=0 shaped=no | wait 2:1
endloop)");
}

static npu::Image pick() {
  npu::Image image = npuImage(R"(
symbol "operand.0" dram[0x10000] bytes=400
symbol "operand.1" dram[0x20000] bytes=6400
symbol "block" dram[0x0] bytes=64
symbol "a table" dram[0x1000] bytes=512)",
                              std::string(kRows) + R"(
scalar to=s2 function=mul a=s1 b=none value=4
dma.copy to=spad[0x100] from=dram[0x10000] bytes=s2<=400 count=1 from1=0 to1=0 shaped=no
dma.gather to=dram[0x20000] from=dram[0x1000] indices=spad[0x100] count=s1<=100 bytes=64 from1=64 rows=8)");
  npu::Data data{0x1000, {}};
  for (int row = 0; row < kNpuTableRows; ++row) {
    for (int column = 0; column < kNpuColumns; ++column) {
      const float value = npuTable(row, column);
      const auto *bytes = reinterpret_cast<const uint8_t *>(&value);
      data.bytes.insert(data.bytes.end(), bytes, bytes + sizeof value);
    }
  }
  image.data = {std::move(data)};
  return image;
}

static npu::Image number() {
  return npuImage(R"(
symbol "operand.0" dram[0x10000] bytes=4
symbol "block" dram[0x0] bytes=8)",
                  R"(
dma.copy to=spad[0x0] from=dram[0x0] bytes=4 count=1 from1=0 to1=0 shaped=no
dma.copy to=dram[0x10000] from=spad[0x0] bytes=4 count=1 from1=0 to1=0 shaped=no)");
}

/// m comes behind the extents among the scalars.
static npu::Image part() {
  return npuImage(R"(
symbol "operand.0" dram[0x10000] bytes=4000
symbol "operand.1" dram[0x20000] bytes=4000
symbol "block" dram[0x0] bytes=64)",
                  std::string(kRows) + R"(
load to=s2 from=spad[0x8] type=i32 bound=1000
scalar to=s3 function=mul a=s2 b=none value=4
dma.copy to=spad[0x100] from=dram[0x10000] bytes=s3<=4000 count=1 from1=0 to1=0 shaped=no
dma.copy to=dram[0x20000] from=spad[0x100] bytes=s3<=4000 count=1 from1=0 to1=0 shaped=no)");
}

PackageContents test::npuPackage() {
  PackageContents contents;
  contents.manifest.producer = "coopt tests";
  contents.manifest.target = "npu";
  contents.manifest.machine = machine::toJson(npuMachine());
  Parameter table;
  table.name = "table";
  table.shape = {kNpuColumns};
  table.bytes = 4 * kNpuColumns;
  contents.manifest.parameters = {table};
  Program &program = contents.program;
  program.states = {{"sum", ElementType::F32, 1, 1, kNpuColumns}};
  const std::vector<Extent> rows = {slot(0), fixed(kNpuColumns)};
  {
    EntryBuilder entry(program, "blend");
    uint32_t n = entry.dimension("n", 0, 1000);
    uint32_t x = entry.argument("x", ElementType::F32, rows), y = entry.argument("y", ElementType::F32, rows);
    uint32_t z = entry.result("z", ElementType::F32, rows), between = entry.arena(ElementType::F32, rows);
    uint32_t w = entry.parameter(0, ElementType::F32, {kNpuColumns});
    entry.dispatch("blend/multiply", "multiply", n, {x, y}, {between});
    entry.dispatch("blend/add", "add_row", n, {between, w}, {z});
  }
  {
    EntryBuilder entry(program, "accumulate");
    uint32_t n = entry.dimension("n", 0, 1000);
    uint32_t x = entry.argument("x", ElementType::F32, rows), sum = entry.state(0);
    uint32_t z = entry.result("z", ElementType::F32, {fixed(1), fixed(1), fixed(kNpuColumns)});
    entry.dispatch("accumulate", "accumulate", n, {x, sum}, {sum});
    entry.copy(sum, z);
  }
  {
    EntryBuilder entry(program, "pick");
    uint32_t n = entry.dimension("n", 1, 100);
    uint32_t indices = entry.argument("indices", ElementType::I32, {slot(n)});
    uint32_t z = entry.result("z", ElementType::F32, rows);
    entry.dispatch("pick", "pick", n, {indices}, {z});
  }
  {
    EntryBuilder entry(program, "number");
    uint32_t n = entry.dimension("n", 0, int64_t(1) << 40);
    uint32_t r = entry.result("r", ElementType::I32, {fixed(1)});
    entry.dispatch("number", "number", entry.constant(1), {}, {r}, {n});
  }
  {
    EntryBuilder entry(program, "part");
    uint32_t n = entry.dimension("n", 0, 1000), m = entry.dimension("m", 0, 1000);
    uint32_t x = entry.argument("x", ElementType::F32, {slot(n)});
    uint32_t z = entry.result("z", ElementType::F32, {slot(n)});
    entry.dispatch("part", "part", entry.constant(1), {x}, {z}, {m});
  }
  for (const npu::Image &image : {multiply(), addRow(), accumulate(), pick(), number(), part()}) {
    contents.images.push_back(npu::write(image));
  }
  return contents;
}
