# One target for each structure that comes from outside, and one for a whole session. Their seeds are
# the working group's vectors where these are at hand, and messages of our own.
add_executable(mls_fuzz_seeds ${CMAKE_CURRENT_LIST_DIR}/mls_seeds.cpp
  ${CMAKE_SOURCE_DIR}/tests/unit/mls_support.cpp)
target_include_directories(mls_fuzz_seeds PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(mls_fuzz_seeds PRIVATE huecry_mls huecry_boost PkgConfig::sodium huecry_warnings)
target_compile_definitions(mls_fuzz_seeds PRIVATE
  HUECRY_DEFAULT_MLS_VECTORS="${CMAKE_SOURCE_DIR}/../shared/mls-test-vectors")
add_test(NAME fuzz.mls_seeds COMMAND mls_fuzz_seeds ${CMAKE_CURRENT_BINARY_DIR}/seeds)
set_tests_properties(fuzz.mls_seeds PROPERTIES LABELS fuzz FIXTURES_SETUP mls_seeds)

function(mls_message_fuzz name call)
  huecry_fuzz(${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/mls_message_fuzz.cpp LINK huecry_mls
    SEEDS mls_seeds)
  target_compile_definitions(${name} PRIVATE "HUECRY_FUZZED=${call}")
endfunction()
mls_message_fuzz(mls_welcome_fuzz "round_trip<Welcome>")
mls_message_fuzz(mls_group_info_fuzz "round_trip<GroupInfo>")
mls_message_fuzz(mls_group_secrets_fuzz "round_trip<GroupSecrets>")
mls_message_fuzz(mls_key_package_fuzz "key_package")
mls_message_fuzz(mls_proposal_fuzz "round_trip<Proposal>")
mls_message_fuzz(mls_commit_fuzz "round_trip<Commit>")
mls_message_fuzz(mls_public_message_fuzz "round_trip<PublicOnWire>")
mls_message_fuzz(mls_private_message_fuzz "round_trip<PrivateMessage>")
mls_message_fuzz(mls_ratchet_tree_fuzz "ratchet_tree")
huecry_fuzz(mls_session_fuzz
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/mls_session_fuzz.cpp ${CMAKE_SOURCE_DIR}/tests/unit/mls_support.cpp
  LINK huecry_mls PkgConfig::sodium SEEDS mls_seeds)
target_include_directories(mls_session_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/tests)
