# SPDX-License-Identifier: MIT
target_link_options(${target} PRIVATE -Wl,-z,execstack)
