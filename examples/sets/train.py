"""Trains the DeepSets jet tagger in float and with 6 bits, and writes both as ONNX.

    python -m venv env && env/bin/pip install jax numpy onnx
    env/bin/python train.py PARTICLES.npy LABELS.npy OUT_FOLDER

PARTICLES are the lists of particles.py, LABELS class numbers; the last tenth is not trained on. Every particle
goes through the same two layers, 3-16-16; their mean over the 32 particles goes through 16-16-5. The rows of
zeros behind a short jet go through the layers as particles do: that is how the network was trained.
"""
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.append(str(pathlib.Path(__file__).parent.parent / "jets"))
from train_float import HIDDEN_SCALE, WEIGHT_SCALE, constant, quant, quant_node, train

PARTICLES = 32
SHAPES = [(3, 16), (16, 16), (16, 16), (16, 5)]
SHARED = 2                                         # so many layers before the mean
UNITS = np.float32([2.0 ** -6, 4, 4])              # of 64 GeV and a quarter of a radian: numbers around 1
INPUT_BITS = 9                                     # 2 GeV up to 510, 1/256 up to 1 on either side
INPUT_SCALE = np.float32([2.0 ** -5, 2.0 ** -6, 2.0 ** -6])
MEAN_BITS = 8                                      # two more than a particle has: 1/4 of its step
MEAN_SCALE = HIDDEN_SCALE / 4


def logits(parameters, x, quantised):
    """x: events x particles x 3, in UNITS."""
    if quantised:
        x = quant(x, INPUT_SCALE, INPUT_BITS, True)
    for i, (w, b) in enumerate(parameters, 1):
        if quantised:
            w, b = quant(w, WEIGHT_SCALE, 6, True), quant(b, WEIGHT_SCALE, 6, True)
        x = x @ w + b
        if i < len(parameters):
            x = jax.nn.relu(x)
            if quantised:
                x = quant(x, HIDDEN_SCALE, 6, False)
        if i == SHARED:
            x = x.mean(1)
            if quantised:
                x = quant(x, MEAN_SCALE, MEAN_BITS, False)
    return x


def start(key):
    keys = jax.random.split(key, len(SHAPES))
    return [(jax.random.normal(k, shape) * np.sqrt(2 / shape[0]), jnp.zeros(shape[1])) for k, shape in zip(keys, SHAPES)]


def dense(nodes, constants, i, x, w, b, quantised):
    w, b = constant(constants, f"weight{i}", w), constant(constants, f"bias{i}", b)
    if quantised:
        w = quant_node(nodes, constants, f"quant_weight{i}", w, WEIGHT_SCALE, True)
        b = quant_node(nodes, constants, f"quant_bias{i}", b, WEIGHT_SCALE, True)
    nodes.append(helper.make_node("MatMul", [x, w], [f"product{i}"], name=f"dense{i}"))
    nodes.append(helper.make_node("Add", [f"product{i}", b], [f"sum{i}"], name=f"bias{i}"))
    return f"sum{i}"


def mean(nodes, constants, x, quantised):
    nodes.append(helper.make_node("ReduceMean", [x], ["mean"], name="mean_of_particles", axes=[1], keepdims=0))
    if not quantised:
        return "mean"
    return quant_node(nodes, constants, "quant_mean", "mean", MEAN_SCALE, False, MEAN_BITS)


def export(path, name, parameters, quantised):
    nodes, constants = [], []
    nodes.append(helper.make_node("Mul", ["particles", constant(constants, "units", UNITS)], ["in_units"], name="units"))
    x = "in_units"
    if quantised:
        x = quant_node(nodes, constants, "quant_input", x, INPUT_SCALE, True, INPUT_BITS)
    for i, (w, b) in enumerate(parameters, 1):
        x = dense(nodes, constants, i, x, w, b, quantised)
        if i < len(parameters):
            nodes.append(helper.make_node("Relu", [x], [f"relu{i}_out"], name=f"relu{i}"))
            x = f"relu{i}_out"
            if quantised:
                x = quant_node(nodes, constants, f"quant_relu{i}", x, HIDDEN_SCALE, False)
        if i == SHARED:
            x = mean(nodes, constants, x, quantised)
    nodes.append(helper.make_node("Softmax", [x], ["probabilities"], name="softmax", axis=1))
    graph = helper.make_graph(nodes, name,
                              [helper.make_tensor_value_info("particles", TensorProto.FLOAT, ["batch", PARTICLES, 3])],
                              [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 5])], constants)
    opsets = [helper.make_opsetid("", 13)] + [helper.make_opsetid("qonnx.custom_op.general", 1)] * quantised
    model = helper.make_model(graph, opset_imports=opsets, producer_name="bxc examples")
    model.ir_version = 8
    onnx.save(model, path)


def turned(x, rng):
    """The same jets, turned about their axes by any angle: a second sample."""
    angle = rng.uniform(0, 2 * np.pi, len(x)).astype(np.float32)[:, None]
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([x[..., 0], c * x[..., 1] - s * x[..., 2], s * x[..., 1] + c * x[..., 2]], -1)


def main(events, labels, out, epochs=60):
    x, y = np.load(events) * UNITS, np.load(labels)
    cut = len(x) * 9 // 10
    rng = np.random.default_rng(7)
    many = np.concatenate([x[:cut]] + [turned(x[:cut], rng) for _ in range(3)])
    one_hot = np.tile(np.eye(5, dtype=np.float32)[y[:cut]], (4, 1))

    def accuracy(p, quantised):
        return float((np.asarray(logits(p, x[cut:], quantised)).argmax(1) == y[cut:]).mean())

    p = train(logits, many, one_hot, start(jax.random.key(1)), False, int(epochs), 2e-3)
    print("float:", accuracy(p, False))
    export(f"{out}/sets.onnx", "sets", p, False)
    p = train(logits, many, one_hot, p, True, int(epochs), 1e-3)
    print("6 bits:", accuracy(p, True))
    export(f"{out}/sets_6bit.onnx", "sets_6bit", p, True)


if __name__ == "__main__":
    main(*sys.argv[1:])
