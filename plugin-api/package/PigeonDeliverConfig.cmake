# SPDX-License-Identifier: MIT
# find_package(PigeonDeliver): the targets pigeon::plugin-api and pigeon::plugin-testing, and pigeon_add_plugin() and
# pigeon_add_conformance().
get_filename_component(PIGEON_PROGRAMS "${CMAKE_CURRENT_LIST_DIR}/../../../bin" ABSOLUTE)
include("${CMAKE_CURRENT_LIST_DIR}/PigeonDeliverTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/PigeonPlugin.cmake")
