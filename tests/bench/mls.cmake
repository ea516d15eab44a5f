add_executable(mls_bench ${CMAKE_CURRENT_LIST_DIR}/mls_bench.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_meter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_rows.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_verdicts.cpp
  ${CMAKE_SOURCE_DIR}/tests/unit/mls_support.cpp)
target_include_directories(mls_bench PRIVATE ${CMAKE_SOURCE_DIR}/tests)
# ts-mls, where the interoperability tests install it.
target_compile_definitions(mls_bench PRIVATE
  HUECRY_BENCH_PEER="sh '${CMAKE_CURRENT_LIST_DIR}/mls_peer.sh' '${CMAKE_BINARY_DIR}/tests/interop/work'")
target_link_libraries(mls_bench PRIVATE huecry_mls PkgConfig::sodium huecry_warnings)
add_test(NAME bench.mls_bench COMMAND mls_bench)
set_tests_properties(bench.mls_bench PROPERTIES LABELS bench TIMEOUT 900 RUN_SERIAL ON)
