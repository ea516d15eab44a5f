if(TARGET relay_delivery)
  add_library(relay_world STATIC ${CMAKE_CURRENT_LIST_DIR}/relay_world.cpp)
  target_link_libraries(relay_world PUBLIC relay_delivery doctest::doctest PRIVATE huecry_warnings)
  huecry_test(relay_core_test LABEL unit SOURCES relay_core_test.cpp
    relay_isolation_test.cpp LINK relay_world)
  huecry_test(relay_alarm_test LABEL unit SOURCES relay_alarm_test.cpp relay_hand_over_test.cpp
    LINK relay_world)
  # Each refusal alone, batches that fail, rights that end.
  huecry_test(relay_refusals_test LABEL unit
    SOURCES relay_refusals_test.cpp relay_requests_test.cpp relay_commit_test.cpp relay_cut_test.cpp
            relay_limits_test.cpp relay_handshake_test.cpp
    LINK relay_world)
  # Reads that fail, windows, standing.
  huecry_test(relay_reads_test LABEL unit
    SOURCES relay_reads_test.cpp relay_window_test.cpp relay_standing_test.cpp
    LINK relay_world)
  huecry_test(relay_store_test LABEL unit
    SOURCES relay_store_test.cpp relay_bodies_test.cpp relay_expiry_test.cpp relay_blobs_test.cpp
            relay_leases_test.cpp relay_damage_test.cpp relay_database_test.cpp
            ${CMAKE_SOURCE_DIR}/tests/support/sqlcipher_pages.cpp
    LINK relay_world OpenSSL::Crypto)
  target_compile_definitions(relay_store_test PRIVATE
    RELAY_SCHEMA_FILE="${CMAKE_SOURCE_DIR}/relay/store/schema.sql")
  huecry_test(relay_hash_test LABEL unit SOURCES relay_hash_test.cpp
    LINK relay_ops huecry_wire doctest::doctest)
endif()
if(TARGET relay_net)
  huecry_test(relay_turnstile_test LABEL unit SOURCES relay_turnstile_test.cpp
    LINK relay_net huecry_boost)
endif()
