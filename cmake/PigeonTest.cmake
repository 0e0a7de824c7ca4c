# SPDX-License-Identifier: MIT
#
# pigeon_add_unit_tests(NAME DIRECTORY directory [PLUGIN plugin] [LIBRARIES library...] [SOURCES source...] [THREADS]
#                       [ONLY file...] [EXCEPT file...])
#
# Every *_test.cpp of the directory, found by glob, in one program; ctest lists each test case by its sentence. PLUGIN is
# the one that they test: what it is made of, as it was compiled, is in the program. SOURCES are further sources that
# the tests need. With THREADS, they also run in the preset that finds data races; ONLY and EXCEPT tell such files of a
# directory from the others.

option(PIGEON_UNIT_TESTS "Build the unit tests with everything else" ON)
function(pigeon_add_unit_tests name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "THREADS" "DIRECTORY;PLUGIN" "LIBRARIES;SOURCES;ONLY;EXCEPT")
  file(GLOB sources CONFIGURE_DEPENDS ${arg_DIRECTORY}/*_test.cpp)
  if(arg_ONLY)
    list(TRANSFORM arg_ONLY PREPEND ${arg_DIRECTORY}/ OUTPUT_VARIABLE sources)
  endif()
  foreach(file ${arg_EXCEPT})
    list(REMOVE_ITEM sources ${arg_DIRECTORY}/${file})
  endforeach()
  if(NOT sources)
    message(FATAL_ERROR "no *_test.cpp in ${arg_DIRECTORY}")
  endif()
  add_executable(${name} ${sources} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE pigeon_options pigeon_doctest_main ${arg_LIBRARIES})
  if(arg_PLUGIN)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:${arg_PLUGIN}>)
  endif()
  # A test runs once for each time that it is compiled.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  if(NOT PIGEON_UNIT_TESTS)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  # One word: doctest_discover_tests takes no list. Presets look for a part of it.
  set(label unit)
  if(arg_THREADS)
    set(label unit-thread)
  endif()
  doctest_discover_tests(${name} TEST_PREFIX "${name}: " PROPERTIES LABELS ${label} TIMEOUT 120)
endfunction()

if(BUILD_TESTING)
  find_package(doctest REQUIRED)
  include("${doctest_DIR}/doctest.cmake")
  add_library(pigeon_doctest_main OBJECT ${PROJECT_SOURCE_DIR}/tests/doctest_main.cpp)
  target_link_libraries(pigeon_doctest_main PRIVATE pigeon_options)
endif()
