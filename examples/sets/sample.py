"""Cuts the sample of particle lists and makes reference outputs with the trainers' own tools.

    env/bin/pip install onnxruntime qonnx HGQ2 jax     (as in the training scripts)
    KERAS_BACKEND=jax env/bin/python sample.py PARTICLES.npy LABELS.npy FOLDER

FOLDER holds the models and gets events.npy and labels.npy (2,000 jets that were not trained on) and reference/:
outputs of the first 1,000 of them.
"""
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parent.parent / "jets"))
from references import keras, onnxruntime, run_qonnx


def main(events, labels, folder):
    x, y = np.load(events)[-2000:], np.load(labels)[-2000:]
    np.save(f"{folder}/events.npy", x)
    np.save(f"{folder}/labels.npy", y)
    session = onnxruntime.InferenceSession(f"{folder}/sets.onnx")
    np.save(f"{folder}/reference/sets.npy", session.run(None, {"particles": x[:1000]})[0])
    np.save(f"{folder}/reference/sets_6bit.npy", run_qonnx(f"{folder}/sets_6bit.onnx", x[:1000], "particles"))
    for name in "sets_hgq", "sets_hgq_positions":
        model = keras.models.load_model(f"{folder}/{name}.keras", compile=False)
        np.save(f"{folder}/reference/{name}.npy", np.asarray(model.predict(x[:1000], verbose=0), np.float32))


if __name__ == "__main__":
    main(*sys.argv[1:4])
