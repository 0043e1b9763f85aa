#!/bin/sh
# The manual's pictures, out of the report of a real run: pictures.sh BXC. What 'make doc' runs.
set -eu
bxc=$1
here=$(cd "$(dirname "$0")" && pwd)
jets=$here/../examples/jets
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bxc" compile -q "$jets/jets_6bit.onnx" -o "$work/fw" --clock 360MHz --part xcvu13p-flga2577-2-e --calibrate "$jets/events.npy"
"$bxc" verify -q "$work/fw" --events "$jets/events.npy" --labels "$jets/labels.npy" --class-names gluon,quark,W,Z,top
page=$work/fw/report/report.html
# The page's colours for light paper, and what it says of pictures.
sed -n '/^<style>/,/^<\/style>/{/^:root/p; /^svg/p; /^ *.svg/p}' "$page" | sed 's/^svg{[^}]*}//' > "$work/style"
# picture NAME LABEL: the picture with this label as a file of its own
picture() {
    awk -v label="aria-label=\"$2" -v style="$work/style" '
        index($0, "<svg ") && index($0, label) {
            inside = 1
            sub(/<svg /, "<svg xmlns=\"http://www.w3.org/2000/svg\" ")
            print; print "<style>"
            while ((getline line < style) > 0) print line
            print "</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
            next
        }
        inside { print }
        inside && /<\/svg>/ { exit }' "$page" > "$here/pictures/$1.svg"
    [ -s "$here/pictures/$1.svg" ] || { echo "pictures.sh: the report has no picture '$2'" >&2; exit 1; }
}
picture timeline "Clock cycles"
picture resources "Estimated LUT"
picture ranges "Values of each layer"
picture curves "ROC curves"
# The page itself, where there is a browser.
if command -v chromium > /dev/null; then
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 --window-size=1060,760 \
        --screenshot="$here/pictures/report.png" "file://$page" > /dev/null 2>&1
fi
