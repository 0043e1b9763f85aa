#!/bin/sh
# Prints doc/operators.md, the support matrix as 'bxc ops' has it: doc/operators.sh BXC > doc/operators.md
set -eu
cat << 'PAGE'
# Operators

What `bxc ops` prints, made by `make doc`: first the operators of the IR ([ir.md](ir.md)), then the operators and layers
of each format that is read. `float` is how the model is evaluated as trained; `integer` is what quantisation makes of
it and what the emulator runs; then the languages in which firmware is written. `lowered`: other operators take its
place before it gets there. `domain` is where the format has it; `becomes` lists the operators of the IR that it may
need (`nothing`: it is another name for its operand).

PAGE
"$1" ops | sed 's/^\(.\)/    \1/; s/  *$//'
