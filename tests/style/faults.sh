#!/bin/sh
# The tables of faults that tests/long plants, in bxc's own source and in firmware, follow what they edit: each pattern
# is there once, so that a change shows here that it must be mended there.
. "$ROOT/tests/faults.sh"

lost() { # lines FILE, NAME, FIND, MAKE with tabs between: those that cannot be planted
    while IFS='	' read -r file name find make; do
        cp "$file" "$WORK/file" && why=$(faults_plant "$WORK/file" "$find" "$make") || echo "$name: ${why:-no file}."
    done 2>&1
}
tell() { # WHAT LINES LOST
    if [ -s "$2" ] && [ -z "$3" ]; then echo "ok faults in $1 are planted where their table says ($(grep -c . "$2"))"
    else echo "not ok faults in $1 are planted where their table says: $3"; fi
}

faults_list "$ROOT/tests/long/put_back.txt" in find make class found | awk -F'\t' -v OFS='\t' -v root="$ROOT" '{ print root "/" $2, $1, $3, $4 }' > "$WORK/source"
tell "bxc's source" "$WORK/source" "$(lost < "$WORK/source")"

"$ROOT/tests/long/planted_faults.sh" firmwares || exit 1
faults_list "$ROOT/tests/long/planted_faults.txt" model in find make class expect | awk -F'\t' -v OFS='\t' -v work="$WORK" '{ print work "/" $2 "/" $3, $1, $4, $5 }' > "$WORK/planted"
tell "firmwares" "$WORK/planted" "$(lost < "$WORK/planted")"
