# Readers that stop reading.
if(TARGET fault_town)
  huecry_test(crowd_test LABEL fault TIMEOUT 300 SOURCES crowd_test.cpp crowd_bounds_test.cpp
    ${CMAKE_SOURCE_DIR}/tests/bench/fanout/partnership.cpp
    ${CMAKE_SOURCE_DIR}/tests/bench/fanout/huecry_packets.cpp
    ${CMAKE_SOURCE_DIR}/tests/bench/fanout/server.cpp
    LINK fault_town)
endif()
