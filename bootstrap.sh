#!/bin/sh
# Installs the Debian packages that building, running and testing bxc needs, if any is missing.
set -eu
packages="make gcc g++ pkg-config protobuf-c-compiler libprotobuf-c-dev libonnx-dev libcjson-dev libxml2-dev \
libhdf5-dev libzip-dev verilator iverilog yosys libonnx-testdata python3-numpy"
[ "${1:-}" != --all ] || packages="$packages ghdl clang clang-format libclang-rt-dev libomp-dev"
missing=
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
root=
[ "$(id -u)" = 0 ] || root=sudo
echo "installing:$missing (this takes a few minutes)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { "$@" > "$log" 2>&1 < /dev/null || { cat "$log" >&2; echo "bootstrap: '$*' failed" >&2; exit 1; }; }
quietly $root apt-get update
quietly $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
