#!/bin/sh
# inspect, explain and diff tell what is so: figures against those of compile and of one another.
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1: $2"; fi; }
jets=examples/jets
cd "$WORK" && ln -s "$ROOT/examples" examples || exit 1
"$BXC" compile $jets/jets_6bit.onnx -o a --calibrate $jets/events.npy > compile.txt 2>&1
"$BXC" compile $jets/jets_6bit.onnx -o b --calibrate $jets/events.npy --clock 180MHz --softmax drop > /dev/null 2>&1
"$BXC" compile $jets/jets_6bit.onnx -o again --calibrate $jets/events.npy > /dev/null 2>&1
number() { # FILE KEY: the first number behind a key of pretty-printed JSON
    sed -n "s/^[[:space:]]*\"$2\":[[:space:]]*\([0-9.]*\),*\$/\1/p" "$1" | head -n 1
}
sum() { # FILE FROM KEY: the numbers behind a key in the list FROM
    sed -n "/^[[:space:]]*\"$2\":[[:space:]]*\[/,/\]/s/^[[:space:]]*\"$3\":[[:space:]]*\([-0-9.]*\),*\$/\1/p" "$1" |
        awk '{ total += $1 } END { printf "%.6g\n", total }'
}

"$BXC" compile $jets/jets_6bit.onnx -o plain --input 'features=fixed<18,11>' > /dev/null 2>&1

# explain
"$BXC" explain a --json > explain.json 2> explain.err
code=$?
check "explain ends with 0" "[ $code = 0 ]"
check "explain warns of nothing" "[ ! -s explain.err ]"
cycles=$(number a/report/report.json cycles); lut=$(number a/report/report.json lut)
added=$(($(sum explain.json layers adds) + $(number explain.json boundary_cycles)))
check "the cycles that modules add are the latency" "[ $added = $cycles ]"
check "the LUT of modules are all LUT" "[ $(sum explain.json layers lut) = $lut ]"
top=$(sed -n '/"top":/,/}/p' explain.json | sed -n 's/.*"ff":[[:space:]]*\([0-9]*\).*/\1/p')
check "the FF of modules and of the top are all FF" "[ \$(($(sum explain.json layers ff) + top)) = $(number a/report/report.json ff) ] && [ $top -gt 0 ]"
check "the LUT by kind of logic are all LUT" "[ $(sum explain.json logic lut) = $lut ]"
here=$(sed -n '/"name":[[:space:]]*"this one"/,/}/p' explain.json)
check "compiled at its own clock it is itself" "echo '$here' | grep -q '\"cycles\":[[:space:]]*$cycles,' && echo '$here' | grep -q '\"lut\":[[:space:]]*$lut,'"
"$BXC" explain b --json > b.json
half=$(number b/report/report.json cycles)
"$BXC" compile $jets/jets_6bit.onnx -o c --calibrate $jets/events.npy --softmax drop > /dev/null 2>&1
"$BXC" explain a > explain.txt
check "explain tells the FF of the top, as report does" "grep -q '^  (top: ports and valid)  .*  $top *\$' explain.txt && \"$BXC\" report a | grep -q '^  (top: ports and valid)  .*  $top\$'"
check "the trial without the softmax is what compile gives for it" "grep -Eq \"^  --softmax drop +$(number c/report/report.json cycles) \" explain.txt"
"$BXC" explain c --json > c.json
slow=$(sed -n "/\"clock_period_ns\":[[:space:]]*5.5/,/}/p" c.json)
check "the trial at half the clock is what compile gives for it" "echo '$slow' | grep -q '\"cycles\":[[:space:]]*$half,'"
check "a firmware without softmax has none to explain" "! \"$BXC\" explain b | grep -q softmax"
check "every module of rtl/ is a row" "for file in a/rtl/jets_6bit_*.v; do name=\${file#a/rtl/jets_6bit_}; tr . _ < explain.txt | grep -q \"^  \${name%.v} \" || exit 1; done"

