# RFC 9420's vectors: one program, one CTest test for each kind, named mls.<kind>_vector.
add_executable(mls_vectors ${CMAKE_SOURCE_DIR}/tests/support/main.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls/vectors.cpp ${CMAKE_CURRENT_LIST_DIR}/mls/aes128gcm.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls/vector_primitives.cpp ${CMAKE_CURRENT_LIST_DIR}/mls/vector_messages.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls/vector_trees.cpp ${CMAKE_CURRENT_LIST_DIR}/mls/vector_passive.cpp
  ${CMAKE_SOURCE_DIR}/tests/unit/mls_support.cpp)
target_include_directories(mls_vectors PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_compile_definitions(mls_vectors PRIVATE
  HUECRY_DEFAULT_MLS_VECTORS="${CMAKE_SOURCE_DIR}/../shared/mls-test-vectors")
target_link_libraries(mls_vectors PRIVATE huecry_mls huecry_boost PkgConfig::sodium
  OpenSSL::Crypto doctest::doctest huecry_warnings)
foreach(kind tree-math deserialization crypto-basics key-schedule secret-tree psk_secret
             transcript-hashes messages message-protection welcome tree-operations tree-validation
             treekem passive-client interop-passive every-file)
  add_test(NAME mls.${kind}_vector COMMAND mls_vectors --test-case=${kind})
  set_tests_properties(mls.${kind}_vector PROPERTIES LABELS "conformance;mls" TIMEOUT 300
    SKIP_REGULAR_EXPRESSION "skipped: there is no folder of MLS vectors")
endforeach()

huecry_test(hpke_vectors LABEL conformance
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/hpke/hpke_vectors.cpp ${CMAKE_CURRENT_LIST_DIR}/mls/aes128gcm.cpp
          ${CMAKE_SOURCE_DIR}/tests/unit/mls_support.cpp
  LINK huecry_mls PkgConfig::sodium OpenSSL::Crypto)
