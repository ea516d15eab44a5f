if(TARGET huecry_store)
  huecry_test(store_test LABEL unit
    SOURCES store_test.cpp ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK huecry_store OpenSSL::Crypto)
  target_compile_definitions(store_test PRIVATE
    HUECRY_SCHEMA="${CMAKE_SOURCE_DIR}/client-lib/src/store/schema.sql")
  huecry_test(key_file_test LABEL unit
    SOURCES key_file_test.cpp ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK huecry_store OpenSSL::Crypto)
endif()
if(TARGET huecry_projection)
  huecry_test(clock_test LABEL unit SOURCES clock_test.cpp LINK huecry_projection)
  huecry_test(projection_test LABEL unit
    SOURCES projection_alerts_test.cpp projection_given_test.cpp projection_expiry_test.cpp projection_records_test.cpp
            projection_events_test.cpp ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK huecry_projection OpenSSL::Crypto)
endif()
