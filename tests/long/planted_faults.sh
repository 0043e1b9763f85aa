#!/bin/sh
# Faults planted in compiled firmware (planted_faults.txt): which does verify catch by running, which need a proof?
# Every fault is one edit of a copy and must build. `expect caught` faults must be found by the engine of the
# edited file, by its outputs or its timing; `expect proof` ones must still pass, so that the list stays honest.
# Faults of other kinds (directives, __SYNTHESIS__, edited files) are refused before anything runs: not here.
#   planted_faults.sh [NAME...]     or `firmwares`: compiles those that the table names, into $WORK
set -u
table=$(dirname "$0")/planted_faults.txt
. "$ROOT/tests/faults.sh"

not_ok() { echo "not ok $1: $2"; rm -rf "$WORK/$1"; exit 0; }

# What the engine's results say: a difference or a failure.
caught() { # ENGINE JSON
    awk -v engine="\"engine\":[^\"]*\"$1\"" '
        $0 ~ engine { mine = 1 }
        /"engine":/ && $0 !~ engine { mine = 0 }
        mine && (/"difference":/ || (/"failure":/ && !/null/)) { found = 1 }
        END { exit !found }' "$2"
}

if [ "${1-}" = one ]; then
    IFS='	' read -r name class expect model file find make << END
$2
END
    fw=$WORK/$name
    cp -r "$WORK/$model" "$fw"
    why=$(faults_plant "$fw/$file" "$find" "$make") || not_ok "$name" "$why"
    case $file in rtl/*) engine=rtl ;; *) engine=${file%%/*} ;; esac
    OPT=-O1 CFLAGS=-O1 CXXFLAGS=-O1 "$BXC" verify "$fw" --engines "emulator,$engine" --no-hash-check -j 2 --json > "$fw.json" 2> "$fw.err"
    code=$?
    if grep -q 'does not build\|not built' "$fw.json" "$fw.err"; then not_ok "$name" "it does not build: $(grep -h -m 2 error "$fw.err")"; fi
    got=proof
    [ $code != 1 ] || ! caught $engine "$fw.json" || got=caught
    if [ "$got" = "$expect" ]; then echo "ok $name ($class): $got"; else echo "not ok $name ($class): $got, expected $expect; exit code $code"; fi
    rm -rf "$fw"
    exit 0
fi

"$BXC" compile "$ROOT/tests/cosim/mutants/model.bxc" -o "$WORK/mutants" --name mutants --clock 300MHz -q &&
    "$BXC" compile "$ROOT/examples/jets/jets_hgq.keras" -o "$WORK/jets_hgq" --calibrate "$ROOT/examples/jets/events.npy" -q || { echo "not ok planted_faults: no firmware"; exit 1; }
[ "${1-}" != firmwares ] || exit 0
faults_list "$table" class expect model in find make > "$WORK/list" || echo "not ok planted_faults: the table"
for name; do grep "^$name	" "$WORK/list"; done > "$WORK/some"
[ $# = 0 ] || mv "$WORK/some" "$WORK/list"
tr '\n' '\0' < "$WORK/list" | xargs -0 -n 1 -P "${JOBS:-2}" sh "$0" one | tee "$WORK/results"
echo "# of $(wc -l < "$WORK/list") planted faults $(grep -c ': caught' "$WORK/results") are caught by running, $(grep -c '): proof' "$WORK/results") need a proof"
! grep -q '^not ok' "$WORK/results"
