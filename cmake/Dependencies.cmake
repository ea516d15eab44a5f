find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
set(Protobuf_USE_STATIC_LIBS OFF)
find_package(Protobuf 3.21 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(doctest REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(Freetype REQUIRED)
find_package(SQLCipher REQUIRED)
find_package(prometheus-cpp CONFIG QUIET)

pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(qrencode REQUIRED IMPORTED_TARGET libqrencode)

find_path(BOOST_INCLUDE boost/version.hpp REQUIRED)
file(STRINGS ${BOOST_INCLUDE}/boost/version.hpp boost_version REGEX "#define BOOST_VERSION ")
string(REGEX MATCH "[0-9]+" boost_version "${boost_version}")
if(boost_version LESS 108100)
  message(FATAL_ERROR "Boost 1.81 or newer is needed (libboost1.81-dev), found ${boost_version}.")
endif()

# Asio and Beast are compiled once, in cmake/boost_impl.cpp; Boost.JSON too. Asio's own recycling of
# blocks is off: it hands large blocks to small waits, which idle connections then hold for hours.
add_library(huecry_boost STATIC ${CMAKE_CURRENT_LIST_DIR}/boost_impl.cpp)
target_include_directories(huecry_boost SYSTEM PUBLIC ${BOOST_INCLUDE})
target_compile_definitions(huecry_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ERROR_CODE_HEADER_ONLY BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
target_link_libraries(huecry_boost PUBLIC OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
