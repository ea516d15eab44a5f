# The real relay, killed, starved, stopped and cut off.
if(TARGET test_relay_process)
  add_library(fault_shim MODULE shim.cpp)
  target_include_directories(fault_shim PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(fault_shim PRIVATE ${CMAKE_DL_LIBS} huecry_warnings)
  add_library(fault_town STATIC raw_town.cpp raw_session.cpp history.cpp shim_client.cpp full_disk.cpp)
  target_link_libraries(fault_town PUBLIC test_relay_process PRIVATE OpenSSL::Crypto
    huecry_warnings)
  target_compile_definitions(fault_town PRIVATE
    HUECRY_FAULT_SHIM_LIBRARY="$<TARGET_FILE:fault_shim>")
  add_dependencies(fault_town fault_shim)
  huecry_test(kill_test LABEL fault TIMEOUT 900 SOURCES kill_test.cpp LINK fault_town)
  huecry_test(disk_test LABEL fault SOURCES disk_test.cpp LINK fault_town)
  huecry_test(trouble_test LABEL fault SOURCES trouble_test.cpp
    ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK fault_town relay_ops relay_blobs relay_store OpenSSL::Crypto)
endif()

# The real command line, killed at each of its steps.
if(TARGET fault_town AND TARGET huecry_cli)
  huecry_test(client_kill_test LABEL fault TIMEOUT 1800
    SOURCES client_kill_test.cpp ${CMAKE_SOURCE_DIR}/tests/e2e/cli_world.cpp LINK fault_town)
  target_compile_definitions(client_kill_test PRIVATE HUECRY_PROGRAM="$<TARGET_FILE:huecry_cli>"
    HUECRY_MANUAL="${CMAKE_SOURCE_DIR}/cli/huecry.1")
  add_dependencies(client_kill_test huecry_cli)
endif()
