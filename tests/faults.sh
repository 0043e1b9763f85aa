# Tables of faults and how one is planted: for tests that break something on purpose and must see it found. Sourced.
# A record is a line "fault NAME" and indented lines "  KEY VALUE"; its edit is
#   find, make: an extended regular expression over the whole file, and sed's replacement for it

# Each record's name and values of the keys, in this order, as one line with tabs between; a record that lacks one, or
# has others, is an error.
faults_list() { # TABLE KEY...
    faults_table=$1; shift
    awk -v keys="$*" '
        function complain(what) { print FILENAME ":" FNR ": " what > "/dev/stderr"; failed = 1; exit 1 }
        function put(    line, i) {
            if (name == "") return
            line = name
            for (i = 1; i <= count; i++) {
                if (!(key[i] in value)) complain("fault " name " has no " key[i])
                line = line "\t" value[key[i]]
            }
            print line
        }
        BEGIN { count = split(keys, key, " "); for (i = 1; i <= count; i++) known[key[i]] = 1 }
        /^fault / { put(); name = substr($0, 7); split("", value); next }
        /^  [a-z]+ / { if (!($1 in known) || $1 in value) complain("what is this: " $0); value[$1] = substr($0, 4 + length($1)); next }
        !/^(#.*)?$/ { complain("what is this: " $0) }
        END { if (!failed) put() }' "$faults_table"
}

# The edit; it must meet the file once. Else 1, and the reason on standard output.
faults_plant() { # FILE FIND MAKE
    faults_matches=$(grep -zoE -e "$2" "$1" | tr -cd '\0' | wc -c)
    [ "$faults_matches" = 1 ] || { echo "its pattern is there $faults_matches times in ${1##*/}: $2"; return 1; }
    cp "$1" "$1.before"
    sed -zE "s	$2	$3	" "$1.before" > "$1"
    if cmp -s "$1" "$1.before"; then rm "$1.before"; echo "it changed nothing in ${1##*/}"; return 1; fi
    rm "$1.before"
}

# Each fault of a table (in, find, make, says) in a copy of a firmware: it builds, verify ends with 1, and the verdict says
# what the record does. Prints "ok AREA_NAME" or "not ok AREA_NAME: why".
faults_caught() { # AREA TABLE FIRMWARE VERIFY-OPTION...
    faults_area=$1 faults_table_of=$2 faults_firmware=$3; shift 3
    faults_list "$faults_table_of" in find make says > "$WORK/faults"
    [ -s "$WORK/faults" ] || echo "not ok ${faults_area}_faults: none were read"
    while IFS='	' read -r name file find make says; do (faults_catch "$@"); done < "$WORK/faults"
}
faults_miss() { echo "not ok ${faults_area}_$name: $1"; exit 0; }
faults_catch() { # VERIFY-OPTION...
    fw=$WORK/fault_$name
    cp -r "$faults_firmware" "$fw"
    rm -rf "$fw/verify"
    why=$(faults_plant "$fw/$file" "$find" "$make") || faults_miss "$why"
    "$BXC" verify "$fw" --engines emulator,rtl "$@" > "$fw.out" 2>&1 < /dev/null
    code=$?
    grep -q 'does not build' "$fw.out" && faults_miss "it does not build"
    [ $code = 1 ] || faults_miss "verify ended with $code"
    grep -q "$says" "$fw.out" ||
        faults_miss "the verdict does not say '$says': $(grep -m 3 -e '^verdict' -e differs -e 'error:' "$fw.out" | tr '\n' ' ')"
    rm -rf "$fw"
    echo "ok ${faults_area}_$name"
}
