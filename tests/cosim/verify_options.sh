#!/bin/sh
# What verify, run and the configuration are given is obeyed, refused or warned about too; and what they write has its own name.
set -u
cd "$WORK" || exit 1
cat > two.bxc << 'END'
bxc graph 1
graph "two"
%0 = input() "x" as "x" : [1,2] real
%1 = constant() "w" : [2,3] real {0x1.2p-2, -0x1.7p-1, 0x1.8p+0, 0x1.4p-2, 0x1.1p+0, -0x1p-3}
%2 = matmul(%0, %1) "dense" : [1,3] real
%3 = relu(%2) "relu" : [1,3] real
output "y" %3
output "z/1" %2
END
cat > one.bxc << 'END'
bxc graph 1
graph "one"
%0 = input() "x" as "x" : [1,2] real
%1 = constant() "w" : [2,1] real {0x1.2p-2, -0x1.7p-1}
%2 = matmul(%0, %1) "dense" : [1,1] real
output "y" %2
END
awk 'BEGIN { for (i = 0; i < 50; i++) printf "%g,%g\n", sin(i), cos(3 * i) }' > events.csv
awk 'BEGIN { for (i = 0; i < 50; i++) print i % 2 }' > labels.csv
awk 'BEGIN { for (i = 0; i < 50; i++) print i == 30 ? "0,0,0" : "0,1,0" }' > marked.csv
for name in one two; do "$BXC" compile -q "$name.bxc" -o "$name" --calibrate events.csv --input 'fixed<12,4>' 2> err || echo "not ok $name: $(cat err)"; done
"$BXC" compile -q one/model.bxc -o quantised || echo "not ok a quantised graph"

says() { # NAME CODE PATTERN COMMAND...
    name=$1 code=$2 pattern=$3; shift 3
    "$BXC" "$@" > out 2> err; got=$?
    if [ $got = "$code" ] && grep -q -- "$pattern" err; then echo "ok $name"; else echo "not ok $name: exit code $got: $(head -n 2 err)"; fi
}
silent() { # NAME COMMAND...
    name=$1; shift
    if "$BXC" "$@" > out 2> err && ! grep -q 'nothing\|counts' err; then echo "ok $name"; else echo "not ok $name: $(head -n 2 err)"; fi
}
says "labels without a float model" 0 'labels do nothing' verify quantised --engines c -n 100 --events events.csv --labels labels.csv --class-names a,b
grep -q 'names for' err && echo "not ok names without labels: $(cat err)" || echo "ok names without labels"
says "labels of a quantised graph" 0 '--labels does nothing' compile one/model.bxc -o again --calibrate events.csv --labels labels.csv
says "a threshold without a number" 0 'a threshold does nothing' verify two --engines c -n 100 --threshold 0.5
silent "a threshold" verify one --engines c -n 100 --threshold 0.5
says "headers without HLS" 0 '--ap-types does nothing' verify one --engines c -n 100 --ap-types .
says "engines twice" 0 "given as 'c' and as 'emulator,c': the last one counts" verify one -n 100 --engines c --engines emulator,c
silent "engines twice alike" verify one -n 100 --engines c --engines c
says "half an event" 2 "'100.5' is no whole number" verify one --engines c -n 100.5
says "half an event of run" 2 "'2.5' is no whole number" run one events.csv -o y.csv -n 2.5
says "half a seed" 2 "'1.5' is no whole number" verify one --engines c --seed 1.5
says "half a thread" 2 "'1.5' is no whole number" verify one --engines c -j 1.5
says "a class without a name" 2 'class 1 has no name' verify one --engines c -n 100 --events events.csv --labels labels.csv --class-names 'a,,b'
says "no class marked" 1 'the label of event 30 is no class' verify two --engines c -n 100 --events events.csv --labels marked.csv
echo '{"layers": {"dense": {"weights": 5}, "dense": {"weights": 9}}}' > layers.json
says "a layer twice" 1 'layers/dense' compile one.bxc -o again --config layers.json
echo '{"inputs": {"x": {"format": "fixed<8,4>"}, "x": {"format": "fixed<9,4>"}}}' > inputs.json
says "an input twice" 1 'inputs/x' compile one.bxc -o again --config inputs.json

# several outputs go beside each other, whatever the folder is called
mkdir a.folder
"$BXC" run two events.csv -o a.folder/out > out 2> err && "$BXC" run two events.csv -o a.folder/out.csv > out 2> err
for file in out.y out.z_1 out.y.csv out.z_1.csv; do
    [ -s "a.folder/$file" ] && echo "ok outputs: $file" || echo "not ok outputs: $file is not there: $(cat err)"
done

# a name may hold what stands between it and its file
sed 's/"x"/"x=1"/g' one.bxc > equals.bxc
"$BXC" run equals.bxc 'x=1=events.csv' --engine float -o y.csv > out 2> err && echo "ok a name with =" || echo "not ok a name with =: $(cat err)"
"$BXC" run equals.bxc events.csv --engine float -o y.csv > out 2> err && echo "ok no name" || echo "not ok no name: $(cat err)"

# two inputs whose names differ in a character that no file's name keeps
cat > ab.bxc << 'END'
bxc graph 1
graph "ab"
%0 = input() "a.b" as "a.b" : [1,1] real
%1 = input() "a_b" as "a_b" : [1,1] real
%2 = add(%0, %1) "sum" : [1,1] real
output "y" %2
END
"$BXC" compile -q ab.bxc -o ab --input 'a.b=fixed<8,4>' --input 'a_b=fixed<8,4>' 2> err || echo "not ok ab: $(cat err)"
sed -i 's/(int32_t)a\[0\] + (int32_t)b\[0\]/(int32_t)a[0] - (int32_t)b[0]/' ab/c/ab.c
"$BXC" verify ab --engines c -n 100 > out 2> err && echo "not ok a fault is not found"
"$BXC" run ab a.b=ab/verify/failing-a_b.npy a_b=ab/verify/failing-a_b.1.npy -o y.csv --engine c > out 2> err
"$BXC" run ab a.b=ab/verify/failing-a_b.npy a_b=ab/verify/failing-a_b.1.npy -o z.csv > out 2>> err
if [ -s y.csv ] && [ -s z.csv ] && ! cmp -s y.csv z.csv; then echo "ok each input has a file of its own"; else echo "not ok files of two inputs: $(cat err)"; fi
