#!/bin/sh
# Is a firmware that was changed told as such? Each fault of integrity.txt is one edit of a copy (with "manifest": and
# of the hash that manifest.json has of the file): `verify` must end with the code given and say why. Then what no edit
# of a text is: links, missing and added files, replaced programs, missing tools, builds that fail, partial runs.
set -u
here=$(dirname "$0")
. "$ROOT/tests/faults.sh"
export OPT=-O0 CFLAGS=-O0 CXXFLAGS=-O0
ok() { echo "ok integrity_$1"; }
not_ok() { echo "not ok integrity_$1: $2"; sed 's/^/    /' "$WORK/log" >&2; }

verify() { # OPTION...
    "$BXC" verify "$WORK/fw" -n 50 -j 1 "$@" > "$WORK/log" 2>&1
    code=$?
}
fresh() { rm -rf "$WORK/fw" && cp -r "$WORK/first" "$WORK/fw"; }
expect() { # NAME CODE PATTERN
    if [ "$code" = "$2" ] && grep -qE -e "$3" "$WORK/log"; then ok "$1"; else not_ok "$1" "code $code, wanted $2 and '$3'"; fi
}
never() { # NAME PATTERN
    if grep -qE -e "$2" "$WORK/log"; then not_ok "$1" "it says '$2'"; else ok "$1"; fi
}

hash_right() { # FILE: the hash of it in the manifest
    sum=$(sha256sum < "$WORK/fw/$1" | cut -c 1-64)
    sed -i "s|\(\"$1\":[[:space:]]*\"\)[0-9a-f]*|\1$sum|" "$WORK/fw/manifest.json"
}

fault() { # NAME FILE FIND MAKE CODE SAYS
    fresh
    file=${2% manifest}
    faults_plant "$WORK/fw/$file" "$3" "$4" > "$WORK/log" || { not_ok "$1" "$(cat "$WORK/log")"; return; }
    [ "$file" = "$2" ] || hash_right "$file"
    verify --engines c
    expect "$1" "$5" "$6"
}

"$BXC" compile -q tests/cosim/ops/matmul.bxc -o "$WORK/first" || exit 1
fresh
verify; expect first 0 '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$'
verify; expect again 0 '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$'
never nothing_edited 'not as bxc compiled it|not run, because'
cp -r "$WORK/fw/verify" "$WORK/first/" # with the builds

faults_list "$here/integrity.txt" in find make code says > "$WORK/faults" 2> "$WORK/log" && ok all_faults_read || not_ok all_faults_read "$(tail -n 1 "$WORK/log")"
while IFS='	' read -r name file find make wanted says; do
    fault "$name" "$file" "$find" "$make" "$wanted" "$says"
done < "$WORK/faults"

# ---- files that are no texts ----
fresh; ln -s /tmp "$WORK/fw/rtl/else"; verify --engines c; expect link 1 'rtl/else: error: a symbolic link'
mkdir "$WORK/outside"; echo mine > "$WORK/outside/c-0123456789abcdef"
fresh; rm -r "$WORK/fw/verify/build"; ln -s "$WORK/outside" "$WORK/fw/verify/build"; verify --engines c
expect build_is_a_link 1 'verify/build: error: a symbolic link'
fresh; ln -s "$WORK/outside" "$WORK/fw/verify/build/c-0123456789abcdef"; echo >> "$WORK/fw/c/matmul.c"; verify --engines c
expect link_in_builds 0 '^verdict: equal'
[ "$(cat "$WORK/outside/c-0123456789abcdef")" = mine ] && ok links_not_followed || not_ok links_not_followed "what a link points to is gone"
fresh; rm "$WORK/fw/rtl/vivado.tcl"; verify --engines c; expect missing 0 'not as bxc compiled it: rtl/vivado.tcl \(missing\)'
fresh; rm "$WORK/fw/interface.json"; verify --engines c; expect no_interface 1 'interface.json: error'
fresh; echo 'module other; endmodule' > "$WORK/fw/rtl/other.v"; verify --engines c; expect added 0 'not as bxc compiled it: rtl/other.v \(added\)'
fresh; echo 'initial' > "$WORK/fw/rtl/other.v"; verify --engines c; expect added_refused 1 "rtl/other.v:1: error: .*the keyword 'initial'"
fresh; printf "'" >> "$WORK/fw/rtl/matmul.v"; verify --engines c; expect ends_in_a_quote 0 'not as bxc compiled it: rtl/matmul.v$'
fresh; echo log > "$WORK/fw/rtl/timing.rpt"; verify; expect vendor_reports 0 '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$'
never vendor_reports_unnamed 'timing.rpt'

# ---- programs that were replaced ----
for engine in c hls rtl icarus; do
    fresh
    for file in "$WORK/fw/verify/build/$engine"-*/run*; do printf '#!/bin/sh\nexec cat\n' > "$file"; done
    verify --engines $engine
    expect "replaced_$engine" 0 "^  $engine .* equal\$"
done

# ---- what a build's name holds: another compiler, other headers, another processor's flags ----
builds() { ls "$WORK/fw/verify/build" | tr '\n' ' '; }
fresh
for version in 1 2; do
    printf '#!/bin/sh\ncase ${1-} in --version) echo compiler %s; exit ;; esac\nexec cc "$@"\n' $version > "$WORK/compiler"
    chmod +x "$WORK/compiler"
    CC="$WORK/compiler" verify --engines c; expect "compiler_$version" 0 '^verdict: equal'
    builds > "$WORK/builds$version"
