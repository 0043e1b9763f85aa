"""Compares bxc with Keras on HGQ2 models: random events over twice the range of the input quantisers,
so that wraps occur, through `bxc run --engine emulator` and through Keras itself.

    python -m venv env && env/bin/pip install HGQ2 jax numpy
    KERAS_BACKEND=jax env/bin/python tests/oracle/hgq_models.py build/release/bxc ../shared/models/hgq/*.keras

prints for each model how many outputs differ in any bit; the exit code is 1 when one does. It is no part
of `make check`, which reads what this script keeps with --keep: tests/oracle/hgq/events.npy, a few such
events for all models, and beside it the outputs of each.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import hgq  # noqa: F401, registers the layers
import keras
import numpy as np


def first_quantiser(model):
    return next(layer.iq.quantizer for layer in model.layers if getattr(layer, "enable_iq", False))


def wide_events(model, count, seed=11):
    largest = np.exp2(np.asarray(first_quantiser(model).i, np.float64)).reshape(1, -1)
    return (np.random.default_rng(seed).uniform(-2, 2, (count, model.input_shape[1])) * largest).astype(np.float32)


def run_keras(model, events):
    return np.asarray(model.predict(events, batch_size=10000, verbose=0), np.float32)


def run_bxc(program, path, events, engine):
    with tempfile.TemporaryDirectory() as folder:
        given, made = f"{folder}/in.npy", f"{folder}/out.npy"
        np.save(given, events)
        subprocess.run([program, "run", path, given, "-o", made, "--engine", engine, "-q"], check=True)
        return np.load(made)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("models", nargs="+")
    parser.add_argument("-n", type=int, default=100000, help="events")
    parser.add_argument("--engines", default="emulator", help="comma separated")
    parser.add_argument("--keep", metavar="FOLDER", help="write events and Keras's outputs there instead")
    options = parser.parse_args()
    different = 0
    for number, path in enumerate(options.models):
        model = keras.models.load_model(path, compile=False)
        if options.keep:
            events = np.load(f"{options.keep}/events.npy") if number else wide_events(model, options.n)
            np.save(f"{options.keep}/events.npy", events)
            np.save(f"{options.keep}/{os.path.splitext(os.path.basename(path))[0]}.npy", run_keras(model, events))
            continue
        events = wide_events(model, options.n)
        wanted = run_keras(model, events)
        for engine in options.engines.split(","):
            got = run_bxc(options.program, path, events, engine)
            wrong = int((got.astype(np.float32) != wanted).sum())
            print(f"{os.path.basename(path)} {engine}: {wrong} of {wanted.size} outputs differ", flush=True)
            different += wrong
    sys.exit(different != 0)


if __name__ == "__main__":
    main()
