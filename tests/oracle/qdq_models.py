#!/usr/bin/env python3
"""Models that onnxruntime's post-training quantisation makes, and its results, for tests/unit/qdq.c.

    qdq_models.py                       writes tests/oracle/qdq/: models, events, results of onnxruntime
    qdq_models.py --compare BXC EVENTS [SEEDS]
                                        random networks, quantised in random ways: of so many events each, how many
                                        outputs differ between onnxruntime (its optimisations on; off) and bxc's float
                                        and integer engines

Needs numpy, onnx and onnxruntime; bxc needs none of them.
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

FOLDER = pathlib.Path(__file__).parent / "qdq"
ALL = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
NONE = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL


class Network:
    """A float model, written node by node."""

    def __init__(self, shape, seed):
        self.random = numpy.random.default_rng(seed)
        self.shape, self.nodes, self.constants, self.count = shape, [], [], 0

    def constant(self, *shape, size=1.0):
        self.count += 1
        name = f"w{self.count}"
        numbers = (size * self.random.normal(size=shape)).astype(numpy.float32)
        self.constants.append(numpy_helper.from_array(numbers, name))
        return name

    def node(self, op, *operands, **attributes):
        self.count += 1
        name = f"{op.lower()}{self.count}"
        self.nodes.append(helper.make_node(op, list(operands), [name], name=name, **attributes))
        return name

    def gemm(self, x, rows, columns):
        return self.node("Gemm", x, self.constant(rows, columns, size=rows ** -0.5), self.constant(columns, size=0.3))

    def matmul(self, x, rows, columns):
        x = self.node("MatMul", x, self.constant(rows, columns, size=rows ** -0.5))
        return self.node("Add", x, self.constant(columns, size=0.3))

    def conv(self, x, channels, filters, **attributes):
        return self.node("Conv", x, self.constant(filters, channels, 3, 3, size=(9 * channels) ** -0.5),
                         self.constant(filters, size=0.3), **attributes)

    def model(self, output, width):
        self.nodes[-1].output[0] = "y"
        assert output == self.nodes[-1].name
        graph = helper.make_graph(
            self.nodes, "network", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *self.shape])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", width])], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def dense(seed, product="gemm"):
    network = Network([6], seed)
    layer = getattr(network, product)
    first = network.node("Relu", layer("x", 6, 8))
    second = network.node("Relu", layer(first, 8, 8))
    return network.model(layer(network.node("Add", second, first), 8, 3), 3)


def curved(seed):
    network = Network([5], seed)
    a = network.node("Sigmoid", network.gemm("x", 5, 6))
    b = network.node("LeakyRelu", network.gemm("x", 5, 6), alpha=0.1)
    both = network.node("Concat", network.node("Mul", a, b), a, axis=1)
    return network.model(network.gemm(both, 12, 4), 4)


def image(seed):
    network = Network([2, 5, 5], seed)
    x = network.node("Relu", network.conv("x", 2, 4, pads=[1, 1, 1, 1]))
    x = network.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = network.node("GlobalAveragePool", network.conv(x, 4, 5, pads=[1, 1, 1, 1]))
    return network.model(network.gemm(network.node("Flatten", x), 5, 3), 3)


def random_network(seed):
    """A feed-forward network of random operators."""
    network = Network([int(numpy.random.default_rng(seed).integers(2, 8))], seed)
    random, width = network.random, network.shape[0]
    x, earlier = network.gemm("x", width, width), []
    for _ in range(int(random.integers(2, 6))):
        earlier.append((x, width))
        kind = random.choice(["gemm", "matmul", "relu", "sigmoid", "leaky", "add", "mul", "concat"])
        partner = earlier[int(random.integers(len(earlier)))]
        if kind in ("gemm", "matmul"):
            columns = int(random.integers(2, 9))
            x, width = getattr(network, kind)(x, width, columns), columns
        elif kind == "concat":
            x, width = network.node("Concat", x, partner[0], axis=1), width + partner[1]
        elif kind in ("add", "mul"):
            if partner[1] != width:
                partner = (network.gemm(partner[0], partner[1], width), width)
            x = network.node(kind.capitalize(), x, partner[0])
        else:
            attributes = {"alpha": 0.1} if kind == "leaky" else {}
            x = network.node({"relu": "Relu", "sigmoid": "Sigmoid", "leaky": "LeakyRelu"}[kind], x, **attributes)
    return network.model(network.gemm(x, width, 3), 3)


class Calibration(CalibrationDataReader):
    def __init__(self, shape, seed):
        random = numpy.random.default_rng(seed)
        self.batches = iter([{"x": random.normal(size=(64, *shape)).astype(numpy.float32)} for _ in range(8)])

    def get_next(self):
        return next(self.batches, None)


def shape_of(model):
    return [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:]]


def quantised(model, seed, form, activations, weights, per_channel, symmetric):
    with tempfile.TemporaryDirectory() as folder:
        source, goal = f"{folder}/float.onnx", f"{folder}/quantised.onnx"
        onnx.save(model, source)
        quantize_static(source, goal, Calibration(shape_of(model), seed), quant_format=form, activation_type=activations,
                        weight_type=weights, per_channel=per_channel,
                        extra_options={"ActivationSymmetric": symmetric})
        return onnx.load(goal)


def run(model, events, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return numpy.concatenate([session.run(None, {"x": events[i:i + 1000]})[0] for i in range(0, len(events), 1000)])


def events_for(model, count, seed):
    return (2 * numpy.random.default_rng(seed).normal(size=(count, *shape_of(model)))).astype(numpy.float32)


COMMITTED = {
    "gemm_qdq_uint8": (dense(1), QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, False, False),
    "gemm_qdq_uint8_per_channel": (dense(2), QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, True, False),
    "gemm_qoperator_int8": (dense(3), QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, False, True),
    "matmul_qdq_int8_asymmetric": (dense(4, "matmul"), QuantFormat.QDQ, QuantType.QInt8, QuantType.QInt8, False, False),
    "matmul_qoperator_uint8": (dense(5, "matmul"), QuantFormat.QOperator, QuantType.QUInt8, QuantType.QUInt8, False, False),
    "curved_qdq_uint8": (curved(6), QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, False, False),
    "curved_qoperator_int8": (curved(7), QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, True, False),
    "image_qdq_uint8_per_channel": (image(8), QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, True, False),
    "image_qoperator_int8": (image(9), QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, True, True),
}


def write():
    FOLDER.mkdir(exist_ok=True)
    for name, (model, form, activations, weights, per_channel, symmetric) in COMMITTED.items():
        small = quantised(model, 11, form, activations, weights, per_channel, symmetric)
        onnx.save(small, FOLDER / f"{name}.onnx")
        events = events_for(small, 200, 12)
        numpy.save(FOLDER / f"{name}-in.npy", events)
        numpy.save(FOLDER / f"{name}-out.npy", run(small, events, ALL))


def bxc_run(bxc, engine, folder):
    command = [bxc, "run", f"{folder}/m.onnx", f"{folder}/x.npy", f"--engine={engine}", "-q", "-o", f"{folder}/y.npy"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return numpy.load(f"{folder}/y.npy").astype(numpy.float32)


def compare(bxc, count, seeds):
    totals = numpy.zeros(5, int)
    print("seed: operators; outputs that differ: float from ORT, integers from ORT, ORT without optimisations from ORT")
    for seed in range(seeds):
        random = numpy.random.default_rng(seed)
        types = [QuantType.QUInt8, QuantType.QInt8]
        activations = types[random.integers(2)]
        how = ([QuantFormat.QDQ, QuantFormat.QOperator][random.integers(2)], activations, QuantType.QInt8,
               bool(random.integers(2)), bool(random.integers(2)))
        model = quantised(random_network(seed), seed, *how)
        events = events_for(model, count, seed + 1)
        wanted, without = run(model, events, ALL), run(model, events, NONE)
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(model, f"{folder}/m.onnx")
            numpy.save(f"{folder}/x.npy", events)
            got = [bxc_run(bxc, engine, folder).reshape(wanted.shape) for engine in ("float", "emulator")]
        differ = [int((numbers != wanted).sum()) for numbers in (*got, without)]
        totals += [*differ, wanted.size, 1]
        operators = "".join(sorted(f" {op}" for op in {n.op_type for n in model.graph.node} - {"QuantizeLinear", "DequantizeLinear"}))
        print(f"{seed}: {how[0].name} {activations.name}{' per channel' * how[3]}{' symmetric' * how[4]}:{operators}: {differ}", flush=True)
    print("of {3} outputs of {4} networks differ: float {0}, integers {1}, without optimisations {2}".format(*totals))


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "--compare":
        compare(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 20)
    else:
        write()
