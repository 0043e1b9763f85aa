#!/bin/sh
# Are the faults of version 0.1.0 found when they are put back (put_back.txt)? Each is one edit of a copy of the source,
# which must build without a warning and be found by the fuzz driver of networks (tests/fuzz/fuzz_network.c on random
# bytes, tests/fuzz_blind.c) or by the test that the table names; none of these finds anything in the source as it is.
#   put_back.sh [NAME...]     env: INPUTS (3000), of the fuzz driver, from two seeds each
set -u
. "$ROOT/tests/faults.sh"
table=$ROOT/tests/long/put_back.txt
tree=$WORK/tree B=build/$(basename "$BUILD")
mkdir -p "$tree/build"
(cd "$ROOT" && tar -cf - --exclude=./build --exclude=./.git .) | tar -xf - -C "$tree" && cp -a "$BUILD" "$tree/build/"
unset BXC BUILD
not_ok() { echo "not ok put_back_$1: $2"; }

# What finds a fault, built from the copy: fuzz, tests/unit/NAME or tests/FOLDER/NAME.sh.
build() { # FINDER
    case $1 in fuzz) goal=$B/blind/fuzz_network ;; *.sh) goal=all ;; *) goal=$B/$1 ;; esac
    make -s -C "$tree" -j2 "variant=${B#build/}" $goal > "$WORK/make" 2>&1 && ! grep -q 'warning:' "$WORK/make"
}
# 0 when it finds something, which is in the file `found`.
finds() { # FINDER
    case $1 in
    fuzz)
        for seed in 1 1000001; do
            (cd "$WORK" && "$tree/$B/blind/fuzz_network" "${INPUTS:-3000}" $seed > out.$seed 2> found.$seed; echo $? > code.$seed) &
        done
        wait
        for seed in 1 1000001; do
            [ "$(cat "$WORK/code.$seed")" = 0 ] || { mv "$WORK/found.$seed" "$WORK/found"; return 0; }
        done
        return 1 ;;
    *.sh) finder=$1 ;;
    *) finder=$B/$1 ;;
    esac
    ! (cd "$tree" && JOBS=1 TEST_SECONDS=3600 tests/run.sh "$B" "$finder" > "$WORK/said" 2>&1) && grep 'not ok' "$WORK/said" > "$WORK/found"
}

one() { # NAME CLASS FILE FIND MAKE FINDER
    cp "$tree/$3" "$WORK/as_it_is"
    if ! why=$(faults_plant "$tree/$3" "$4" "$5"); then not_ok "$1" "$why"; return; fi
    if ! build "$6"; then not_ok "$1" "it does not build, or not without a warning: $(grep -m 1 -e error -e warning: "$WORK/make")"
    elif finds "$6"; then echo "ok put_back_$1 ($2): $6: $(grep -a -m 1 . "$WORK/found" | cut -c 1-160)"
    else not_ok "$1" "($2) $6 does not find it"; fi
    cp "$WORK/as_it_is" "$tree/$3"
}

faults_list "$table" class in find make found > "$WORK/list" || not_ok table "it cannot be read"
for name; do grep "^$name	" "$WORK/list"; done > "$WORK/some"
[ $# = 0 ] || mv "$WORK/some" "$WORK/list"
{
    for finder in $(awk -F'\t' '{ print $6 }' "$WORK/list" | sort -u); do
        if ! build "$finder"; then not_ok as_it_is "$finder does not build: $(grep -m 1 -e error -e warning: "$WORK/make")"
        elif finds "$finder"; then not_ok as_it_is "$finder finds something in the source as it is: $(grep -a -m 1 -e 'not ok' -e . "$WORK/found")"
        else echo "ok put_back_as_it_is: $finder"; fi
    done
    while IFS='	' read -r name class file find make finder; do one "$name" "$class" "$file" "$find" "$make" "$finder"; done < "$WORK/list"
} | tee "$WORK/results"
! grep -q '^not ok' "$WORK/results"
