// Makes tests/hls/vectors.txt with the vendors' open headers, which the hls4ml wheel on PyPI carries:
//   g++ -std=c++14 -w -Ihls_templates -Itests/hls -DBXC_AP_TYPES -isystem .../vivado/ap_types
//   g++ -std=c++14 -w -Ihls_templates -Itests/hls -DBXC_AC_TYPES -isystem .../catapult/ac_types/include
// Both must print the same; tests/hls/types.cpp compares the built-in types with it.
#include "cases.h"

int main() {
    all_cases();
}
