#!/bin/sh
# The commands of doc/manual.md and doc/from-hls4ml.md work as they stand there; the pictures that they show are there.
cp examples/jets/*.onnx examples/jets/*.npy examples/sets/sets_6bit.onnx "$WORK"
mkdir "$WORK/bin" && ln -s "$BXC" "$WORK/bin/bxc"
PATH=$WORK/bin:$PATH
sed -n 's/^    \$ //p' doc/manual.md doc/from-hls4ml.md > "$WORK/commands"
sed -n -e 's/^    \(network: .*\)/\1/p' -e 's/^    \(trained floats: .*\)/\1/p' doc/manual.md > "$WORK/told"
for picture in $(sed -n 's/.*](\(pictures\/[a-z.]*\)).*/\1/p' doc/*.md); do
  if [ "$(wc -c < "doc/$picture")" -gt 0 ] && [ "$(wc -c < "doc/$picture")" -lt 100000 ]; then echo "ok $picture"; else echo "not ok $picture: missing, or larger than 100 kB"; fi
done
cd "$WORK" || exit 1
while read -r command; do
  if sh -c "$command" > out 2> err < /dev/null; then echo "ok $command"; else echo "not ok $command: $(tail -n 3 err out | tr '\n' ' ')"; fi
  cat out >> printed
done < commands
while read -r line; do
  if grep -qFx "$line" printed; then echo "ok what compile says of the ${line%%:*}"; else echo "not ok what compile says of the network: not printed: $line"; fi
done < told
