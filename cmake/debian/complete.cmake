# SPDX-License-Identifier: MIT
#
# Run by CPack when all is installed below CPACK_TEMPORARY_DIRECTORY, one directory for each component: adds and moves
# what Debian wants otherwise than `cmake --install` leaves it.
find_program(GZIP gzip REQUIRED)
find_program(STRIP strip REQUIRED)

function(put source target)
  get_filename_component(directory "${target}" DIRECTORY)
  file(MAKE_DIRECTORY "${directory}")
  configure_file("${source}" "${target}" COPYONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()
# -n: no time in it, so that a package of the same files is the same package.
function(compress)
  execute_process(COMMAND ${GZIP} -9nf ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(component ${CPACK_COMPONENTS_ALL})
  set(root "${CPACK_TEMPORARY_DIRECTORY}/${component}")
  set(documents "${root}/usr/share/doc/${component}")
  put("${CPACK_PIGEON_DEBIAN}/copyright" "${documents}/copyright")
  put("${CPACK_PIGEON_DEBIAN}/changelog" "${documents}/changelog.Debian")
  put("${CPACK_PIGEON_SOURCE}/CHANGELOG.md" "${documents}/changelog")
  compress("${documents}/changelog.Debian" "${documents}/changelog")
  if(EXISTS "${CPACK_PIGEON_DEBIAN}/${component}.lintian-overrides")
    put("${CPACK_PIGEON_DEBIAN}/${component}.lintian-overrides" "${root}/usr/share/lintian/overrides/${component}")
  endif()
  file(GLOB pages "${root}/usr/share/man/man*/*")
  if(pages)
    compress(${pages})
  endif()
  # The configuration is a conffile, for dpkg to ask about: an example beside it has no use.
  file(REMOVE "${root}/etc/pigeon/pigeon.json.example")
  # Installed as files, which CPack does not strip. One that is broken on purpose may not let itself be stripped.
  file(GLOB_RECURSE specimens "${root}/usr/lib/pigeon/conformance/*.so")
  foreach(specimen ${specimens})
    execute_process(COMMAND ${STRIP} --strip-unneeded "${specimen}" OUTPUT_QUIET ERROR_QUIET)
  endforeach()
endforeach()
