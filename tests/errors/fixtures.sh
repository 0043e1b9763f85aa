# The files that the transcripts' commands use, made in the current folder. Sourced by run.sh.

# npy FILE DESCRIPTION SHAPE ORDER: a header of 128 bytes; the data is appended from stdin
npy() {
    {
        printf '\223NUMPY\001\000\166\000'
        printf '%-117s\n' "{'descr': '$2', 'fortran_order': ${4:-False}, 'shape': ($3), }"
        cat
    } > "$1"
}
zeros() { head -c "$1" /dev/zero; }
nan() { printf '\000\000\300\177'; } # binary32

event_files() {
    zeros 24 | npy events.npy '<f4' '3, 2'
    zeros 20 | npy short.npy '<f4' '3, 2'
    zeros 36 | npy wide.npy '<f4' '3, 3'
    zeros 48 | npy square.npy '<f4' '3, 2, 2'
    zeros 48 | npy four.npy '<f4' '3, 4'
    zeros 12 | npy flat.npy '<f4' '3,'
    zeros 24 | npy fortran.npy '<f4' '3, 2' True
    zeros 48 | npy complex.npy '<c8' '3, 2'
    zeros 24 | npy big_endian.npy '>f4' '3, 2'
    zeros 24 | npy negative.npy '<f4' '-3, 2'
    zeros 24 | npy huge.npy '<f4' '4611686018427387904, 2'
    zeros 0 | npy no_events.npy '<f4' '0, 2'
    zeros 0 | npy nothing.npy '<f4' '0, 0'
    printf 'a,b\n' > names.csv
    { zeros 12; nan; zeros 8; } | npy nan.npy '<f4' '3, 2'
    head -c 40 events.npy > cut_header.npy
    printf '\223NUMPY\011\000\166\000' > version.npy
    printf 'no events at all\n' > garbage.npy
    : > empty.npy
    printf '0,1\n1,2\n' > events.csv
    printf '0,1\n1,2,3\n' > ragged.csv
    printf '0,1\n1,two\n' > words.csv
    printf '0,1\n1,nan\n' > nan.csv
    : > empty.csv
    zeros 4 | npy labels_short.npy '<i4' '1,'
    printf '0\n1\n9\n' > labels_beyond.csv
}

config_files() {
    echo '{"clock": "360MHz",' > truncated.config
    echo '{"clok": "360MHz"}' > unknown_key.config
    echo '{"clock": 360}' > wrong_type.config
    echo '{"clock": "fast"}' > bad_clock.config
    echo '{"precision": {"weights": 99}}' > too_many_bits.config
    echo '{"sparsity": 1.5}' > sparsity.config
    echo '{"layers": {"dense": {"weights": 4, "rounding": "up"}}}' > rounding.config
    echo '{"layers": {"den*": {"weights": 4}, "dens": {"weights": 4}}, "inputs": {"z": {"format": "fixed<8,4>"}}}' > idle_layer.config
    echo '{"layers": {"dens": {"weights": 4}}}' > idle_alone.config
    echo '{"prune": 0.5}' > option.config
    echo '{"Model": {"Precision": "fixed<16,6>"}}' > foreign.config
    echo '["clock"]' > array.config
    : > empty.config
}

