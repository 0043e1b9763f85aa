"""Writes tests/unit/qonnx_vectors.h: QONNX's own quantisers on random numbers and ties.

Run with Python that has qonnx: python tests/oracle/qonnx_quantizers.py > tests/unit/qonnx_vectors.h
Numbers are binary32 bit patterns, so that nothing is lost on the way."""

import numpy
from qonnx.custom_op.general.bipolar_quant import binary_quant
from qonnx.custom_op.general.floatquant import float_quant
from qonnx.custom_op.general.quant import quant
from qonnx.custom_op.general.trunc import trunc_v1, trunc_v2

MODES = {"FLOOR": "TRUNCATE", "DOWN": "TOWARD_ZERO", "HALF_UP": "HALF_AWAY", "HALF_DOWN": "HALF_TOWARD_ZERO",
         "ROUND": "HALF_EVEN", "CEIL": "CEILING", "UP": "AWAY_FROM_ZERO"}
SCALES = [1.0, 0.5, 0.125, 0.3, 0.07, 2.0]
random = numpy.random.default_rng(3)
f32 = numpy.float32


def bits(x):
    return "0x%08x" % numpy.asarray(x, f32).reshape(()).view(numpy.uint32)


def numbers(scale, zero_point):
    """Half of them ties: (n + 1/2) * scale."""
    if random.random() < 0.5:
        return f32((random.integers(-40, 40) + 0.5 - zero_point) * scale)
    return f32(random.normal() * 10 * scale)


def row(kind, mode, signed, narrow, x, scale, zero_point, width, out_scale, out_width, y):
    print("    { %s, ROUND_%s, %d, %d, { %s }, %s }," % (
        kind, MODES[mode], signed, narrow,
        ", ".join(bits(v) for v in (x, scale, zero_point, width, out_scale, out_width)), bits(y)))


def floats():
    """Minifloats: around their steps, subnormal numbers, the largest one. x, scale, bits of exponent and mantissa, bias,
    largest number; result."""
    for i in range(240):
        exponent, mantissa = int(random.integers(1, 6)), int(random.integers(0, 5))
        bias = f32(2 ** (exponent - 1) - 1 + random.integers(-1, 2))
        largest = f32((2 - 2.0 ** -mantissa) * 2.0 ** (2 ** exponent - 1 - bias) * random.choice([1.0, 0.75, 4.0]))
        scale = f32(random.choice(SCALES))
        step = 2.0 ** (1 - bias - mantissa)
        size = random.choice([step / 2, step, 8 * step, largest, 3 * largest])
        x = f32(random.normal() * size * scale)
        if i % 3 == 0:
            x = f32(random.integers(-9, 10) * step / 2 * scale)
        mode = ["ROUND", "CEIL", "FLOOR"][i % 7 // 3]
        given = [f32(v) for v in (scale, exponent, mantissa, bias)]
        y = float_quant(numpy.asarray(x, f32).reshape(1), *given, True, largest, rounding_mode=mode)
        row("FLOAT", mode, 1, 0, x, scale, exponent, mantissa, bias, largest, y[0])


def main():
    print("/* clang-format off */")
    print("/* Written by tests/oracle/qonnx_quantizers.py: x, scale, zero point, bits, out scale, out bits; result. */")
    print("static const struct vector vectors[] = {")
    for i in range(420):
        mode = list(MODES)[i % len(MODES)]
        signed, narrow = int(random.integers(2)), int(random.integers(2))
        scale = f32(random.choice(SCALES))
        zero_point = f32(random.choice([0.0, 0.0, 3.0, -1.0]))
        width = f32(random.integers(1, 9))
        x = numbers(scale, zero_point)
        args = [numpy.asarray(v, f32).reshape(1) for v in (x, scale, zero_point, width)]
        out_scale = f32(scale * random.choice([1.0, 2.0, 4.0, 3.0]))
        out_width = f32(random.integers(1, width + 1))
        outs = [numpy.asarray(v, f32).reshape(1) for v in (out_scale, out_width)]
        if i % 10 == 7:
            row("BIPOLAR", mode, 0, 0, x, scale, 0, 0, 0, 0, binary_quant(args[0], args[1])[0])
        elif i % 10 == 8:
            y = trunc_v1(*args, outs[1], mode)
            row("TRUNC_1", mode, 0, 0, x, scale, zero_point, width, 0, out_width, y[0])
        elif i % 10 == 9:
            y = trunc_v2(*args, narrow, signed, *outs, mode)
            row("TRUNC_2", mode, signed, narrow, x, scale, zero_point, width, out_scale, out_width, y[0])
        else:
            y = quant(*args, signed, narrow, mode)
            row("QUANT", mode, signed, narrow, x, scale, zero_point, width, 0, 0, y[0])
    floats()
    print("};")


main()
