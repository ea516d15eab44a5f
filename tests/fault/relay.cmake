# The real relay, killed, starved, stopped and cut off.
if(TARGET test_relay_process)
  add_library(fault_town STATIC raw_town.cpp history.cpp)
  target_link_libraries(fault_town PUBLIC test_relay_process PRIVATE OpenSSL::Crypto
    huecry_warnings)
  huecry_test(kill_test LABEL fault TIMEOUT 900 SOURCES kill_test.cpp LINK fault_town)
endif()
