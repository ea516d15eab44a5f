# One target for each structure that comes from outside, and one for a whole session.
function(mls_message_fuzz name call)
  huecry_fuzz(${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/mls_message_fuzz.cpp LINK huecry_mls)
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
  LINK huecry_mls PkgConfig::sodium)
target_include_directories(mls_session_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/tests)
