#!/bin/sh
# The library has no two external symbols of one name (a linker would silently take either), and no
# mutable global data; others see nothing of it that does not begin with bxc_.
archive=$BUILD/libbxc-all.a
twice=$(nm -g --defined-only "$archive" 2> /dev/null | awk '$2 ~ /^[TDBR]$/ {print $3}' | grep -v '__gcov\|__odr_asan\|__asan\|__ubsan' | sort | uniq -d)
if [ -z "$twice" ]; then echo "ok no symbol is defined twice"; else echo "not ok no symbol is defined twice: $(echo $twice)"; fi
case $BUILD in
  *asan* | *coverage*) echo "ok mutable data is looked for in plain builds" ;;
  *)
    writable=$(objdump -t "$archive" 2> /dev/null | awk 'NF > 3 && $(NF-2) ~ /^\.(data|bss|tdata|tbss)$/ && $NF !~ /^\./ {print $NF}' | grep -v '^hdf5_turn$' | sort -u) # HDF5 is one for the process
    if [ -z "$writable" ]; then echo "ok no mutable globals"; else echo "not ok no mutable globals: $(echo $writable)"; fi ;;
esac

# What a program or another library could clash with.
strange() { nm "$@" 2> /dev/null | awk '$2 ~ /^[TDBRV]$/ {print $3}' | grep -v -e '^bxc_' -e '__gcov' -e '__odr_asan' -e '__asan' -e '__ubsan' | sort -u; }
for library in "-g --defined-only $BUILD/libbxc.a" "-D --defined-only $BUILD/libbxc.so"; do
    # shellcheck disable=SC2086
    seen=$(strange $library)
    name=${library##*/}
    if [ -z "$seen" ]; then echo "ok $name shows bxc_ alone"; else echo "not ok $name shows bxc_ alone: $(echo $seen | cut -c 1-200)"; fi
done
declared() { grep -o '\bbxc_[a-z_]*(' driver/bxc.h | tr -d '(' | sort -u; }
shown() { nm -D --defined-only "$BUILD/libbxc.so" | awk '{print $3}' | sort -u; }
missing=$(declared | while read -r name; do shown | grep -qx "$name" || echo "$name"; done)
if [ -z "$missing" ]; then echo "ok libbxc.so has all that bxc.h declares"; else echo "not ok libbxc.so has all that bxc.h declares: $(echo $missing)"; fi
