# huecry_library(NAME SOURCES ... [LINK ...] [PRIVATE_LINK ...] [INCLUDE dir])
# One target per folder. LINK is what its headers need, PRIVATE_LINK what only its sources need.
function(huecry_library name)
  cmake_parse_arguments(A "" "INCLUDE" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_include_directories(${name} PUBLIC ${A_INCLUDE})
  target_link_libraries(${name} PUBLIC ${A_LINK} PRIVATE ${A_PRIVATE_LINK} $<BUILD_INTERFACE:huecry_warnings>)
endfunction()

# One run of CTest takes tests of several builds, and knows them by their names alone.
if(HUECRY_SANITIZE MATCHES "thread")
  set(HUECRY_TEST_SUFFIX .threads)
elseif(HUECRY_SANITIZE)
  set(HUECRY_TEST_SUFFIX .memory)
endif()

# huecry_test(NAME LABEL label SOURCES ... LINK ... [TIMEOUT s]): a doctest program, one CTest test.
function(huecry_test name)
  cmake_parse_arguments(A "" "LABEL;TIMEOUT" "SOURCES;LINK;ARGS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${name} ${CMAKE_SOURCE_DIR}/tests/support/main.cpp ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${A_LINK} doctest::doctest huecry_warnings)
  set(test ${A_LABEL}.${name}${HUECRY_TEST_SUFFIX})
  add_test(NAME ${test} COMMAND ${name} ${A_ARGS})
  set_tests_properties(${test} PROPERTIES LABELS ${A_LABEL} TIMEOUT ${A_TIMEOUT})
endfunction()
