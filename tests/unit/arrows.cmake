# The direction of the arrows and what else holds for every source file of the tree.
huecry_test(arrows_test LABEL unit SOURCES arrows_test.cpp tree_rules_test.cpp
            source_tree.cpp)
target_compile_definitions(arrows_test PRIVATE HUECRY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")

# Every public header alone, in a program of its own: one translation unit each, so that a header
# that leans on another's includes does not compile, and one that defines too much does not link.
set(public_headers)
foreach(root proto/include client-lib/include)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/${root}
       ${CMAKE_SOURCE_DIR}/${root}/*.hpp ${CMAKE_SOURCE_DIR}/${root}/*.h)
  list(APPEND public_headers ${found})
endforeach()
set(header_units)
foreach(header ${public_headers})
  string(MAKE_C_IDENTIFIER ${header} unit)
  set(languages cpp)
  if(header MATCHES "\\.h$")
    set(languages cpp c)  # the C interface is read by both
  endif()
  foreach(language ${languages})
    set(file ${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.${language})
    file(CONFIGURE OUTPUT ${file} CONTENT "#include <${header}>\n#include <${header}>\n")
    list(APPEND header_units ${file})
  endforeach()
endforeach()
huecry_test(headers_test LABEL unit SOURCES headers_test.cpp ${header_units}
            LINK huecry_wire huecry_directory)
target_include_directories(headers_test PRIVATE ${CMAKE_SOURCE_DIR}/client-lib/include)
list(JOIN public_headers "," public_header_list)
target_compile_definitions(headers_test PRIVATE HUECRY_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                           HUECRY_PUBLIC_HEADERS="${public_header_list}")
