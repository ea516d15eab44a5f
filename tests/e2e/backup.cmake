# Backup and restore of the relay with the real programs.
if(TARGET huecry-relay AND TARGET huecry_cli AND TARGET relay_ops)
  huecry_test(backup_test LABEL e2e TIMEOUT 300
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/backup_test.cpp ${CMAKE_CURRENT_LIST_DIR}/cli_world.cpp
            ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK test_relay_process relay_ops relay_store OpenSSL::Crypto)
  target_compile_definitions(backup_test PRIVATE HUECRY_PROGRAM="$<TARGET_FILE:huecry_cli>")
  add_dependencies(backup_test huecry_cli)
endif()
