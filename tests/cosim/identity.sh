#!/bin/sh
# The same model gives the same bytes, whatever the output folder, the working directory, the locale, the
# number of threads, the compiler that built bxc, and whether the model came as ONNX or as bxc's own JSON.
# manifest.json alone may differ, by the model's file and hash; verify/ belongs to verify.
set -u
jets=$ROOT/examples/jets
failed=0

# same NAME FOLDER: as first/, but for the manifest.
same() {
    if diff -r -x manifest.json -x verify "$WORK/first" "$WORK/$2" > "$WORK/log" 2>&1 && manifests_agree "$2"; then echo "ok identity_$1"; else
        echo "not ok identity_$1: $(head -n 1 "$WORK/log")"; cat "$WORK/log" >&2; failed=1; fi
}

# Beside the model, manifests say the same; OTHER_MODEL: the model may differ too.
manifests_agree() {
    for folder in first "$1"; do
        if [ -n "${OTHER_MODEL:-}" ]; then sed '/"model":/,/}/d' "$WORK/$folder/manifest.json"; else cat "$WORK/$folder/manifest.json"; fi > "$WORK/$folder.manifest"
    done
    diff "$WORK/first.manifest" "$WORK/$1.manifest" > "$WORK/log"
}

compile() { # FOLDER MODEL OPTIONS...
    folder=$1 model=$2
    shift 2
    "$BXC" compile -q "$model" -o "$folder" --calibrate "$jets/events.npy" "$@" > "$WORK/log" 2>&1 ||
        { echo "not ok identity: $model does not compile: $(grep -m 1 error "$WORK/log")"; exit 1; }
}

# Locales that can be had: those of the system, and one with commas for points.
locales() {
    locale -a 2> /dev/null | grep -i -e '^c\.utf' -e '^de_de' -e '^fr_fr' -e '^tr_tr' | head -n 4
    if localedef -i de_DE -f UTF-8 "$WORK/locales/de_DE.UTF-8" > /dev/null 2>&1; then echo de_DE.UTF-8; fi
}

other_compiler() {
    other=$BUILD/other-compiler
    case $("${CC:-cc}" --version) in *clang*) compiler=gcc ;; *) compiler=clang ;; esac
    command -v $compiler > /dev/null || return 0
    env -u CFLAGS -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES make -s -C "$ROOT" CC=$compiler B="$other" CFLAGS_release=-O1 -j 2 "$other/bxc" > "$WORK/log" 2>&1
    code=$? other_bxc=$other/bxc
    return $code
}

check_model() { # FILE
    base=${1%.*} model=$jets/$1
    rm -rf "$WORK"/first "$WORK"/second
    compile "$WORK/first" "$model" -j 1
    compile "$WORK/first" "$model" -j 1 # once more, over itself
    mkdir -p "$WORK/else/where"
    compile "$WORK/else/where/fw" "$model" -j 8
    same "${base}_folder_threads" else/where/fw
    (cd "$WORK/else" && cp "$model" "$jets/events.npy" . && "$BXC" compile -q "$1" -o relative --calibrate events.npy > "$WORK/log" 2>&1)
    same "${base}_directory" else/relative
    for locale in $(mkdir -p "$WORK/locales"; locales); do
        LOCPATH=$WORK/locales LC_ALL=$locale compile "$WORK/second" "$model"
        same "${base}_$locale" second
    done
    if [ -n "$other_bxc" ]; then
        BXC=$other_bxc compile "$WORK/second" "$model"
        same "${base}_compiler" second
    fi
}

check_json() { # FILE
    "$BXC" convert "$jets/$1" "$WORK/${1%.*}.json" > "$WORK/log" 2>&1
    compile "$WORK/first" "$jets/$1"
    compile "$WORK/second" "$WORK/${1%.*}.json"
    OTHER_MODEL=1 same "${1%.*}_json" second
}

# Every operator: the order in which a compiler evaluates arguments must not show.
check_operators() {
    [ -n "$other_bxc" ] || return 0
    rm -rf "$WORK"/first "$WORK"/second
    for model in "$ROOT"/tests/cosim/ops/*.bxc; do
        name=$(basename "$model" .bxc)
        "$BXC" compile -q "$model" -o "$WORK/first/$name" 2> "$WORK/log" && "$other_bxc" compile -q "$model" -o "$WORK/second/$name" 2> "$WORK/log"
    done
    if diff -r "$WORK/first" "$WORK/second" > "$WORK/log"; then echo "ok identity_operators_compiler"; else
        echo "not ok identity_operators_compiler: $(head -n 1 "$WORK/log")"; failed=1; fi
}

other_bxc=
other_compiler || echo "not ok identity: bxc does not build with another compiler: $(head -n 1 "$WORK/log")"
for model in jets.onnx jets_6bit.onnx jets_hgq.keras; do check_model $model; done
for model in jets.onnx jets_6bit.onnx jets_hgq.keras; do check_json $model; done
check_operators
exit $failed
