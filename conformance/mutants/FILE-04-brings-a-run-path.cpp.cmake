# SPDX-License-Identifier: MIT
target_link_options(${target} PRIVATE -Wl,-rpath,/opt/lib)
