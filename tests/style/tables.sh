#!/bin/sh
# Help, manual page and completion name every command and every option, because they come from the
# same tables; and the manual page is well formed.
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1: $2"; fi; }
"$BXC" manual | sed 's/\\//g' > "$WORK/bxc.1"
"$BXC" completion > "$WORK/completion"
commands=$(sed -n 's/^COMMAND([A-Z]*, "\([a-z]*\)".*/\1/p' driver/commands.def)
options=$(sed -n 's/^OPTION("\([a-z-]*\)".*/\1/p' driver/options.def)
for command in $commands; do
  "$BXC" "$command" --help >> "$WORK/help" 2>&1 || echo "not ok $command --help: exit code $?"
  check "command $command" "$BXC --help | grep -q '^  $command ' && grep -q 'bxc $command' $WORK/bxc.1 && grep -q ' $command) words=' $WORK/completion"
done
for option in $options; do
  check "option $option" "grep -q -e '--$option' $WORK/help && grep -q -e '--$option ' $WORK/completion && grep -q -e '--$option' $WORK/bxc.1"
done
for command in $commands; do
  "$BXC" "$command" --help > "$WORK/long" 2> /dev/null
  check "$command -h and help $command say the same" "$BXC $command -h | cmp -s - $WORK/long && $BXC help $command | cmp -s - $WORK/long"
done
check "--version tells the version, and the commit where there is one" "$BXC --version | grep -Eqx 'bxc [0-9.]+( \(commit [0-9a-f]{12}(, changed)?\))?'"
check "-h lists commands" "$BXC -h | grep -q '^  compile ' && $BXC help | grep -q '^  compile '"
check "completion is a script" "bash -n $WORK/completion"
complete() { # WORD...: what the last one may become
    bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bxc; echo "${COMPREPLY[*]}"' "$WORK/completion" "$@"
}
check "completion offers help" "[ \"\$(complete bxc hel)\" = help ]"
check "help is completed by commands" "[ \"\$(complete bxc help ver)\" = verify ]"
check "an argument is completed" "[ \"\$(complete bxc run --engine r)\" = rtl ]"
check "an argument behind = is completed" "[ \"\$(complete bxc compile --softmax = a)\" = argmax ]"
check "a pass is completed" "[ \"\$(complete bxc compile --stop-after intege)\" = integerise ]"
check "all passes are dumped by a word that is completed" "[ \"\$(complete bxc compile --dump-after al)\" = all ] && [ -z \"\$(complete bxc compile --stop-after al)\" ]"
check "engines are completed behind a comma" "[ \"\$(complete bxc verify --engines c,ve)\$(complete bxc verify --engines c,rt)\" = c,rtl ]"
check "every pass is offered" "[ \"\$(complete bxc compile --stop-after '' | wc -w)\" = \"\$("$BXC" compile --list-passes | wc -l)\" ]"
for command in completion manual; do
    "$BXC" $command --json > /dev/null 2>&1; code=$?
    check "$command has no JSON" "[ $code = 2 ]"
done
"$BXC" compile > /dev/null 2>&1; code=$?
check "wrong usage ends with 2" "[ $code = 2 ]"
"$BXC" compile --no-such-option x > /dev/null 2>&1; code=$?
check "an unknown option ends with 2" "[ $code = 2 ]"
