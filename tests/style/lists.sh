#!/bin/sh
# The lists of operators, passes and parts name every line of their tables, as text and as JSON.
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1: $2"; fi; }
"$BXC" ops > "$WORK/ops" && "$BXC" ops --json > "$WORK/ops.json" || echo "not ok ops: exit code"
"$BXC" parts > "$WORK/parts" && "$BXC" parts --json > "$WORK/parts.json" || echo "not ok parts: exit code"
"$BXC" compile --list-passes > "$WORK/passes" || echo "not ok passes: exit code"
names() { sed -n "s/^OP([A-Z_0-9]*, *\"\([a-z_0-9]*\)\".*/\1/p" ir/ops.def; }
check "the table of operators is found" '[ $(names | wc -l) -gt 20 ]'
for operator in $(names); do
  check "operator $operator" "grep -q '^$operator ' $WORK/ops && grep -q '\"name\":.*\"$operator\"' $WORK/ops.json"
done
check "no operator but those" '[ $(sed -n "1d; /^$/q; p" "$WORK/ops" | wc -l) = $(names | wc -l) ]'
# what operators of formats become: everything after the eight columns before it
awk '/ becomes$/ { inside = 1; next } inside && NF > 8 { for (i = 9; i <= NF; i++) print $i }' "$WORK/ops" | tr -d , | sort -u > "$WORK/becomes"
check "operators of formats are found" '[ $(wc -l < "$WORK/becomes") -gt 10 ]'
for made in $(cat "$WORK/becomes"); do
  check "'$made' is an operator that one of a format becomes" "[ $made = nothing ] || names | grep -qx $made"
done
check "doc/operators.md is what 'make doc' makes of it" 'doc/operators.sh "$BXC" | cmp -s - doc/operators.md'
for pass in fold_constants ports integerise lower pipeline; do check "pass $pass" "grep -q '$pass' $WORK/passes"; done
check "passes stand on both sides of the line" "grep -q above $WORK/passes && grep -q below $WORK/passes"
check "parts have the same names in both forms" '[ -s "$WORK/parts" ] && for part in $(sed -n "s/.*\"name\":[[:space:]]*\"\([^\"]*\)\".*/\1/p" "$WORK/parts.json"); do grep -q "$part" "$WORK/parts" || exit 1; done'
check "a reader that has read enough is no error" '{ sleep 0.3; "$BXC" manual; } 2> "$WORK/piped" | true; [ ! -s "$WORK/piped" ]'
check "a full disk is told" '"$BXC" ops > /dev/full 2> "$WORK/full"; [ $? = 1 ] && grep -q "standard output" "$WORK/full"'
