# SPDX-License-Identifier: MIT
add_library(${target}-other SHARED ${source})
target_link_libraries(${target}-other PRIVATE pigeon::plugin-api pigeon_options)
target_include_directories(${target}-other PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/good)
target_compile_definitions(${target}-other PRIVATE PIGEON_SPECIMEN_NAME="mda-other")
set_target_properties(${target}-other PROPERTIES PREFIX "" OUTPUT_NAME mda-other)
target_link_libraries(${target} PRIVATE ${target}-other)
target_link_options(${target} PRIVATE -Wl,--no-as-needed)
