huecry_test(crypto_test LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/crypto_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_support.cpp
  LINK huecry_mls PkgConfig::sodium)
huecry_test(mls_engine_test LABEL unit TIMEOUT 300
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/mls_verdict_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_storage_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/mls_support.cpp
  LINK huecry_mls PkgConfig::sodium)
huecry_test(mls_random_test LABEL unit TIMEOUT 600
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/mls_random_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_support.cpp
  LINK huecry_mls PkgConfig::sodium)
# What mls/RULES.md lists: tests/mutation.py runs these sources with one check switched off at a time.
set(mls_rules_sources)
foreach(noun "" join_ form_ message_ commit_ tree_ storage_)
  list(APPEND mls_rules_sources ${CMAKE_CURRENT_LIST_DIR}/mls_${noun}rules_test.cpp)
endforeach()
huecry_test(mls_rules_test LABEL unit
  SOURCES ${mls_rules_sources} ${CMAKE_CURRENT_LIST_DIR}/mls_rogue.cpp
          ${CMAKE_CURRENT_LIST_DIR}/mls_support.cpp
  LINK huecry_mls PkgConfig::sodium)
target_compile_definitions(mls_rules_test PRIVATE HUECRY_SOURCE_FOLDER="${CMAKE_SOURCE_DIR}")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT HUECRY_SANITIZE)
  # Reads all of the process's memory, which sanitizers do not like.
  huecry_test(mls_wipe_test LABEL unit
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/mls_wipe_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_support.cpp
    LINK huecry_mls PkgConfig::sodium)
endif()
