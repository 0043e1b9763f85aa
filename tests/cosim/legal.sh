#!/bin/sh
# Networks that are legal and common (legal.txt): each compiles, the C agrees with the emulator, and both are as trained.
set -u
export OPT=-O0 CFLAGS=-O1
list=$ROOT/tests/cosim/legal.txt

# The graph of a block, as text.
graph() {
    awk -v wanted="$1" '
        function numbers(text, count, out, i) {
            if (!match(text, /\{~[0-9]+\}/)) return text
            count = substr(text, RSTART + 2, RLENGTH - 3) + 0
            for (i = 0; i < count; i++) { seed = (seed * 1103 + 12345) % 65536; out = out (i ? ", " : "") seed / 32768 - 1 }
            return substr(text, 1, RSTART - 1) "{" out "}"
        }
        function node(line, parts, name, op, rest, operands, count, i, out) {
            split(line, parts, " = "); name = parts[1]; rest = substr(line, length(name) + 4)
            op = rest; sub(/\(.*/, "", op)
            operands = rest; sub(/^[^(]*\(/, "", operands); sub(/\).*/, "", operands)
            sub(/^[^)]*\)/, "", rest)
            count = split(operands, parts, ", ")
            for (i = 1; i <= count; i++) out = out (i > 1 ? ", " : "") "%" label[parts[i]]
            label[name] = nodes
            print "%" nodes++ " = " op "(" out ") \"" name "\"" numbers(rest)
        }
        function block(name, i) {
            for (i = 1; i <= lines[name]; i++)
                if (body[name, i] ~ /^& /) block(substr(body[name, i], 3))
                else if (body[name, i] ~ /^> /) print "output \"" substr(body[name, i], 3) "\" %" label[substr(body[name, i], 3)]
                else node(body[name, i])
        }
        /^#/ || /^$/ { next }
        /^= / { current = $2; next }
        { body[current, ++lines[current]] = $0 }
        END { seed = 7; nodes = 0; print "bxc graph 1\ngraph \"" wanted "\""; block(wanted) }' "$list"
}

check() {
    name=$1 verify=true
    shift
    [ "${1:-}" != compiled ] || { verify=false; shift; }
    graph "$name" > "$WORK/$name.bxc"
    if "$BXC" compile -q "$WORK/$name.bxc" -o "$WORK/fw" "$@" > "$WORK/log" 2>&1 && { [ $verify = false ] || agrees; }; then echo "ok legal_$name"
    else
        cat "$WORK/log" >&2
        echo "not ok legal_$name: $(grep -m 1 -e error -e '^verdict' "$WORK/log")"
    fi
    rm -rf "$WORK/fw"
}

agrees() {
    "$BXC" verify "$WORK/fw" -n 1000 --engines c > "$WORK/log" 2>&1
    grep -q '^verdict: equal in every bit: emulator, c' "$WORK/log" && grep -q -e '^network: as trained' -e '^network: exactly as trained' "$WORK/log"
}

count=$(grep -c '^= [^.]' "$list")
[ "$count" -ge 30 ] && echo "ok legal_count" || echo "not ok legal_count: $count networks"
grep '^= [^.]' "$list" | while read -r _ name options; do
    # shellcheck disable=SC2086
    check "$name" $options
done
