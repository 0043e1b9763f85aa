#!/bin/sh
# embed.sh FILE...: prints a C file that defines template_files (codegen/codegen.h), the text of each
# file under its base name, and template_words, the identifiers of their code. Needs od, sed, awk and sort alone.
set -eu
echo '/* Made by codegen/embed.sh. */'
echo '#include "codegen/codegen.h"'
number=0
for file in "$@"; do
    echo "static const unsigned char text_$number[] = {"
    od -An -v -tu1 "$file" | sed 's/  *\([0-9]\)/\1/; s/  */,/g; s/$/,/'
    echo '0};'
    number=$((number + 1))
done
echo 'const struct template_file template_files[] = {'
number=0
for file in "$@"; do
    echo "    {\"${file##*/}\", text_$number, sizeof text_$number - 1},"
    number=$((number + 1))
done
echo '    {0, 0, 0},'
echo '};'

# The code without comments, texts, includes and system tasks; a letter alone is no word that anything could
# collide with. The harness of Verilator knows the firmware by the name Vtop alone.
words() {
    for file in "$@"; do
        case $file in */verilog_harness.cpp) ;; *.h|*.c|*.cpp|*.v) cat "$file"; echo ;; esac
    done | awk '
        /^[ \t]*#[ \t]*include/ { next }
        {
            line = $0
            while (line != "") {
                if (comment) {
                    if (!(at = index(line, "*/"))) break
                    line = substr(line, at + 2)
                    comment = 0
                } else if (match(line, /^[A-Za-z_][A-Za-z0-9_]*/)) {
                    if (RLENGTH > 1) print tolower(substr(line, 1, RLENGTH))
                    line = substr(line, RLENGTH + 1)
                } else if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^[0-9$'"'"'][A-Za-z0-9_$]*/))
                    line = substr(line, RLENGTH + 1)
                else if (line ~ /^\/\//) break
                else if (line ~ /^\/\*/) { comment = 1; line = substr(line, 3) }
                else line = substr(line, 2)
            }
        }' | LC_ALL=C sort -u
}
echo 'const char *const template_words[] = {'
words "$@" | sed 's/.*/    "&",/'
echo '    0,'
echo '};'
