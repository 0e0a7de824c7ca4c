# SPDX-License-Identifier: MIT
#
# How everything in this tree is compiled. The target `pigeon_options` carries it; plugins built elsewhere do not see it.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

# The same layout in the build as where it is installed: a program finds its plugins at ../lib/pigeon/plugins.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(PIGEON_PLUGIN_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib/pigeon/plugins")

include(CMakeDependentOption)
set(PIGEON_SANITIZE "" CACHE STRING "What to give to -fsanitize=")
# A process is started for every message, and each shared object that it needs costs a tenth of a millisecond or more:
# see docs/decisions/0010-programs-carry-their-libraries.md.
cmake_dependent_option(PIGEON_CARRY_LIBRARIES "Link libstdc++, libsodium and SQLite into what needs them" ON
                       "NOT PIGEON_SANITIZE" OFF)
option(PIGEON_FUZZ "Build the fuzzers; needs clang" OFF)
option(PIGEON_CLANG_TIDY "Run clang-tidy on every file that is compiled" OFF)

add_library(pigeon_options INTERFACE)
target_compile_options(
  pigeon_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Werror
            -Wconversion
            -Wsign-conversion
            -Wcast-align
            -Wformat=2
            -Wno-missing-field-initializers # designated initializers name what they mean
            $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
            $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
            -fstack-protector-strong
            -ffunction-sections
            -fdata-sections)
# Constants may share the pages of the code: of the time that a delivery by pipe takes, much is the mapping of files, and
# so there are two mappings fewer for each.
target_link_options(pigeon_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noseparate-code -Wl,--as-needed
                    -Wl,--gc-sections)
if(PIGEON_CARRY_LIBRARIES)
  # Not where a library that is not carried throws: it and we must mean the same by an exception.
  target_link_options(pigeon_options INTERFACE
                      $<$<NOT:$<BOOL:$<TARGET_PROPERTY:PIGEON_SHARES_RUNTIME>>>:-static-libstdc++;-static-libgcc>)
endif()
if(PIGEON_SANITIZE)
  target_compile_options(pigeon_options INTERFACE -fsanitize=${PIGEON_SANITIZE} -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer)
  target_link_options(pigeon_options INTERFACE -fsanitize=${PIGEON_SANITIZE})
else()
  target_compile_definitions(pigeon_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()

if(PIGEON_FUZZ)
  target_compile_options(pigeon_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(PIGEON_CLANG_TIDY)
  find_program(PIGEON_CLANG_TIDY_PROGRAM clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY "${PIGEON_CLANG_TIDY_PROGRAM};--quiet;--warnings-as-errors=*")
endif()

# Every source of ours, as git would list it: for the format targets.
file(GLOB_RECURSE PIGEON_SOURCES CONFIGURE_DEPENDS LIST_DIRECTORIES false
     ${PROJECT_SOURCE_DIR}/plugin-api/*.[ch] ${PROJECT_SOURCE_DIR}/plugin-api/*.[ch]pp
     ${PROJECT_SOURCE_DIR}/host/*.[ch]pp ${PROJECT_SOURCE_DIR}/conformance/*.[ch]pp
     ${PROJECT_SOURCE_DIR}/plugins/*.[ch]pp
     ${PROJECT_SOURCE_DIR}/tests/*.[ch] ${PROJECT_SOURCE_DIR}/tests/*.[ch]pp
     ${PROJECT_SOURCE_DIR}/man/*.[ch]pp
     ${PROJECT_SOURCE_DIR}/bench/*.[ch] ${PROJECT_SOURCE_DIR}/bench/*.[ch]pp)
find_program(PIGEON_CLANG_FORMAT_PROGRAM clang-format)
if(PIGEON_CLANG_FORMAT_PROGRAM)
  add_custom_target(format COMMAND ${PIGEON_CLANG_FORMAT_PROGRAM} -i ${PIGEON_SOURCES} VERBATIM)
  add_custom_target(
    format-check COMMAND ${CMAKE_COMMAND} -DCLANG_FORMAT=${PIGEON_CLANG_FORMAT_PROGRAM} -P
                         ${PROJECT_SOURCE_DIR}/cmake/format_check.cmake -- ${PIGEON_SOURCES} VERBATIM)
endif()

# Boost 1.81 from the system, or unpacked below .deps/ where an older one occupies the system's place.
find_path(PIGEON_BOOST_INCLUDE_DIR boost/json/src.hpp
          HINTS ${PROJECT_SOURCE_DIR}/.deps/boost/usr/include
          REQUIRED)
add_library(pigeon_boost INTERFACE)
target_include_directories(pigeon_boost SYSTEM INTERFACE ${PIGEON_BOOST_INCLUDE_DIR})
cmake_path(IS_PREFIX PROJECT_SOURCE_DIR "${PIGEON_BOOST_INCLUDE_DIR}" is_unpacked_here)
if(is_unpacked_here)
  # Its messages name its files: not where this checkout is.
  target_compile_options(pigeon_boost INTERFACE "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
endif()
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET GLOBAL libsodium)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET GLOBAL libidn2) # its header; the library is loaded when it is needed
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET GLOBAL sqlite3)
find_package(Threads REQUIRED)

# pigeon_carry(TARGET PREFIX archive...): a target that links the archives of a library that pkg-config found as PREFIX,
# or the library itself where PIGEON_CARRY_LIBRARIES is off.
function(pigeon_carry target prefix)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${${prefix}_INCLUDE_DIRS})
  if(PIGEON_CARRY_LIBRARIES)
    target_link_libraries(${target} INTERFACE ${ARGN})
  else()
    target_link_libraries(${target} INTERFACE PkgConfig::${prefix})
  endif()
endfunction()
pigeon_carry(pigeon_sodium SODIUM -l:libsodium.a)
pigeon_carry(pigeon_sqlite SQLITE -l:libsqlite3.a)
