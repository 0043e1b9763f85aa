#!/bin/sh
# What bxc says when something is wrong. Each *.transcript holds tests: a line "# title", a line
# "$ command", what the command must print on stderr, and "= exit code". Commands run in one folder
# with the files that fixtures.sh makes. Whatever happens, nothing may appear on stdout, the folder
# `new` may not appear, and the firmware in `fw`, the folder `foreign` and all else must stay as they
# were to the byte. UPDATE=1 rewrites the transcripts: review the diff.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/fixtures.sh"
PATH=$(dirname "$BXC"):$PATH

# every name, mode and content
snapshot() { find . | sort; find . -type f -exec cksum {} + | sort; }

run_command() {
    cat "$WORK/pipe" > "$WORK/stderr" & # a file would be subject to the limits that commands set
    eval "$command" > "$WORK/stdout" 2> "$WORK/pipe" < /dev/null
    code=$?
    wait
    sed "/^libgcov profiling error/d; s|\.new-[A-Za-z0-9]\{6\}|.new-XXXXXX|g; s|bxc-[A-Za-z0-9]\{6\}|bxc-XXXXXX|g; s|$WORK|WORK|g; s|[0-9a-f]\{16\}\.\.\.|HASH...|g" "$WORK/stderr" > "$WORK/got"
    echo "= $code" >> "$WORK/got"
}

check_command() {
    run_command
    [ -z "${UPDATE:-}" ] || { echo "# $title"; echo "\$ $command"; cat "$WORK/got"; } >> "$WORK/updated"
    if ! snapshot | cmp -s - "$WORK/before"; then
        echo "not ok $name: it left something behind"
        snapshot | diff "$WORK/before" - >&2
        fixtures
    elif [ -s "$WORK/stdout" ]; then echo "not ok $name: it printed on stdout"
    elif [ -z "${UPDATE:-}" ] && ! diff -u "$WORK/expected" "$WORK/got" > "$WORK/difference"; then
        echo "not ok $name: says something else"
        cat "$WORK/difference" >&2
    else echo "ok $name"
    fi
}

check_transcript() {
    : > "$WORK/updated"
    while IFS= read -r line; do
        case $line in
        '# '*) title=${line#'# '}; name=$subject$(echo "$title" | tr -c 'a-zA-Z0-9\n' _) ;;
        '$ '*) command=${line#'$ '}; : > "$WORK/expected" ;;
        '= '*) echo "$line" >> "$WORK/expected"; check_command ;;
        *) echo "$line" >> "$WORK/expected" ;;
        esac
    done < "$1"
    [ -z "${UPDATE:-}" ] || cp "$WORK/updated" "$1"
}

mkfifo "$WORK/pipe" && mkdir "$WORK/cases" && cd "$WORK/cases" && fixtures || { echo "not ok fixtures: cannot make them"; exit 1; }
snapshot > "$WORK/before"
for transcript in "$here"/*.transcript; do
    subject=$(basename "$transcript" .transcript)_
    check_transcript "$transcript"
done
