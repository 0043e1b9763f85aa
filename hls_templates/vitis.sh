#!/bin/sh
# Runs Vitis HLS on this folder, in the form that the installed version has.
set -eu
cd "$(dirname "$0")"
if command -v vitis_hls >/dev/null 2>&1; then
    exec vitis_hls -f vitis.tcl
elif command -v vitis-run >/dev/null 2>&1; then
    exec vitis-run --mode hls --tcl vitis.tcl
fi
echo "vitis.sh: neither vitis_hls nor vitis-run is on the path" >&2
exit 1
