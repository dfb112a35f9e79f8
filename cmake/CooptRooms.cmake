# The rooms of the house and who may lean on whom, as functions. Each makes a static library.
#
#   coopt_base_library(Name sources... [LINK ...] [JSON])      C++17, no LLVM
#   coopt_runtime_library(Name sources... [LINK ...] [JSON])   C++17, no LLVM
#   coopt_dialect(Name sources... [LINK ...])                  MLIR, in dialects/<Name>
#   coopt_compiler_library(Name sources... [LINK ...] [JSON])  MLIR
#   coopt_use_dialects(target Names...)                        links dialects and waits for their generated headers
#   coopt_tool(name sources... [LINK ...] [MLIR])              an executable
#   coopt_unittest(Name sources... [LINK ...] [MLIR])          a gtest executable run by lit
#
# JSON: the sources touch nlohmann/json (or another library that throws), so they are compiled with exceptions
# and must let none escape.

set(COOPT_EXCEPTION_FLAGS -fexceptions)

# One precompiled header a layer, compiled once with the layer's flags and reused by its targets: Base, Runtime, Test here,
# MLIR's below. Sources still include what they use: the build must not need this. `position` is the flag that the layer's
# targets get (executables -fPIE, libraries -fPIC); what follows is linked for its definitions.
function(_coopt_precompile name layer standard position)
  set(header Coopt${layer}Pch)
  if(NOT TARGET ${header})
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/pch/${header}.cpp" CONTENT "")
    add_library(${header} OBJECT EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/pch/${header}.cpp")
    target_compile_features(${header} PUBLIC cxx_std_${standard})
    set_target_properties(${header} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${header} PRIVATE ${position})
    target_link_libraries(${header} PRIVATE ${ARGN})
    target_precompile_headers(${header} PRIVATE "${CMAKE_SOURCE_DIR}/cmake/${layer}Pch.h")
  endif()
  target_precompile_headers(${name} REUSE_FROM ${header})
endfunction()

function(_coopt_library name standard)
  cmake_parse_arguments(ARG "JSON" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_compile_features(${name} PUBLIC cxx_std_${standard})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}/include")
  target_link_libraries(${name} PUBLIC ${ARG_LINK} tl::expected)
  if(ARG_JSON)
    target_link_libraries(${name} PUBLIC nlohmann_json::nlohmann_json)
  endif()
endfunction()

function(coopt_base_library name)
  _coopt_library(${name} 17 ${ARGN})
  _coopt_precompile(${name} Base 17 -fPIC)
endfunction()

function(coopt_runtime_library name)
  _coopt_library(${name} 17 ${ARGN})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}/runtime/include")
  _coopt_precompile(${name} Runtime 17 -fPIC)
endfunction()

