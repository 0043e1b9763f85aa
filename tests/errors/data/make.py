"""Writes the broken models of this folder: python make.py (needs the package onnx). They are
committed, so that the tests do not need it."""
import pathlib
import zipfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

here = pathlib.Path(__file__).parent
FLOAT = TensorProto.FLOAT


def dense(weights, name="dense", **changes):
    """One dense layer, x [1, 2] to y [1, 2]."""
    weights = changes.get("initializer") or numpy_helper.from_array(np.array(weights, np.float32), "w")
    nodes = changes.get("nodes") or [helper.make_node("MatMul", ["x", "w"], ["y"], name="dense")]
    shape = changes.get("shape", [1, 2])
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("x", FLOAT, shape)],
                              [helper.make_tensor_value_info("y", FLOAT, None)], [weights])
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)], producer_name="").SerializeToString()


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], name=op.lower() + "_" + output, **attributes)


def write(name, data):
    (here / name).write_bytes(data)


plain = [[1, -0.5], [0.25, 2]]
good = dense(plain)
write("dense.onnx", good)
write("truncated.onnx", good[: len(good) // 2])
write("nan.onnx", dense([[1, np.nan], [0.25, 2]]))
write("infinite.onnx", dense([[1, np.inf], [0.25, 2]]))
write("cyclic.onnx", dense(plain, nodes=[node("Add", ["x", "b"], "a"), node("Relu", ["a"], "b"), node("MatMul", ["b", "w"], "y")]))
write("unsupported.onnx", dense(plain, nodes=[node("Det", ["x"], "a"), node("Adagrad", ["a"], "b"), node("MatMul", ["b", "w"], "y")]))
write("missing_tensor.onnx", dense(plain, nodes=[node("MatMul", ["x", "nowhere"], "y")]))
write("misshapen.onnx", dense([[1], [2], [3]]))
write("huge.onnx", dense(plain, initializer=TensorProto(name="w", data_type=FLOAT, dims=[2, 1 << 40], raw_data=b"\0" * 8)))
write("negative.onnx", dense(plain, initializer=TensorProto(name="w", data_type=FLOAT, dims=[2, -2], raw_data=b"\0" * 16)))
write("little_data.onnx", dense(plain, initializer=TensorProto(name="w", data_type=FLOAT, dims=[2, 2], raw_data=b"\0" * 12)))

for name, members in {"empty.keras": {}, "no_weights.keras": {"config.json": '{"class_name": "Functional", "config": {"layers": []}}'},
                      "bad_config.keras": {"config.json": "{", "metadata.json": "{}", "model.weights.h5": "nothing"}}.items():
    with zipfile.ZipFile(here / name, "w") as archive:
        for member, text in members.items():
            archive.writestr(zipfile.ZipInfo(member), text)
