"""Writes tests/unit/hgq_vectors.h: HGQ2's own quantisers on random numbers, ties and edges.

Run with Python that has HGQ2 and jax:
KERAS_BACKEND=jax python tests/oracle/hgq_quantizers.py > tests/unit/hgq_vectors.h
Each group is one quantiser with six elements, each with widths of its own; numbers are binary32 bit
patterns, so that nothing is lost on the way."""

import itertools

import numpy
from hgq.quantizer import Quantizer, QuantizerConfig

ELEMENTS, VALUES = 5, 3
ROUNDINGS = ["RND", "TRN", "RND_CONV", "S_RND", "TRN_ZERO", "RND_ZERO", "RND_INF", "RND_MIN_INF"]
OVERFLOWS = ["WRAP", "SAT", "SAT_SYM"]
random = numpy.random.default_rng(7)
f32 = numpy.float32


def widths(kbi):
    """k, i, and f or b: also widths of nothing and less, and fractions below 0."""
    k = random.integers(0, 2, ELEMENTS)
    i = random.integers(-2, 4, ELEMENTS).astype(f32)
    last = random.integers(-3, 5, ELEMENTS).astype(f32)
    if kbi:
        last = numpy.maximum(last + i, 0).astype(f32)
    return k, i + random.choice([0.0, 0.3, 0.5, -0.5], ELEMENTS).astype(f32), last + random.choice([0.0, 0.2, 0.5], ELEMENTS).astype(f32)


def number(f):
    step = 2.0 ** -numpy.round(f)
    kind = random.integers(4)
    if kind == 0:
        return (random.integers(-40, 40) + 0.5) * step
    if kind == 1:
        return numpy.nextafter(f32((random.integers(-4, 4) + 0.5) * step), f32(random.choice([-1, 1]) * 100))
    return random.normal() * random.choice([1, 10])


def group(kind, rounding, overflow, is_weight, trainable):
    k, i, last = widths(kind == "kbi")
    conf = QuantizerConfig(kind, "weight", round_mode=rounding, overflow_mode=overflow, is_weight=bool(is_weight),
                           trainable=bool(trainable))
    quantizer = Quantizer(conf)
    quantizer.build((VALUES, ELEMENTS))
    inner = quantizer.quantizer
    whole = lambda row: numpy.tile(row, (VALUES, 1))
    inner._k.assign(whole(k))
    inner._i.assign(whole(i))
    (inner._b if kind == "kbi" else inner._f).assign(whole(last))
    f = numpy.round(last) - (numpy.round(i) if kind == "kbi" else 0)
    x = numpy.array([[number(e) for e in f] for _ in range(VALUES)], f32)
    y = numpy.asarray(quantizer(x, training=False), f32)
    row = lambda a: ", ".join("0x%08x" % v for v in numpy.asarray(a, f32).view(numpy.uint32).ravel())
    print('    { "%s", "%s", "%s", %d, %d,\n      { %s },\n      { %s },\n      { %s },\n      { %s },\n      { %s } },' % (
        kind, rounding, overflow, is_weight, trainable, ", ".join(map(str, k)), row(i), row(last), row(x), row(y)))


def main():
    print("/* clang-format off */")
    print("/* Written by tests/oracle/hgq_quantizers.py: for each quantiser k, i and b or f of its elements, then")
    print(" * numbers, and what HGQ2 makes of them; rows of elements. */")
    print("static const struct group groups[] = {")
    for kind, rounding, overflow in itertools.product(["kbi", "kif"], ROUNDINGS, OVERFLOWS):
        for is_weight, trainable in ([(1, 1), (0, 1), (1, 0)] if overflow == "WRAP" else [(1, 1)]):
            group(kind, rounding, overflow, is_weight, trainable)
    print("};")


if __name__ == "__main__":
    main()
