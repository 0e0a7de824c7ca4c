# SPDX-License-Identifier: MIT
#
# cmake -DSET=abi|sdk|testing -DCOMPILER=file -DAPI=directory -P headers.cmake: fails unless each header of the set
# compiles alone, without a warning, in every language that it is for.
set(warnings -Wall -Wextra -pedantic -Werror)
if(SET STREQUAL "abi")
  set(languages "c:c11" "c++:c++17" "c++:c++20")
  file(GLOB headers ${API}/include/pigeon/abi/*.h)
elseif(SET STREQUAL "sdk")
  set(languages "c++:c++20")
  file(GLOB headers ${API}/include/pigeon/sdk/*.hpp)
else()
  set(languages "c++:c++20")
  file(GLOB headers ${API}/testing/pigeon/testing/*.hpp)
endif()
if(NOT headers)
  message(FATAL_ERROR "no headers of ${SET} in ${API}")
endif()

foreach(header IN LISTS headers)
  foreach(each IN LISTS languages)
    string(REPLACE ":" ";" each ${each})
    list(GET each 0 language)
    list(GET each 1 standard)
    # As a source that includes it: a header that is the source itself may not say "#pragma once". Twice, for the guard.
    execute_process(
      COMMAND ${COMPILER} -x ${language} -std=${standard} ${warnings} -I${API}/include -I${API}/testing -fsyntax-only
              -include ${header} -include ${header} /dev/null
      RESULT_VARIABLE failed
      ERROR_VARIABLE said)
    if(failed)
      message(SEND_ERROR "${header} does not compile alone as ${standard}:\n${said}")
    endif()
  endforeach()
endforeach()
