huecry_test(directory_test LABEL unit
  SOURCES directory_statement_test.cpp directory_state_test.cpp directory_property_test.cpp
          directory_keys_test.cpp directory_rules_test.cpp directory_members_test.cpp
          directory_authority_test.cpp directory_groups_test.cpp directory_evidence_test.cpp protocol_document_test.cpp
          protocol_vectors_test.cpp
  LINK huecry_directory)
# The word list is private to the library; the tables are read from the protocol's document.
target_include_directories(directory_test PRIVATE ${CMAKE_SOURCE_DIR}/proto/src)
target_compile_definitions(directory_test PRIVATE HUECRY_PROTO_DIR="${CMAKE_SOURCE_DIR}/proto")
