huecry_test(directory_test LABEL unit
  SOURCES directory_statement_test.cpp directory_state_test.cpp
  LINK huecry_directory)
