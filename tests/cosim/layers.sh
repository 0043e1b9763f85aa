#!/bin/sh
# Is the layer in which a difference begins named? Faults are planted in first, middle and last layers of trained
# networks, in each language; the verdict must name layer and element, whatever became of it at the outputs.
set -u
case ${1-} in
long) model=jets_6bit.onnx name=jets_6bit options='--softmax drop' last=dense4
      layers='dense1 dense2 dense3 dense4' ;;
*) model=jets_hgq.keras name=jets_hgq options='' last=dense3
   layers='standardise_iq dense1 dense2 dense3' ;;
esac
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

member() { # FILE NAME
    sed -n "/\"difference\"/,/}/s/.*\"$2\":[[:space:]]*\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1" | head -n 1
}

# check NAME ENGINE LAYER ELEMENT: of the folder $fw
check() {
    "$BXC" verify "$fw" --engines "emulator,$2" --events examples/jets/events.npy -n 2000 -j 1 --json --no-hash-check > "$fw.json" 2> "$fw.err"
    code=$?
    found="$(member "$fw.json" layer) $(member "$fw.json" layer_element)"
    if [ $code = 1 ] && [ "$(member "$fw.json" narrowed)" = true ] && [ "$found" = "$3 $4" ]; then echo "ok $1"; else
        echo "not ok $1: exit code $code, '$found', not '$3 $4'"; head -n 5 "$fw.err" >&2; fi
    rm -rf "$fw"
}

edit() { # FILE SED-SCRIPT
    sed -E "$2" "$fw/$1" > "$fw/edited" && ! cmp -s "$fw/edited" "$fw/$1" && mv "$fw/edited" "$fw/$1" || echo "not ok layers: nothing to edit in $1"
}

# Verilog's statements stand on several lines where they are long.
join=':a; /^    (wire|assign) [^;]*$/{N; s/\n */ /; ba}'

fault() { # ENGINE LAYER: what element 3 of the layer gives is another number; an undelayed operand is of another event
    fw=$WORK/$1_$2
    cp -r "$WORK/fw" "$fw"
    case $1 in
    c) edit "c/$name.c" "s/^(    layer_$2\(.*, (v_$2)\);)\$/\1 \2[3] ^= 32;/" ;;
    hls) edit "hls/$name.cpp" "s/^(    layer_$2\(.*, v_($2)\);)\$/\1 v_\2[3] = bxc_from_raw<type_\2>(bxc_raw(v_\2[3]) ^ 32);/" ;;
    rtl) edit "rtl/${name}_$2.v" "$join; s/^(    wire \[([0-9]+):0\] $2_3 =) (.*);\$/\1 (\3) ^ {1'b1, \2'd0};/; s/^(    assign $2_3 =) (.*);\$/\1 ~(\2);/" ;;
    esac
    check "${name}_$1_$2" "$1" "$(echo "$2" | tr _ .)" 3
}

"$BXC" compile -q "examples/jets/$model" -o "$WORK/fw" --calibrate examples/jets/events.npy $options || exit 1
"$BXC" verify "$WORK/fw" --engines emulator,c,hls,rtl -n 500 -q || { echo "not ok layers: the firmware is wrong without a fault"; exit 1; }
for layer in $layers; do
    for engine in c hls rtl; do fault $engine "$layer"; done
done
# A register left out: the layer that reads another event's number.
fw=$WORK/late
cp -r "$WORK/fw" "$fw"
edit "rtl/${name}_$last.v" "$join; s/^(.* ${last}_1(_s[0-9]+)? = .*[{ ]${last}_[0-9]+_s[0-9]+)_d1(.*;)\$/\1\3/"
check "${name}_late" rtl "$last" 1
