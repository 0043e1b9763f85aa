#!/bin/sh
# An option is obeyed, refused or warned about: every option and every key of the configuration that compile has,
# against every kind of model. Obeyed: another firmware than without it, or something printed or said that was not.
# A row is OPTION|VALUE; an option that no row names fails.
set -u
cd "$WORK" || exit 1
cp "$ROOT"/examples/jets/jets_6bit.onnx "$ROOT"/examples/jets/jets_hgq.keras .
cat > float.bxc << 'EOF'
bxc graph 1
graph "float"
%0 = input() "x" : [1,2] real
%1 = constant() "w" : [2,3] real {0x1.2p-2, -0x1.7p-1, 0x1.8p+0, 0x1.4p-2, 0x1.1p+0, -0x1p-3}
%2 = matmul(%0, %1) "dense" : [1,3] real
%3 = relu(%2) "relu" : [1,3] real
%4 = constant() "v" : [3,2] real {0x1.3p-1, 0x1p-2, -0x1.9p+0, 0x1.7p-2, -0x1.5p-1, 0x1p+0}
%5 = matmul(%3, %4) "last" : [1,2] real
%6 = softmax(%5) "softmax" axis=1 : [1,2] real
output "y" %6
EOF
cat > narrow.json << 'EOF'
{"format":"bxc-graph","version":1,"name":"narrow","nodes":[
{"name":"x","op":"input","attributes":{"shape":[1,2]}},
{"name":"q","op":"narrow","inputs":["x"],"attributes":{"formats":"s8f4","rounding":"half_even","overflow":"saturate"}},
{"name":"w","op":"constant","attributes":{"value":{"kind":"real","shape":[2,3],"numbers":[0.5,-0.25,1,2,0.75,-1]}}},
{"name":"dense","op":"matmul","inputs":["q","w"]}],"outputs":[{"name":"y","node":"dense"}]}
EOF
"$BXC" compile -q float.bxc -o whole && cp whole/model.bxc quantised.bxc || exit 1
printf '0.5,1\n-1.5,0.25\n3,-2\n' > two.csv
awk 'BEGIN { for (i = 0; i < 20; i++) { for (k = 0; k < 16; k++) printf "%s%g", k ? "," : "", (i * 7 + k * 3) % 11 - 5; print "" } }' > sixteen.csv

# firmware without what changes by itself: the manifest holds hashes of the others
state() { (cd "$1" 2> /dev/null && find . -type f ! -name manifest.json | sort | xargs cat); cat "$2" "$3"; }

# what a row did: obeyed, refused, warned; nothing printed when it did nothing
judge() {
    kind=$1; shift
    events=two.csv; case $kind in jets_*) events=sixteen.csv ;; esac
    rm -rf with; "$BXC" compile "$kind" -o with "$@" > with.out 2> with.err; code=$?
    [ $code = 0 ] || { [ $code -le 2 ] && [ -s with.err ] && echo refused; return; }
    state with with.out with.err > with.state
    cmp -s with.state "base.$kind" || { if grep -q 'does nothing\|not used' with.err; then echo warned; else echo obeyed; fi; }
}

cat > rows << 'EOF'
output|elsewhere
name|other
clock|100MHz
part|xcku115-flva1517-2-e
margin|25
block-rams|8
block-rams|-1
adders|2
adders|2.5
input|fixed<12,5>
input|fixed<0,0>
input|fixed<16,1000>
input|nobody=fixed<12,5>
precision|5
precision|5,6
precision|0
calibrate|two.csv
softmax|drop
softmax|argmax
softmax-error|0.1
prune|50%
prune-scope|layer
dump-after|lower
dump-after|nothing
stop-after|quantise
interval|4
interval|0
beats|4
beats|0
beats|nobody=4
weights|nothing.h5
shape|nobody=4
shape|nobody=0
list-passes|
verbose|
quiet|
config|{"name": "other"}
config|{"name": ""}
config|{"clock": "100MHz"}
config|{"part": "xcku115-flva1517-2-e"}
config|{"adders": 2}
config|{"adders": 2.5}
config|{"softmax": "argmax"}
config|{"softmax_error": 0.1}
config|{"precision": {"weights": 5}}
config|{"precision": {"activations": 5}}
config|{"precision": {"rounding": "truncate"}}
config|{"precision": {"overflow": "wrap"}}
config|{"precision": {"granularity": "tensor"}}
config|{"precision": {"weights": 5.5}}
config|{"sparsity": 0.5}
config|{"prune_scope": "layer"}
config|{"layers": {"*": {"weights": 5}}}
config|{"layers": {"*": {"activations": 5}}}
config|{"layers": {"*": {"rounding": "truncate"}}}
config|{"layers": {"*": {"overflow": "wrap"}}}
config|{"layers": {"*": {"granularity": "tensor"}}}
config|{"layers": {"*": {"sparsity": 0.5}}}
config|{"layers": {"nobody": {"weights": 5}}}
config|{"inputs": {"nobody": {"format": "fixed<12,5>"}}}
config|{"inputs": {"x": {"format": "fixed<12,5>"}}}
config|{"inputs": {"x": {"rounding": "truncate"}}}
config|{"inputs": {"x": {"overflow": "wrap"}}}
config|{"clock": "100MHz", "clock": "200MHz"}
EOF

