# The relay's stores on disks in memory that fail.
if(TARGET sim_storage AND TARGET relay_blobs)
  add_library(fault_storage STATIC power_cut.cpp same_store.cpp store_story.cpp)
  target_include_directories(fault_storage PUBLIC ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(fault_storage PUBLIC sim_storage relay_blobs PRIVATE huecry_warnings)
  huecry_test(power_cut_test LABEL fault TIMEOUT 900
    SOURCES power_cut_test.cpp ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK fault_storage OpenSSL::Crypto PkgConfig::sodium)
  huecry_test(store_errors_test LABEL fault SOURCES store_errors_test.cpp
    LINK fault_storage sqlcipher PkgConfig::sodium)
  huecry_test(erasure_test LABEL fault
    SOURCES erasure_test.cpp ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK fault_storage OpenSSL::Crypto PkgConfig::sodium)
endif()
if(TARGET fault_storage)
  huecry_test(migration_test LABEL fault SOURCES migration_test.cpp LINK fault_storage)
  # Both sides have a store/database.hpp; this test means the relay's.
  target_include_directories(migration_test BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/relay)
endif()
# The client's store on such disks.
if(TARGET sim_world)
  huecry_test(client_power_cut_test LABEL fault TIMEOUT 900
    SOURCES client_power_cut_test.cpp power_cut.cpp LINK sim_world PkgConfig::sodium)
endif()
