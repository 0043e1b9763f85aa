#!/bin/sh
# What `make install` brings: pages whose links lead to what it brings too, an example that runs there; and that
# `make uninstall` takes all of it, and nothing else, away again.
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
make -n install "variant=$(basename "$BUILD")" prefix=/elsewhere 2> /dev/null | grep -q '"/elsewhere/' && echo "ok prefix is PREFIX" || echo "not ok prefix is PREFIX"

# The example of an installed tree runs the bxc on PATH, on files that are there, and leaves its firmware here.
mkdir "$WORK/path" "$WORK/here"
printf '#!/bin/sh\necho "$1" >> "%s/ran"\nfor word; do case $word in /*) [ -e "$word" ] || exit 1 ;; esac; done\n' "$WORK" > "$WORK/path/bxc"
chmod +x "$WORK/path/bxc"
(cd "$WORK/here" && PATH=$WORK/path:$PATH "$pages/examples/jets/run") > "$WORK/log" 2>&1
[ $? = 0 ] && [ "$(echo $(cat "$WORK/ran"))" = "compile verify report" ] && grep -q '^.3/3' "$WORK/log" && echo "ok installed example" || echo "not ok installed example: $(tail -n 1 "$WORK/log")"

mkdir "$WORK/staged/prefix/share/man/man7" && touch "$WORK/staged/prefix/bin/other"
make -s uninstall "variant=$(basename "$BUILD")" DESTDIR="$WORK/staged" PREFIX=/prefix > "$WORK/log" 2>&1 || echo "not ok uninstall: $(tail -n 1 "$WORK/log")"
left=$(cd "$WORK/staged/prefix" && find . ! -type d)
[ "$left" = ./bin/other ] && [ ! -e "$pages" ] && [ -d "$WORK/staged/prefix/share/man/man7" ] && echo "ok uninstall" || echo "not ok uninstall: leaves $left"

# Without the modules that make a wheel it is said which, and nothing else.
make -s wheel "variant=$(basename "$BUILD")" PYTHON='python3 -S' > "$WORK/log" 2>&1 && echo "not ok wheel without its modules: ends with 0"
grep -q 'apt-get install .*python3-wheel' "$WORK/log" && ! grep -q Traceback "$WORK/log" && echo "ok wheel without its modules" || echo "not ok wheel without its modules: $(tail -n 1 "$WORK/log")"
