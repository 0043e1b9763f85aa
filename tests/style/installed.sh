#!/bin/sh
# Every link of the pages that `make install` brings leads to what it brings too.
set -u
cd "$ROOT" || exit 1
make -s install "variant=$(basename "$BUILD")" DESTDIR="$WORK/staged" PREFIX=/prefix > "$WORK/log" 2>&1 || { echo "not ok installed: $(tail -n 1 "$WORK/log")"; exit 1; }
pages=$WORK/staged/prefix/share/doc/bxc
find "$pages" -name '*.md' > "$WORK/pages"
while read -r page; do
    grep -o ']([^)]*)' "$page" | sed 's/^](//; s/)$//; s/#.*//' | grep -v -e '^$' -e '^[a-z]*:' | while read -r link; do
        [ -e "$(dirname "$page")/$link" ] || echo "${page#"$pages/"}: $link"
    done
done < "$WORK/pages" > "$WORK/broken"
[ -s "$WORK/pages" ] || echo "no pages" >> "$WORK/broken"
if [ -s "$WORK/broken" ]; then echo "not ok installed links: $(head -n 3 "$WORK/broken" | tr '\n' ' ')"; else echo "ok installed links"; fi
make -n install "variant=$(basename "$BUILD")" prefix=/elsewhere 2> /dev/null | grep -q '"/elsewhere/bin/bxc"' && echo "ok prefix is PREFIX" || echo "not ok prefix is PREFIX"
