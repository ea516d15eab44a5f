huecry_fuzz(directory_fuzz SOURCES ${CMAKE_CURRENT_LIST_DIR}/directory_fuzz.cpp
  LINK huecry_directory PkgConfig::sodium)
