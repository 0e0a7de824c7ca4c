# SPDX-License-Identifier: MIT
set(CPACK_COMPONENT_LIBPIGEON-PLUGIN-DEV_DESCRIPTION
    "what plugins of PigeonDeliver are written, built and checked with
The headers of the plugin API and of its C++ SDK, fakes for unit tests, a CMake
package and a file for pkg-config; pigeon-new, which makes the directory of a
new plugin; and pigeon-conformance, which checks whether a plugin keeps what
the plugin API promises.")
set(CPACK_DEBIAN_LIBPIGEON-PLUGIN-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBPIGEON-PLUGIN-DEV_PACKAGE_SUGGESTS "cmake, doctest-dev, nlohmann-json3-dev, pigeondeliver")
