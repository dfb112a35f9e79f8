#include "coopt/Machine/Energy.h"

using namespace coopt::machine;

namespace {

constexpr const char *kHorowitz = "Horowitz, ISSCC 2014";
constexpr const char *kHorowitzAccess = "Horowitz, ISSCC 2014: an access, reads and writes alike";
constexpr const char *kEyeriss = "Timeloop and Accelergy, eyeriss_like";
constexpr const char *kWeightStationary = "Timeloop and Accelergy, simple_weight_stationary";
constexpr const char *kLpddr4 = "Timeloop and Accelergy, LPDDR4 of all example designs";
constexpr int64_t kib = 1024;

const std::vector<EnergyTable> &tables() {
  static const std::vector<EnergyTable> all = {
      {"32nm",
       {{EnergyAction::MultiplyAddI8, 0, 0.207692, kEyeriss},
        {EnergyAction::SramRead64, 128 * kib, 18.183829, kEyeriss},
        {EnergyAction::SramWrite64, 128 * kib, 14.137929, kEyeriss},
        {EnergyAction::Dram64, 0, 512, kLpddr4}}},
      {"45nm",
       {{EnergyAction::MultiplyAddI8, 0, 0.315, kWeightStationary},
        {EnergyAction::AddI32, 0, 0.1, kHorowitz},
        {EnergyAction::MultiplyI32, 0, 3.1, kHorowitz},
        {EnergyAction::AddF32, 0, 0.9, kHorowitz},
        {EnergyAction::MultiplyF32, 0, 3.7, kHorowitz},
        {EnergyAction::SramRead64, 8 * kib, 10, kHorowitzAccess},
        {EnergyAction::SramWrite64, 8 * kib, 10, kHorowitzAccess},
        {EnergyAction::SramRead64, 128 * kib, 32.342452, kWeightStationary},
        {EnergyAction::SramWrite64, 128 * kib, 26.121552, kWeightStationary},
        {EnergyAction::Dram64, 0, 512, kLpddr4}}},
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
  case EnergyAction::SramRead64:
    return "sram_read_64";
  case EnergyAction::SramWrite64:
    return "sram_write_64";
  case EnergyAction::Dram64:
    return "dram_64";
  }
  return "unknown";
}

const EnergyEntry *EnergyTable::find(EnergyAction action, int64_t memoryBytes) const {
  for (const EnergyEntry &entry : entries) {
    if (entry.action == action && entry.memoryBytes == memoryBytes) {
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
