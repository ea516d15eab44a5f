# Recorded sessions: what makes them, and what plays them to the relay's core.
if(TARGET relay_world)
  add_library(relay_tape STATIC ${CMAKE_CURRENT_LIST_DIR}/relay_sessions.cpp
    ${CMAKE_SOURCE_DIR}/tests/support/relay_tape.cpp)
  target_include_directories(relay_tape PUBLIC ${CMAKE_SOURCE_DIR}/tests ${CMAKE_CURRENT_LIST_DIR})
  target_link_libraries(relay_tape PUBLIC relay_world PRIVATE huecry_warnings)
  add_executable(record_sessions ${CMAKE_CURRENT_LIST_DIR}/record_sessions.cpp)
  target_link_libraries(record_sessions PRIVATE relay_tape huecry_warnings)
  target_compile_definitions(record_sessions PRIVATE
    HUECRY_SETTINGS="${CMAKE_SOURCE_DIR}/deploy/relay.toml")
  huecry_test(relay_sessions_test LABEL unit SOURCES relay_sessions_test.cpp LINK relay_tape)
  target_compile_definitions(relay_sessions_test PRIVATE
    HUECRY_SESSIONS="${CMAKE_SOURCE_DIR}/proto/vectors/relay_sessions.txt")
endif()
