#include "Nominal.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <unistd.h>

using namespace coopt;
using namespace coopt::machine;

namespace {

/// The first line of a small file, or "".
std::string firstLine(const std::string &path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// "32K", "1M", "512": bytes; 0 if it is none of these.
int64_t parseBytes(const std::string &text) {
  char *end = nullptr;
  long long value = std::strtoll(text.c_str(), &end, 10);
  int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
  return value > 0 && value < (int64_t(1) << 32) ? static_cast<int64_t>(value) << shift : 0;
}

/// "0-3,8-11": 8.
int64_t countList(const std::string &text) {
  int64_t count = 0;
  const char *at = text.c_str();
  while (*at >= '0' && *at <= '9') {
    char *end = nullptr;
    long first = std::strtol(at, &end, 10), last = first;
    if (*end == '-') {
      last = std::strtol(end + 1, &end, 10);
    }
    count += std::max(0L, std::min(last - first + 1, 65536L));
    at = *end == ',' ? end + 1 : end;
  }
  return count;
}

int64_t usableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
    return CPU_COUNT(&set);
  }
  return std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
}

double clockMegahertz() {
  double kilohertz = std::atof(firstLine("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").c_str());
  if (kilohertz > 0) {
    return kilohertz / 1000;
  }
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    size_t colon = line.find(':');
    if (line.rfind("cpu MHz", 0) == 0 && colon != std::string::npos) {
      return std::atof(line.c_str() + colon + 1);
    }
  }
  return 0;
}

bool runs(InstructionSet set) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  switch (set) {
  case InstructionSet::Generic:
    return true;
  case InstructionSet::Avx2:
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  case InstructionSet::Avx512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  case InstructionSet::Amx:
    return runs(InstructionSet::Avx512) && __builtin_cpu_supports("amx-tile") &&
           __builtin_cpu_supports("amx-int8") && __builtin_cpu_supports("amx-bf16") &&
           __builtin_cpu_supports("avx512bf16");
  }
  return false;
#else
  return set == InstructionSet::Generic;
#endif
}

/// Data and unified caches of cpu0, nearest first; bandwidths as in the presets.
std::vector<Cache> readCaches(int64_t cores, const std::vector<Cache> &nominal) {
  std::vector<Cache> caches;
  auto add = [&](int64_t bytes, int64_t line, int64_t shared) {
    const double bandwidth = nominal[std::min(caches.size(), nominal.size() - 1)].gbytesPerSecondPerCore;
    if (bytes > 0 && line > 0) {
      caches.push_back({bytes, line, std::clamp<int64_t>(shared, 1, cores), bandwidth});
    }
  };
  for (int level = 1; level <= 4; ++level) {
    for (int index = 0; index < 16; ++index) {
      const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
      const std::string type = firstLine(folder + "type");
      if (firstLine(folder + "level") == std::to_string(level) && (type == "Data" || type == "Unified")) {
        add(parseBytes(firstLine(folder + "size")), parseBytes(firstLine(folder + "coherency_line_size")),
            countList(firstLine(folder + "shared_cpu_list")));
        break;
      }
    }
  }
  if (caches.empty()) {
    add(sysconf(_SC_LEVEL1_DCACHE_SIZE), sysconf(_SC_LEVEL1_DCACHE_LINESIZE), 1);
    add(sysconf(_SC_LEVEL2_CACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_LINESIZE), 1);
    add(sysconf(_SC_LEVEL3_CACHE_SIZE), sysconf(_SC_LEVEL3_CACHE_LINESIZE), cores);
  }
  return caches;
}

} // namespace

Machine machine::hostMachine() {
  Machine machine;
  machine.name = "host";
  machine.source = "cpuid, sysfs and sysconf; throughputs nominal, bandwidths and overheads of the presets";
  const CpuMachine nominal = nominalCpu(InstructionSet::Amx);
  CpuMachine cpu = nominal;
  cpu.cores = std::min<int64_t>(usableCores(), 65536);
  if (double clock = clockMegahertz(); clock > 0) {
    cpu.clockMegahertz = clock;
  }
  cpu.variants.clear();
  for (InstructionSet set : allInstructionSets()) {
    if (runs(set)) {
      cpu.variants.push_back(nominalVariant(set, cpu.clockMegahertz));
    }
  }
  const int64_t pages = sysconf(_SC_PHYS_PAGES), pageBytes = sysconf(_SC_PAGESIZE);
  if (pages > 0 && pageBytes > 0) {
    cpu.memory.bytes = pages * pageBytes;
  }
  // Virtual machines report odd caches now and then: what would not be valid is replaced by the presets'
  // caches.
  cpu.caches = readCaches(cpu.cores, nominal.caches);
  machine.description = cpu;
  if (!validate(machine)) {
    cpu.caches = nominal.caches;
    for (Cache &cache : cpu.caches) {
      cache.sharedByCores = std::min(cache.sharedByCores, cpu.cores);
    }
    machine.description = cpu;
  }
  return machine;
}
