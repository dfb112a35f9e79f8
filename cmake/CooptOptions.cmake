# How everything is compiled: language level, warnings, sanitizers, linker, compiler cache.

option(COOPT_SANITIZE "AddressSanitizer and UBSan for coopt's own code" OFF)
set(COOPT_TEST_DATA "${CMAKE_SOURCE_DIR}/../shared" CACHE PATH
    "Folder with optional real models and data (models/, data/); tests that need it are UNSUPPORTED without it")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# A debug build is for assertions and sanitizers; full debug information would triple its link times.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

add_compile_options(-Wall -Wextra -Wno-unused-parameter -Werror=return-type)
# Values are specified operation by operation (see Numerics): nothing may be contracted into fused multiply-adds.
add_compile_options(-ffp-contract=off)

if(COOPT_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

# Coverage for libFuzzer. Its callbacks come with the sanitizers' runtime, so the debug preset is needed.
option(COOPT_FUZZ "libFuzzer programs in test/Fuzz" OFF)
if(COOPT_FUZZ)
  if(NOT COOPT_SANITIZE)
    message(FATAL_ERROR "COOPT_FUZZ needs COOPT_SANITIZE=ON: use the debug preset")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(COOPT_LLD NAMES ld.lld-22)
if(COOPT_LLD)
  add_link_options("--ld-path=${COOPT_LLD}")
endif()

find_program(COOPT_CCACHE NAMES ccache)
if(COOPT_CCACHE)
  # The sloppiness is what makes ccache work with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${COOPT_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${COOPT_CCACHE})
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
