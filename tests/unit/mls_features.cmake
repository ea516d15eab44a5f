# What the engine can do besides: PSKs, ReInit, choice among proposals, keeping what is rare.
huecry_test(mls_features_test LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/crypto_form_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_psk_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_choice_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/mls_keep_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mls_support.cpp
  LINK huecry_mls PkgConfig::sodium)