# report: FF by module are the registers that its file declares; the top's, a row of their own, are those that synthesis
# keeps
declared() { # FOLDER NAME: "module bits" of each file; functions have variables, deeper in
    for file in "$1"/rtl/*.v; do
        module=$(basename "$file" .v); module=${module#"$2"}; module=${module#_}
        sed -En 's/^    (output )?reg (\[([0-9]+):0\] )?.*/\3/p' "$file" | awk -v module="${module:-top}" '
            { bits += $1 + 1 } END { printf "%s %d\n", module, bits }'
    done | sort
}
counted() { # FOLDER: the same of report.json
    sed -n '/"layers":/,/"ports":/p' "$1/report/report.json" | awk -F '"' '
        $2 == "module" { module = $4 == "" ? "top" : $4; gsub(/[^A-Za-z0-9]+/, "_", module) }
        $2 == "ff" { gsub(/[^0-9]/, "", $3); bits[module] += $3 }
        END { for (module in bits) printf "%s %d\n", module, bits[module] }' | sort
}
"$BXC" compile -q "$ROOT/examples/jets/jets_hgq.keras" -o hgq > /dev/null 2>&1
for model in a:jets_6bit hgq:jets_hgq; do
    declared "${model%:*}" "${model#*:}" > declared.txt; counted "${model%:*}" > counted.txt
    check "${model#*:}: FF of each module are the registers of its file" "[ \$(wc -l < declared.txt) -gt 4 ] && [ \"\$(grep -v '^top ' declared.txt)\" = \"\$(grep -v '^top ' counted.txt)\" ]"
    check "${model#*:}: FF of the top are no more than it declares" "[ \$(sed -n 's/^top //p' counted.txt) -le \$(sed -n 's/^top //p' declared.txt) ]"
    check "${model#*:}: and FF of all modules are all FF" "[ \$(awk '{ bits += \$2 } END { print bits }' counted.txt) = $(number "${model%:*}/report/report.json" ff) ]"
done
"$BXC" report hgq > hgq.txt
check "rows name what a module absorbed, whatever its name" "grep -q '^  dense1  *dense1.add, dense1.relu, dense2.iq  *matmul, add, relu, narrow ' hgq.txt"
check "as the page does" "grep -q 'dense1<small>with dense1.<wbr/>add, dense1.<wbr/>relu, dense2.<wbr/>iq</small>' hgq/report/report.html"
"$BXC" report a > six.txt
check "and of what passes made only the model's" "grep -q '^  softmax.product  *softmax  *mul' six.txt && grep -q '^  softmax.exp_product  *mul' six.txt"
rm -rf hgq hgq.txt six.txt declared.txt counted.txt

# diff
"$BXC" diff a again > same.txt; code=$?
check "diff ends with 0" "[ $code = 0 ]"
check "a firmware differs in nothing from its twin" "grep -q '^  layers: .* rows are equal' same.txt && ! grep -q '%' same.txt"
"$BXC" diff a b -o diff.html > diff.txt
check "diff tells both latencies" "grep -Eq '^  latency, cycles +$cycles +$half ' diff.txt"
check "diff tells the ports' formats" "grep -Eq '^  probabilities +output' diff.txt"
check "diff names the page last" "[ \"\$(tail -n 1 diff.txt)\" = 'written: diff.html' ]"
check "the page is XML" "xmllint --noout diff.html 2> /dev/null || ! command -v xmllint > /dev/null"
check "the page tells both latencies" "grep -q '>$cycles</td><td>$half</td>' diff.html"
"$BXC" diff a b -o diff.txt2 > /dev/null 2> err; code=$?
check "a page of another kind is refused" "[ $code = 2 ] && grep -q 'cannot write this format' err && [ ! -e diff.txt2 ]"

