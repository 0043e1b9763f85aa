#!/bin/sh
# The emitted HLS C++ compiled with the vendors' open headers gives the emulator's bits. AP_TYPES: folder
# with ap_fixed.h or ac_fixed.h (the hls4ml wheel on PyPI has both); without it, a skip.
set -u
[ -n "${AP_TYPES:-}" ] || { echo "skip ap_types: AP_TYPES names no folder with ap_fixed.h or ac_fixed.h"; exit 0; }
for model in examples/jets/jets_6bit.onnx examples/jets/jets_hgq.keras ${SHARED:+"$SHARED"/models/qonnx/qkeras_jettagging.onnx "$SHARED"/models/hgq/*.keras}; do
    name=ap_types_$(basename "${model%.*}")
    if "$BXC" compile -q "$model" -o "$WORK/fw" > "$WORK/log" 2>&1 &&
        "$BXC" verify -q "$WORK/fw" -n 2000 --engines=hls --ap-types="$AP_TYPES" >> "$WORK/log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name: $(tail -n 1 "$WORK/log")"
    fi
    rm -rf "$WORK/fw"
done