done
cmp -s "$WORK/builds1" "$WORK/builds2" && not_ok compiler_version "the build of another compiler was taken" || ok compiler_version
CC="$WORK/compiler" verify --engines c; builds | cmp -s - "$WORK/builds2" && ok compiler_same || not_ok compiler_same "it was built again"
fresh; rm -r "$WORK/fw/verify"
MAKEFLAGS=-n GNUMAKEFLAGS='-e PROBES=1' MAKEFILES=/dev/null PROBES=1 BUILD=/nowhere AP_TYPES=/nowhere verify --engines c,hls,rtl
expect environment_of_make 0 '^verdict: equal in every bit: emulator, c, hls, rtl$'
mkdir "$WORK/types"
echo '#error first headers' > "$WORK/types/ap_fixed.h"; : > "$WORK/types/ap_int.h"
verify --engines hls --ap-types "$WORK/types"; expect ap_types_first 1 'not built: .*first headers'
cp "$WORK/fw/hls/bxc_hls.h" "$WORK/types/unused.h"; echo '#error other headers' > "$WORK/types/ap_fixed.h"
verify --engines hls --ap-types "$WORK/types"; expect ap_types_changed 1 'not built: .*other headers'
(cd "$WORK" && "$BXC" verify fw -n 50 --engines hls --ap-types types > log 2>&1); code=$?
expect ap_types_relative 1 'not built: .*other headers'

# ---- engines that do not run ----
fresh; rm -r "$WORK/fw/verify"
mkdir "$WORK/bin"
for tool in sh make gcc cc g++ c++ as ld cat mkdir rm mv cp sed echo printf chmod env ccache; do
    found=$(command -v $tool) && case $found in /*) ln -sf "$found" "$WORK/bin/$tool" ;; esac
done
path=$PATH PATH=$WORK/bin
verify
PATH=$path
expect no_simulators 1 "^verdict: INCOMPLETE"
expect no_simulators_rtl 1 "not run: rtl: the command 'verilator' is not installed"
expect no_simulators_icarus 1 "not run: icarus: the command 'iverilog' is not installed"
# g++ is a link to ccache, which finds no compiler behind it
mkdir "$WORK/masked"; printf '#!/bin/sh\necho "ccache: error: no compiler" >&2\nexit 1\n' > "$WORK/masked/ccache"; chmod +x "$WORK/masked/ccache"
for tool in "$WORK"/bin/*; do case $tool in *g++ | */ccache) ;; *) ln -s "$tool" "$WORK/masked/" ;; esac; done
ln -s ccache "$WORK/masked/g++"
fresh; PATH=$WORK/masked; verify --engines c,hls; PATH=$path
expect masked_compiler 1 "not run: hls: the command 'g\+\+' is not installed"
CXX='ccache no-such-compiler' verify --engines hls
expect no_compiler_behind_ccache 1 "not run: hls: the command '(no-such-compiler|ccache)' is not installed"
CC=no-such-compiler verify --engines c; expect no_compiler 1 "not run: c: the command 'no-such-compiler' is not installed"
fresh; rm -r "$WORK/fw/verify"; PATH=$WORK/bin; verify; PATH=$path
grep -q 'banner warn">Verified in part only' "$WORK/fw/report/report.html" && ok amber_banner || not_ok amber_banner "none"
verify --engines c,hls; expect partial 0 '^verdict: equal in every bit: emulator, c, hls$'
expect partial_names 0 'not run, because not asked for: datapath, rtl, icarus'
verify --engines ''; expect no_engines 1 '^verdict: INCOMPLETE'
expect no_engines_names 1 'not run, because not asked for: datapath, c, hls, rtl, icarus'
fresh; sed -i '/^#include/a broken' "$WORK/fw/c/matmul.c"; CFLAGS=-Werror verify --engines c,hls
expect not_built 1 "not built: engine 'c' is not built: matmul.c:[0-9]+:.*error"
never not_built_not_unequal 'NOT equal'
fresh; sed -i 's/^\( *assign out_valid =\) \(.*\);/    wire hold = rst ? hold : \2;\n\1 hold;/' "$WORK/fw/rtl/matmul.v"; verify --engines rtl
expect loop 1 "not built: engine 'rtl' is not built: .*UNOPTFLAT.*hold"

# ---- a partial run does not replace a full verdict, but what it finds does ----
state() { sed -n 's/.*banner \([a-z]*\)">.*/\1/p' "$WORK/fw/report/report.html" | head -n 1; }
fresh; verify; before=$(cksum < "$WORK/fw/verify/verdict.json")
"$BXC" report "$WORK/fw" > "$WORK/log" 2>&1; never report_of_these 'edited since'
echo >> "$WORK/fw/c/matmul.c"; "$BXC" report "$WORK/fw" > "$WORK/log" 2>&1; code=$?; expect report_of_others 0 'warning: files were edited since the last verdict'
sed -i '$d' "$WORK/fw/c/matmul.c"
verify --engines c; expect partial_kept 0 'verify/partial.json: note'
[ "$(cksum < "$WORK/fw/verify/verdict.json")" = "$before" ] && [ "$(state)" = good ] && ok full_stays || not_ok full_stays "the banner is $(state)"
sed -i 's/out_y\[i\] = v_/out_y[i] = 1 ^ v_/' "$WORK/fw/c/matmul.c"; verify --engines c; expect finding 1 '^verdict: NOT equal'
[ "$(state)" = bad ] && ok finding_replaces || not_ok finding_replaces "the banner is $(state)"
grep -A 9 'banner bad">' "$WORK/fw/report/report.html" | grep -q '<span>not as bxc compiled it: c/matmul.c</span>' && ok red_banner || not_ok red_banner "it does not name what was edited"
fresh; verify; echo >> "$WORK/fw/c/matmul.c"; verify --engines c
[ "$(state)" = warn ] && ok other_files_replace || not_ok other_files_replace "the banner is $(state)"
