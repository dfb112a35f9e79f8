//===- coopt-npu-sim.cpp - Runs programs of the accelerator --------------------===//
#include "Npu/Sim/Print.h"
#include "Npu/Sim/Simulator.h"
#include "Npu/Sim/Trace.h"
#include "coopt/Machine/Machine.h"
#include "coopt/Support/MappedFile.h"
#include "coopt/Support/StandardOutput.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace coopt;

namespace {

struct Arguments {
  std::string input, machine, trace;
  std::vector<std::string> infinite;
  bool isTimingOnly = false;
};

int report(const std::string &message) {
  std::fprintf(stderr, "coopt-npu-sim: error: %s\n", message.c_str());
  return 1;
}

Status run(const Arguments &arguments) {
  auto machine = machine::findMachine(arguments.machine);
  if (!machine) {
    return forward(machine.error(), "--machine");
  }
  if (!machine->npu()) {
    return fail("--machine: " + arguments.machine + " is a machine of kind " + machine->kind() +
                ", expected npu");
  }
  const machine::NpuMachine &npu = *machine->npu();
  npu::PartSet infinite = 0;
  for (const std::string &name : arguments.infinite) {
    auto part = npu::parsePart(name);
    if (!part) {
      return forward(part.error(), "--infinite");
    }
    infinite |= npu::setOf(*part);
  }
  auto file = MappedFile::open(arguments.input);
  if (!file) {
    return forward(file.error());
  }
  auto image = npu::read(file->data(), file->size());
  if (!image) {
    return forward(image.error(), arguments.input);
  }
  auto memory = npu::MachineMemory::create(npu, image->cores.size());
  if (!memory) {
    return forward(memory.error(), "--machine");
  }
  npu::RunOptions options;
  options.hasValues = !arguments.isTimingOnly;
  options.isRecorded = infinite != 0;
  options.isTraced = !arguments.trace.empty();
  auto result = npu::simulate(npu, *image, memory->maps(), options);
  if (!result) {
    return forward(result.error(), arguments.input);
  }
  std::string text;
  if (infinite != 0) {
    const uint64_t before = result->cycles;
    result = npu::retime(npu, *image, result->recording, infinite, options.isTraced);
    if (!result) {
      return forward(result.error(), arguments.input);
    }
    text = "infinite:";
    for (const std::string &name : arguments.infinite) {
      text += " " + name;
    }
    text += "; as the machine is: " + std::to_string(before) + " cycles\n";
  }
  if (!arguments.trace.empty()) {
    if (Status status = npu::writeTrace(arguments.trace, npu, *image, *result); !status) {
      return status;
    }
  }
  return writeStandardOutput(text + npu::print(npu, *image, *result));
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Runs a program image of the accelerator on a machine and says where its time went.");
  app.name("coopt-npu-sim");
  app.footer("Example:\n  coopt-npu-sim program.npu --machine npu:edge1 --trace program.json");
  Arguments arguments;
  app.add_option("IMAGE", arguments.input, "program image")->required();
  app.add_option("--machine", arguments.machine, "npu:NAME or FILE.json")->required()->type_name("MACHINE");
  app.add_option("--trace", arguments.trace, "write a trace that ui.perfetto.dev opens")->type_name("FILE");
  app.add_option(
         "--infinite", arguments.infinite,
         "time the run again with these parts of the machine infinite: spad, acc, l2, hbm, ddr, dma, matrix, "
         "vector, topk, queues, wake")
      ->delimiter(',')
      ->type_name("PARTS");
  app.add_flag("--timing-only", arguments.isTimingOnly,
               "compute only values that decide what is executed; the time is the same");
  CLI11_PARSE(app, argc, argv);
  Status status = run(arguments);
  return status ? 0 : report(status.error().message);
}
