#!/bin/sh
# Labels of networks with several outputs: of the one that is named, of the first without a name, in compile and verify.
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1: $2"; fi; }
cd "$WORK" || exit 1
cat > heads.bxc << 'END'
bxc graph 1
graph "heads"
%0 = input() "x" : [1,2] real
%1 = constant() "same" : [2,2] real {1, 0, 0, 1}
%2 = constant() "swap" : [2,2] real {0, 1, 1, 0}
%3 = matmul(%0, %1) "first" : [1,2] real
%4 = matmul(%0, %2) "second" : [1,2] real
output "y" %3
output "a=b" %4
END
# The last event is a tie at the port: the first class wins, which is right for y and wrong for a=b.
printf '1,0\n0,1\n2,1\n0.5,3\n0.51,0.5\n' > x.csv
printf '0\n1\n0\n0\n0\n' > y.csv
printf '1\n0\n1\n0\n1\n' > z.csv
printf '0\n' > short.csv
compile() { "$BXC" compile heads.bxc -o fw --input 'fixed<8,7>' --calibrate x.csv "$@" > out 2> err; }
accuracies() { sed -n 's/^[[:space:]]*"accuracy_\(fixed\|float\)":[[:space:]]*\([0-9.]*\),*$/\2/p; s/^[[:space:]]*"output":[[:space:]]*"\(.*\)",*$/\1/p' fw/verify/verdict.json | tr '\n' ' '; }
verify() { "$BXC" verify fw --events x.csv --engines c -n 100 "$@" > out 2> err; }

compile --labels y=y.csv --labels a=b=z.csv
check "compile tells the accuracy of each output" "grep -q ', accuracy of y 80.00 %, as trained 80.00 %; accuracy of a=b 80.00 %, as trained 100.00 %' out"
verify --labels a=b=z.csv --labels y=y.csv
check "verify tells each output's accuracy" "grep -q ', accuracy of y 80.00 %, as trained 80.00 %; accuracy of a=b 80.00 %, as trained 100.00 %' out"
check "the verdict has both, in the model's order" "[ \"\$(accuracies)\" = 'y 0.8 0.8 a=b 1 0.8 ' ]"
check "the verdict follows its schema" "$BUILD/tests/unit/schema $ROOT/doc/verdict.schema.json fw/verify/verdict.json"
verify --labels a=b=z.csv
check "of another output alone" "[ \"\$(accuracies)\" = 'a=b 1 0.8 ' ]"
verify --labels y.csv
check "without a name it is the first output" "[ \"\$(accuracies)\" = 'y 0.8 0.8 ' ]"
verify --labels y.csv --max-loss 10%; code=$?
check "a gate lets the output without a loss pass" "[ $code = 0 ]"
verify --labels y.csv --labels a=b=z.csv --max-loss 10%; code=$?
check "a gate holds for every output that has labels" "[ $code = 1 ]"
compile --labels y.csv --labels a=b=z.csv --max-loss 10%; code=$?
check "in compile too" "[ $code = 1 ] && grep -q 'accuracy lost: 20.00 %, and at most 10.00 % is allowed' err"
verify --labels c=y.csv; code=$?
check "an output that there is not is refused" "[ $code = 1 ] && grep -q 'this names no output of the model' err && grep -q 'NAME=FILE for each output that has labels: y, a=b' err"
verify --labels y.csv --labels y=y.csv; code=$?
check "labels twice are refused" "[ $code = 1 ] && grep -q \"output 'y' has labels already\" err"
verify --labels a=b=short.csv; code=$?
check "too few labels are refused" "[ $code = 1 ] && grep -q 'short.csv: error: 1 labels for 5 events' err"
