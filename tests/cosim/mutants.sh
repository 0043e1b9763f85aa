#!/bin/sh
# Are wrong bits caught, and is the first of them named? Two small models are compiled once; each mutant of
# mutants/<language>.txt (the design is one, and another where it serves items one after the other) is one edit of a copy of its firmware that must match exactly once (what is
# emitted has changed otherwise, and the mutant must follow). The mutant must build without a warning
# and be found by comparing outputs alone: exit code 1, and the verdict names output, element and
# the layer in which it begins as `first` says ("behind" where that layer's values are right). Unmutated
# copies must pass, and another content hash must be refused.
set -u
here=$(dirname "$0")/mutants
. "$ROOT/tests/faults.sh"
events=3000

not_ok() { echo "not ok $1: $2"; exit 1; }

engine_of() {
    case $1 in verilog) echo rtl ;; items) echo datapath ;; *) echo "$1" ;; esac
}

firmware_of() {
    case $1 in items) echo "$WORK/items" ;; *) echo "$WORK/fw" ;; esac
}

# Optimisation only costs time here.
verify() { # FOLDER LANGUAGE [OPTION...]
    folder=$1 engine=$(engine_of "$2"); shift 2
    CFLAGS='-O0 -Werror' CXXFLAGS='-O0 -Werror' OPT=-O0 "$BXC" verify "$folder" --engines "emulator,$engine" -n $events -j 1 --json "$@" \
        > "$folder.json" 2> "$folder.err"
}

# A member of the verdict's first difference; the engines before the one under test have none.
member() { # FILE NAME
    sed -n "/\"difference\"/,/}/s/.*\"$2\":[[:space:]]*\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1" | head -n 1
}

one() { # LANGUAGE NAME FILE FIND MAKE FIRST
    name=$1_$2 fw=$WORK/$1_$2
    cp -r "$(firmware_of "$1")" "$fw"
    why=$(faults_plant "$fw/$3" "$4" "$5") || not_ok "$name" "$why"
    verify "$fw" "$1" --no-hash-check
    code=$?
    if grep -q 'does not build' "$fw.json" "$fw.err"; then not_ok "$name" "it does not build: $(grep -h -e error -e warning "$fw.err" | head -n 3)"; fi
    [ $code = 1 ] || not_ok "$name" "verify ended with $code"
    found="$(member "$fw.json" output_name) $(member "$fw.json" element) $(member "$fw.json" layer)"
    [ "$(member "$fw.json" narrowed)" = true ] || not_ok "$name" "the verdict did not look where it begins: $(member "$fw.json" not_narrowed)"
    [ "$(member "$fw.json" only_output)" = false ] || found="$found behind"
    [ "$found" = "$6" ] || not_ok "$name" "the verdict says '$found', not '$6'"
    echo "ok $name"
    rm -rf "$fw"
}

# Called by itself: one mutant, its fields as one line between tabs.
if [ "${1-}" = one ]; then
    IFS='	' read -r language name file find make first <<EOF
$2
EOF
    one "$language" "$name" "$file" "$find" "$make" "$first"
    exit
fi

unmutated() { # LANGUAGE
    cp -r "$(firmware_of "$1")" "$WORK/$1_unmutated"
    verify "$WORK/$1_unmutated" "$1" || { echo "not ok $1_unmutated: verify fails: $(head -n 3 "$WORK/$1_unmutated.err")"; return; }
    echo "ok $1_unmutated"
}

# Another content hash in the sources: refused with the check, taken without it.
stale() { # LANGUAGE FILE PATTERN
    fw=$WORK/$1_stale
    cp -r "$WORK/fw" "$fw"
    sed -i -E "s/($3)[0-9a-f]{8}/\100000000/" "$fw/$2"
    ! cmp -s "$fw/$2" "$WORK/fw/$2" || { echo "not ok $1_stale: no hash in $2"; return; }
    verify "$fw" "$1"
    [ $? = 1 ] && grep -q 'are stale: their content hash is 00000000' "$fw.json" "$fw.err" || { echo "not ok $1_stale: not refused"; return; }
    verify "$fw" "$1" --no-hash-check || { echo "not ok $1_stale: refused without the check"; return; }
    echo "ok $1_stale"
}

"$BXC" compile "$here/model.bxc" -o "$WORK/fw" --name mutants --clock 25MHz -q || { echo "not ok mutants: the model does not compile"; exit 1; }
"$BXC" compile "$here/items.bxc" -o "$WORK/items" --clock 25MHz --interval 4 -q || { echo "not ok mutants: the items do not compile"; exit 1; }
{ unmutated verilog; unmutated c; unmutated hls; unmutated datapath; unmutated items; } | tee "$WORK/results"
for language in verilog hls c datapath items; do
    faults_list "$here/$language.txt" in find make first | sed "s/^/$language	/" > "$WORK/list"
    case $language in items) count=6 ;; *) count=10 ;; esac
    [ "$(wc -l < "$WORK/list")" = $count ] && echo "ok ${language}_has_$count" || echo "not ok ${language}_has_$count: $(wc -l < "$WORK/list") were read"
    tr '\n' '\0' < "$WORK/list" | xargs -0 -n 1 -P 2 sh "$0" one
done 2> "$WORK/results.err" | tee -a "$WORK/results"
{
    stale verilog rtl/mutants.v "256'h"
    stale c c/mutants.c 'content_hash\[65\] = "'
    stale hls hls/mutants.h 'content_hash\[65\] = "'
} | tee -a "$WORK/results"
! grep -q '^not ok' "$WORK/results"
