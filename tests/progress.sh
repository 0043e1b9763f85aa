#!/bin/sh
# Runs a command and counts its lines: a line that is rewritten on a terminal, else how many and how long at the end.
#   progress.sh WHAT COMMAND...
what=$1; shift
began=$(date +%s)
code=$(mktemp)
trap 'rm -f "$code"' EXIT
show() {
    count=0
    while IFS= read -r line; do
        count=$((count + 1))
        [ ! -t 1 ] || printf '\r\033[K%d %s, %d s: %s' "$count" "$what" "$(($(date +%s) - began))" "$line"
    done
    [ ! -t 1 ] || printf '\r\033[K'
    echo "$count $what in $(($(date +%s) - began)) s"
}
{ "$@"; echo $? > "$code"; } | show
exit "$(cat "$code")"
