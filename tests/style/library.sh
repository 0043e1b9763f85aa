#!/bin/sh
# The library as others use it: the header alone in C and C++, an installed tree, and the example
# program built with what pkg-config says.
set -u
compiler=$(cut -d ' ' -f 1 "$BUILD/flags")
check() { name=$1; shift; if "$@" > "$WORK/log" 2>&1; then echo "ok $name"; else echo "not ok $name"; cat "$WORK/log" >&2; fi; }
header() { "$1" -std="$2" -Wall -Wextra -Wpedantic -Werror -x "$3" -fsyntax-only driver/bxc.h; }
check "bxc.h alone is C11" header "$compiler" c11 c
check "bxc.h alone is C++" header "${CXX:-g++}" c++11 c++

tree="$WORK/a tree"
install_tree() { env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES make -s -C "$ROOT" -o all B="$BUILD" DESTDIR="$tree" PREFIX=/opt/bxc install; }
check "install with DESTDIR and PREFIX" install_tree
files() { (cd "$tree" && find . -type f ! -path '*/share/doc/*' | sort); }
check "what is installed" [ "$(files | tr '\n' ' ')" = "./opt/bxc/bin/bxc ./opt/bxc/include/bxc.h ./opt/bxc/lib/libbxc.a \
./opt/bxc/lib/libbxc.so.0 ./opt/bxc/lib/pkgconfig/bxc.pc ./opt/bxc/share/bash-completion/completions/bxc ./opt/bxc/share/man/man1/bxc.1 " ]
pages() { for page in README.md CHANGELOG.md doc/*.md doc/*.json doc/pictures/*; do cmp "$page" "$tree/opt/bxc/share/doc/bxc/$page" || return 1; done; }
check "the pages are installed" pages

PKG_CONFIG_PATH=$tree/opt/bxc/lib/pkgconfig; export PKG_CONFIG_PATH
ln -s "$tree" "$WORK/tree" # what pkg-config says is split at spaces
package() { pkg-config --define-variable=prefix="$WORK/tree/opt/bxc" "$@" bxc | sed 's/-lbxc\b/-l:libbxc.a/'; }
check "pkg-config has the version of bxc.h" grep -q "BXC_VERSION \"$(package --modversion)\"" driver/bxc.h
build_example() { "$compiler" -Wall -Wextra -Werror examples/library/firmware.c $(package --cflags --libs) -o "$WORK/firmware"; }
check "the example is built from the installed tree" build_example
check "the example converts and compiles" "$WORK/firmware" examples/jets/jets_6bit.onnx "$WORK/model.json" "$WORK/fw"
both() { [ -s "$WORK/model.json" ] && [ -s "$WORK/fw/manifest.json" ]; }
check "it wrote JSON and firmware" both
static_example() { "$compiler" -Wall -Wextra -Werror examples/library/in_memory.c $(package --cflags --libs) -o "$WORK/static"; }
check "the example in memory is built with libbxc.a" static_example
case $BUILD in
  *asan* | *coverage*) ;;
  *)
    shared_example() {
        "$compiler" -Wall -Wextra -Werror examples/library/in_memory.c \
            -I "$WORK/tree/opt/bxc/include" -L "$WORK/tree/opt/bxc/lib" -lbxc -o "$WORK/shared"
    }
    check "the example in memory is built with libbxc.so" shared_example
    runs_alike() {
        "$WORK/static" examples/jets/jets_6bit.onnx "$WORK/fw_static" > "$WORK/one" &&
            LD_LIBRARY_PATH="$WORK/tree/opt/bxc/lib" "$WORK/shared" examples/jets/jets_6bit.onnx "$WORK/fw_shared" > "$WORK/two" &&
            cmp "$WORK/one" "$WORK/two" && grep -q '^probabilities\[4\] = ' "$WORK/one" && diff -r "$WORK/fw_static" "$WORK/fw_shared"
    }
    check "both give the same numbers and files" runs_alike ;;
esac
"$WORK/firmware" no_such_model.onnx "$WORK/none.json" "$WORK/none" > "$WORK/out" 2> "$WORK/diagnosis"; code=$?
check "a missing model is diagnosed" [ "$code $(grep -c 'no_such_model.onnx: error: ' "$WORK/diagnosis") $(ls "$WORK" | grep -c '^none')" = "1 1 0" ]
