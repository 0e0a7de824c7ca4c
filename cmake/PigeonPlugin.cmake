# SPDX-License-Identifier: MIT
#
# pigeon_add_plugin(NAME SOURCES source... [LIBRARIES library...])
#
# A plugin is built the same way here and anywhere else: hidden visibility, one exported symbol, no undefined ones,
# never a lib prefix.

set(PIGEON_PLUGIN_VERSION_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/plugin.map")

function(pigeon_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
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
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE -Wl,--version-script=${PIGEON_PLUGIN_VERSION_SCRIPT} -Wl,-z,relro -Wl,-z,now
                      -Wl,--exclude-libs,ALL)
  if(NOT PIGEON_SANITIZE) # a sanitizer's functions come from the program
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
                                           VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${PIGEON_PLUGIN_VERSION_SCRIPT})
  if(PIGEON_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${PIGEON_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
endfunction()
