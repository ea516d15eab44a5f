# The recorded sessions over a real socket.
if(TARGET relay_tape AND TARGET huecry-relay)
  huecry_test(relay_first_frames_test LABEL e2e
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/relay_sessions_test.cpp LINK test_relay_process relay_tape)
  target_compile_definitions(relay_first_frames_test PRIVATE
    HUECRY_SESSIONS="${CMAKE_SOURCE_DIR}/proto/vectors/relay_sessions.txt")
endif()
