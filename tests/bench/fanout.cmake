# The relay beside mosquitto: fan-out, latency, catch-up, idle connections, ingest.
if(TARGET test_relay_process)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/fanout/*.cpp)
  add_executable(fanout_bench ${sources})
  target_link_libraries(fanout_bench PRIVATE test_relay_process huecry_directory huecry_wire
    huecry_frames huecry_boost OpenSSL::SSL huecry_warnings)
  add_test(NAME bench.fanout_bench COMMAND fanout_bench --smoke)
  set_tests_properties(bench.fanout_bench PROPERTIES LABELS bench TIMEOUT 120 RUN_SERIAL ON)
endif()
