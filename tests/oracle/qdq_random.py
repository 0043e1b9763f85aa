#!/usr/bin/env python3
"""Random quantised networks as onnxruntime's tools write them, against onnxruntime.

    qdq_random.py BXC EVENTS COUNT [SEED]

Residuals, joins, tensors that several layers share, several heads; images and vectors; QDQ and QOperator; codes of 8 and
16 bits, signed and unsigned; per tensor and per channel; scales as calibration gives them, odd ones. For each network:
how many outputs differ between bxc's float and integer engines and onnxruntime, and how many between onnxruntime with its
optimisations and without them, events in batches and one by one: what differs there has no one number to equal. Codes of
16 bits are held against the file as it is written, without optimisations: these make a MatMulNBits of DequantizeLinear and
MatMul, which rounds activations once more. Needs numpy, onnx and onnxruntime; bxc needs none of them.
"""
import logging
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

from qdq_models import ALL, NONE, Calibration, Network

SINGLE = 2000


class Drawn(Network):
    """A network whose tensors may be read anywhere behind, by several layers and heads."""

    def __init__(self, seed):
        draw = numpy.random.default_rng(seed)
        image = bool(draw.integers(4) == 0)
        super().__init__([2, 4, 4] if image else [int(draw.integers(2, 8))], seed)
        self.vectors, self.heads = [], []
        x, width = self.image() if image else ("x", self.shape[0])
        self.vectors.append((self.gemm(x, width, width), width))

    def image(self):
        x = "x"
        channels = 2
        for _ in range(int(self.random.integers(1, 3))):
            filters = int(self.random.integers(2, 5))
            y = self.node("Relu", self.conv(x, channels, filters, pads=[1, 1, 1, 1]))
            x = self.node("Add", x, y) if filters == channels and x != "x" else y
            channels = filters
        kind = self.random.choice(["MaxPool", "AveragePool", "GlobalAveragePool"])
        size = {} if kind == "GlobalAveragePool" else {"kernel_shape": [2, 2], "strides": [2, 2]}
        x = self.node(kind, x, **size)
        return self.node("Flatten", x), channels * (1 if kind == "GlobalAveragePool" else 4)

    def any(self):
        return self.vectors[int(self.random.integers(len(self.vectors)))]

    def layer(self):
        """One more vector, of any that are there: those are shared, so."""
        (a, width), kind = self.any(), self.random.choice(
            ["gemm", "matmul", "relu", "sigmoid", "leaky", "add", "mul", "concat", "residual"])
        if kind in ("gemm", "matmul"):
            columns = int(self.random.integers(2, 9))
            self.vectors.append((getattr(self, kind)(a, width, columns), columns))
        elif kind == "concat":
            b, more = self.any()
            if width + more <= 24:
                self.vectors.append((self.node("Concat", a, b, axis=1), width + more))
        elif kind == "residual":
            inner = self.node("Relu", self.gemm(a, width, width))
            self.vectors.append((self.node("Add", a, self.gemm(inner, width, width)), width))
        elif kind in ("add", "mul"):
            b, more = self.any()
            b = b if more == width else self.gemm(b, more, width)
            self.vectors.append((self.node(kind.capitalize(), a, b), width))
        else:
            alpha = {"alpha": 0.1} if kind == "leaky" else {}
            self.vectors.append((self.node({"relu": "Relu", "sigmoid": "Sigmoid", "leaky": "LeakyRelu"}[kind], a, **alpha), width))

    def finished(self, opset):
        for _ in range(int(self.random.integers(2, 8))):
            self.layer()
        used = {name for node in self.nodes for name in node.input}
        ends = [v for v in self.vectors if v[0] not in used] or [self.vectors[-1]]
        names = [f"y{i}" for i in range(len(ends))]
        for name, (end, width) in zip(names, ends):
            self.gemm(end, width, 3)
            self.nodes[-1].output[0] = name
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *self.shape])]
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3]) for name in names]
        graph = helper.make_graph(self.nodes, "network", inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def drawn_way(seed):
    random = numpy.random.default_rng(seed + 10**6)
    wide = bool(random.integers(6) == 0)
    signed = bool(random.integers(2))
    form = QuantFormat.QDQ if wide or random.integers(2) else QuantFormat.QOperator
    activations = {(0, 0): QuantType.QUInt8, (0, 1): QuantType.QInt8, (1, 0): QuantType.QUInt16, (1, 1): QuantType.QInt16}[wide, signed]
    weights = QuantType.QUInt8 if not signed and not wide and random.integers(4) == 0 else QuantType.QInt8
    return form, activations, weights, bool(random.integers(2)), bool(random.integers(2)), wide


def quantised(seed, way, folder):
    form, activations, weights, per_channel, symmetric, wide = way
    network = Drawn(seed)
    onnx.save(network.finished(21 if wide else 17), f"{folder}/float.onnx")
    quantize_static(f"{folder}/float.onnx", f"{folder}/m.onnx", Calibration(network.shape, seed), quant_format=form,
                    activation_type=activations, weight_type=weights, per_channel=per_channel,
                    extra_options={"ActivationSymmetric": symmetric})
    return onnx.load(f"{folder}/m.onnx"), network.shape


def run(model, events, level, size):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    parts = [session.run(None, {"x": events[i:i + size]}) for i in range(0, len(events), size)]
    return [numpy.concatenate(part) for part in zip(*parts)]


def run_bxc(bxc, engine, folder):
    """Heads are called y0 ... in order; of several each has a file."""
    for file in pathlib.Path(folder).glob("got*"):
        file.unlink()
    done = subprocess.run([bxc, "run", f"{folder}/m.onnx", f"{folder}/x.npy", f"--engine={engine}", "-q", "-o", f"{folder}/got.npy"],
                          capture_output=True, text=True)
    if done.returncode:
        return next((line for line in done.stderr.splitlines() if "error" in line), "failed")
    return [numpy.load(file).astype(numpy.float32) for file in sorted(pathlib.Path(folder).glob("got*.npy"))]


def differ(got, wanted):
    if isinstance(got, str):
        return got
    assert len(got) == len(wanted)
    return sum(int((a.reshape(b.shape) != b).sum()) for a, b in zip(got, wanted))


def main(bxc, count, networks, first=0):
    logging.disable(logging.WARNING)
    totals, outputs = numpy.zeros(4, int), 0
    print("seed, form: float engine, integers; onnxruntime with itself: optimised otherwise, one by one")
    for seed in range(first, first + networks):
        way = drawn_way(seed)
        with tempfile.TemporaryDirectory() as folder:
            model, shape = quantised(seed, way, folder)
            events = (2 * numpy.random.default_rng(seed).normal(size=(count, *shape))).astype(numpy.float32)
            numpy.save(f"{folder}/x.npy", events)
            level, other = (NONE, ALL) if way[-1] else (ALL, NONE)
            wanted = run(model, events, level, 1000)
            few = [w[:SINGLE] for w in wanted]
            row = [differ(run_bxc(bxc, engine, folder), wanted) for engine in ("float", "emulator")]
            row += [differ(run(model, events, other, 1000), wanted), differ(run(model, events[:SINGLE], level, 1), few)]
        totals += [n if isinstance(n, int) else 0 for n in row]
        outputs += sum(w.size for w in wanted)
        form, activations, weights, per_channel, symmetric, _ = way
        words = [form.name, activations.name, weights.name, *["per channel"] * per_channel, *["symmetric"] * symmetric]
        print(f"{seed} {' '.join(words)}, {len(wanted)} heads: {row}", flush=True)
    print("of {4} outputs differ: float {0}, integers {1}; onnxruntime optimised otherwise {2}, one by one {3}".format(*totals, outputs))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