text_models() {
    printf '\211HDF\r\n\032\n' > weights.h5
    printf 'PK\003\004 a pickle' > network.pt
    printf 'bxc graph 1\ngraph "still"\n%%0 = constant() "c" : [1,2] real {1, 2}\noutput "y" %%0\n' > no_inputs.bxc
    cat > model.bxc << 'END'
bxc graph 1
graph "tiny"
%0 = input() "x" : [1,2] real
%1 = constant() "w" : [2,2] real {1, -0.5, 0.25, 2}
%2 = matmul(%0, %1) "dense" : [1,2] real
%3 = relu(%2) "relu" : [1,2] real
output "y" %3
END
    cat > heads.bxc << 'END'
bxc graph 1
graph "heads"
%0 = input() "a" : [1,4] real
%1 = input() "b" : [1,2] real
%2 = relu(%0) "ra" : [1,4] real
%3 = relu(%1) "rb" : [1,2] real
output "y" %2
output "z" %3
END
    sed 's/1,4\]/1,4000000]/' heads.bxc > large_event.bxc
    {
        printf 'bxc graph 1\ngraph "chain"\n%%0 = input() "a" : [1,200000] real\n'
        for n in $(seq 21); do echo "%$n = relu(%$((n - 1))) \"r$n\" : [1,200000] real"; done
        echo 'output "y" %21'
    } > long_chain.bxc
    {
        printf 'bxc graph 1\ngraph "spread"\n%%0 = input() "a" : [1] real\n'
        ones=$(seq -s ', ' 4100 | sed 's/[0-9][0-9]*/1/g')
        echo "%1 = constant() \"row\" : [1,4100] real {$ones}"
        echo "%2 = constant() \"column\" : [4100,1] real {$ones}"
        echo '%3 = add(%1, %2) "spread" : [4100,4100] real'
        echo '%4 = reduce_sum(%3) "rows" axis=0 : [4100] real'
        echo '%5 = reduce_sum(%4) "sum" axis=0 : [] real'
        echo '%6 = add(%0, %5) "all" : [1] real'
        echo 'output "y" %6'
    } > large_weights.bxc
    head -c 120 model.bxc > truncated.bxc
    sed 's/matmul/matmull/' model.bxc > operator.bxc
    sed 's/"relu" : \[1,2\]/"relu" : [1,3]/' model.bxc > mismatch.bxc
    sed 's/matmul(%0/matmul(%3/' model.bxc > cyclic.bxc
    sed 's/-0.5/nan/' model.bxc > nan.bxc
    sed 's/{1, -0.5, 0.25, 2}/{1, -0.5, 0.25}/' model.bxc > few_numbers.bxc
    sed 's/\[1,2\] real/[4294967296,4294967296] real/' model.bxc > huge.bxc
    sed 's/bxc graph 1/bxc graph 7/' model.bxc > version.bxc
    bxc convert model.bxc model.json
    head -c 100 model.json > truncated.json
    sed 's/matmul/matmull/' model.json > operator.json
    echo '{}' > empty_object.json
    echo '[1, 2]' > array.json
    for suffix in bxc json onnx keras; do
        : > "empty.$suffix"
        printf 'nothing\001\002\377 of use\n' > "garbage.$suffix"
    done
    echo "no model" > model.txt
    mkdir folder.onnx
    { printf '{"name": "tree", "tree_info": [{"tree_structure": '; printf '{"left_child": %.0s' $(seq 20); printf '0'; printf '}%.0s' $(seq 20); printf '}]}\n'; } > lightgbm.json
    echo '{"n_trees": 1, "trees": [[{"feature": [0, -2, -2], "children_left": [1, -1, -1]}]]}' > conifer.json
    printf 'tree\nversion=v3\nleft_child=1 -1\n' > lightgbm.txt
}

# An earlier firmware, one with a damaged graph, one with files of another, and a stranger's folder.
folders() {
    bxc compile model.bxc -o fw --quiet --name tiny --input 'fixed<8,4>' 2> /dev/null || return 1
    cp -r fw damaged && head -c 200 fw/model.bxc > damaged/model.bxc
    cp -r fw other && sed 's/\("content_hash":[^"]*"\)[0-9a-f]*/\1'$(printf %064d 0)/ fw/manifest.json > other/manifest.json
    cp -r fw no_manifest && rm no_manifest/manifest.json
    cp -r fw bad_manifest && echo '{' > bad_manifest/manifest.json
    mkdir -p foreign && echo 'mine' > foreign/notes
    echo 'mine' > file
}

fixtures() {
    rm -rf ./* && cp "$here"/data/*.onnx "$here"/data/*.keras . && event_files && config_files && text_models && folders
}
