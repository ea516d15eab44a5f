huecry_test(words_test LABEL unit SOURCES words_test.cpp LINK huecry_directory)
