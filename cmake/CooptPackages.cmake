# Required packages fail the configuration; optional ones become features, each reported in one line.

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_package(nlohmann_json 3.11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 2 REQUIRED)
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

find_program(COOPT_LIT NAMES lit HINTS "${LLVM_TOOLS_BINARY_DIR}" REQUIRED)
find_program(COOPT_FILECHECK NAMES FileCheck HINTS "${LLVM_TOOLS_BINARY_DIR}" REQUIRED)
if(NOT COOPT_LLD)
  message(FATAL_ERROR "ld.lld-22 not found: install lld-22")
endif()

# Optional
find_program(COOPT_PTXAS NAMES ptxas HINTS /usr/local/cuda/bin)
find_program(COOPT_VERILATOR NAMES verilator)
find_program(COOPT_MPIEXEC NAMES mpiexec)
# Only version 2 of oneDNN has the interface that coopt-bench uses.
find_path(COOPT_DNNL_INCLUDE NAMES dnnl.h)
find_library(COOPT_DNNL NAMES dnnl)
if(COOPT_DNNL)
  set(dnnl_version "")
  if(EXISTS "${COOPT_DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h")
    file(STRINGS "${COOPT_DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h" dnnl_version REGEX "DNNL_VERSION_MAJOR +2$")
  endif()
  if(NOT dnnl_version)
    message(STATUS "oneDNN in ${COOPT_DNNL}: no headers of version 2 beside it, not used")
    set(COOPT_DNNL "COOPT_DNNL-NOTFOUND")
  endif()
endif()
find_path(COOPT_OPENBLAS_INCLUDE NAMES openblas_config.h PATH_SUFFIXES openblas-pthread openblas)
find_library(COOPT_OPENBLAS NAMES openblas PATH_SUFFIXES openblas-pthread)
if(NOT COOPT_OPENBLAS_INCLUDE)
  set(COOPT_OPENBLAS "COOPT_OPENBLAS-NOTFOUND")
endif()

function(coopt_report_optional)
  foreach(entry "CUDA toolkit|COOPT_PTXAS|tests that assemble PTX"
                "Verilator|COOPT_VERILATOR|tests against RTL"
                "MPI|COOPT_MPIEXEC|tests of several processes"
                "oneDNN|COOPT_DNNL|tests of coopt-bench --peers with it"
                "OpenBLAS|COOPT_OPENBLAS|tests of coopt-bench --peers with it")
    string(REPLACE "|" ";" fields "${entry}")
    list(GET fields 0 name)
    list(GET fields 1 variable)
    list(GET fields 2 tests)
    if(${variable})
      message(STATUS "optional: ${name} found (${${variable}}): ${tests} run")
    else()
      message(STATUS "optional: ${name} not found: ${tests} are UNSUPPORTED")
    endif()
  endforeach()
endfunction()
