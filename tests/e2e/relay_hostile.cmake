# What nobody of ours sends: TLS, HTTP, WebSocket, frames, settings, the store's file.
if(TARGET test_relay_process)
  huecry_test(relay_hostile_test LABEL e2e TIMEOUT 240
    SOURCES hostile_tls_test.cpp hostile_http_test.cpp hostile_websocket_test.cpp
            hostile_frame_test.cpp hostile_settings_test.cpp hostile_store_test.cpp
            relay_metrics_test.cpp
            ${CMAKE_SOURCE_DIR}/tests/fault/raw_town.cpp
            ${CMAKE_SOURCE_DIR}/tests/fault/raw_session.cpp
    LINK test_relay_process relay_ops relay_store OpenSSL::SSL)
endif()
