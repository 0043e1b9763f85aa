#!/bin/sh
# Chains of many operators need no deep stack: each of the walks that once was recursive, on a stack of 512 KB.
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1: $2"; fi; }
cd "$WORK" || exit 1
LENGTH=20000
chain() { # the links by awk: how `last` becomes the next value
    awk -v n=$LENGTH -v kind="$1" '
        function value(text, shape, data) { printf "%%%d = %s : %s real%s\n", count, text, shape ? shape : "[1,2]", data; return count++ }
        function narrow(of, name) { return value("narrow(%" of ") \"" name "\" formats=s8f4 rounding=half_even overflow=saturate") }
        BEGIN {
            print "bxc graph 1\ngraph \"deep\""
            x = value("input() \"x\"")
            if (kind == "behind a layer") {
                x = narrow(x, "q")
                w = value("constant() \"w\"", "[2,2]", " {1, 0, 1, 0}"); v = value("constant() \"v\"", "[2,2]", " {1, 1, 1, -1}")
                last = value("matmul(%" x ", %" w ") \"first\"")
                for (i = 0; i < n; i++) last = value("clip(%" last ") \"c" i "\" alpha=" (-2 - i % 3) " beta=" (2 + i % 5))
                last = value("matmul(%" last ", %" v ") \"second\"")
            } else if (kind == "behind a table") {
                c = value("constant() \"c\"", "", " {0.015625, -0.015625}")
                last = value("tanh(%" x ") \"t\"")
                for (i = 0; i < n; i++) last = value("add(%" last ", %" c ") \"a" i "\"")
                last = narrow(last, "last")
            } else if (kind == "exact") {
                c = value("constant() \"c\"", "", " {0.5, -0.5}")
                last = narrow(x, "q")
                for (i = 0; i < n; i++) last = value((i % 2 ? "sub" : "add") "(%" last ", %" c ") \"a" i "\"")
            } else {
                w = value("constant() \"w\"", "[2,2]", " {1, 0, 1, 0.5}")
                last = x
                for (i = 0; i < n / 2; i++) {
                    last = value("concat(%" last ", %" x ") \"c" i "\" axis=1", "[1,4]")
                    last = value("slice(%" last ") \"s" i "\" slices={0:1:1, 1:1:2}")
                }
                last = value("matmul(%" last ", %" w ") \"layer\"")
            }
            printf "output \"y\" %%%d\n", last }'
}
for kind in "behind a layer" "behind a table" exact joined; do
    chain "$kind" > deep.bxc
    (ulimit -s 512 && "$BXC" compile -q deep.bxc -o deep --stop-after integerise) > log 2>&1
    check "a chain of $LENGTH nodes, $kind" "[ $? = 0 ] && [ ! -s log ]"
done
