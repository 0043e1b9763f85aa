#!/bin/sh
# Two thousand random float networks against their integers, calibrated and not (tests/unit/float_random.c).
seed=${SEED:-10000}
if "$BUILD/tests/unit/float_random" 2000 "$seed" > "$WORK/out" 2>&1; then echo "ok random float networks, seed $seed: $(grep '^#' "$WORK/out" | tr '\n' ' ')"
else echo "not ok random float networks: $(grep '^not ok' "$WORK/out" | head -n 3 | tr '\n' ' ')"
fi
