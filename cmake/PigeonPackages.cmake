# SPDX-License-Identifier: MIT
#
# Debian packages, one for each component that is installed and described in cmake/debian:
#
#   cmake --preset release && cmake --build --preset release && cpack --preset release
#
# A directory says by CMAKE_INSTALL_DEFAULT_COMPONENT_NAME which package its files go into. A new package is a component
# of its name and cmake/debian/NAME.cmake; where the component is not installed, because a plugin was not built for want
# of a library, there is no package.
set(debian "${PROJECT_SOURCE_DIR}/cmake/debian")
get_cmake_property(components COMPONENTS)
set(CPACK_COMPONENTS_ALL)
foreach(component ${components})
  if(EXISTS "${debian}/${component}.cmake")
    list(APPEND CPACK_COMPONENTS_ALL ${component})
    string(TOUPPER ${component} upper)
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${component})
    include("${debian}/${component}.cmake")
  elseif(NOT component STREQUAL "examples")
    message(FATAL_ERROR "the component ${component} has no description in cmake/debian")
  endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGE_NAME pigeondeliver)
set(CPACK_PACKAGE_VENDOR PigeonDeliver)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own, as the first line of its description
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "PigeonDeliver developers <developers@pigeondeliver.example>")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# What Debian wants beside what is installed: see there.
set(CPACK_PIGEON_DEBIAN "${debian}")
set(CPACK_PIGEON_SOURCE "${PROJECT_SOURCE_DIR}")
set(CPACK_PRE_BUILD_SCRIPTS "${debian}/complete.cmake")
include(CPack)
