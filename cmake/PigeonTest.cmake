# SPDX-License-Identifier: MIT
#
# pigeon_add_unit_tests(NAME DIRECTORY directory [LIBRARIES library...] [SOURCES source...] [THREADS]
#                       [ONLY file...] [EXCEPT file...])
#
# Every *_test.cpp of the directory, found by glob, in one program; ctest lists each test case by its sentence. SOURCES
# are further sources that the tests need, such as those of the plugin that they test. With THREADS, they also run in
# the preset that finds data races; ONLY and EXCEPT tell such files of a directory from the others.

function(pigeon_add_unit_tests name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "THREADS" "DIRECTORY" "LIBRARIES;SOURCES;ONLY;EXCEPT")
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
  add_executable(${name} ${sources} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/doctest_main.cpp)
  target_link_libraries(${name} PRIVATE pigeon_options ${arg_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
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
endif()
