"""Trains the DeepSets jet tagger with HGQ2, in which every weight and activation learns its own width.

    python -m venv env && env/bin/pip install HGQ2 jax numpy onnx
    KERAS_BACKEND=jax env/bin/python train_hgq.py PARTICLES.npy LABELS.npy OUT.keras [positions]

The network of train.py; its first layer is a fixed diagonal of powers of two, the units. Without `positions` a channel
has one format for all particles; with it every particle has formats of its own: soft ones may become narrow, or nothing.
"""
import sys
import zipfile

import keras
import numpy as np
from hgq.config import QuantizerConfig, QuantizerConfigScope
from hgq.layers import QDense, QMeanPow2
from hgq.utils import trace_minmax

from train import PARTICLES, UNITS, turned

COST = 2e-6


def units():
    """particles * UNITS; the input has the grid of particles.py."""
    weights = QuantizerConfig("kbi", "weight", k0=1, b0=16, i0=4, trainable=False)
    inputs = QuantizerConfig("kif", "datalane", k0=1, i0=9, f0=8, trainable=False, homogeneous_axis=(0, 1))
    return QDense(3, name="units", use_bias=False, kq_conf=weights, iq_conf=inputs, trainable=False, enable_ebops=False)


def build(positions):
    particle = QuantizerConfig("kif", "datalane", homogeneous_axis=(0,) if positions else (0, 1))
    first = units()
    layers = [first,
              QDense(16, activation="relu", beta0=COST, iq_conf=particle, name="phi1"),
              QDense(16, activation="relu", beta0=COST, iq_conf=particle, name="phi2"),
              QMeanPow2(axes=1, beta0=COST, iq_conf=particle, name="mean"),
              QDense(16, activation="relu", beta0=COST, name="rho1"),
              QDense(5, beta0=COST, name="rho2")]
    inputs = keras.Input((PARTICLES, 3), name="particles")
    x = inputs
    for layer in layers:
        x = layer(x)
    first.set_weights([np.diag(UNITS)] + first.get_weights()[1:])
    fractions, whole = first.iq.quantizer._f, first.iq.quantizer._i
    fractions.assign(np.broadcast_to(np.float32([2, 8, 8]), fractions.shape))
    whole.assign(np.broadcast_to(np.float32([9, 0, 0]), whole.shape))
    return keras.Model(inputs, x, name="sets_hgq_positions" if positions else "sets_hgq")


def save(model, out):
    """Without the optimiser, which a model that is not compiled leaves out, and deflated: a seventh of the size."""
    plain = keras.Model(model.inputs, model.outputs, name=model.name)
    plain.save(out)
    with zipfile.ZipFile(out) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def main(events, labels, out, positions="", epochs=60):
    x, y = np.load(events), np.load(labels)
    cut, epochs = len(x) * 9 // 10, int(epochs)
    rng = np.random.default_rng(7)
    many, classes = np.concatenate([x[:cut]] + [turned(x[:cut], rng) for _ in range(3)]), np.tile(y[:cut], 4)
    keras.utils.set_random_seed(3)
    with (QuantizerConfigScope(place="weight", overflow_mode="SAT_SYM", b0=5, i0=1),
          QuantizerConfigScope(place="bias", overflow_mode="WRAP", b0=5, i0=1),
          QuantizerConfigScope(place="datalane", overflow_mode="WRAP", i0=3, f0=4)):
        model = build(positions == "positions")
    steps = epochs * (len(many) // 512 + 1)
    model.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps)),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(many, classes, batch_size=512, epochs=epochs, verbose=2)
    trace_minmax(model, many)
    predicted = np.asarray(model.predict(x[cut:], verbose=0, batch_size=2048)).argmax(1)
    print("HGQ2:", float((predicted == y[cut:]).mean()))
    save(model, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
