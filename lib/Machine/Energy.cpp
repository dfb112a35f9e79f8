#include "coopt/Machine/Energy.h"

using namespace coopt::machine;

namespace {

constexpr const char *kHorowitz = "Horowitz, ISSCC 2014";
constexpr const char *kHorowitzAccess = "Horowitz, ISSCC 2014: an access, reads and writes alike";
constexpr const char *kEyeriss = "Timeloop and Accelergy, eyeriss_like";
constexpr const char *kSimple =
    "Timeloop and Accelergy, simple_weight_stationary and simple_output_stationary";
constexpr const char *kSimba = "Timeloop and Accelergy, simba_like";
constexpr const char *kLpddr4 = "Timeloop and Accelergy, LPDDR4 of all example designs";
constexpr int64_t kib = 1024;

const std::vector<EnergyTable> &tables() {
  static const std::vector<EnergyTable> all = {
      {"32nm",
       {{EnergyAction::MultiplyAddI8, 0, 0, 0.207692, kEyeriss},
        {EnergyAction::SramRead, 128 * kib, 64, 18.183829, kEyeriss},
        {EnergyAction::SramWrite, 128 * kib, 64, 14.137929, kEyeriss},
        {EnergyAction::SramLeak, 128 * kib, 64, 0.005652, kEyeriss},
        {EnergyAction::RegisterFileRead, 384, 16, 1.976602, kEyeriss},
        {EnergyAction::RegisterFileWrite, 384, 16, 1.881657, kEyeriss},
        {EnergyAction::RegisterFileLeak, 384, 16, 0.001592, kEyeriss},
        {EnergyAction::RegisterFileRead, 32, 16, 0.2513, kEyeriss},
        {EnergyAction::RegisterFileWrite, 32, 16, 0.2191, kEyeriss},
        {EnergyAction::RegisterFileLeak, 32, 16, 0.000134, kEyeriss},
        {EnergyAction::RegisterFileRead, 24, 16, 0.202442, kEyeriss},
        {EnergyAction::RegisterFileWrite, 24, 16, 0.176713, kEyeriss},
        {EnergyAction::RegisterFileLeak, 24, 16, 0.000101, kEyeriss},
        {EnergyAction::Dram, 0, 64, 512, kLpddr4}}},
      {"45nm",
       {{EnergyAction::MultiplyAddI8, 0, 0, 0.315, kSimple},
        {EnergyAction::AddI32, 0, 0, 0.1, kHorowitz},
        {EnergyAction::MultiplyI32, 0, 0, 3.1, kHorowitz},
        {EnergyAction::AddF32, 0, 0, 0.9, kHorowitz},
        {EnergyAction::MultiplyF32, 0, 0, 3.7, kHorowitz},
        {EnergyAction::SramRead, 8 * kib, 64, 10, kHorowitzAccess},
        {EnergyAction::SramWrite, 8 * kib, 64, 10, kHorowitzAccess},
        {EnergyAction::SramRead, 128 * kib, 64, 32.377775, kSimple},
        {EnergyAction::SramWrite, 128 * kib, 64, 26.156875, kSimple},
        {EnergyAction::SramLeak, 128 * kib, 64, 0.005353, kSimple},
        {EnergyAction::SramRead, 384, 16, 0.680237, kSimple},
        {EnergyAction::SramWrite, 384, 16, 1.582678, kSimple},
        {EnergyAction::SramLeak, 384, 16, 0.001165, kSimple},
        {EnergyAction::SramRead, 64 * kib, 256, 51.870888, kSimba},
        {EnergyAction::SramWrite, 64 * kib, 256, 66.310888, kSimba},
        {EnergyAction::SramLeak, 64 * kib, 256, 0.003241, kSimba},
        {EnergyAction::RegisterFileRead, 64 * kib, 64, 242.079552, kSimba},
        {EnergyAction::RegisterFileWrite, 64 * kib, 64, 241.503552, kSimba},
        {EnergyAction::RegisterFileLeak, 64 * kib, 64, 0.207488, kSimba},
        {EnergyAction::RegisterFileRead, 32 * kib, 64, 121.36387, kSimba},
        {EnergyAction::RegisterFileWrite, 32 * kib, 64, 120.78787, kSimba},
        {EnergyAction::RegisterFileLeak, 32 * kib, 64, 0.104535, kSimba},
        {EnergyAction::RegisterFileRead, 384, 24, 3.091057, kSimba},
        {EnergyAction::RegisterFileWrite, 384, 24, 2.875058, kSimba},
        {EnergyAction::RegisterFileLeak, 384, 24, 0.003416, kSimba},
        {EnergyAction::RegisterFileRead, 64, 512, 0.259899, kSimba},
        {EnergyAction::RegisterFileWrite, 64, 512, 0.080139, kSimba},
        {EnergyAction::RegisterFileLeak, 64, 512, 0.000169, kSimba},
        {EnergyAction::RegisterRead, 2, 16, 0.144, kSimple},
        {EnergyAction::RegisterWrite, 2, 16, 0, kSimple},
        {EnergyAction::Dram, 0, 64, 512, kLpddr4}}},
  };
  return all;
}

} // namespace

const char *coopt::machine::name(EnergyAction action) {
  switch (action) {
  case EnergyAction::MultiplyAddI8:
    return "multiply_add_i8";
  case EnergyAction::AddI32:
    return "add_i32";
  case EnergyAction::MultiplyI32:
    return "multiply_i32";
  case EnergyAction::AddF32:
    return "add_f32";
  case EnergyAction::MultiplyF32:
    return "multiply_f32";
  case EnergyAction::SramRead:
    return "sram_read";
  case EnergyAction::SramWrite:
    return "sram_write";
  case EnergyAction::SramLeak:
    return "sram_leak";
  case EnergyAction::RegisterFileRead:
    return "register_file_read";
  case EnergyAction::RegisterFileWrite:
    return "register_file_write";
  case EnergyAction::RegisterFileLeak:
    return "register_file_leak";
  case EnergyAction::RegisterRead:
    return "register_read";
  case EnergyAction::RegisterWrite:
    return "register_write";
  case EnergyAction::Dram:
    return "dram";
  }
  return "unknown";
}

const EnergyEntry *EnergyTable::find(EnergyAction action, int64_t memoryBytes, int64_t widthBits) const {
  for (const EnergyEntry &entry : entries) {
    if (entry.action == action && entry.memoryBytes == memoryBytes && entry.widthBits == widthBits) {
      return &entry;
    }
  }
  return nullptr;
}

const std::vector<std::string> &coopt::machine::energyTableNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const EnergyTable &table : tables()) {
      list.push_back(table.name);
    }
    return list;
  }();
  return names;
}

const EnergyTable *coopt::machine::findEnergyTable(std::string_view name) {
  for (const EnergyTable &table : tables()) {
    if (name == table.name) {
      return &table;
    }
  }
  return nullptr;
}
