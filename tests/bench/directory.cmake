add_executable(directory_bench ${CMAKE_CURRENT_LIST_DIR}/directory_bench.cpp)
target_link_libraries(directory_bench PRIVATE huecry_directory PkgConfig::sodium huecry_warnings)
