# The command line without a client: parsing, output, handing work from process to process.
huecry_test(cli_test LABEL unit
  SOURCES cli_values_test.cpp cli_parser_test.cpp cli_frame_test.cpp cli_owner_test.cpp
  LINK huecry_cli_base)
