# The command line against the real relay.
if(TARGET huecry-relay AND TARGET huecry_cli)
  huecry_test(cli_e2e_test LABEL e2e TIMEOUT 600
    SOURCES cli_test.cpp cli_owner_test.cpp cli_honesty_test.cpp cli_world.cpp
    LINK test_relay_process)
  target_compile_definitions(cli_e2e_test PRIVATE HUECRY_PROGRAM="$<TARGET_FILE:huecry_cli>"
    HUECRY_MANUAL="${CMAKE_SOURCE_DIR}/cli/huecry.1")
  add_dependencies(cli_e2e_test huecry_cli)
endif()
