# Compiled in directly: these two need nothing of the rest of the domain.
set(domain_sources ${CMAKE_SOURCE_DIR}/client-lib/src/domain)
huecry_test(text_test LABEL unit
  SOURCES text_test.cpp nickname_test.cpp ${domain_sources}/text.cpp ${domain_sources}/nickname.cpp
  LINK huecry_crypto)
target_include_directories(text_test PRIVATE ${CMAKE_SOURCE_DIR}/client-lib/src
                                             ${CMAKE_SOURCE_DIR}/client-lib/include)
