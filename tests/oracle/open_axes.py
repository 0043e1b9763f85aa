#!/usr/bin/env python3
"""Models that leave the length of an axis open, each by what its format has for that, and what their own tools compute
at a length of 7: FOLDER. Makes what the installed packages can: onnx with onnxruntime; torch; tensorflow."""
import pathlib
import sys

sys.path.pop(0)  # folders beside this file are called as packages are
import numpy as np

FOLDER = pathlib.Path(sys.argv[1])
STEPS, FEATURES, EVENTS = 7, 4, 5
random = np.random.RandomState(8)
events = random.randn(EVENTS, STEPS, FEATURES).astype("f")
weights = random.randn(FEATURES, 3).astype("f")


def write(name, outputs):
    np.savetxt(FOLDER / f"{name}.csv", np.asarray(outputs).reshape(EVENTS, -1), "%.9g", ",")


def onnx_models():
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    for name, steps in {"named": "steps", "nameless": None}.items():
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", steps, FEATURES])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])
        nodes = [
            helper.make_node("MatMul", ["x", "W"], ["h"]),
            helper.make_node("Relu", ["h"], ["r"]),
            helper.make_node("ReduceMean", ["r"], ["y"], axes=[1], keepdims=0),
        ]
        graph = helper.make_graph(nodes, name, [x], [y], [numpy_helper.from_array(weights, "W")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save(model, FOLDER / f"{name}.onnx")
        write(f"{name}.onnx", onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": events})[0])


def torch_model():
    import torch

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.from_numpy(weights))

        def forward(self, x):
            return torch.relu(x @ self.weights).mean(1).reshape(x.shape[0], 3)

    axes = {"x": {0: torch.export.Dim("batch"), 1: torch.export.Dim("steps")}}
    exported = torch.export.export(Model().eval(), (torch.from_numpy(events),), dynamic_shapes=axes)
    torch.export.save(exported, FOLDER / "symbol.pt2")
    write("symbol.pt2", Model()(torch.from_numpy(events)).detach())


def tensorflow_models():
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as freeze

    x = tf.keras.Input((None, FEATURES), name="x")
    y = tf.keras.layers.GlobalMaxPooling1D(name="pool")(tf.keras.layers.Conv1D(3, 2, activation="relu", name="conv")(x))
    model = tf.keras.Model(x, y)
    model.save(FOLDER / "none.keras")
    function = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec((None, None, FEATURES), tf.float32))
    tf.io.write_graph(freeze(function).graph, str(FOLDER), "unknown.pb", as_text=False)
    lite = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    (FOLDER / "signature.tflite").write_bytes(lite)
    for name in ("none.keras", "unknown.pb", "signature.tflite"):
        write(name, model(events).numpy())


np.savetxt(FOLDER / "events.csv", events.reshape(EVENTS, -1), "%.9g", ",")
for make in (onnx_models, torch_model, tensorflow_models):
    try:
        make()
    except ImportError as error:
        print(f"{make.__name__}: {error}")
