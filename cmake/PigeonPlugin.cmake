# SPDX-License-Identifier: MIT
#
# pigeon_add_plugin(NAME [KIND kind] SOURCES source... [LIBRARIES library...])
#
# A plugin is built the same way here and anywhere else: hidden visibility, one exported symbol, no undefined ones,
# never a lib prefix. Its name says of which kind it is; KIND says so once more, and is compared. Static constructors
# would run wherever the file is mapped: a compiler that can tell of them, which Clang can, is asked to.
#
# pigeon_add_conformance(NAME [LEVEL 1..4] [CONFIG file])
#
# A test that the plugin keeps the promises of the plugin API. CONFIG is the plugin's section of the configuration.

set(PIGEON_PLUGIN_VERSION_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/pigeon-plugin.map")

# What is misspelt would else be left out without a word. REQUIRES: called where arg_ was parsed.
macro(pigeon_check_arguments function name)
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${function}(${name}): not understood: ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}")
  endif()
endmacro()

function(pigeon_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "KIND" "SOURCES;LIBRARIES")
  list(REMOVE_ITEM arg_KEYWORDS_MISSING_VALUES LIBRARIES) # of an empty list, there are none
  pigeon_check_arguments(pigeon_add_plugin ${name})
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "pigeon_add_plugin(${name}): no SOURCES")
  endif()
  set(kind module)
  if(name MATCHES "^(datatree|mda|creator)-.")
    set(kind ${CMAKE_MATCH_1})
  endif()
  if(DEFINED arg_KIND AND NOT arg_KIND STREQUAL kind)
    message(FATAL_ERROR "pigeon_add_plugin(${name}): by its name it is of kind ${kind}, not ${arg_KIND}")
  endif()
  add_library(${name} MODULE ${arg_SOURCES})
  # Either language alone will do: the SDK is C++20, the ABI is C11.
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  foreach(standard IN ITEMS CXX:cxx_std_20 C:c_std_11)
    string(REPLACE ":" ";" standard ${standard})
    list(GET standard 0 language)
    list(GET standard 1 feature)
    if(language IN_LIST languages)
      target_compile_features(${name} PRIVATE ${feature})
    endif()
  endforeach()
  target_link_libraries(${name} PRIVATE pigeon::plugin-api ${arg_LIBRARIES})
  if(TARGET pigeon_options)
    target_link_libraries(${name} PRIVATE pigeon_options)
  endif()
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>
                                         $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wglobal-constructors>)
  target_link_options(${name} PRIVATE -Wl,--version-script=${PIGEON_PLUGIN_VERSION_SCRIPT} -Wl,-z,relro -Wl,-z,now
                      -Wl,--exclude-libs,ALL)
  if(NOT PIGEON_SANITIZE) # a sanitizer's functions come from the program
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
                                           VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${PIGEON_PLUGIN_VERSION_SCRIPT})
  # A host takes nothing that others can write to, whatever the mask of who builds it is.
  add_custom_command(TARGET ${name} POST_BUILD COMMAND chmod go-w $<TARGET_FILE:${name}> VERBATIM)
  if(PIGEON_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${PIGEON_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
endfunction()

function(pigeon_add_conformance name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LEVEL;CONFIG" "")
  pigeon_check_arguments(pigeon_add_conformance ${name})
  if(TARGET pigeon-conformance)
    set(runner $<TARGET_FILE:pigeon-conformance>)
  else()
    find_program(PIGEON_CONFORMANCE pigeon-conformance HINTS ${PIGEON_PROGRAMS} REQUIRED)
    set(runner ${PIGEON_CONFORMANCE})
  endif()
  set(command ${runner} run)
  if(arg_LEVEL)
    list(APPEND command --level ${arg_LEVEL})
  endif()
  if(arg_CONFIG)
    get_filename_component(config ${arg_CONFIG} ABSOLUTE)
    list(APPEND command --config ${config})
  endif()
  add_test(NAME ${name}-conformance COMMAND ${command} $<TARGET_FILE:${name}>)
  set_tests_properties(${name}-conformance PROPERTIES TIMEOUT 900)
endfunction()
