#!/bin/sh
# --shape: models that leave the length of an axis open, in every format that can, at a length of 7. Every command that
# reads a model obeys, refuses a length that is missing or of no axis, and the numbers are those of the model's own tool
# (tests/oracle/open_axes.py).
set -u
here=$ROOT/tests/oracle/open_axes
cd "$WORK" || exit 1

close() { # FILE FILE: the largest difference is below 1e-5
    paste -d , "$1" "$2" | awk -F , '{ for (i = 1; i <= NF / 2; i++) { d = $i - $(i + NF / 2); if (d < 0) d = -d; if (!(d < 1e-5)) exit 1 } n++ } END { if (!n) exit 1 }'
}
says() { # TITLE CODE PATTERN COMMAND...
    title=$1 wanted=$2 pattern=$3; shift 3
    "$BXC" "$@" > out 2>&1; code=$?
    [ $code = "$wanted" ] && grep -q -- "$pattern" out && echo "ok $title" || { echo "not ok $title (exit code $code)"; cat out >&2; }
}

while read -r model name other; do
    file=$here/$model
    says "$model without" 1 "as in --shape $name=16" compile "$file" -o fw
    says "$model inspected without" 1 "as in --shape $name=16" inspect "$file"
    says "$model with a name of no axis" 2 "open are .*'$other'" convert "$file" out.bxc --shape "$name=7" --shape nothing=3
    says "$model with another" 2 "'nothing'" run "$file" "$here/events.csv" -o out.csv --engine float --shape "$name=7" --shape nothing=3
    for axis in $name $other; do
        "$BXC" run "$file" "$here/events.csv" -o out.csv --engine float --shape "$axis=7" > out 2>&1
        close out.csv "$here/$model.csv" && echo "ok $model by $axis" || { echo "not ok $model by $axis"; cat out >&2; }
    done
    "$BXC" convert "$file" "by_option.bxc" --shape "$name=7" > out 2>&1 && "$BXC" compile -q "$file" -o fw --shape "$name=7" > out 2>&1 &&
        cmp -s fw/reference.bxc by_option.bxc || cat out >&2
    [ -s fw/reference.bxc ] && echo "ok $model compiled" || echo "not ok $model compiled"
    says "$model inspected" 0 "cycles" inspect "$file" --shape "$name=7"
    echo "{\"shape\": {\"$name\": 7}}" > config.json
    "$BXC" run "$file" "$here/events.csv" -o out.csv --engine float --config config.json > out 2>&1
    close out.csv "$here/$model.csv" && ! grep -q 'does nothing' out && echo "ok $model configured" || { echo "not ok $model configured"; cat out >&2; }
    rm -rf fw out.csv
done << END
named.onnx steps x.1
nameless.onnx x.1 x.1
symbol.pt2 s27 x.1
none.keras x.1 x.1
unknown.pb x.1 x.1
signature.tflite $("$BXC" inspect "$here/signature.tflite" | sed -n "s/.*--shape \(.*\)=16/\1/p" | head -n 1) serving_default_x_0.1
END

says "the batch" 2 "the first axis is the batch" convert "$here/named.onnx" out.bxc --shape steps=7 --shape N=2
says "a name and a place that differ" 1 "the size 7 as 'steps' and 8 as 'x.1'" convert "$here/named.onnx" out.bxc --shape steps=7 --shape x.1=8
says "two sizes" 2 "a second size" convert "$here/named.onnx" out.bxc --shape steps=7 --shape steps=8
says "a length beyond all" 2 "is no size of an axis" convert "$here/named.onnx" out.bxc --shape steps=99999999
says "a model without open axes" 2 "no axis is open" convert "$ROOT/examples/jets/jets_6bit.onnx" out.bxc --shape steps=7
echo '{"shape": {"steps": 7}}' > config.json
says "the command line before the configuration" 0 . convert "$here/named.onnx" eight.bxc --shape steps=8
says "compiled with both" 0 LUT compile "$here/named.onnx" -o fw --shape steps=8 --config config.json
grep -q '\[1,8,4\]' fw/reference.bxc && echo "ok the command line counts" || echo "not ok the command line counts"
sed 's/$/,0,0,0,0/' "$here/events.csv" > eight.csv
says "a folder is compiled" 0 "--shape does nothing" run fw eight.csv -o out.csv --shape steps=8
