// RUN: not coopt-opt %s --coopt-verify-schedules=machine=cpu:unknown 2>&1 | FileCheck %s --check-prefix=PRESET
// RUN: not coopt-opt %s --coopt-verify-schedules=machine=%t.missing.json 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: coopt-opt %s --coopt-verify-schedules=machine=cpu:avx512

// PRESET: error: {{.*}}unknown
// FILE: error: {{.*}}missing.json
module {}
