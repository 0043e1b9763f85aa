#!/bin/sh
# The commands of doc/manual.md work as they stand there.
cp examples/jets/*.onnx examples/jets/*.npy "$WORK"
mkdir "$WORK/bin" && ln -s "$BXC" "$WORK/bin/bxc"
PATH=$WORK/bin:$PATH
sed -n 's/^    \$ //p' doc/manual.md > "$WORK/commands"
cd "$WORK" || exit 1
while read -r command; do
  if sh -c "$command" > out 2> err < /dev/null; then echo "ok $command"; else echo "not ok $command: $(tail -n 3 err out | tr '\n' ' ')"; fi
done < commands
