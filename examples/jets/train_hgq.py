"""Trains a small jet tagger with HGQ2, in which every weight and activation learns its own width.

    python -m venv env && env/bin/pip install HGQ2 jax numpy
    KERAS_BACKEND=jax env/bin/python train_hgq.py EVENTS.npy LABELS.npy OUT.keras

The first layer is the standardisation: a fixed diagonal of powers of two and an offset.
"""
import sys

import keras
import numpy as np
from hgq.config import QuantizerConfig, QuantizerConfigScope
from hgq.layers import QDense
from hgq.utils import trace_minmax


def standardisation(offset, power):
    """y = (x - offset) / power; its input has three bits below a deviation and those that the jets need above."""
    weights = QuantizerConfig("kbi", "weight", k0=1, b0=20, i0=8, trainable=False)
    inputs = QuantizerConfig("kif", "datalane", k0=1, i0=10, f0=4, trainable=False)
    layer = QDense(16, name="standardise", kq_conf=weights, bq_conf=weights, iq_conf=inputs, trainable=False, enable_ebops=False)
    return layer, [np.diag(1 / power).astype(np.float32), (-offset / power).astype(np.float32)]


def main(events, labels, out):
    x, y = np.load(events), np.load(labels)
    mean, deviation = x[:80000].mean(0), x[:80000].std(0)
    power = 2.0 ** np.round(np.log2(deviation))
    offset = np.round(mean / power * 8) * power / 8
    keras.utils.set_random_seed(3)
    with (QuantizerConfigScope(place="weight", overflow_mode="SAT_SYM", b0=5, i0=1),
          QuantizerConfigScope(place="bias", overflow_mode="WRAP", b0=5, i0=1),
          QuantizerConfigScope(place="datalane", overflow_mode="WRAP", i0=3, f0=4)):
        first, constants = standardisation(offset, power)
        layers = [first] + [QDense(n, activation=a, beta0=1.5e-5, name=name) for name, n, a in
                            [("dense1", 32, "relu"), ("dense2", 16, "relu"), ("dense3", 5, None)]]
    inputs = keras.Input((16,), name="features")
    z = inputs
    for layer in layers:
        z = layer(z)
    model = keras.Model(inputs, z, name="jets_hgq")
    first.set_weights(constants + first.get_weights()[2:])
    quantizer = first.iq.quantizer
    integer_bits = np.ceil(np.log2(np.abs(x[:80000]).max(0) + 1e-6))
    for variable, value in (quantizer._f, 3 - np.log2(power)), (quantizer._i, integer_bits):
        variable.assign(np.broadcast_to(value, variable.shape).astype(np.float32))
    model.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, 25 * 157)),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x[:80000], y[:80000], batch_size=512, epochs=25, verbose=2)
    trace_minmax(model, x[:80000])
    predicted = np.asarray(model.predict(x[80000:], verbose=0, batch_size=2048)).argmax(1)
    print("HGQ2:", float((predicted == y[80000:]).mean()))
    model.save(out)


if __name__ == "__main__":
    main(*sys.argv[1:4])