# inspect
"$BXC" inspect $jets/jets_6bit.onnx --calibrate $jets/events.npy > inspect.txt; code=$?
check "inspect accepts what compiles" "[ $code = 0 ]"
check "inspect tells latency and LUT as compile does" "grep -q \"^compiles: $cycles cycles\" inspect.txt && grep -q \"\$(echo $lut | sed 's/\(...\)\$/,\1/') LUT\" inspect.txt"
check "in the same words" '[ "$(sed -n "s/^a: //p" compile.txt)" = "$(sed -n "s/^compiles: //p" inspect.txt)" ]'
check "inspect counts parameters" "grep -q '^  numbers    4,421 parameters' inspect.txt"
check "inspect shows quantisers" "grep -Eq '^  quant_relu1 +Quant +relu1 +1 x 64 +unsigned 6 bits, scale 0.0625, zero point 0, half_even' inspect.txt"
"$BXC" inspect $jets/jets_hgq.keras > layers.txt
check "of a Keras layer inspect shows its nodes as what they are" "[ \"\$(sed -n 's/^  dense1[^ ]*  *\([^ ]*\)  *QDense .*/\1/p' layers.txt | tr '\n' ' ')\" = 'narrow matmul add relu ' ]"
rm layers.txt
"$BXC" inspect $jets/jets_6bit.onnx --clock 1999MHz > refused.txt 2> err; code=$?
check "inspect writes no folder" "[ \"\$(ls | sort | tr '\n' ' ')\" = 'a again b b.json c c.json compile.txt diff.html diff.txt err examples explain.err explain.json explain.txt inspect.txt plain refused.txt same.txt ' ]"
cat > two.json <<'END'
{"format": "bxc-model", "version": 1}
END
"$BXC" inspect two.json > refused.txt 2> err; code=$?
check "what cannot be read is refused with 1" "[ $code = 1 ] && grep -q '^refused' refused.txt && [ ! -s err ]"
"$BXC" inspect nothing.onnx > out 2> err; code=$?
check "a file that is not there is told as everywhere" "[ $code = 1 ] && grep -q 'nothing.onnx: error' err && [ ! -s out ]"

# run and convert say what they wrote
"$BXC" run a $jets/events.npy -n 3 -o out.csv > told.txt
check "run tells what it wrote" "[ \"\$(cat told.txt)\" = \"out.csv: 3 events of 5 numbers, output 'probabilities' by engine emulator\" ]"
"$BXC" run a $jets/events.npy -n 3 -o out.npy > /dev/null
check "-o x.csv is CSV: three lines of five numbers" "[ \$(wc -l < out.csv) = 3 ] && [ \$(head -n 1 out.csv | tr ',' '\n' | wc -l) = 5 ]"
sixty_four() { tail -c 120 out.npy | od -An -v -t f8 -w40 | awk '{ for (i = 1; i <= NF; i++) printf "%.17g%s", $i, i < NF ? "," : "\n" }'; }
check "with the numbers of out.npy" "sixty_four | cmp -s - out.csv"
"$BXC" run a $jets/events.npy -n 3 -o out.txt > /dev/null 2> err; code=$?
check "another kind of file is refused" "[ $code = 2 ] && [ ! -e out.txt ]"
check "quiet is quiet" "[ -z \"\$(\"$BXC\" run -q a $jets/events.npy -n 3 -o out.npy; \"$BXC\" convert -q $jets/jets.onnx jets.json)\" ]"
check "convert tells what it wrote" "[ \"\$(\"$BXC\" convert $jets/jets.onnx jets.json)\" = \"jets.json: model with 14 nodes, as bxc's JSON\" ]"

# an integrator reads of a port that carries codes, and of no other, what the codes stand for
for file in c/jets_6bit.h hls/jets_6bit.h rtl/jets_6bit.v; do
    check "$file tells what the codes of a port stand for" "[ \$(grep -c 'zero_point) \* scale' a/$file) = 1 ]"
    check "$file of plain numbers tells of none" "! grep -q zero_point plain/${file%%/*}/jets_6bit.*"
done

