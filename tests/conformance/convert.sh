#!/bin/sh
# A model compiles to the same bytes from ONNX, from the JSON that convert writes, and from the text form.
# The manifest alone names the file.
set -u
for model in examples/jets/jets_6bit.onnx examples/jets/jets.onnx ${SHARED:+"$SHARED"/models/qonnx/qkeras_jettagging.onnx}; do
    name=$(basename "$model" .onnx)
    mkdir -p "$WORK/$name"
    if ! "$BXC" compile "$model" -o "$WORK/$name/onnx" -q 2> "$WORK/log"; then
        echo "not ok convert_$name: $(cat "$WORK/log")"
        continue
    fi
    "$BXC" convert "$model" "$WORK/$name/$name.json" && "$BXC" compile "$WORK/$name/$name.json" -o "$WORK/$name/json" -q 2> /dev/null
    cp "$WORK/$name/onnx/reference.bxc" "$WORK/$name/$name.bxc"
    "$BXC" compile "$WORK/$name/$name.bxc" -o "$WORK/$name/text" -q 2> /dev/null
    rm -f "$WORK/$name"/*/manifest.json
    if diff -rq "$WORK/$name/onnx" "$WORK/$name/json" > "$WORK/log" 2>&1 && diff -rq "$WORK/$name/onnx" "$WORK/$name/text" >> "$WORK/log" 2>&1; then
        echo "ok convert_$name"
    else
        echo "not ok convert_$name: $(head -n 1 "$WORK/log")"
    fi
done
