#!/bin/sh
# embed.sh FILE...: prints a C file that defines template_files (codegen/codegen.h), the text of each
# file under its base name. Needs od and sed alone.
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
