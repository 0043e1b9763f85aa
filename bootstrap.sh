#!/bin/sh
# Installs the Debian packages that building, running and testing bxc needs, if any is missing.
set -eu
packages="make gcc g++ pkg-config protobuf-c-compiler libprotobuf-c-dev libonnx-dev libcjson-dev libxml2-dev \
libhdf5-dev libzip-dev verilator iverilog yosys libonnx-testdata"
[ "${1:-}" != --all ] || packages="$packages clang libomp-dev"
missing=
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
root=
[ "$(id -u)" = 0 ] || root=sudo
echo "installing:$missing" >&2
$root apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing > /dev/null
