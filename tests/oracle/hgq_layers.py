"""Small HGQ2 models, one for each layer and some that combine them, and what Keras computes with them.

    python -m venv env && env/bin/pip install HGQ2 jax h5py
    KERAS_BACKEND=jax env/bin/python tests/oracle/hgq_layers.py make FOLDER [NAME ...]
    KERAS_BACKEND=jax env/bin/python tests/oracle/hgq_layers.py compare FOLDER build/release/bxc [-n 100000] [NAME ...]

`make` writes NAME.keras where there is none yet, and for a few events NAME.INPUT.npy and NAME.OUTPUT.npy of each input and output; tests/oracle/hgq_layers/ is such a folder, which
tests/unit/hgq_layers.c reads.
`compare` runs as many events as it is told through Keras and through bxc: how many outputs differ in any bit.

Widths are random, one by one, and some are 0; so are signs. Events reach over twice the range of the
quantisers, half of them on a grid where ties are common.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")
sys.path = [folder for folder in sys.path if folder != os.path.dirname(os.path.abspath(__file__))]  # its folders are no packages
import keras
import numpy as np
from hgq.layers import *  # noqa: F403
from hgq.config import QuantizerConfigScope
from hgq.quantizer import Quantizer, QuantizerConfig
from hgq.quantizer.internal import FixedPointQuantizerBase
from keras.layers import Input

KEPT_EVENTS = 100
EVENT_GRID = 4096  # so that a port of 24 bits takes events as they are, where no quantiser decides it


def conf(place="datalane", q_type=None, **options):
    return QuantizerConfig(q_type or "default", place, **options)


def wide_table(**options):
    return QuantizerConfig("kif", "table", i0=1, f0=7, **options)


# ---- the models ----
MODELS = {}


def model(function):
    MODELS[function.__name__] = function
    return function


@model
def rounding_modes():
    x = Input((5,))
    outs = []
    for overflow in ("WRAP", "SAT", "SAT_SYM"):
        for rounding in ("RND", "TRN", "RND_CONV", "TRN_ZERO", "RND_ZERO", "RND_INF", "RND_MIN_INF", "S_RND"):
            kind = "kif" if len(outs) % 2 else "kbi"
            axes = {"homogeneous_axis": (0, 1)} if len(outs) % 3 == 0 else {"homogeneous_axis": (0,)}
            outs.append(Quantizer(conf(q_type=kind, round_mode=rounding, overflow_mode=overflow, **axes))(x))
    outs.append(Quantizer(conf(scaler=0.5, overflow_mode="SAT"))(x))
    outs.append(Quantizer(conf(affine=(0.25, 0.5), overflow_mode="SAT"))(x))
    outs.append(Quantizer(QuantizerConfig("dummy"))(outs[0]))
    return keras.Model(x, keras.layers.Concatenate()(outs))


@model
def dense():
    x = Input((6,))
    y = QDense(5, activation="relu")(x)
    y = QDense(4, use_bias=False, enable_oq=True, oq_conf=conf(overflow_mode="SAT"))(y)
    return keras.Model(x, QDense(3, kq_conf=conf("weight", heterogeneous_axis=(1,)), bq_conf=conf("bias", overflow_mode="SAT"),
                                 iq_conf=conf(homogeneous_axis=(0, 1)))(y))


@model
def einsum():
    x = Input((4, 3))
    a = QEinsumDense("bnc,nN->bNc", (2, 3), bias_axes="N")(x)
    b = QEinsumDense("...ij,jk->...ik", (4, 2), bias_axes="k", activation="relu")(x)
    c = QEinsumDense("bnc,ncd->bd", (5,), bias_axes="d")(x)
    d = QEinsumDense("bnc,cde->bned", (4, 2, 3), bias_axes="ed")(x)
    e = QEinsumDense("bnc,nc->bnc", (4, 3), bias_axes="nc")(x)
    f = QEinsumDense("bnc,nd->bdc", (2, 3))(x)
    g = QEinsumDense("bnc,n->bc", (3,))(x)
    h = QEinsumDense("bij,ijk->bkj", (2, 3), bias_axes="k")(x)
    flat = [keras.layers.Flatten()(v) for v in (a, b, c, d, e, f, g, h)]
    return keras.Model(x, keras.layers.Concatenate()(flat))


@model
def einsum_batchnorm():
    x = Input((4, 3))
    a = QEinsumDenseBatchnorm("bnc,cC->bnC", (4, 5), bias_axes="C", activation="relu")(x)
    b = QEinsumDenseBatchnorm("bnc,nN->bNc", (2, 3), bias_axes="N")(x)
    c = QEinsumDenseBatchnorm("bnc,ncde->bde", (2, 3), bias_axes="de")(x)
    d = QEinsumDenseBatchnorm("bnc,cC->bCn", (2, 4), bias_axes="C", center=False)(x)
    flat = [keras.layers.Flatten()(v) for v in (a, b, c, d)]
    return keras.Model(x, keras.layers.Concatenate()(flat))


@model
def batch_normalization():
    x = Input((4, 3))
    a = QBatchNormalization()(x)
    b = QBatchNormalization(axis=1)(x)
    c = QBatchNormalization(scale=False)(x)
    d = QBatchNormalization(axis=-1, epsilon=0.01, enable_oq=True)(x)
    flat = [keras.layers.Flatten()(v) for v in (a, b, c, d)]
    return keras.Model(x, keras.layers.Concatenate()(flat))


@model
def batch_norm_dense():
    x = Input((6,))
    y = QBatchNormDense(5, activation="relu")(x)
    return keras.Model(x, QBatchNormDense(4, scale=False)(y))


@model
def merges():
    x, y, z = Input((4, 3)), Input((4, 3)), Input((1, 3))
    merged = [QAdd()([x, y, z]), QSubtract()([x, z]), QMultiply()([x, y]), QMaximum()([x, y]), QMinimum()([x, y]),
              QAveragePow2()([x, y]), QAveragePow2()([x, y, x]), QMultiply()([x, y, z]), QMaximum(enable_oq=True)([x, z])]
    flat = [keras.layers.Flatten()(v) for v in merged]
    return keras.Model([x, y, z], [keras.layers.Concatenate()(flat), QSum(axes=1)(merged[0])])


@model
def products():
    x, y = Input((4, 3)), Input((3, 5))
    z = Input((4, 3))
    outs = [QDot(axes=(2, 1))([x, y]), QDot(axes=1)([x, z]), QDot()([x, z]), QEinsum("bnc,bcd->bnd")([x, y]),
            QEinsum("bij,bij->b")([x, z]), QEinsum("...ij,...kj->...ki")([x, z]), QEinsum("bij,bjk,bil->bkl")([x, y, z])]
    flat = [keras.layers.Reshape((-1,) if len(v.shape) > 1 else (1,))(v) for v in outs]
    return keras.Model([x, y, z], keras.layers.Concatenate()(flat))


@model
def sums():
    x = Input((4, 3, 2))
    outs = [QSum(axes=1)(x), QSum(axes=(1, 2), scale=0.25)(x), QSum(axes=-1, keepdims=True)(x), QMeanPow2(axes=(1, 2))(x),
            QMeanPow2(axes=-1, keepdims=True)(x)]
    return keras.Model(x, keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


@model
def conv1d():
    x = Input((9, 4))
    outs = [QConv1D(3, 3, activation="relu")(x), QConv1D(2, 3, padding="same", strides=2)(x),
            QConv1D(2, 3, padding="causal", iq_conf=conf(homogeneous_axis=(0, 1)))(x), QConv1D(2, 2, dilation_rate=3, use_bias=False)(x),
            QConv1D(4, 3, groups=2)(x), QConv1D(2, 3, data_format="channels_first")(x)]
    return keras.Model(x, keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


@model
def conv2d():
    x = Input((6, 5, 2))
    outs = [QConv2D(3, 3, activation="relu", iq_conf=conf(homogeneous_axis=(0, 1, 2)))(x),
            QConv2D(2, (2, 3), padding="same", strides=(2, 1))(x), QConv2D(2, 2, dilation_rate=2)(x),
            QConv2D(4, 3, groups=2, use_bias=False)(x), QConv2D(2, (2, 1), data_format="channels_first")(x)]
    return keras.Model(x, keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


@model
def conv3d():
    x = Input((4, 3, 3, 2))
    outs = [QConv3D(2, (2, 2, 3), iq_conf=conf(homogeneous_axis=(0, 1, 2, 3)))(x), QConv3D(2, 2, padding="same", strides=(2, 1, 1))(x)]
    return keras.Model(x, keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


@model
def pooling():
    x, y = Input((8, 3)), Input((4, 8, 2))
    z = Input((4, 4, 2, 2))
    outs = [QMaxPooling1D(2)(x), QAveragePooling1D(2)(x), QMaxPooling1D(3, strides=2, padding="same")(x),
            QGlobalMaxPooling1D()(x), QGlobalAveragePooling1D()(x), QGlobalAveragePooling1D(keepdims=True)(x),
            QMaxPooling2D(2)(y), QAveragePooling2D((2, 4))(y), QMaxPooling2D((3, 2), strides=1, padding="same")(y),
            QGlobalMaxPooling2D()(y), QGlobalAveragePooling2D(data_format="channels_first")(y), QMaxPooling3D(2)(z),
            QAveragePooling3D(2)(z), QGlobalMaxPooling3D()(z), QGlobalAveragePooling3D()(z),
            QMaxPooling1D(2, data_format="channels_first")(x)]
    return keras.Model([x, y, z], keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


@model
def average_of_three():
    """Sums over 3, 6 and fewer at the edge: no powers of two, so binary32 rounds; what follows quantises."""
    x = Input((9, 2))
    y = QAveragePooling1D(3, enable_oq=True)(x)
    z = QAveragePooling1D(2, strides=2, padding="same", enable_oq=True)(x)
    return keras.Model(x, keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in (y, z)]))


@model
def unary_functions():
    x = Input((5,))
    outs = [QUnaryFunctionLUT(name, oq_conf=wide_table())(x)
            for name in ("tanh", "sigmoid", "exponential", "softplus", "silu", "gelu", "relu", "elu", "selu", "softsign",
                         "hard_sigmoid", "leaky_relu", "relu6")]
    outs += [QUnaryFunctionLUT("tanh", allow_heterogeneous_input=False)(x), QUnaryFunctionLUT("sigmoid", enable_oq=False, iq_conf=conf(overflow_mode="SAT"))(x)]
    outs[-1] = Quantizer(conf(q_type="kif", overflow_mode="SAT"))(outs[-1])
    return keras.Model(x, keras.layers.Concatenate()(outs))


@model
def affine_function():
    x = Input((5,))
    return keras.Model(x, QAffinedUnaryFunctionLUT("tanh", oq_conf=wide_table())(x))


@model
def softmax():
    x = Input((6,))
    h = QDense(4, enable_oq=True)(x)
    outs = [QSoftmax(exp_oq_conf=wide_table(), inv_oq_conf=wide_table())(h), QSoftmax(stable=False, enable_iq=True, iq_conf=conf(overflow_mode="SAT"))(x),
            QSoftmax(input_scaler=0.35, enable_iq=True, enable_oq=True)(x), QSoftmax(allow_heterogeneous_table=True, enable_iq=True)(x)]
    return keras.Model(x, keras.layers.Concatenate()(outs))


@model
def softmax_axes():
    x = Input((3, 4))
    outs = [QSoftmax(axis=1, enable_iq=True)(x), QSoftmax(axis=(1, 2), enable_iq=True)(x)]
    return keras.Model(x, keras.layers.Concatenate()(outs))


@model
def dense_tables():
    x = Input((4,))
    y = QDenseT(3, n_hl=1, d_hl=4)(x)
    y = QDenseT(2, n_hl=2, d_hl=3, subnn_activation="relu", batch_norm=True, activation="relu")(y)
    z = QDenseT(2, n_hl=0, use_bias=False, toq_conf=conf("table", overflow_mode="WRAP", q_type="kif"))(x)
    return keras.Model(x, keras.layers.Concatenate()([y, z]))


@model
def einsum_tables():
    x = Input((4, 3))
    outs = [QEinsumDenseT("bnc,cC->bnC", (4, 2), bias_axes="C")(x), QEinsumDenseT("bnc,nN->bNc", (2, 3), batch_norm=True)(x),
            QEinsumDenseT("bnc,ncd->bd", (2,), n_hl=2, d_hl=3)(x), QEinsumDenseT("bnc,cC->bCn", (2, 4), batch_norm=True, bias_axes="C", enable_oq=True)(x)]
    return keras.Model(x, keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


@model
def conv_tables():
    x, y = Input((7, 2)), Input((4, 4, 2))
    outs = [QConvT1D(2, 3, d_hl=3, subnn_activation="tanh")(x), QConvT1D(2, 3, padding="same", strides=2, d_hl=2, subnn_activation="relu")(x),
            QConvT2D(2, 2, d_hl=3, subnn_activation="tanh", use_bias=False)(y)]
    return keras.Model([x, y], keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


def attention_confs():
    return dict(softmax_exp_oq_conf=wide_table(), softmax_inv_oq_conf=wide_table())


@model
def attention():
    x = Input((4, 3))
    y = QMultiHeadAttention(2, 3, **attention_confs())(x, x)
    z = QMultiHeadAttention(1, 2, fuse="qkv", use_bias=False, value_dim=3, **attention_confs())(x, x)
    return keras.Model(x, keras.layers.Concatenate()([y, z]))


@model
def cross_attention():
    x, y = Input((4, 3)), Input((5, 2))
    a = QMultiHeadAttention(2, 2, fuse="kv", output_shape=4, **attention_confs())(x, y)
    b = QMultiHeadAttention(1, 2, stable_softmax=False, **attention_confs())(x, y, y)
    return keras.Model([x, y], keras.layers.Concatenate()([a, b]))


@model
def linformer():
    x = Input((6, 3))
    y = QLinformerAttention(2, 3, 2, **attention_confs())(x, x)
    z = QLinformerAttention(1, 2, 2, share_kv_proj=True, **attention_confs())(x, x)
    return keras.Model(x, keras.layers.Concatenate()([y, z]))


@model
def attention_tables():
    x = Input((4, 3))
    y = QMultiHeadAttentionT(2, 2, d_hl=3, **attention_confs())(x, x)
    z = QLinformerAttentionT(1, 2, 2, d_hl=3, **attention_confs())(x, x)
    return keras.Model(x, keras.layers.Concatenate()([y, z]))


@model
def simple_rnn():
    x = Input((4, 3))
    outs = [QSimpleRNN(3)(x), keras.layers.Flatten()(QSimpleRNN(2, return_sequences=True, go_backwards=True, use_bias=False)(x)),
            QSimpleRNN(2, activation="relu", unroll=True)(x)]
    return keras.Model(x, keras.layers.Concatenate()(outs))


@model
def gru():
    x = Input((4, 3))
    outs = [QGRU(3)(x), keras.layers.Flatten()(QGRU(2, return_sequences=True, reset_after=False)(x)),
            QGRU(2, go_backwards=True, use_bias=False)(x)]
    return keras.Model(x, keras.layers.Concatenate()(outs))


@model
def recurrent_states():
    """Several inputs, states that go in and come out, functions of their own."""
    x, s = Input((3, 3)), Input((2,))
    wide = dict(iq_conf=conf(homogeneous_axis=(0, 1)), enable_iq=True)
    outs = list(QSimpleRNN(2, return_state=True, activation="relu", **wide)(x, initial_state=[s]))
    outs += [keras.layers.Flatten()(y) for y in QGRU(2, return_sequences=True, return_state=True)(x, initial_state=s)]
    outs += [QGRU(2, activation="tanh", recurrent_activation="sigmoid", reset_after=False)(x),
             keras.layers.Flatten()(QGRU(1, return_sequences=True, go_backwards=True)(Quantizer(conf())(x))),
             QSimpleRNN(2, paq_conf=conf(overflow_mode="WRAP"))(x)]
    return keras.Model([x, s], keras.layers.Concatenate()(outs))


@model
def dense_modes():
    """Every rounding and overflow at every place of a layer."""
    x, outs = Input((3,)), []
    for number, rounding in enumerate(("RND", "TRN", "RND_CONV", "TRN_ZERO", "RND_ZERO", "RND_INF", "RND_MIN_INF", "S_RND_CONV")):
        overflow = [("WRAP", "SAT", "SAT_SYM")[(number + i) % 3] for i in range(4)]
        kind = [("kif", "kbi")[(number + i) % 2] for i in range(4)]
        confs = [conf(place, kind[i], round_mode=rounding, overflow_mode=overflow[i]) for i, place in enumerate(("datalane", "weight", "bias", "datalane"))]
        outs.append(QDense(2, iq_conf=confs[0], kq_conf=confs[1], bq_conf=confs[2], enable_oq=True, oq_conf=confs[3])(x))
    return keras.Model(x, keras.layers.Concatenate()(outs))


@model
def tables_spread():
    """Tables of tensors of more axes, by equations that keep, sum and add axes in any order."""
    x = Input((3, 2, 2))
    outs = [QDenseT(2, d_hl=2, activation="relu")(x), QEinsumDenseT("...ij,jk->...ik", (2, 2), bias_axes="k", d_hl=2)(x),
            QEinsumDenseT("banc,nad->bdc", (2, 2), n_hl=0, bias_axes="d")(x), QEinsumDenseT("banc,anc->banc", (3, 2, 2), d_hl=2, batch_norm=True)(x),
            QEinsumDenseT("banc,cd->bdna", (2, 2, 3), d_hl=2, subnn_activation="relu", batch_norm=True, bn_center=False, normalize_axes="d", iq_conf=conf(homogeneous_axis=(0, 1)))(x),
            QDenseT(1, n_hl=1, d_hl=2, batch_norm=True, bn_scale=False, toq_conf=conf("table", homogeneous_axis=(0,)), iq_conf=conf(homogeneous_axis=(0, 1, 2, 4)))(x)]
    return keras.Model(x, keras.layers.Concatenate()([keras.layers.Flatten()(v) for v in outs]))


@model
def movement():
    x = Input((6, 4))
    q = Quantizer(conf())(x)
    outs = [keras.layers.Flatten()(q[:, 1:4, ::2]), keras.layers.Flatten()(q[:, 0]), keras.layers.Flatten()(q[..., 2]),
            keras.layers.Flatten()(keras.layers.Permute((2, 1))(q)), keras.layers.Flatten()(keras.layers.Reshape((3, -1))(q)),
            keras.layers.Flatten()(q[:, -2:])]
    y = keras.layers.Concatenate()(outs)
    return keras.Model(x, QDense(3)(keras.layers.Dropout(0.5)(y)))


@model
def residual_heads():
    x = Input((6,))
    h = QDense(6, activation="relu")(x)
    r = QAdd()([QDense(6)(h), h])
    r = QBatchNormalization()(r)
    one = QDense(2, name="one")(r)
    two = QSoftmax(name="two", enable_iq=True)(QDense(3, enable_oq=True)(r))
    return keras.Model(x, [one, two])


@model
def shared_layer():
    x, y = Input((5,)), Input((5,))
    layer = QDense(4, activation="relu")
    return keras.Model([x, y], QAdd()([layer(x), layer(y)]))


@model
def jet_sets():
    x = Input((8, 3))
    h = QEinsumDenseBatchnorm("bnc,cC->bnC", (8, 6), bias_axes="C", activation="relu")(x)
    s = QSum(axes=1, scale=0.125, keepdims=True)(h)
    s = QEinsumDenseBatchnorm("bnc,cC->bnC", (1, 6), bias_axes="C")(s)
    h = QEinsumDenseBatchnorm("bnc,cC->bnC", (8, 6), bias_axes="C", activation="relu")(QAdd()([h, s]))
    p = QMeanPow2(axes=1)(h)
    return keras.Model(x, QEinsumDenseBatchnorm("bc,cC->bC", 4, bias_axes="C")(p))


TRAINED = {"dense", "jet_sets", "residual_heads", "einsum_batchnorm", "softmax", "dense_tables"}


# ---- trained, and then made worse ----
def fixed_quantisers(model):
    seen = []
    for layer in model._flatten_layers():
        if isinstance(layer, FixedPointQuantizerBase) and layer.built and not any(layer is s for s in seen):
            seen.append(layer)
    return seen


def scatter_widths(quantiser, random):
    shape = tuple(quantiser._i.shape)
    fixed_i = type(getattr(quantiser, "i_constraint", None)).__name__ == "Constant"
    table = quantiser.overflow_mode == "SAT" and np.prod(shape) == 1
    i = random.integers(-1, 3, shape)
    total = np.where(random.random(shape) < 0.12, 0, random.integers(1, 6, shape))
    if fixed_i:
        i = np.asarray(quantiser._i)
    if table:
        total = total * 0 + 7
        i = np.maximum(i, 1) if not fixed_i else i
    noise = random.uniform(-0.45, 0.45, shape)
    if not fixed_i:
        quantiser._i.assign((i + noise).astype(np.float32))
    if hasattr(quantiser, "_b"):
        quantiser._b.assign((total + noise).astype(np.float32))
    else:
        quantiser._f.assign((total - i - noise).astype(np.float32))
    if quantiser._k.dtype and not table and not fixed_i:
        quantiser._k.assign((random.random(shape) < 0.8).astype(np.uint8))


def scatter_weights(model, random):
    for weight in model.weights:
        name, shape = weight.path.split("/")[-1], tuple(weight.shape)
        if name == "moving_variance":
            weight.assign(random.uniform(0.3, 2, shape))
        elif name in ("gamma", "bn_gamma", "scale"):
            weight.assign(random.uniform(0.5, 1.5, shape))
        elif name in ("moving_mean", "beta", "bn_beta", "bias", "kernel", "recurrent_kernel") and shape:
            weight.assign(random.normal(0, 0.8, shape))


def shapes_of(model):
    return [tuple(i.shape[1:]) for i in model.inputs]


def events_for(model, count, seed):
    random = np.random.default_rng(seed)
    events = []
    for shape in shapes_of(model):
        x = random.uniform(-8, 8, (count, *shape))
        x[::2] = np.round(x[::2] * 8) / 8
        x = np.round(x * EVENT_GRID) / EVENT_GRID
        events.append(x.astype(np.float32))
    return events


def outputs_of(model, events):
    made = model.predict(events if len(events) > 1 else events[0], batch_size=5000, verbose=0)
    return [np.asarray(y, np.float32) for y in (made if isinstance(made, (list, tuple)) else [made])]


def train(model, random):
    events = events_for(model, 256, 5)
    wanted = [random.normal(size=(256, *o.shape[1:])) for o in model.outputs]
    model.compile(optimizer="adam", loss="mse")
    model.fit(events if len(events) > 1 else events[0], wanted if len(wanted) > 1 else wanted[0], epochs=2, batch_size=64, verbose=0)


def build(name):
    keras.utils.set_random_seed(sum(map(ord, name)))
    random = np.random.default_rng(sum(map(ord, name)))
    with QuantizerConfigScope(place="datalane", i0=2, f0=3), QuantizerConfigScope(place="table", overflow_mode="SAT"):
        model = MODELS[name]()
        model(events_for(model, 2, 1) if len(model.inputs) > 1 else events_for(model, 2, 1)[0])
    if name in TRAINED:
        train(model, random)
        for quantiser in fixed_quantisers(model)[::3]:
            scatter_widths(quantiser, random)
    else:
        scatter_weights(model, random)
        for quantiser in fixed_quantisers(model):
            scatter_widths(quantiser, random)
    return model


def save(model, path):
    """As Keras saves it, but deflated and without what training needs."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/m.keras")
        with zipfile.ZipFile(f"{folder}/m.keras") as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in ("metadata.json", "config.json", "model.weights.h5"):
                new.writestr(zipfile.ZipInfo(entry), old.read(entry), zipfile.ZIP_DEFLATED, 9)