# Every MLIR library shares one precompiled header: the usual MLIR headers cost about ten seconds a file without it.
function(_coopt_mlir_settings name)
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
  separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
  target_compile_definitions(${name} PRIVATE ${definitions})
  if(NOT TARGET CooptMlirPch)
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/pch/CooptMlirPch.cpp" CONTENT "")
    add_library(CooptMlirPch OBJECT "${CMAKE_BINARY_DIR}/pch/CooptMlirPch.cpp")
    target_compile_features(CooptMlirPch PUBLIC cxx_std_20)
    target_include_directories(CooptMlirPch SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
    target_compile_definitions(CooptMlirPch PRIVATE ${definitions})
    if(CMAKE_BUILD_TYPE STREQUAL "Debug")
      target_precompile_headers(CooptMlirPch PRIVATE "${CMAKE_SOURCE_DIR}/cmake/LlvmStatistic.h")
    endif()
    target_precompile_headers(CooptMlirPch PRIVATE "${CMAKE_SOURCE_DIR}/cmake/MlirPch.h")
  endif()
  target_precompile_headers(${name} REUSE_FROM CooptMlirPch)
  get_target_property(type ${name} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # CMake compiles executables as PIE, which cannot use a precompiled header made for PIC.
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIC)
    # clang-22 searches LLVM's folder by itself, so CMake leaves it out of the run path; the loader needs it.
    target_link_options(${name} PRIVATE "-Wl,-rpath,${LLVM_LIBRARY_DIR}")
    if(COOPT_SANITIZE)
      if(NOT TARGET CooptAsanDefaults)
        add_library(CooptAsanDefaults OBJECT "${CMAKE_SOURCE_DIR}/cmake/AsanDefaults.c")
      endif()
      target_sources(${name} PRIVATE $<TARGET_OBJECTS:CooptAsanDefaults>)
    endif()
  endif()
endfunction()

function(coopt_compiler_library name)
  _coopt_library(${name} 20 ${ARGN})
  _coopt_mlir_settings(${name})
  target_link_libraries(${name} PUBLIC MLIR LLVM)
endfunction()

# TableGen for dialects/<Name>/IR/<Name>{Dialect,Attrs,Types,Ops}.td, whichever exist; the generated files lie in
# build/dialects/<Name>/IR and are included as "dialects/<Name>/IR/<Name>Ops.h.inc".
function(coopt_dialect name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  string(TOLOWER "${name}" mnemonic)
  set(ir "${CMAKE_CURRENT_SOURCE_DIR}/IR")
  set(LLVM_TARGET_DEFINITIONS "")
  set(generated "")
  list(TRANSFORM MLIR_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE include_flags)
  macro(_tblgen source inc)
    set(LLVM_TARGET_DEFINITIONS "${ir}/${source}")
    file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/IR")
    mlir_tablegen("IR/${inc}" ${ARGN} "-I${CMAKE_SOURCE_DIR}" ${include_flags})
    list(APPEND generated "${CMAKE_CURRENT_BINARY_DIR}/IR/${inc}")
  endmacro()
  _tblgen(${name}Ops.td ${name}Dialect.h.inc -gen-dialect-decls -dialect=${mnemonic})
  _tblgen(${name}Ops.td ${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${mnemonic})
  _tblgen(${name}Ops.td ${name}Ops.h.inc -gen-op-decls)
  _tblgen(${name}Ops.td ${name}Ops.cpp.inc -gen-op-defs)
  if(EXISTS "${ir}/${name}Attrs.td")
    _tblgen(${name}Attrs.td ${name}Enums.h.inc -gen-enum-decls)
    _tblgen(${name}Attrs.td ${name}Enums.cpp.inc -gen-enum-defs)
    _tblgen(${name}Attrs.td ${name}Attrs.h.inc -gen-attrdef-decls -attrdefs-dialect=${mnemonic})
    _tblgen(${name}Attrs.td ${name}Attrs.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${mnemonic})
  endif()
  if(EXISTS "${ir}/${name}Types.td")
    _tblgen(${name}Types.td ${name}Types.h.inc -gen-typedef-decls -typedefs-dialect=${mnemonic})
    _tblgen(${name}Types.td ${name}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${mnemonic})
  endif()
  add_custom_target(Coopt${name}IncGen DEPENDS ${generated})
  _coopt_library(Coopt${name} 20 ${ARG_UNPARSED_ARGUMENTS} LINK ${ARG_LINK})
  _coopt_mlir_settings(Coopt${name})
  target_link_libraries(Coopt${name} PUBLIC MLIR LLVM)
  add_dependencies(Coopt${name} Coopt${name}IncGen)
  # Whoever includes this dialect's headers needs its generated files first.
  set_property(GLOBAL APPEND PROPERTY COOPT_DIALECT_INCGEN Coopt${name}IncGen)
  set_property(GLOBAL APPEND PROPERTY COOPT_DIALECT_NAMES ${name})
endfunction()

# Links a library to dialects and makes it wait for their generated headers.
function(coopt_use_dialects target)
  foreach(dialect ${ARGN})
    target_link_libraries(${target} PUBLIC Coopt${dialect})
    add_dependencies(${target} Coopt${dialect}IncGen)
  endforeach()
endfunction()

function(coopt_tool name)
  cmake_parse_arguments(ARG "MLIR" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/include")
  if(ARG_MLIR)
    _coopt_mlir_settings(${name})
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
endfunction()

# Unit tests are gtest programs in <build>/test/Unit/<Name>; lit finds and runs them.
function(coopt_unittest name)
  cmake_parse_arguments(ARG "MLIR" "" "LINK" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${ARG_UNPARSED_ARGUMENTS})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/test/Support")
  if(ARG_MLIR)
    _coopt_mlir_settings(${name})
    target_link_libraries(${name} PRIVATE MLIR LLVM)
    # libc++abi's cxxabi.h may lie beside LLVM's headers and contradicts libstdc++'s: keep gtest from including it.
    target_compile_definitions(${name} PRIVATE GTEST_HAS_CXXABI_H_=0)
  else()
    _coopt_precompile(${name} Test 20 -fPIE GTest::gtest)
  endif()
  target_compile_definitions(${name} PRIVATE
    COOPT_TEST_DATA="${COOPT_TEST_DATA}" COOPT_TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}/test")
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main Threads::Threads)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test/Unit")
  set_property(GLOBAL APPEND PROPERTY COOPT_UNITTESTS ${name})
endfunction()
