# The programs of client-lib/examples against the real relay, and the shared library as it is.
if(TARGET huecry_shared AND TARGET huecry-relay)
  huecry_test(examples_test LABEL e2e
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/examples_test.cpp LINK test_relay_process)
  target_compile_definitions(examples_test PRIVATE
    HUECRY_MINIMAL_C="$<TARGET_FILE:huecry_minimal_c>"
    HUECRY_MINIMAL_CPP="$<TARGET_FILE:huecry_minimal_cpp>")
  add_dependencies(examples_test huecry_minimal_c huecry_minimal_cpp huecry-relay)

  # The header opens with a program: it is taken out of its comment and compiled.
  find_program(HUECRY_AWK awk)
  if(HUECRY_AWK)
    set(tutorial ${CMAKE_CURRENT_BINARY_DIR}/tutorial.c)
    add_custom_command(OUTPUT ${tutorial}
      COMMAND ${HUECRY_AWK} -f ${CMAKE_CURRENT_LIST_DIR}/tutorial.awk
              ${CMAKE_SOURCE_DIR}/client-lib/include/huecry/huecry.h > ${tutorial}
      DEPENDS ${CMAKE_CURRENT_LIST_DIR}/tutorial.awk
              ${CMAKE_SOURCE_DIR}/client-lib/include/huecry/huecry.h VERBATIM)
    add_executable(huecry_tutorial ${tutorial})
    target_link_libraries(huecry_tutorial PRIVATE huecry_shared)
    target_compile_options(huecry_tutorial PRIVATE -std=c99 -Wall -Wextra -Wpedantic -Werror)
    if(HUECRY_SANITIZE)  # as with huecry_minimal_c
      set_target_properties(huecry_tutorial PROPERTIES LINKER_LANGUAGE CXX)
    endif()
    add_dependencies(examples_test huecry_tutorial)
    target_compile_definitions(examples_test PRIVATE
      HUECRY_TUTORIAL="$<TARGET_FILE:huecry_tutorial>")
  endif()

  huecry_test(c_api_test LABEL e2e
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/c_api_test.cpp ${CMAKE_CURRENT_LIST_DIR}/c_lists_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/c_affairs_test.cpp ${CMAKE_CURRENT_LIST_DIR}/c_api_c.c
    LINK test_relay_process huecry_test_photos huecry_shared)
  target_compile_definitions(c_api_test PRIVATE
    HUECRY_C_TESTS="${CMAKE_CURRENT_LIST_DIR}"
    HUECRY_SHARED_LIBRARY="$<TARGET_FILE:huecry_shared>"
    HUECRY_C_HEADERS="${CMAKE_SOURCE_DIR}/client-lib/include/huecry")
  add_dependencies(c_api_test huecry-relay)
endif()