# ... and of one that computes the model's own steps, which ones
"$BXC" compile "$ROOT/tests/cosim/ops/port_steps.bxc" -o steps > steps.txt 2>&1
operations=$(sed -n 's/.*"operation":[[:space:]]*"\([a-z]*\)",/\1/p' steps/interface.json | tr '\n' ' ')
check "interface.json lists the steps in their order" "[ '$operations' = 'add div mul div add mul mul add ' ]"
check "with a constant for each element" "grep -q '\"constants\":[[:space:]]*\[0.10999999940395355, 0.10999999940395355, 0.10999999940395355\]' steps/interface.json"
check "the note sends to them" "[ \$(grep -c 'help: interface.json has the steps, each rounded to binary32' steps.txt) = 3 ]"
for file in c/port_steps.h hls/port_steps.h rtl/port_steps.v; do
    check "$file tells of steps" "[ \$(grep -c 'the steps ' steps/$file) = 3 ]"
done
"$BXC" convert -q steps/model.bxc steps.json
check "steps come back from bxc's JSON" "\"$BXC\" convert -q steps.json steps.bxc && cmp -s steps.bxc steps/model.bxc"
"$BXC" convert -q "$ROOT/tests/cosim/ops/scan_more.bxc" bodies.json
"$BXC" convert -q "$ROOT/tests/cosim/ops/scan_more.bxc" printed.bxc
check "bodies and further results come back from bxc's JSON" "\"$BXC\" convert -q bodies.json bodies.bxc && cmp -s bodies.bxc printed.bxc"
sed '/^output "yb"/d' "$ROOT/tests/cosim/ops/port_steps.bxc" > plain_outputs.bxc
"$BXC" compile plain_outputs.bxc -o plain_outputs > steps.txt 2>&1
check "a network behind steps is exactly the trained one" "grep -q '^network: exactly as trained: .*, largest error 0;' steps.txt"
check "and which of its floats are not anybody's" "grep -q '^trained floats: not proven .*: .c.reversed. adds to a product, and some round both at once' steps.txt"
"$BXC" compile "$ROOT/tests/cosim/ops/sigmoid.bxc" -o sigmoid > sigmoid.txt 2>&1
check "those of a sigmoid are a library's" "grep -q \"^trained floats: not proven to be the same whoever computes them: 'Unary_0' (sigmoid)\" sigmoid.txt"

# compile: decisions that pruning flips are not for wider formats to mend, and gates speak in percent
"$BXC" compile $jets/jets.onnx -o pruned --calibrate $jets/events.npy --precision 10 --prune 0.6 > pruned.txt 2> err
check "nothing is said of floats without quantisers" "grep -q '^network' pruned.txt && ! grep -q '^trained floats' pruned.txt"
check "advice after pruning is about pruning" "grep -q 'help: most of it is the pruning.s' err && ! grep -q 'wider formats' err"
"$BXC" compile $jets/jets.onnx -o gated --calibrate $jets/events.npy --precision 6 --max-flips 0.1% > /dev/null 2> err; code=$?
check "the gate tells its limit as it was given" "[ $code = 1 ] && grep -Eq 'decisions flipped: [0-9.]+ %, and at most 0.10 % is allowed' err"

# what standard output did not take is told, and the diagnoses come behind what was printed
"$BXC" report a > /dev/full 2> err; code=$?
check "a report on a full device ends with 1" "[ $code = 1 ] && grep -q 'standard output: No space left' err"
"$BXC" verify a -n 100 --engines c > both.txt 2>&1
check "no diagnosis stands in the middle of a line" "! grep -Eq '.(warning|error|note): ' both.txt || ! grep -E '(warning|error|note): ' both.txt | grep -Evq '^([^ ]+: )?(warning|error|note): '"

check "the page breaks no option behind its dashes" "grep -q '<span class=\"whole\">--calibrate</span>' diff.html && ! grep -q ' --calibrate' diff.html"

