# The main job with the real programs.
if(TARGET huecry-relay AND TARGET huecry_cli)
  add_library(test_town STATIC ${CMAKE_CURRENT_LIST_DIR}/town.cpp
    ${CMAKE_SOURCE_DIR}/tests/support/process.cpp)
  target_include_directories(test_town PUBLIC ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(test_town PRIVATE HUECRY_RELAY_PROGRAM="$<TARGET_FILE:huecry-relay>"
    HUECRY_PROGRAM="$<TARGET_FILE:huecry_cli>")
  target_link_libraries(test_town PUBLIC huecry_boost doctest::doctest PRIVATE huecry_warnings)
  add_dependencies(test_town huecry-relay huecry_cli)
  huecry_test(main_job_test LABEL e2e TIMEOUT 300
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/main_job_test.cpp LINK test_town huecry_test_photos)
  find_library(HUECRY_FAKETIME NAMES libfaketime.so.1 PATH_SUFFIXES faketime REQUIRED)
  target_compile_definitions(main_job_test PRIVATE HUECRY_FAKETIME="${HUECRY_FAKETIME}")
endif()

if(TARGET test_town)
  find_package(ZLIB REQUIRED)
  if(NOT HUECRY_SANITIZE)  # it searches core images, and theirs are terabytes
    huecry_test(canary_test LABEL e2e TIMEOUT 300
      SOURCES ${CMAKE_CURRENT_LIST_DIR}/canary_test.cpp ${CMAKE_SOURCE_DIR}/tests/support/canary.cpp
              ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
      LINK test_town huecry_test_photos ZLIB::ZLIB OpenSSL::Crypto)
  endif()
  huecry_test(cli_affairs_test LABEL e2e TIMEOUT 300
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/cli_affairs_test.cpp LINK test_town)
  huecry_test(thirty_test LABEL e2e TIMEOUT 300
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/thirty_test.cpp LINK test_town)
endif()
