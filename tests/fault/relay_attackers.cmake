# Many who want nothing, against the real relay with its default limits.
if(TARGET fault_town)
  add_executable(attackers_test attackers/main.cpp attackers/attack.cpp attackers/honest.cpp attackers/tenant.cpp
    ${CMAKE_SOURCE_DIR}/tests/bench/fanout/line.cpp
    ${CMAKE_SOURCE_DIR}/tests/bench/fanout/huecry_packets.cpp
    ${CMAKE_SOURCE_DIR}/tests/bench/fanout/server.cpp)
  target_link_libraries(attackers_test PRIVATE fault_town OpenSSL::SSL huecry_warnings)
  add_test(NAME fault.attackers_test COMMAND attackers_test --smoke)
  set_tests_properties(fault.attackers_test PROPERTIES LABELS fault TIMEOUT 120 RUN_SERIAL ON)
endif()
