# The relay's store when it is large.
if(TARGET sim_storage AND TARGET relay_store)
  add_executable(store_bench ${CMAKE_CURRENT_LIST_DIR}/store_bench.cpp)
  target_link_libraries(store_bench PRIVATE sim_storage relay_store
    fmt::fmt huecry_warnings)
  add_test(NAME bench.store_bench COMMAND store_bench --smoke)
  set_tests_properties(bench.store_bench PROPERTIES LABELS bench TIMEOUT 120)
endif()
