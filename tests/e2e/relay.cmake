if(TARGET huecry-relay)
  add_library(test_relay_process STATIC ${CMAKE_SOURCE_DIR}/tests/support/process.cpp
    ${CMAKE_CURRENT_LIST_DIR}/wire_client.cpp ${CMAKE_CURRENT_LIST_DIR}/relay_process.cpp)
  target_include_directories(test_relay_process PUBLIC ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(test_relay_process PRIVATE
    HUECRY_RELAY_PROGRAM="$<TARGET_FILE:huecry-relay>"
    PUBLIC HUECRY_DEPLOY_FOLDER="${CMAKE_SOURCE_DIR}/deploy")
  target_link_libraries(test_relay_process
    PUBLIC huecry_directory huecry_wire huecry_frames huecry_boost PRIVATE huecry_warnings)
  add_dependencies(test_relay_process huecry-relay)
  huecry_test(relay_net_test LABEL e2e
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/relay_net_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/relay_blob_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/relay_program_test.cpp
    LINK test_relay_process)
endif()
