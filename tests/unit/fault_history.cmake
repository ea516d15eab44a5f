huecry_test(fault_history_test LABEL unit
  SOURCES fault_history_test.cpp ${CMAKE_SOURCE_DIR}/tests/fault/history.cpp LINK huecry_wire)
