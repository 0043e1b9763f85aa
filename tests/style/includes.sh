#!/bin/sh
# Arrows between folders point inward only (DESIGN: "The folders"): a folder includes itself and
# what is listed here, nothing else of ours.
allowed() {
  case $1 in
    ir) echo ir ;;
    target | frontend | sim) echo "$1 ir" ;;
    passes) echo passes ir target ;;
    codegen) echo codegen ir target ;;
    report) echo report ir target sim ;;
    driver) echo driver ir target frontend passes codegen sim report ;;
    cli) echo cli driver ;;
  esac
}
# ir/ has one public header a module; what its files share among themselves is private.
private=$(grep -rlE '# *include "ir/(ops/|.*_private)' target frontend passes codegen sim report driver cli --include='*.[ch]' | grep -v -e 'ops\.def')
if [ -z "$private" ]; then echo "ok the private headers of ir/ are read there alone"; else echo "not ok the private headers of ir/ are read there alone: they are read by $(echo $private)"; fi

needy=
for header in ir/*.h ir/ops/*.h; do
  echo "#include \"$header\"" | ${CC:-cc} -std=gnu11 -I. -fsyntax-only -x c - 2> /dev/null || needy="$needy $header"
done
if [ -z "$needy" ]; then echo "ok each header of ir/ stands by itself"; else echo "not ok each header of ir/ stands by itself: not$needy"; fi

for folder in ir target frontend passes codegen sim report driver cli; do
  bad=$(grep -rhoE '^ *# *include "[a-z_]+/' "$folder" --include='*.[ch]' --include='*.def' | sed 's/.*"\(.*\)\//\1/' | sort -u |
    while read -r seen; do
      ok=; for name in $(allowed $folder); do [ "$name" != "$seen" ] || ok=yes; done
      [ -n "$ok" ] || echo "$seen"
    done)
  if [ -z "$bad" ]; then echo "ok $folder includes what it may"; else echo "not ok $folder includes what it may: it includes $(echo $bad)"; fi
done
