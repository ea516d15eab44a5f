# SQLCipher >= 4.14: SQLCIPHER_AMALGAMATION_DIR, else the pinned npm package that the setup script
# puts under cmake/sqlcipher/node_modules. No system package: it would lack the change below.
set(SQLCIPHER_AMALGAMATION_DIR "" CACHE PATH "folder with SQLCipher's sqlite3.c and sqlite3.h")
set(_dir "${SQLCIPHER_AMALGAMATION_DIR}")
if(NOT _dir)
  file(GLOB_RECURSE _found ${CMAKE_CURRENT_LIST_DIR}/sqlcipher/node_modules/@journeyapps/sqlcipher/*/sqlite3.c)
  if(NOT _found)
    message(FATAL_ERROR "SQLCipher is missing: run tests/setup.sh (or set SQLCIPHER_AMALGAMATION_DIR).")
  endif()
  list(GET _found 0 _file)
  get_filename_component(_dir ${_file} DIRECTORY)
endif()
file(STRINGS ${_dir}/sqlite3.c _version REGEX "^#define +CIPHER_VERSION_NUMBER " LIMIT_COUNT 1)
string(REGEX MATCH "4\\.[0-9]+" _version "${_version}")
if(NOT _version OR _version VERSION_LESS 4.14)
  message(FATAL_ERROR "SQLCipher 4.14 or newer is needed, found '${_version}' in ${_dir}.")
endif()

# Two changes. Each must find its place, once.
function(_sqlcipher_change text place change)
  string(FIND "${${text}}" "${place}" _first)
  string(FIND "${${text}}" "${place}" _last REVERSE)
  if(_first EQUAL -1 OR NOT _first EQUAL _last)
    message(FATAL_ERROR "This SQLCipher is not the one that FindSQLCipher.cmake knows how to change.")
  endif()
  string(REPLACE "${place}" "${change}" _changed "${${text}}")
  set(${text} "${_changed}" PARENT_SCOPE)
endfunction()

# SQLite's secure_delete forgets one place: when it balances pages, a page that gives rows to its
# neighbour keeps their bytes in its free space, also after the rows have been deleted there
# (rebuildPage). What has been erased must be gone, so that space is cleared too;
# tests/fault/power_cut_test.cpp looks for it.
#
# SQLCipher has OpenSSL look its two algorithms up for every page; once is enough.
set(_source ${CMAKE_BINARY_DIR}/sqlcipher/sqlite3.c)
if(NOT EXISTS ${_source} OR ${_dir}/sqlite3.c IS_NEWER_THAN ${_source}
   OR ${CMAKE_CURRENT_LIST_FILE} IS_NEWER_THAN ${_source})
  file(READ ${_dir}/sqlite3.c _text)
  set(_place "  pPg->nOverflow = 0;\n\n  put2byte(&aData[hdr+1], 0);\n")
  _sqlcipher_change(_text "${_place}"
    "  if( pPg->pBt->btsFlags & BTS_FAST_SECURE ) memset(pCellptr, 0, pData-pCellptr);\n${_place}")
  _sqlcipher_change(_text "#define OPENSSL_CIPHER EVP_aes_256_cbc()\n" [=[
static CRYPTO_ONCE huecry_looked_up = CRYPTO_ONCE_STATIC_INIT;
static EVP_CIPHER *huecry_cipher = NULL;
static EVP_MAC *huecry_mac = NULL;
static void huecry_look_up(void){
  huecry_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
  huecry_mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}
static const EVP_CIPHER *huecry_get_cipher(void){
  CRYPTO_THREAD_run_once(&huecry_looked_up, huecry_look_up);
  return huecry_cipher ? huecry_cipher : EVP_aes_256_cbc();
}
static EVP_MAC *huecry_get_mac(void){
  CRYPTO_THREAD_run_once(&huecry_looked_up, huecry_look_up);
  return huecry_mac && EVP_MAC_up_ref(huecry_mac) ? huecry_mac : NULL;
}
#define OPENSSL_CIPHER huecry_get_cipher()
]=])
  _sqlcipher_change(_text "  mac = EVP_MAC_fetch(NULL, \"HMAC\", NULL);\n" "  mac = huecry_get_mac();\n")
  file(WRITE ${_source} "${_text}")
endif()
add_library(sqlcipher STATIC ${_source})
target_include_directories(sqlcipher SYSTEM PUBLIC ${_dir})
# Without its log: a failed check of a page is our error to tell, and the log's settings are globals
# that every opening would write.
target_compile_definitions(sqlcipher PUBLIC SQLITE_HAS_CODEC PRIVATE SQLCIPHER_CRYPTO_OPENSSL SQLCIPHER_OPENSSL_NO_MUTEX_RAND
  SQLCIPHER_OMIT_LOG SQLCIPHER_OMIT_DEFAULT_LOGGING
  SQLITE_TEMP_STORE=2 SQLITE_THREADSAFE=1 NDEBUG HAVE_STDINT_H=1 HAVE_USLEEP=1 HAVE_FDATASYNC=1
  SQLITE_EXTRA_INIT=sqlcipher_extra_init SQLITE_EXTRA_SHUTDOWN=sqlcipher_extra_shutdown
  SQLITE_DQS=0 SQLITE_DEFAULT_FOREIGN_KEYS=1 SQLITE_SECURE_DELETE SQLITE_ENABLE_FTS5 SQLITE_OMIT_LOAD_EXTENSION)
target_compile_options(sqlcipher PRIVATE -O2 -w)
if(HUECRY_SANITIZE MATCHES "undefined")
  # library: SQLCipher 4.14   symbol: sqlcipher_export_init   reason: SQLite calls every extension that
  # sqlite3_auto_extension() was given through a pointer of a wider type, as it documents.
  target_compile_options(sqlcipher PRIVATE -O1 -fno-sanitize=function)
endif()
set_target_properties(sqlcipher PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_link_libraries(sqlcipher PUBLIC OpenSSL::Crypto Threads::Threads m)
set(SQLCipher_FOUND TRUE)
