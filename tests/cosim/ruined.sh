#!/bin/sh
# A network that its formats ruin is told as such by compile, in a warning and in its last lines; one that they do not is not.
set -u
cd "$WORK" || exit 1
cat > model.bxc << 'END'
bxc graph 1
graph "ruined"
%0 = input() "x" as "x" : [1,3] real
%1 = constant() "w" : [3,2] real {0x1.1p-1, -0x1.9p-2, 0x1.7p-3, 0x1.3p-2, -0x1.dp-4, 0x1.bp-3}
%2 = matmul(%0, %1) "dense" : [1,2] real
%3 = relu(%2) "relu" : [1,2] real
%4 = constant() "v" : [2,2] real {0x1.3p-1, -0x1.5p-1, 0x1.7p-2, 0x1.9p-1}
%5 = matmul(%3, %4) "last" : [1,2] real
output "y" %5
END
awk 'BEGIN { for (i = 0; i < 400; i++) printf "%g,%g,%g\n", sin(i), cos(3 * i), sin(7 * i + 1) }' > events.csv
say() { # NAME WANTED OPTION...
    name=$1 wanted=$2
    shift 2
    "$BXC" compile model.bxc -o fw --calibrate events.csv "$@" > out 2> err || { echo "not ok $name: $(head -n 1 err)"; return; }
    warned=$(grep -c '^warning: this is not the network that was trained\|: warning: this is not the network that was trained' err)
    if [ "$warned" = "$wanted" ] && [ "$(grep -c '^network: NOT as trained' out)" = "$wanted" ]; then echo "ok $name"
    else echo "not ok $name: $(cat err out | tail -n 3)"; fi
}
say ruined 1 --precision 1,2
say as_trained 0 --precision 12,16

# verify judges the events that it is given by the same rule, whatever random ones run beside them
network() { # NAME WANTED FIRMWARE OPTION...
    name=$1 wanted=$2 fw=$3
    shift 3
    "$BXC" verify "$fw" --engines c -n 500 "$@" > out 2> err || { echo "not ok $name: $(head -n 1 err)"; return; }
    if grep -q "^network: $wanted" out && "$BXC" report "$fw" > again && grep -q "^network: $wanted" again; then echo "ok $name"
    else echo "not ok $name: $(grep -h '^network' out again | tr '\n' ' ')"; fi
}
"$BXC" compile -q model.bxc -o coarse --calibrate events.csv --precision 3,2 2> err || echo "not ok a coarse firmware: $(head -n 1 err)"
network "ruined, verified with events" "NOT as trained: " coarse --events events.csv
grep -q 'Not the network that was trained' coarse/report/report.html && echo "ok ruined, on the page" || echo "not ok ruined, on the page"
network "as trained, verified with events" "as trained: " fw --events events.csv
network "coarse, on random events alone" "as trained: " coarse

# an error without end is told as that wherever it is told
cat > exp.bxc << 'END2'
bxc graph 1
graph "exp"
%0 = input() "x" as "x" : [1,1] real
%1 = exp(%0) "e" : [1,1] real
output "y" %1
END2
awk 'BEGIN { for (i = 0; i < 400; i++) print 2 * sin(i) }' > few.csv
{ cat few.csv; echo 1000; } > beyond.csv
"$BXC" compile -q exp.bxc -o exp --calibrate few.csv 2> err || echo "not ok exp: $(head -n 1 err)"
network "infinite" "NOT as trained: .*largest error infinite" exp --events beyond.csv
network "infinite, and the gate lets flips be" "as trained: .*largest error infinite" exp --events beyond.csv --max-flips 1
grep -q 'Still the trained network<span>[^<]*largest error infinite' exp/report/report.html && echo "ok infinite, on the page" || echo "not ok infinite, on the page"

# every output decides by its own rule, whichever is listed first, and the passes are measured by it too
heads() { # FILE OUTPUT...
    { printf 'bxc graph 1\ngraph "heads"\n%%0 = input() "x" as "x" : [1,3] real\n'
      printf '%%1 = constant() "w" : [3,1] real {0x1.1p-1, -0x1.9p-2, 0x1.7p-3}\n'
      printf '%%2 = matmul(%%0, %%1) "dense" : [1,1] real\n%%3 = sigmoid(%%2) "s" : [1,1] real\n'; } > "$1"
    file=$1; shift
    printf 'output %s\n' "$@" >> "$file"
}
flips() { # FIRMWARE FILE
    "$BXC" compile -q "$2" -o "$1" --calibrate events.csv --precision 2 2> err || echo "not ok $2: $(head -n 1 err)"
    "$BXC" verify "$1" --engines c -n 400 --events events.csv 2> err | sed -n 's/^  decisions flipped: \([^:]*\).*/\1/p'
}
heads first.bxc '"energy" %2' '"y" %3'
heads last.bxc '"y" %3' '"energy" %2'
heads alone.bxc '"y" %3'
a=$(flips first first.bxc) b=$(flips last last.bxc) c=$(flips alone alone.bxc)
if [ -n "$a" ] && [ "$a" = "$b" ]; then echo "ok heads decide each by their own rule"; else echo "not ok heads: $a, $b"; fi
passes=$("$BXC" report alone | grep '^  quantise ' | sed 's/.*  //')
if [ -n "$c" ] && [ "${c%% *}" != 0 ] && [ "$c" = "$passes" ]; then echo "ok passes decide as the network does"
else echo "not ok passes decide otherwise: $passes in quantise, $c in verify"; fi

# the index of a table that is made of a quantiser's codes is off by half a step too, and ends where the function is flat;
# and what the model's own quantiser cuts off at a port is no loss of another head, whose port rounds
told() { # NAME GRAPH EVENTS...
    name=$1 graph=$2; shift 2
    "$BXC" compile "$graph" -o told "$@" > out 2> err
    if grep -q '^network: as trained' out; then echo "ok $name"; else echo "not ok $name: $(grep -h network: out err | head -n 1)"; fi
}
codes() { # SCALE, of two codes in front of the function
    cat << END3
bxc graph 1
graph "codes"
%0 = input() "x" as "x" : [1,1] real
%1 = constant() "scale" : [] real {$1}
%2 = bipolar_quant(%0, %1) "two" : [1,1] real
%3 = constant() "c" : [] real {0x1.12ac36p+0}
%4 = sub(%2, %3) "moved" : [1,1] real
%5 = tanh(%4) "t" : [1,1] real
output "y" %5
END3
}
codes 0x1p-2 > codes.bxc
told "an index that is rounded" codes.bxc --calibrate few.csv
codes 0x1.4p+4 > codes.bxc
told "an index at the end of its table" codes.bxc --calibrate few.csv
cat > cut.bxc << 'EOF2'
bxc graph 1
graph "cut"
%0 = input() "a" as "a" : [1,1] real
%1 = input() "b" as "b" : [1,1] real
%2 = narrow(%1) "q" formats=u4f0 rounding=half_even overflow=saturate : [1,1] real
%3 = constant() "w" : [1,1] real {0x1p-3}
%4 = matmul(%0, %3) "dense" : [1,1] real
%5 = sigmoid(%2) "s" : [1,1] real
output "y" %4
output "z" %5
EOF2
told "what a model's quantiser cuts off" cut.bxc --calibrate a=few.csv --calibrate b=few.csv
