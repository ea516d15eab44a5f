add_executable(mls_bench ${CMAKE_CURRENT_LIST_DIR}/mls_bench.cpp ${CMAKE_SOURCE_DIR}/tests/unit/mls_support.cpp)
target_include_directories(mls_bench PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(mls_bench PRIVATE huecry_mls PkgConfig::sodium huecry_warnings)