# what is written follows its schema
schema() { # SCHEMA FILE
    check "$2 follows $1.schema.json" "$BUILD/tests/unit/schema $ROOT/doc/$1.schema.json $2"
}
"$BXC" verify -q a --events $jets/events.npy --labels $jets/labels.npy --class-names g,q,W,Z,t -n 10100 --engines c > /dev/null 2>&1
"$BXC" diff a b -o diff.json > /dev/null
"$BXC" inspect $jets/jets_6bit.onnx --json > inspect.json 2> /dev/null
"$BXC" inspect two.json --json > refused.json 2> /dev/null
schema report a/report/report.json; schema report b/report/report.json; schema verdict a/verify/verdict.json
schema explain explain.json; schema diff diff.json; schema inspect inspect.json; schema inspect refused.json
schema model jets.json; schema model steps.json; schema model bodies.json

# a reason that follows from another is none: the inputs of a refused layer are there
"$BXC" inspect "$ROOT/tests/errors/data/unsupported.onnx" > unsupported.txt 2> /dev/null
check "a model whose layers are refused has inputs" "grep -q '^refused, for 2 reasons' unsupported.txt && ! grep -q 'no inputs' unsupported.txt"
# verify: of two parts of a number one is always 0, so their sum needs no fourth bit, nor has what is made of it all of its own
cat > apart.bxc << 'END'
bxc graph 1
graph "apart"
%0 = input() "x" : [1,2] real
%1 = narrow(%0) "x.narrow" formats=s4f0 rounding=half_even overflow=saturate : [1,2] real
%2 = constant() "signs" : [2,3] real {1, -1, 0, 0, 0, 1}
%3 = matmul(%1, %2) "both" : [1,3] real
%4 = relu(%3) "relu" : [1,3] real
%5 = narrow(%4) "parts" formats=u3f0 rounding=half_even overflow=saturate : [1,3] real
%6 = constant() "w" : [3,2] real {1, 1, 1, 1, 1, -1}
%7 = matmul(%5, %6) "sums" : [1,2] real
output "y" %7
END
"$BXC" compile -q apart.bxc -o apart && "$BXC" verify apart -n 1000 --engines emulator > apart.txt 2> apart.err
check "highest bits that never moved are told, of a layer and of its adders" \
    "grep -q ' % at sums, the highest bit of 2 of 2 numbers never moved$' apart.txt && grep -q ' % at sums of parts, the highest bit of 1 of 1 numbers never moved$' apart.txt"
check "what may be out of reach is no warning" "[ ! -s apart.err ]"

# ports that carry codes
normalised() { # MEAN BITS: codes behind a normalisation
    cat << END
bxc graph 1
graph "normalised"
%0 = input() "x" : [1,2] real
%1 = constant() "mean" : [2] real {0.25, $1}
%2 = sub(%0, %1) "centred" : [1,2] real
%3 = constant() "scale" : [] real {0.5}
%4 = constant() "zero" : [] real {0}
%5 = constant() "bits" : [] real {$2}
%6 = quant(%2, %3, %4, %5) "codes" signed=true narrow=false rounding=half_even : [1,2] real
output "y" %6
END
}
normalised 1 8 > one.bxc; normalised 2 8 > two.bxc
"$BXC" compile one.bxc -o one --name n > /dev/null 2> one.err; "$BXC" compile two.bxc -o two --name n > /dev/null 2>&1
"$BXC" diff one two > codes.txt
check "diff tells ports apart by what their codes stand for" "grep -q '^  x .*elements of interface.json: [0-9a-f]*  *input.*elements of interface.json' codes.txt"
check "and says that other ports are equal" "grep -q '^  ports: 1 row is equal' codes.txt"
check "what the feeder computes is told" "grep -q \"what feeds it computes what 'centred'\" one.err"
normalised 0 1 | sed 's/0.25, 0/0, 0/' > sign.bxc
sed 's/^%2 = sub.*/%2 = reshape(%0) "flat" shape=[1,2] : [1,2] real/' sign.bxc > moved.bxc
"$BXC" compile moved.bxc -o sign > /dev/null 2> sign.err
check "of a sign the feeder computes nothing" "[ -d sign ] && ! grep -q 'what feeds it computes' sign.err"