def make(folder, name):
    if not os.path.exists(f"{folder}/{name}.keras"):
        save(build(name), f"{folder}/{name}.keras")
    model = keras.models.load_model(f"{folder}/{name}.keras", compile=False)
    events = events_for(model, KEPT_EVENTS, 11)
    outputs = outputs_of(model, events)
    for names, arrays in (([i.name for i in model.inputs], events), (model.output_names, outputs)):
        for tensor, array in zip(names, arrays):
            np.save(f"{folder}/{name}.{tensor}.npy", array)
    sizes = ", ".join(f"{len(np.unique(o))} numbers in {o.shape}" for o in outputs)
    print(f"{name}: {sizes}", flush=True)


def run_bxc(program, path, model, events, engine):
    with tempfile.TemporaryDirectory() as folder:
        given = []
        for tensor, array in zip(model.inputs, events):
            np.save(f"{folder}/{tensor.name}.npy", array)
            given.append(f"{tensor.name}={folder}/{tensor.name}.npy")
        if len(given) == 1:
            given = [given[0].split("=", 1)[1]]
        command = [program, "run", path, *given, "-o", f"{folder}/made.npy", "--engine", engine]
        ports = [word for tensor in model.inputs for word in ("--input", f"{tensor.name}=fixed<18,6>")]
        told = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if told.returncode or "has no format" in told.stderr:  # no quantiser decides the port
            subprocess.run(command + ports, check=True)
        made = sorted(f for f in os.listdir(folder) if f.startswith("made"))
        return [np.load(f"{folder}/{f}") for f in made], made


