#!/usr/bin/env python3
"""scikit-learn's networks through skl2onnx, by bxc and by onnxruntime: sklearn_models.py BXC

Needs scikit-learn, skl2onnx, onnxruntime and numpy (a throw-away environment). Each is read and compared in float,
compiled, and verified in the emulator, the datapath and C.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, MaxAbsScaler, MinMaxScaler, Normalizer, StandardScaler

BXC = pathlib.Path(sys.argv[1]).resolve()


def bxc(*words):
    run = subprocess.run([BXC, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.returncode, run.stdout.decode(errors="replace")


def pipelines(x):
    """Name, what stands in front, network, target, whether probabilities are a map by label."""
    three = np.digitize(x[:, 0] + x[:, 1] * x[:, 2], [-0.5, 0.5])
    two, number = (x[:, 0] > x[:, 1]).astype(int), x[:, 0] * x[:, 1] + x[:, 3]
    for mapped in (False, True):
        yield "three classes", StandardScaler(), MLPClassifier, {}, three, mapped
        yield "two classes", StandardScaler(), MLPClassifier, {"activation": "tanh"}, two, mapped
        yield "classes 2, 7, 12", StandardScaler(), MLPClassifier, {"activation": "logistic"}, three * 5 + 2, mapped
    yield "several labels", StandardScaler(), MLPClassifier, {}, np.stack([two, three > 1], 1).astype(int), False
    for front in (StandardScaler(), MinMaxScaler(), MaxAbsScaler(), Normalizer("l1"), Normalizer("l2"),
                  Normalizer("max"), Binarizer(threshold=0.25)):
        yield "number", front, MLPRegressor, {}, number, None


def compare(work, x, wanted, said):
    files, worst = re.findall(r"^(.*\.npy): \d+ events? of", said, re.MULTILINE), 0.0
    if len(files) != len(wanted):
        return np.inf
    for file, right in zip(files, wanted):
        if isinstance(right, list):
            right = np.array([list(row.values()) for row in right])
        right, mine = (np.asarray(a, dtype=float).reshape(len(x), -1) for a in (right, np.load(file)))
        worst = max(worst, np.max(np.abs(mine - right) / np.maximum(1, np.abs(right))))
    return worst


def main():
    warnings.filterwarnings("ignore")
    random, wrong = np.random.default_rng(3), 0
    x = random.normal(size=(600, 5)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        np.save(work / "x.npy", x)
        for name, front, network, settings, target, mapped in pipelines(x):
            model = make_pipeline(front, network(hidden_layer_sizes=(8, 6), max_iter=60, random_state=1, **settings))
            model.fit(x, target)
            options = {} if mapped is None else {"options": {id(model[-1]): {"zipmap": mapped}}}
            (work / "m.onnx").write_bytes(to_onnx(model, x[:1], **options).SerializeToString())
            session = onnxruntime.InferenceSession(str(work / "m.onnx"), providers=["CPUExecutionProvider"])
            code, said = bxc("run", "--engine", "float", work / "m.onnx", work / "x.npy", "-o", work / "y.npy")
            worst = np.inf if code else compare(work, x, session.run(None, {"X": x}), said)
            code, said = bxc("compile", "-q", work / "m.onnx", "-o", work / "fw", "--calibrate", work / "x.npy")
            if not code:
                code, said = bxc("verify", work / "fw", "--engines", "datapath,c", "--count", "1000")
            same = not code and "equal in every bit" in said
            wrong += not (worst <= 1e-5 and same)
            print("%s, %s%s: %.2g from onnxruntime, firmware %s" % (
                type(front).__name__, name, ", mapped" if mapped else "", worst,
                "equal in every bit" if same else said.strip()[-300:]), flush=True)
    return wrong > 0


sys.exit(main())
