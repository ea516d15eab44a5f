if(TARGET relay_world)
  huecry_test(relay_backup_test LABEL unit
    SOURCES relay_backup_test.cpp ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK relay_world OpenSSL::Crypto)
endif()
