# SPDX-License-Identifier: MIT
# With a script of its own in place of the one that hides all but the descriptor.
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/exports-a-constant.map
     CONTENT "{ global: pigeon_plugin_v0; kShownToAll; local: *; };\n")
set_property(TARGET ${target} PROPERTY LINK_OPTIONS -Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/exports-a-constant.map
                                       -Wl,-z,relro -Wl,-z,now)
