# The main job's figures: huecry send to the last of thirty.
if(TARGET test_town)
  add_executable(town_bench ${CMAKE_CURRENT_LIST_DIR}/town_bench.cpp)
  target_link_libraries(town_bench PRIVATE test_town huecry_warnings)
  add_test(NAME bench.town_bench COMMAND town_bench)
  set_tests_properties(bench.town_bench PROPERTIES LABELS bench TIMEOUT 600)
endif()
