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
