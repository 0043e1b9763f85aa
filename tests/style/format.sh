#!/bin/sh
# The sources are laid out by .clang-format, which is written for version 14. `make format` lays them out.
#   format.sh [--write]
cd "${ROOT:-$(dirname "$0")/../..}" || exit 2
# what the examples compile lies in fw and fw_*
sources() { find . \( -path ./build -o -path ./.git -o -path './fw' -o -path './fw_*' \) -prune -o \( -name '*.[ch]' -o -name '*.cpp' \) -print; }
if ! clang-format --version 2> /dev/null | grep -q 'version 14\.'; then echo "skip layout: there is no clang-format of version 14"; exit 0; fi
if [ "${1:-}" = --write ]; then sources | xargs clang-format -i; exit; fi
bad=$(sources | xargs clang-format --dry-run -Werror 2>&1 | sed -n 's/:[0-9]*:[0-9]*: error: .*//p' | sort -u)
if [ -z "$bad" ]; then echo "ok layout"; else echo "not ok layout: make format changes $(echo $bad)"; fi
