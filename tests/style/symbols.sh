#!/bin/sh
# The library has no two external symbols of one name (a linker would silently take either), and no
# mutable global data.
archive=$BUILD/libbxc.a
twice=$(nm -g --defined-only "$archive" 2> /dev/null | awk '$2 ~ /^[TDBR]$/ {print $3}' | grep -v '__gcov\|__odr_asan\|__asan\|__ubsan' | sort | uniq -d)
if [ -z "$twice" ]; then echo "ok no symbol is defined twice"; else echo "not ok no symbol is defined twice: $(echo $twice)"; fi
case $BUILD in
  *asan* | *coverage*) echo "ok mutable data is looked for in plain builds" ;;
  *)
    writable=$(objdump -t "$archive" 2> /dev/null | awk 'NF > 3 && $(NF-2) ~ /^\.(data|bss|tdata|tbss)$/ && $NF !~ /^\./ {print $NF}' | sort -u)
    if [ -z "$writable" ]; then echo "ok no mutable globals"; else echo "not ok no mutable globals: $(echo $writable)"; fi ;;
esac
