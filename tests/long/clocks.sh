#!/bin/sh
# 240 random networks at clocks from 50 MHz to 1.2 GHz through Verilator, and 5,000 through the design's own engine.
"$BUILD/tests/unit/clocks" 1000 5000
SEEDS=$(seq 1 240) exec "$ROOT/tests/cosim/clocks.sh"
