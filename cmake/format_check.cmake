# SPDX-License-Identifier: MIT
#
# cmake -DCLANG_FORMAT=program -P format_check.cmake -- file...: fails unless each file is as clang-format writes it.
# Compared by content, because --dry-run of version 14 complains of "namespace a::inline b" whatever stands there.
set(is_file FALSE)
set(wrong "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE ${last})
  set(argument "${CMAKE_ARGV${index}}")
  if(is_file)
    execute_process(COMMAND ${CLANG_FORMAT} ${argument} OUTPUT_FILE formatted.tmp COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files formatted.tmp ${argument} RESULT_VARIABLE differs
                    ERROR_QUIET)
    if(differs)
      list(APPEND wrong ${argument})
    endif()
  elseif(argument STREQUAL "--")
    set(is_file TRUE)
  endif()
endforeach()
file(REMOVE formatted.tmp)
if(wrong)
  list(JOIN wrong "\n" wrong)
  message(FATAL_ERROR "not as clang-format writes them; build the target format:\n${wrong}")
endif()
