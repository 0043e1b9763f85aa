"""Small PQuantML models, and what Keras computes with them.

    python -m venv env && env/bin/pip install 'pquant-ml[tensorflow]'
    env/bin/python tests/oracle/pquant_models.py make FOLDER [NAME ...]
    env/bin/python tests/oracle/pquant_models.py compare FOLDER build/release/bxc [-n 100000] [NAME ...]

`make` trains a little, prunes, finishes and writes NAME.keras, and for a few events NAME.INPUT.npy and NAME.OUTPUT.npy;
tests/oracle/pquant/ is such a folder, which tests/unit/hgq_layers.c reads. `compare` runs as many events as it is told
through Keras and through bxc: how many outputs differ in any bit. Events reach over twice the range of the quantisers,
half of them on a grid where ties are common.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path = [folder for folder in sys.path if folder != os.path.dirname(os.path.abspath(__file__))]
import keras
import numpy as np
import pquant
from keras.layers import Flatten, Input
from pquant.activations import PQActivation
from pquant.layers import (PQAvgPool1d, PQAvgPool2d, PQBatchNormalization, PQConv1d, PQConv2d, PQDense,
                           PQDepthwiseConv2d)

KEPT_EVENTS = 200


def config(rounding="RND", overflow="SAT", granularity="per_tensor", hgq=False, multiplier=False, pruning=True):
    made = pquant.pdp_config()
    quantization = made.quantization_parameters
    made.pruning_parameters.enable_pruning = pruning
    made.pruning_parameters.sparsity = 0.4
    quantization.round_mode = rounding
    quantization.overflow_mode_data = quantization.overflow_mode_parameters = overflow
    quantization.granularity = granularity
    quantization.use_high_granularity_quantization = hgq
    quantization.use_relu_multiplier = multiplier
    quantization.default_data_keep_negatives = 1.0
    quantization.default_data_integer_bits = 2.0
    quantization.default_data_fractional_bits = 5.0
    quantization.default_weight_integer_bits = 0.0
    quantization.default_weight_fractional_bits = 6.0
    return made


def dense(made, **options):
    return keras.Sequential([
        Input((8,)), PQDense(made, 12, **options), PQActivation(made, "relu", quantize_output=True),
        PQDense(made, 6, use_bias=False, quantize_output=True, out_quant_bits=(1, 3, 4)),
        PQActivation(made, "hard_tanh", out_quant_bits=(1, 0, 7), quantize_output=True), PQDense(made, 4)])


def modes():
    x = Input((6,))
    outs = []
    for rounding in ("RND", "TRN", "RND_CONV", "TRN_ZERO", "RND_ZERO", "RND_INF", "RND_MIN_INF"):
        for overflow in ("SAT", "WRAP", "SAT_SYM"):
            made = config(rounding, overflow)
            outs.append(PQActivation(made, "relu", in_quant_bits=(1, 1, 3))(x))
    outs.append(PQDense(config(), 3, in_quant_bits=(1, -4, 3), quantize_output=True, out_quant_bits=(0, 2, 2))(x))
    return keras.Model(x, keras.layers.Concatenate()(outs))


def conv2d():
    made = config("RND_CONV")
    return keras.Sequential([
        Input((6, 6, 2)), PQConv2d(made, 4, 3, use_bias=True, padding="same"), PQActivation(made, "relu"),
        PQAvgPool2d(made, 2, quantize_output=True), PQDepthwiseConv2d(made, 2, depth_multiplier=2),
        PQActivation(made, "relu", quantize_output=True), Flatten(), PQDense(made, 3)])


def conv1d():
    made = config("TRN")
    return keras.Sequential([
        Input((10, 3)), PQConv1d(made, 4, 3, strides=2, use_bias=True), PQActivation(made, "relu"),
        PQAvgPool1d(made, 2, quantize_output=True), Flatten(), PQDense(made, 3, quantize_output=True)])


def batch_normalization():
    made = config()
    return keras.Sequential([Input((8,)), PQDense(made, 6), PQBatchNormalization(made),
                             PQActivation(made, "relu", quantize_output=True), PQDense(made, 3)])


MODELS = {
    "dense": lambda: dense(config(), quantize_output=True),
    "per_channel": lambda: dense(config("RND_CONV", granularity="per_channel")),
    "per_weight": lambda: dense(config("TRN", granularity="per_weight")),
    "wrap": lambda: dense(config("RND", "WRAP")),
    "multiplier": lambda: dense(config(multiplier=True)),
    "high_granularity": lambda: dense(config(hgq=True, granularity="per_weight")),
    "unpruned": lambda: dense(config(pruning=False)),
    "modes": modes,
    "conv1d": conv1d,
    "conv2d": conv2d,
    "batch_normalization": batch_normalization,
}


def events_of(shape, count, seed):
    draw = np.random.default_rng(seed)
    events = draw.uniform(-8, 8, (count,) + shape)
    grid = np.where(np.arange(count)[(slice(None),) + (None,) * len(shape)] % 2, 64, 4096)
    return (np.round(events * grid) / grid).astype(np.float32)


def randomise(model, draw):
    """Biases, statistics, multipliers and widths that training of a moment leaves at their initial values."""
    for layer in model.layers:
        for variable in layer.trainable_variables:
            name = variable.path.rsplit("/", 1)[-1]
            if name in ("bias", "beta"):
                variable.assign(draw.uniform(-1, 1, variable.shape))
            elif name == "gamma":
                variable.assign(draw.uniform(0.5, 2, variable.shape))
            elif tuple(variable.shape) == (1,) and isinstance(layer, PQActivation):
                variable.assign(draw.uniform(-2, 1, 1))
            elif layer.__class__.__name__.startswith("PQ") and name in ("i", "f"):
                variable.assign(variable + draw.integers(-2, 2, variable.shape))
        if isinstance(layer, PQBatchNormalization):
            layer.moving_mean.assign(draw.uniform(-1, 1, layer.moving_mean.shape))
            layer.moving_variance.assign(draw.uniform(0.2, 3, layer.moving_variance.shape))


def make(folder, name):
    seed = zlib.crc32(name.encode())
    keras.utils.set_random_seed(seed)
    model = MODELS[name]()
    events = events_of(model.input_shape[1:], 256, seed)
    model(events)
    for layer in model.layers:
        if hasattr(layer, "post_pre_train_function"):
            layer.post_pre_train_function()
    model.compile("adam", "mse")
    targets = np.random.default_rng(seed).normal(size=(256,) + model.output_shape[1:])
    if name != "high_granularity":
        model.fit(events, targets, epochs=2, verbose=0)
    randomise(model, np.random.default_rng(seed))
    if name != "unpruned":
        pquant.apply_final_compression(model)
    model.save(f"{folder}/{name}.keras")
    model = keras.models.load_model(f"{folder}/{name}.keras")
    kept = events_of(model.input_shape[1:], KEPT_EVENTS, seed + 1)
    np.save(f"{folder}/{name}.{model.input_names[0]}.npy", kept)
    np.save(f"{folder}/{name}.{model.output_names[0]}.npy", np.asarray(model(kept), np.float32))
    pack(f"{folder}/{name}.keras")


def pack(path):
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)


def compare(folder, name, bxc, count):
    path = f"{folder}/{name}.keras"
    model = keras.models.load_model(path)
    events = events_of(model.input_shape[1:], count, 7)
    wanted = np.concatenate([np.asarray(model(part)) for part in np.array_split(events, max(1, count // 5000))])
    with tempfile.TemporaryDirectory() as scratch:
        np.save(f"{scratch}/in.npy", events)
        run = subprocess.run([bxc, "run", path, f"{scratch}/in.npy", "--engine", "float", "-o",
                              f"{scratch}/out.npy"], capture_output=True, text=True)
        if run.returncode:
            return print(f"{name}: {run.stderr.strip()}")
        got = np.load(f"{scratch}/out.npy").reshape(wanted.shape)
    wrong = got != wanted
    print(f"{name}: {wrong.sum()} of {wrong.size} differ, by {np.abs(got - wanted).max():g} at most, in {count} events",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "compare"])
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("-n", type=int, default=100000)
    arguments = parser.parse_args()
    names = arguments.names
    if arguments.what == "make":
        for name in names or MODELS:
            make(arguments.folder, name)
        return
    bxc = names.pop(0)
    for name in names or MODELS:
        compare(arguments.folder, name, bxc, arguments.n)


if __name__ == "__main__":
    main()
