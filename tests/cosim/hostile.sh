#!/bin/sh
# Small files that claim much, of every format: cycles, names that come twice, shapes that overflow, numbers that are none,
# archives that unpack to half a gigabyte, deep nesting. Each is refused within a second of the processor and little memory.
set -u
cd "$WORK" || exit 1
command -v python3 > /dev/null || { echo "skip hostile: no python3"; exit; }
python3 "$ROOT/tests/cosim/hostile.py" files || { echo "not ok hostile: the files were not made"; exit; }
memory=unlimited # of what sanitizers want
(ulimit -v 400000 && "$BXC" --version) > /dev/null 2>&1 && memory=400000
for file in files/*; do
    name=$(basename "$file")
    for command in inspect "compile -o new"; do
        (ulimit -v "$memory" && ulimit -t 1 && "$BXC" $command "$file") > out 2> err
        code=$?
        if [ "$code" = 1 ] && grep -q "error: " out err; then echo "ok ${command%% *} $name"
        else echo "not ok ${command%% *} $name: exit code $code, $(head -n 1 err)"; fi
    done
done
