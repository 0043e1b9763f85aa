#!/bin/sh
# Line coverage from the counts that a coverage build left behind: a line a folder, and the files of
# which the least was executed.   coverage.sh BUILD
set -eu
build=$1
find "$build" -name '*.gcda' -not -path '*/tests/*' -not -path '*/generated/*' -exec gcov -n -r -s "$PWD" {} + 2> /dev/null |
awk -v quote="'" '
    /^File / { file = substr($0, 7); sub(quote ".*", "", file) }
    /^Lines executed:/ && file != "" {
        split($0, part, /[:% ]+/)
        lines = part[5]; done = int(part[3] * lines / 100 + 0.5)
        if (lines > total[file]) { total[file] = lines; covered[file] = done }
        file = ""
    }
    END {
        for (file in total) {
            if (file ~ /\.h$/) continue
            folder = file; sub("/[^/]*$", "", folder)
            folder_total[folder] += total[file]; folder_covered[folder] += covered[file]
            all_total += total[file]; all_covered += covered[file]
            printf "2 %5.1f%% %5d lines missed in %s\n", 100 * covered[file] / total[file], total[file] - covered[file], file
        }
        for (folder in folder_total) printf "0 %5.1f%% of %6d lines  %s\n", 100 * folder_covered[folder] / folder_total[folder], folder_total[folder], folder
        if (all_total) printf "1 %5.1f%% of %6d lines  all\n", 100 * all_covered / all_total, all_total
    }' | sort -k1,1n -k2,2n > "$build/coverage"
grep '^[01]' "$build/coverage" | sort -k1,1n -k6 | cut -d ' ' -f 2-
echo 'least covered:'
grep '^2' "$build/coverage" | head -n 15 | cut -d ' ' -f 2-
