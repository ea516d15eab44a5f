/* Includes the header as C, and nothing before it: it must stand alone. */
#include <huecry/huecry.h>

const char *huecry_test_version_from_c(void) { return huecry_version(); }
