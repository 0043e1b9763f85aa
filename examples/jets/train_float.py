"""Trains the five-class jet tagger 16-64-32-32-5 in float and with 6 bits, and writes both as ONNX.
The float one is trained to have many small weights (L1), so that pruning costs it little.

    python -m venv env && env/bin/pip install jax numpy onnx
    env/bin/python train_float.py EVENTS.npy LABELS.npy OUT_FOLDER

EVENTS are the sixteen features of jets.md as they come, LABELS class numbers; the first 80,000 are
trained on. The standardisation of the inputs is inside the models: mean and deviation in the float
one; in the 6-bit one an offset on a grid and a power of two, which cost a subtraction and a shift.
"""
import sys

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZES = [16, 64, 32, 32, 5]
WEIGHT_SCALE = 2.0 ** -4   # 6 bits: -2 .. 1.9375
HIDDEN_SCALE = 2.0 ** -4   # 6 bits, unsigned: 0 .. 3.9375
INPUT_SCALE = 2.0 ** -3    # 6 bits: -4 .. 3.875 deviations


def through(x, quantised):
    """Straight-through estimator."""
    return x + jax.lax.stop_gradient(quantised - x)


def quant(x, scale, bits, signed):
    lo, hi = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if signed else (0, 2 ** bits - 1)
    clipped = jnp.clip(x, lo * scale, hi * scale)
    return through(clipped, jnp.round(jnp.clip(x / scale, lo, hi)) * scale)


def logits(parameters, x, quantised):
    if quantised:
        x = quant(x, INPUT_SCALE, 6, True)
    for i, (w, b) in enumerate(parameters):
        if quantised:
            w, b = quant(w, WEIGHT_SCALE, 6, True), quant(b, WEIGHT_SCALE, 6, True)
        x = x @ w + b
        if i + 1 < len(parameters):
            x = jax.nn.relu(x)
            if quantised:
                x = quant(x, HIDDEN_SCALE, 6, False)
    return x


def start(key):
    parameters = []
    for n, m in zip(SIZES, SIZES[1:]):
        key, sub = jax.random.split(key)
        parameters.append((jax.random.normal(sub, (n, m)) * np.sqrt(2 / n), jnp.zeros(m)))
    return parameters


def train(logits, x, y, parameters, quantised, epochs, rate, sparse=0.0, batch=512):
    def loss(p, x, y):
        z = logits(p, x, quantised)
        norm = 1e-5 * sum(jnp.sum(w ** 2) for w, _ in p) + sparse * sum(jnp.sum(jnp.abs(w)) for w, _ in p)
        return -jnp.mean(jnp.sum(jax.nn.log_softmax(z) * y, axis=1)) + norm

    @jax.jit
    def epoch(p, m, v, t, order, rate):
        def step(state, index):
            p, m, v, t = state
            g = jax.grad(loss)(p, x[index], y[index])
            t += 1
            m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
            v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
            p = jax.tree.map(lambda p, m, v: p - rate * (m / (1 - 0.9 ** t)) / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8), p, m, v)
            return (p, m, v, t), 0
        return jax.lax.scan(step, (p, m, v, t), order)[0]

    x, y = jnp.asarray(x), jnp.asarray(y)
    m = v = jax.tree.map(jnp.zeros_like, parameters)
    p, t = parameters, 0.0
    rng = np.random.default_rng(1)
    for e in range(epochs):
        order = rng.permutation(len(x))[:len(x) // batch * batch].reshape(-1, batch)
        p, m, v, t = epoch(p, m, v, t, order, rate * 0.5 * (1 + np.cos(np.pi * e / epochs)))
    return [(jnp.asarray(w), jnp.asarray(b)) for w, b in p]


def constant(graph, name, value):
    graph.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
    return name


def quant_node(nodes, constants, name, source, scale, signed, bits=6):
    inputs = [source] + [constant(constants, f"{name}_{what}", value) for what, value in
                         [("scale", scale), ("zero_point", 0), ("bits", bits)]]
    nodes.append(helper.make_node("Quant", inputs, [f"{name}_out"], name=name, domain="qonnx.custom_op.general",
                                  signed=int(signed), narrow=0, rounding_mode="ROUND"))
    return f"{name}_out"


def export(path, parameters, mean, deviation, quantised):
    nodes, constants = [], []
    nodes.append(helper.make_node("Sub", ["features", constant(constants, "mean", mean)], ["centred"], name="centre"))
    if quantised:
        nodes.append(helper.make_node("Mul", ["centred", constant(constants, "scale", 1 / deviation)], ["standard"], name="standardise"))
        x = quant_node(nodes, constants, "quant_input", "standard", INPUT_SCALE, True)
    else:
        nodes.append(helper.make_node("Div", ["centred", constant(constants, "deviation", deviation)], ["standard"], name="standardise"))
        x = "standard"
    for i, (w, b) in enumerate(parameters, 1):
        w, b = constant(constants, f"weight{i}", w), constant(constants, f"bias{i}", b)
        if quantised:
            w = quant_node(nodes, constants, f"quant_weight{i}", w, WEIGHT_SCALE, True)
            b = quant_node(nodes, constants, f"quant_bias{i}", b, WEIGHT_SCALE, True)
        nodes.append(helper.make_node("MatMul", [x, w], [f"product{i}"], name=f"dense{i}"))
        nodes.append(helper.make_node("Add", [f"product{i}", b], [f"sum{i}"], name=f"bias{i}"))
        x = f"sum{i}"
        if i < len(parameters):
            nodes.append(helper.make_node("Relu", [x], [f"relu{i}_out"], name=f"relu{i}"))
            x = f"relu{i}_out"
            if quantised:
                x = quant_node(nodes, constants, f"quant_relu{i}", x, HIDDEN_SCALE, False)
    nodes.append(helper.make_node("Softmax", [x], ["probabilities"], name="softmax", axis=1))
    graph = helper.make_graph(nodes, "jets_6bit" if quantised else "jets",
                              [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 16])],
                              [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 5])], constants)
    opsets = [helper.make_opsetid("", 13)] + [helper.make_opsetid("qonnx.custom_op.general", 1)] * quantised
    model = helper.make_model(graph, opset_imports=opsets, producer_name="bxc examples")
    model.ir_version = 8
    onnx.save(model, path)


def main(events, labels, out):
    x, y = np.load(events), np.load(labels)
    mean, deviation = x[:80000].mean(0), x[:80000].std(0)
    one_hot = np.eye(5, dtype=np.float32)[y]

    def accuracy(p, standard, quantised):
        return float((np.asarray(logits(p, standard[80000:], quantised)).argmax(1) == y[80000:]).mean())

    standard = ((x - mean) / deviation).astype(np.float32)
    parameters = train(logits, standard[:80000], one_hot[:80000], start(jax.random.key(1)), False, 60, 2e-3, sparse=6e-5)
    print("float:", accuracy(parameters, standard, False))
    export(f"{out}/jets.onnx", parameters, mean, deviation, False)

    power = 2.0 ** np.round(np.log2(deviation))
    grid = power * INPUT_SCALE
    offset = (np.round(mean / grid) * grid).astype(np.float32)
    standard = ((x - offset) / power).astype(np.float32)
    p = train(logits, standard[:80000], one_hot[:80000], start(jax.random.key(2)), False, 30, 2e-3)
    p = train(logits, standard[:80000], one_hot[:80000], p, True, 60, 1e-3)
    print("6 bits:", accuracy(p, standard, True))
    export(f"{out}/jets_6bit.onnx", p, offset, power.astype(np.float32), True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
