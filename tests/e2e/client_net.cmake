# The client's connection against the real relay.
if(TARGET huecry-relay)
  huecry_test(client_net_test LABEL e2e
    SOURCES client_net_test.cpp client_blobs_test.cpp client_net_world.cpp
            ${CMAKE_SOURCE_DIR}/tests/support/process.cpp
            ${CMAKE_SOURCE_DIR}/tests/support/cutting_proxy.cpp
    LINK huecry_net huecry_directory)
  target_compile_definitions(client_net_test PRIVATE HUECRY_RELAY="$<TARGET_FILE:huecry-relay>")
  add_dependencies(client_net_test huecry-relay)
endif()
