
# Unit tests of what is built, and the promises of the plugin API.
include(CTest)
if(BUILD_TESTING)
  find_package(doctest REQUIRED)
  add_executable(@NAME@-tests plugin_test.cpp)
  target_link_libraries(@NAME@-tests PRIVATE pigeon::plugin-testing doctest::doctest ${CMAKE_DL_LIBS})
  target_compile_definitions(@NAME@-tests PRIVATE DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN PLUGIN="$<TARGET_FILE:@NAME@>")
  add_test(NAME unit COMMAND @NAME@-tests)
  pigeon_add_conformance(@NAME@)
endif()
