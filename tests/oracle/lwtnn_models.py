#!/usr/bin/env python3
"""Small lwtnn models with all architectures, and what lwtnn gives for them, for tests/unit/lwtnn.c.

    lwtnn_models.py REFERENCE_PROGRAM

writes NAME.json, NAME-in.txt and NAME-out.txt to tests/oracle/lwtnn/. The program is
tests/oracle/lwtnn_reference.cpp, built with the sources of lwtnn 2.14.1 (Eigen, boost).
"""
import json
import pathlib
import random
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent / "lwtnn"
STEPS, EVENTS = 5, 12
RANDOM = random.Random(20261130)


def numbers(count, limit=0.8):
    return [round(RANDOM.uniform(-limit, limit), 6) for _ in range(count)]


def as_text(values):
    return [str(value) for value in values]


def dense(inputs, outputs, activation="linear"):
    return {"architecture": "dense", "activation": activation, "weights": numbers(inputs * outputs), "bias": numbers(outputs)}


def components(letters, inputs, units, recurrent=True):
    return {
        letter: {"weights": numbers(inputs * units), "bias": numbers(units), **({"U": numbers(units * units)} if recurrent else {})}
        for letter in letters
    }


def cell(architecture, letters, inputs, units, activation="tanh", inner="sigmoid"):
    layer = {"architecture": architecture, "activation": activation, "components": components(letters, inputs, units)}
    return layer if architecture == "simplernn" else {**layer, "inner_activation": inner}


def conv1d(inputs, outputs, size, dilation, padding, activation):
    return {
        "architecture": "conv1d", "activation": activation, "dilation_rate": dilation, "padding": padding,
        "weights": numbers(inputs * outputs * size), "bias": numbers(outputs),
    }


def variables(count, texts=False):
    return [
        {"name": f"v{i}", "offset": (str if texts else float)(RANDOM.choice([0, 0.5, -1.25])),
         "scale": (str if texts else float)(RANDOM.choice([1, 0.5, 1.5]))}
        for i in range(count)
    ]


def feed_forward():
    highway = {"architecture": "highway", "activation": "rectified", "components": components(["t"], 4, 4, False) | components(["carry"], 4, 4, False)}
    normalization = {"architecture": "normalization", "weights": numbers(5), "bias": numbers(5)}
    maxout = {"architecture": "maxout", "sublayers": [{"weights": numbers(20), "bias": numbers(4)} for _ in range(3)]}
    texts = dense(4, 4, "hard_sigmoid")
    texts["weights"] = as_text(texts["weights"])
    inputs = variables(5, texts=True)
    inputs[1]["default"] = -3.5
    return {
        "inputs": inputs,
        "layers": [
            normalization, maxout, highway, dense(4, 4, {"function": "elu", "alpha": 0.75}), texts,
            dense(4, 4, {"function": "leakyrelu", "alpha": 0.125}), dense(4, 4, {"function": "swish", "alpha": 1.5}),
            dense(4, 4, "abs"), dense(4, 4, "elu"), dense(4, 3, "softmax"),
        ],
        "outputs": ["a", "b", "c"], "defaults": {"v0": 1.5}, "miscellaneous": {"made": "by hand"},
    }


def sequential():
    embedding = {"architecture": "embedding", "sublayers": [{"index": 2, "n_out": 2, "weights": numbers(8)}]}
    inputs = variables(3)
    inputs[2] |= {"offset": 0, "scale": 1}
    return {
        "inputs": inputs,
        "layers": [embedding, cell("lstm", "ifco", 4, 3, inner="hard_sigmoid"), cell("gru", "zrh", 3, 2), dense(2, 2, "sigmoid")],
        "outputs": ["p", "q"], "defaults": {},
    }


def graph():
    return {
        "inputs": [{"name": "jet", "variables": variables(3)}],
        "input_sequences": [{"name": "tracks", "variables": variables(2)}],
        "layers": [
            dense(2, 3, "rectified"), conv1d(3, 2, 2, 1, "same", "tanh"), conv1d(2, 3, 3, 2, "causal", "linear"),
            conv1d(3, 2, 2, 2, "valid", {"function": "elu", "alpha": 0.5}), cell("simplernn", ["h"], 2, 3, "tanh"),
            cell("gru", "zrh", 3, 3, "softmax"), dense(3, 3, "sigmoid"), dense(9, 2, "softmax"),
        ],
        "nodes": [
            {"type": "feed_forward", "layer_index": 7, "sources": [12]},
            {"type": "input", "size": 3, "sources": [0]},
            {"type": "input_sequence", "size": 2, "sources": [0]},
            {"type": "time_distributed", "layer_index": 0, "sources": [2]},
            {"type": "sequence", "layer_index": 1, "sources": [3]},
            {"type": "sequence", "layer_index": 2, "sources": [4]},
            {"type": "sequence", "layer_index": 3, "sources": [5]},
            {"type": "sequence", "layer_index": 4, "sources": [6]},
            {"type": "sequence", "layer_index": 5, "sources": [5]},
            {"type": "sum", "sources": [8]},
            {"type": "feed_forward", "layer_index": 6, "sources": [1]},
            {"type": "feed_forward", "layer_index": 6, "sources": [9]},
            {"type": "concatenate", "sources": [7, 13, 1]},
            {"type": "add", "sources": [10, 11, 7]},
        ],
        "outputs": {
            "class": {"labels": ["x", "y"], "node_index": 0},
            "steps": {"labels": ["s0", "s1"], "node_index": 6},
            "sum": {"labels": ["t0", "t1", "t2"], "node_index": 13},
        },
    }


def reference(program, name, model, per_event, categories=()):
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(model, indent=1) + "\n")
    lines = []
    for _ in range(EVENTS):
        values = [RANDOM.randrange(4) if i % 3 in categories else round(RANDOM.gauss(0, 1.5), 5) for i in range(per_event)]
        lines.append(" ".join(str(value) for value in values))
    events = "\n".join(lines) + "\n"
    (FOLDER / f"{name}-in.txt").write_text(events)
    given = subprocess.run([program, str(path), str(STEPS)] + (["sequence"] if categories else []), input=events, text=True, capture_output=True, check=True)
    (FOLDER / f"{name}-out.txt").write_text(given.stdout)


def main():
    FOLDER.mkdir(exist_ok=True)
    program = sys.argv[1]
    reference(program, "feed_forward", feed_forward(), 5)
    reference(program, "sequential", sequential(), 3 * STEPS, categories=(2,))
    reference(program, "graph", graph(), 3 + 2 * STEPS)


if __name__ == "__main__":
    main()
