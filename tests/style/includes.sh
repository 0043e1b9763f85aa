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
# Other folders see the first header only: ir/ops/ops.h and the like are private.
private=$(grep -rlE '# *include "ir/(ops/|text|datapath)' target frontend passes codegen sim report driver cli --include='*.[ch]' | grep -v -e 'ops\.def')
if [ -z "$private" ]; then echo "ok ir/ has one public header"; else echo "not ok ir/ has one public header: private ones are read by $(echo $private)"; fi

for folder in ir target frontend passes codegen sim report driver cli; do
  bad=$(grep -rhoE '^ *# *include "[a-z_]+/' "$folder" --include='*.[ch]' --include='*.def' | sed 's/.*"\(.*\)\//\1/' | sort -u |
    while read -r seen; do
      ok=; for name in $(allowed $folder); do [ "$name" != "$seen" ] || ok=yes; done
      [ -n "$ok" ] || echo "$seen"
    done)
  if [ -z "$bad" ]; then echo "ok $folder includes what it may"; else echo "not ok $folder includes what it may: it includes $(echo $bad)"; fi
done