for kind in float.bxc narrow.json jets_6bit.onnx jets_hgq.keras quantised.bxc; do
    "$BXC" compile "$kind" -o with > with.out 2> with.err || echo "not ok $kind does not compile: $(head -n 1 with.err)"
    state with with.out with.err > "base.$kind"
    while IFS='|' read -r option value; do
        case $option in
        '' | '#'*) continue ;;
        config) echo "$value" > config.json; set -- --config config.json ;;
        *) if [ -n "$value" ]; then set -- "--$option" "$value"; else set -- "--$option"; fi ;;
        esac
        [ "$option" != calibrate ] || case $kind in jets_*) set -- --calibrate sixteen.csv ;; esac
        did=$(judge "$kind" "$@")
        [ -n "$did" ] && echo "ok $kind --$option $value: $did" || echo "not ok $kind --$option $value: nothing happens"
    done < rows
done

# every option has a row, but for those that say how much is told and how fast it goes, and for the gates below
for option in $("$BXC" compile --help | sed -n 's/^  *\(-[a-z?],\)* *--\([a-z-]*\).*/\2/p'); do
    case $option in threads | help | usage | version | max-* | labels) continue ;; esac
    grep -q "^$option|" rows && echo "ok $option has a row" || echo "not ok $option has no row in this test"
done

# gates: what is lost at two bits is an error, and nothing is written
gate() {
    title=$1 wanted=$2; shift 2
    rm -rf gated; "$BXC" compile -q float.bxc -o gated --calibrate two.csv "$@" > with.out 2> with.err; code=$?
    there=0; [ ! -d gated ] || there=1
    if [ "$code $there" = "$wanted" ]; then echo "ok $title"; else echo "not ok $title: exit code $code, folder $there"; head -n 3 with.err >&2; fi
}
gate "an error within the gate" "0 1" --max-error 0.5 --precision 10
gate "an error beyond the gate" "1 0" --max-error 0.0001 --precision 2
gate "no flips" "0 1" --max-flips 0 --precision 12
gate "no gate for accuracy without labels" "2 0" --max-loss 0.1
printf '0\n1\n1\n' > labels.csv
gate "accuracy within the gate" "0 1" --labels labels.csv --max-loss 1
printf '0\n1\n' > few.csv
gate "too few labels" "1 0" --labels few.csv
"$BXC" compile -q "$ROOT/examples/jets/jets.onnx" -o gated --calibrate "$ROOT/examples/jets/events.npy" --labels "$ROOT/examples/jets/labels.npy" \
    --precision 4 --max-loss 1% 2> with.err
[ $? = 1 ] && grep -q "accuracy lost" with.err && echo "ok accuracy beyond the gate" || echo "not ok accuracy beyond the gate"
"$BXC" compile float.bxc -o gated --calibrate two.csv --prune 0 > with.out 2> with.err
[ $? = 0 ] && ! grep -q prune with.err && echo "ok no weight is to be pruned" || echo "not ok no weight is to be pruned"
gate "a gate that is no number" "2 0" --max-error many
"$BXC" compile -q quantised.bxc -o gated --max-error 1 2> with.err
[ $? = 1 ] && grep -q "no float model" with.err && echo "ok a gate without a float model" || echo "not ok a gate without a float model"
only_decisions() { # COMMAND...
    "$BXC" "$@" > with.out 2> with.err
    [ $? = 1 ] && grep -q "only decisions are compared" with.err && echo "ok no error to hold, $1" || echo "not ok no error to hold, $1"
}
only_decisions compile -q "$ROOT/examples/jets/jets.onnx" -o gated --softmax argmax --max-error 0 --calibrate "$ROOT/examples/jets/events.npy"
rm -rf gated; "$BXC" compile -q "$ROOT/examples/jets/jets.onnx" -o gated --softmax argmax --calibrate "$ROOT/examples/jets/events.npy"
only_decisions verify gated --engines emulator,float -n 100 --max-error 0
calibration_is() { # HOW PATTERN
    "$BXC" verify gated --engines emulator,c -n 100 > with.out 2> with.err
    grep -q "$2" with.out && echo "ok calibration $1" || echo "not ok calibration $1"
}
"$BXC" verify gated --engines emulator,c -n 100 > with.out 2> with.err
grep -q '^verdict: equal' with.out && ! grep -q 'not as bxc compiled it' with.out && echo "ok calibration whole" || echo "not ok calibration whole"
sed -i 's/"deviation".*/"deviation": [],/' gated/verify/calibration.json
calibration_is edited 'not as bxc compiled it: verify/calibration.json$'
rm gated/verify/calibration.json; calibration_is missing 'not as bxc compiled it: verify/calibration.json (missing)'

# run: a folder is compiled already, a float model is run as trained
run_says() {
    title=$1 wanted=$2; shift 2
    "$BXC" run "$@" -o out.npy > with.out 2> with.err && grep -q -- "$wanted" with.err && echo "ok $title" || { echo "not ok $title"; cat with.err >&2; }
}
run_says "run of a folder" "--clock does nothing" whole two.csv --clock 100MHz
run_says "run of the float model" "--precision does nothing" float.bxc two.csv --engine float --precision 5
run_says "run without C" "--ap-types does nothing" whole two.csv --ap-types .