def compare(folder, name, program, count, engine):
    path = f"{folder}/{name}.keras"
    model = keras.models.load_model(path, compile=False)
    events = events_for(model, count, 12)
    wanted = outputs_of(model, events)
    try:
        got, _ = run_bxc(program, path, model, events, engine)
    except subprocess.CalledProcessError:
        print(f"{name} {engine}: refused", flush=True)
        return 1
    worst, wrong, all_ = 0.0, 0, 0
    by_name = dict(zip(sorted(model.output_names), range(len(got)))) if len(got) > 1 else {model.output_names[0]: 0}
    for output, y in zip(model.output_names, wanted):
        g = got[by_name[output]].reshape(y.shape).astype(np.float32)
        wrong += int((g != y).sum())
        all_ += y.size
        worst = max(worst, float(np.abs(g - y).max()))
    print(f"{name} {engine}: {wrong} of {all_} outputs differ, by {worst:g} at most", flush=True)
    return wrong != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["make", "compare"])
    parser.add_argument("folder")
    parser.add_argument("rest", nargs="*")
    parser.add_argument("-n", type=int, default=100000)
    parser.add_argument("--engine", default="emulator")
    options = parser.parse_intermixed_args()
    if options.command == "make":
        os.makedirs(options.folder, exist_ok=True)
        for name in options.rest or MODELS:
            try:
                make(options.folder, name)
            except Exception as e:
                print(name, "FAILED", type(e), str(e)[:600], flush=True)
        return
    program, names = options.rest[0], options.rest[1:] or list(MODELS)
    sys.exit(sum(compare(options.folder, name, program, options.n, options.engine) for name in names) != 0)


if __name__ == "__main__":
    main()
