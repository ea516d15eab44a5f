# The relay's parsers. Their seeds are the recorded sessions (tests/unit/record_sessions.cpp).
if(TARGET relay_tape AND TARGET sim_storage)
  set(sessions ${CMAKE_SOURCE_DIR}/proto/vectors/relay_sessions.txt)
  add_library(recorded_town STATIC ${CMAKE_SOURCE_DIR}/tests/support/recorded_town.cpp
    ${CMAKE_SOURCE_DIR}/tests/support/relay_tape.cpp)
  target_include_directories(recorded_town PUBLIC ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(recorded_town PUBLIC HUECRY_SESSIONS="${sessions}")
  target_link_libraries(recorded_town PUBLIC relay_delivery sim_storage PRIVATE huecry_warnings)
  add_test(NAME fuzz.relay_seeds
    COMMAND record_sessions --seeds ${CMAKE_CURRENT_BINARY_DIR}/seeds)
  set_tests_properties(fuzz.relay_seeds PROPERTIES LABELS fuzz FIXTURES_SETUP relay_seeds)

  huecry_fuzz(relay_frame_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/relay_frame_fuzz.cpp
    LINK recorded_town SEEDS relay_seeds RUNS 300)
  huecry_fuzz(relay_http_fuzz
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/relay_http_fuzz.cpp
            ${CMAKE_SOURCE_DIR}/tests/e2e/wire_client.cpp
    LINK recorded_town relay_net relay_ops huecry_boost SEEDS relay_seeds RUNS 300)
endif()
if(TARGET relay_ops)
  huecry_fuzz(settings_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/settings_fuzz.cpp LINK relay_ops
    SEEDS relay_seeds)
  target_include_directories(settings_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  huecry_fuzz(backup_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/backup_fuzz.cpp
    ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK relay_store OpenSSL::Crypto SEEDS relay_seeds RUNS 200)
  target_include_directories(backup_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/tests)
endif()
