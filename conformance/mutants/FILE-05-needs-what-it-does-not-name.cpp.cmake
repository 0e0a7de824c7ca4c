# SPDX-License-Identifier: MIT
# Without -z defs, so that it can be linked.
set_property(TARGET ${target} PROPERTY LINK_OPTIONS -Wl,--version-script=${PIGEON_PLUGIN_VERSION_SCRIPT} -Wl,-z,relro
                                                    -Wl,-z,now)
