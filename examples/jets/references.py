"""Cuts the sample of events and makes reference outputs with the trainers' own tools.

    env/bin/pip install onnxruntime qonnx HGQ2 jax     (as in the training scripts)
    KERAS_BACKEND=jax env/bin/python references.py EVENTS.npy LABELS.npy FOLDER

FOLDER holds the models and gets events.npy and labels.npy (10,000 jets that were not trained on)
and reference/: outputs of the first 1,000 of them, and of 1,000 random events over twice the
range of the jets (wide_events.npy), on which the HGQ2 model's activations wrap.
"""
import sys

import keras
import numpy as np
import onnx
import onnxruntime
import hgq  # noqa: F401, registers the layers

make_model = onnx.helper.make_model


def make_older_model(*arguments, **options):
    """onnx makes models of an IR version that onnxruntime, on which qonnx runs, does not read yet."""
    model = make_model(*arguments, **options)
    model.ir_version = 10
    return model


onnx.helper.make_model = make_older_model

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes


def run_qonnx(path, x, port="features"):
    model = ModelWrapper(path)
    model.set_tensor_shape(port, [1, *x.shape[1:]])
    model = model.transform(InferShapes())
    return np.concatenate([execute_onnx(model, {port: row[None]})["probabilities"] for row in x])


def main(events, labels, folder):
    x, y = np.load(events)[80000:90000], np.load(labels)[80000:90000]
    np.save(f"{folder}/events.npy", x)
    np.save(f"{folder}/labels.npy", y)
    rng = np.random.default_rng(5)
    middle, half = (x.max(0) + x.min(0)) / 2, (x.max(0) - x.min(0)) / 2
    wide = (middle + 2 * half * rng.uniform(-1, 1, (1000, 16))).astype(np.float32)
    np.save(f"{folder}/reference/wide_events.npy", wide)
    session = onnxruntime.InferenceSession(f"{folder}/jets.onnx")
    np.save(f"{folder}/reference/jets.npy", session.run(None, {"features": x[:1000]})[0])
    np.save(f"{folder}/reference/jets_6bit.npy", run_qonnx(f"{folder}/jets_6bit.onnx", x[:1000]))
    model = keras.models.load_model(f"{folder}/jets_hgq.keras", compile=False)
    for name, data in ("jets_hgq", x[:1000]), ("jets_hgq_wide", wide):
        np.save(f"{folder}/reference/{name}.npy", np.asarray(model.predict(data, verbose=0), np.float32))


if __name__ == "__main__":
    main(*sys.argv[1:4])
