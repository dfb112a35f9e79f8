//===- coopt-npu-objdump.cpp - Programs of the accelerator as text -------------===//
#include "coopt/Machine/Machine.h"
#include "coopt/NpuIsa/Checker.h"
#include "coopt/Support/MappedFile.h"
#include "coopt/Support/OutputFile.h"
#include "coopt/Support/StandardOutput.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace coopt;

namespace {

int report(const std::string &message) {
  std::fprintf(stderr, "coopt-npu-objdump: error: %s\n", message.c_str());
  return 1;
}

Status save(const std::string &path, const std::vector<uint8_t> &bytes) {
  auto file = OutputFile::create(path);
  if (!file) {
    return forward(file.error());
  }
  if (Status status = file->write(bytes.data(), bytes.size()); !status) {
    return status;
  }
  return file->commit();
}

Status checkFor(const std::string &target, const npu::Image &image) {
  auto machine = machine::findMachine(target);
  if (!machine) {
    return forward(machine.error(), "--check");
  }
  if (!machine->npu()) {
    return fail("--check: " + target + " is a machine of kind " + machine->kind() + ", expected npu");
  }
  return npu::checkProgram(image, npu::limitsOf(*machine->npu()));
}

Status run(const std::string &input, const std::string &output, const std::string &target, bool assemble) {
  auto file = MappedFile::open(input);
  if (!file) {
    return forward(file.error());
  }
  auto image = assemble ? npu::parse({reinterpret_cast<const char *>(file->data()), file->size()})
                        : npu::read(file->data(), file->size());
  if (!image) {
    return forward(image.error(), input);
  }
  if (!target.empty()) {
    if (Status checked = checkFor(target, *image); !checked) {
      return forward(checked.error(), input);
    }
  }
  if (assemble) {
    return save(output, npu::write(*image));
  }
  const std::string text = npu::print(*image);
  return output.empty() ? writeStandardOutput(text)
                        : save(output, std::vector<uint8_t>(text.begin(), text.end()));
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Prints a program image of the accelerator as text, or makes one of such text.");
  app.name("coopt-npu-objdump");
  app.footer("Example:\n  coopt-npu-objdump program.npu > program.txt\n  coopt-npu-objdump --assemble "
             "program.txt -o program.npu");
  std::string input, output, target;
  bool assemble = false, instructions = false;
  auto *from = app.add_option("IMAGE", input, "image, or text with --assemble");
  app.add_option("-o,--output", output, "where to write; text goes to standard output without it");
  app.add_flag("--assemble", assemble, "make an image of text");
  app.add_option("--check", target,
                 "refuse a program that could go wrong on this machine: npu:NAME or FILE.json")
      ->type_name("MACHINE");
  app.add_flag("--instructions", instructions, "describe all instructions, in Markdown")->excludes(from);
  CLI11_PARSE(app, argc, argv);
  if (!instructions && input.empty()) {
    return report("expected an image, or --instructions");
  }
  if (assemble && output.empty()) {
    return report("--assemble: expected -o with the image's name");
  }
  Status status =
      instructions ? writeStandardOutput(npu::describeInstructions()) : run(input, output, target, assemble);
  return status ? 0 : report(status.error().message);
}
