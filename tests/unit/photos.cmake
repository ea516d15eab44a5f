add_library(huecry_test_photos STATIC ${CMAKE_SOURCE_DIR}/tests/support/photos.cpp
                                      ${CMAKE_SOURCE_DIR}/tests/support/photos_png.cpp)
target_include_directories(huecry_test_photos PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(huecry_test_photos PUBLIC huecry_wire PRIVATE JPEG::JPEG PNG::PNG huecry_warnings)

find_package(ZLIB REQUIRED)
huecry_test(photos_test LABEL unit TIMEOUT 300
  SOURCES photos_intake_test.cpp photos_seal_test.cpp photos_watermark_test.cpp
          photos_hostile_test.cpp photos_metadata_test.cpp
  LINK huecry_photos huecry_crypto huecry_test_photos ZLIB::ZLIB)
# Its own process: the peak is the process's.
huecry_test(photos_memory_test LABEL unit TIMEOUT 300
  SOURCES photos_memory_test.cpp
  LINK huecry_photos huecry_test_photos JPEG::JPEG)
