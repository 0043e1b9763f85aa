#!/bin/sh
# The table of operators has no end at 64: a hundred more, with lists among their attributes and several results, go
# through text, JSON, copies and the verifier like those of ir/ops.def.
set -u
here=$ROOT/tests/unit/more_operators
seq 0 99 | sed 's/.*/OP(MORE_&, "more_&", more, REAL, 1, 2, "one of a hundred")/' > "$WORK/more.def"
cd "$ROOT" || exit 1
# shellcheck disable=SC2046
if ${CC:-cc} -std=c11 -O0 -fno-strict-aliasing -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -fopenmp -I. -I"$BUILD/generated" \
    -include "$here/more.h" "-DBXC_MORE_OPS=\"$WORK/more.def\"" -o "$WORK/more" "$here/more.c" ir/*.c ir/ops/*.c \
    frontend/native/*.c frontend/name_map.c $(pkg-config --cflags --libs libcjson) -lm 2> "$WORK/errors"; then
    "$WORK/more"
else
    echo "not ok more_operators: $(grep -m 1 error "$WORK/errors")"
fi
