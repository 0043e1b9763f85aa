#!/bin/sh
# What fuzzing found, and every driver on a few hundred changed files: each file of tests/fuzz/corpus/DRIVER is given to
# the driver as it is, then some that its mutator makes of them and of the models of tests/oracle (tests/fuzz_blind.c).
set -u
cd "$ROOT" || exit 1
: "${INPUTS:=150}"

models() { # DRIVER
    case $1 in
    onnx) ls tests/oracle/qdq/*.onnx ;;
    keras) ls -S tests/oracle/hgq_layers/*.keras | tail -n 8 ;;
    tensorflow) ls tests/oracle/tensorflow/*.pb ;;
    tflite) ls tests/oracle/tflite/*.tflite ;;
    torch) ls tests/oracle/torch/*.pt2 ;;
    lwtnn) ls tests/oracle/lwtnn/*.json ;;
    esac
}

for source in tests/fuzz/fuzz_*.c; do
    driver=$(basename "$source" .c) name=${driver#fuzz_}
    # shellcheck disable=SC2046
    "$BUILD/blind/$driver" "$INPUTS" 1 $(ls -d tests/fuzz/corpus/"$name"/* 2> /dev/null) $(models "$name") > "$WORK/out" 2> "$WORK/found"
    code=$?
    if [ $code = 0 ]; then echo "ok fuzz_corpus_$name"
    else
        echo "not ok fuzz_corpus_$name: code $code at $(tr '\r' '\n' < "$WORK/out" | tail -n 1): $(grep -a -m 1 -e ERROR: -e 'runtime error' -e . "$WORK/found" | cut -c 1-200)"
    fi
done
