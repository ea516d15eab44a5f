# What the papers say of the code.
huecry_test(promises_test LABEL unit
  SOURCES promises_test.cpp source_tree.cpp LINK huecry_wire)
target_compile_definitions(promises_test PRIVATE HUECRY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
