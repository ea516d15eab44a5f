# The story of the README's first command, with the programs of this build.
if(TARGET huecry-relay AND TARGET huecry_cli)
  add_test(NAME e2e.try_story${HUECRY_TEST_SUFFIX}
    COMMAND ${CMAKE_SOURCE_DIR}/deploy/try.sh --programs $<TARGET_FILE_DIR:huecry_cli>)
  set_tests_properties(e2e.try_story${HUECRY_TEST_SUFFIX} PROPERTIES LABELS e2e TIMEOUT 180 RUN_SERIAL ON)
endif()
