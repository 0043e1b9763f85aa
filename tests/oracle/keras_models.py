"""Models of each layer of Keras and QKeras, with events and what the trainer gives for them.

    python3 keras_models.py FOLDER [WORD...]

writes NAME.keras, NAME.h5 or NAME.json with its weights, and beside it NAME.x0=INPUT.npy, ... and NAME.y0.npy, ..., of
the models whose name has one of the words. Needs TensorFlow with Keras 2 or 3, whichever is
installed, and QKeras for its layers; nothing of this is needed to build or test bxc. keras_compare.py tells the largest
difference.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf
from tensorflow import keras

L = keras.layers
VERSION = int(__import__("keras").__version__.split(".")[0])
models = {}


def model(function):
    models[function.__name__] = function
    return function


def layers(name, shape, *build):
    """One model of a layer, or of a few in a row."""
    def make():
        x = y = keras.Input(shape)
        for each in build:
            y = each()(y)
        return keras.Model(x, y)
    models[name] = make


FUNCTIONS = ["relu", "elu", "selu", "softplus", "softsign", "swish", "gelu", "sigmoid", "tanh", "exponential",
             "hard_sigmoid", "softmax", "linear", "mish", "relu6", "leaky_relu", "log_softmax"]
if VERSION == 3:
    FUNCTIONS += ["celu", "silu", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "log_sigmoid",
                  "squareplus", "sparse_plus", "sparse_sigmoid"]
for f in FUNCTIONS:
    layers("function_" + f, (5,), lambda f=f: L.Dense(6, activation=f), lambda f=f: L.Activation(f))

layers("relu_full", (7,), lambda: L.ReLU(max_value=1.5, negative_slope=0.25, threshold=0.3))
layers("relu_max", (7,), lambda: L.ReLU(max_value=1.0))
layers("relu_slope", (7,), lambda: L.ReLU(negative_slope=0.1))
layers("relu_threshold", (7,), lambda: L.ReLU(threshold=0.5))
layers("leaky_relu_layer", (7,), lambda: L.LeakyReLU(0.15))
layers("leaky_relu_default", (7,), lambda: L.LeakyReLU())
layers("elu_layer", (7,), lambda: L.ELU(0.7))
layers("prelu", (4, 3), lambda: L.PReLU(alpha_initializer="random_uniform"))
layers("prelu_shared", (4, 3), lambda: L.PReLU(alpha_initializer="random_uniform", shared_axes=[1]))
layers("softmax_axis", (4, 3), lambda: L.Softmax(axis=1))
if VERSION == 2:
    layers("thresholded_relu", (7,), lambda: L.ThresholdedReLU(0.4))
layers("dense_of_items", (4, 3), lambda: L.Dense(5, "relu"), lambda: L.Dense(2, use_bias=False))
layers("batch_normalization", (6,), lambda: L.Dense(5), lambda: L.BatchNormalization())
layers("batch_normalization_first", (3, 4), lambda: L.BatchNormalization(axis=1, scale=False))
layers("batch_normalization_plain", (3, 4), lambda: L.BatchNormalization(center=False, epsilon=0.01))
layers("layer_normalization", (3, 4), lambda: L.LayerNormalization())
layers("layer_normalization_axes", (3, 4), lambda: L.LayerNormalization(axis=[1, 2], epsilon=0.01, scale=False))
layers("rescaling", (4, 3), lambda: L.Rescaling(0.25, offset=-1.5))
layers("normalization", (4,), lambda: L.Normalization(mean=[1, 2, 3, 4], variance=[1, 4, 2, 0.5]))
layers("flatten", (4, 3), lambda: L.Flatten(), lambda: L.Dense(2))
layers("reshape", (4, 3), lambda: L.Reshape((2, -1, 2)), lambda: L.Permute((3, 1, 2)))
layers("repeat_vector", (3,), lambda: L.RepeatVector(4), lambda: L.Dense(2))
layers("cropping1d", (6, 2), lambda: L.Cropping1D((1, 2)))
layers("cropping2d", (6, 5, 2), lambda: L.Cropping2D(((1, 2), (0, 1))))
layers("cropping3d", (4, 5, 3, 2), lambda: L.Cropping3D(1))
layers("zero_padding1d", (4, 2), lambda: L.ZeroPadding1D((1, 2)))
layers("zero_padding2d", (4, 3, 2), lambda: L.ZeroPadding2D(((1, 2), (0, 1))))
layers("zero_padding3d", (2, 3, 2, 2), lambda: L.ZeroPadding3D((1, 0, 2)))
layers("up_sampling1d", (4, 2), lambda: L.UpSampling1D(3))
layers("up_sampling2d", (4, 3, 2), lambda: L.UpSampling2D((2, 3)))
layers("up_sampling3d", (2, 3, 2, 2), lambda: L.UpSampling3D((1, 2, 2)))

for padding in ("valid", "same", "causal"):
    layers("conv1d_" + padding, (9, 3), lambda p=padding: L.Conv1D(4, 3, padding=p, strides=2, activation="relu"))
    layers("conv1d_dilated_" + padding, (9, 3), lambda p=padding: L.Conv1D(4, 3, padding=p, dilation_rate=2))
for padding in ("valid", "same"):
    p = padding
    layers("conv2d_" + p, (6, 5, 4), lambda p=p: L.Conv2D(6, (3, 2), padding=p, strides=(1, 2)))
    layers("conv3d_" + p, (4, 5, 4, 2), lambda p=p: L.Conv3D(3, (3, 2, 2), padding=p, strides=(1, 2, 1)))
    layers("depthwise_conv1d_" + p, (9, 3), lambda p=p: L.DepthwiseConv1D(3, padding=p, depth_multiplier=2))
    layers("depthwise_conv2d_" + p, (6, 5, 3), lambda p=p: L.DepthwiseConv2D(3, padding=p, depth_multiplier=2))
    layers("separable_conv1d_" + p, (9, 3), lambda p=p: L.SeparableConv1D(4, 3, padding=p, depth_multiplier=2))
    layers("separable_conv2d_" + p, (6, 5, 3), lambda p=p: L.SeparableConv2D(4, 3, padding=p, activation="tanh"))
    layers("conv1d_transpose_" + p, (5, 3), lambda p=p: L.Conv1DTranspose(4, 3, padding=p, strides=2))
    layers("conv2d_transpose_" + p, (4, 3, 2), lambda p=p: L.Conv2DTranspose(3, (3, 2), padding=p, strides=(2, 3)))
    layers("conv2d_transpose_more_" + p, (4, 3, 2),
           lambda p=p: L.Conv2DTranspose(3, (3, 3), padding=p, strides=2, output_padding=1))
    layers("conv3d_transpose_" + p, (2, 3, 2, 2), lambda p=p: L.Conv3DTranspose(3, 3, padding=p, strides=2))
    layers("max_pooling1d_" + p, (7, 2), lambda p=p: L.MaxPooling1D(3, 2, padding=p))
    layers("max_pooling2d_" + p, (5, 6, 2), lambda p=p: L.MaxPooling2D((2, 3), padding=p))
    layers("max_pooling3d_" + p, (4, 5, 3, 2), lambda p=p: L.MaxPooling3D(2, padding=p))
    layers("average_pooling1d_" + p, (7, 2), lambda p=p: L.AveragePooling1D(3, 2, padding=p))
    layers("average_pooling2d_" + p, (5, 6, 2), lambda p=p: L.AveragePooling2D((2, 3), padding=p))
    layers("average_pooling3d_" + p, (4, 5, 3, 2), lambda p=p: L.AveragePooling3D(2, padding=p))
layers("conv2d_groups", (5, 5, 4), lambda: L.Conv2D(6, 3, groups=2))
layers("conv2d_dilated", (7, 7, 2), lambda: L.Conv2D(3, 3, dilation_rate=2, padding="same"))
for d, shape in ((1, (5, 3)), (2, (5, 4, 3)), (3, (3, 4, 2, 3))):
    for kind in ("Average", "Max"):
        layers(f"global_{kind.lower()}_pooling{d}d", shape, lambda k=kind, d=d: getattr(L, f"Global{k}Pooling{d}D")())
        layers(f"global_{kind.lower()}_pooling{d}d_kept", shape,
               lambda k=kind, d=d: getattr(L, f"Global{k}Pooling{d}D")(keepdims=True))
layers("conv2d_first_pooled", (3, 6, 6), lambda: L.Permute((2, 3, 1)), lambda: L.Conv2D(4, 3),
       lambda: L.GlobalAveragePooling2D(), lambda: L.Dense(2))
layers("flatten_channels_first", (3, 4, 2), lambda: L.Flatten(data_format="channels_first"), lambda: L.Dense(3))
layers("pooling_channels_first", (3, 4, 2), lambda: L.GlobalAveragePooling2D(data_format="channels_first"))
layers("cropping_channels_first", (2, 6, 5), lambda: L.Cropping2D(((1, 2), (0, 1)), data_format="channels_first"))
layers("dropouts", (4, 3), lambda: L.Dropout(0.5), lambda: L.SpatialDropout1D(0.2), lambda: L.GaussianNoise(0.3),
       lambda: L.GaussianDropout(0.3), lambda: L.AlphaDropout(0.1), lambda: L.Dense(2))
layers("time_distributed", (4, 3), lambda: L.TimeDistributed(L.Dense(5, "relu")))
layers("time_distributed_conv", (3, 6, 2), lambda: L.TimeDistributed(L.Conv1D(4, 3)))
layers("einsum_dense", (4, 3), lambda: L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d"))
layers("einsum_dense_items", (4, 3), lambda: L.EinsumDense("abc,bd->adc", output_shape=(5, 3), bias_axes="dc"))
layers("einsum_dense_heads", (4, 6), lambda: L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de"),
       lambda: L.EinsumDense("abde,dec->abc", output_shape=(None, 5), bias_axes="c"))
layers("einsum_dense_ellipsis", (2, 4, 3), lambda: L.EinsumDense("...x,xy->...y", output_shape=(4, 5), bias_axes="y"))
layers("embedding", (4,), lambda: L.Embedding(7, 3), lambda: L.Flatten(), lambda: L.Dense(2))
for unit in ("LSTM", "GRU", "SimpleRNN"):
    layers(f"{unit.lower()}", (5, 3), lambda u=unit: getattr(L, u)(4))
    layers(f"{unit.lower()}_sequence", (5, 3), lambda u=unit: getattr(L, u)(4, return_sequences=True, go_backwards=True))
    layers(f"{unit.lower()}_bidirectional", (5, 3),
           lambda u=unit: L.Bidirectional(getattr(L, u)(4, return_sequences=True)))
layers("gru_reset_before", (5, 3), lambda: L.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid"))
layers("lstm_stack", (5, 3), lambda: L.LSTM(4, return_sequences=True), lambda: L.LSTM(3, activation="relu"),
       lambda: L.Dense(2, "softmax"))
layers("bidirectional_sum", (5, 3), lambda: L.Bidirectional(L.LSTM(4), merge_mode="sum"))


@model
def merges():
    a, b = keras.Input((4, 3)), keras.Input((4, 3))
    c = L.Dense(3)(b)
    outputs = [L.Add()([a, b, c]), L.Subtract()([a, c]), L.Multiply()([a, b]), L.Average()([a, b, c]),
               L.Maximum()([a, b, c]), L.Minimum()([a, b]), L.Concatenate()([a, b]), L.Concatenate(axis=1)([a, c])]
    return keras.Model([a, b], outputs)


@model
def merges_broadcast():
    a, b = keras.Input((4, 3)), keras.Input((1, 3))
    return keras.Model([a, b], [L.Add()([a, b]), L.Multiply()([a, b]), L.Maximum()([a, b])])


@model
def dots():
    a, b, c = keras.Input((4, 3)), keras.Input((5, 3)), keras.Input((3,))
    return keras.Model([a, b, c], [L.Dot(axes=2)([a, b]), L.Dot(axes=(2, 1))([a, c]),
                                   L.Dot(axes=2, normalize=True)([a, b])])


@model
def sequential():
    return keras.Sequential([keras.Input((5,)), L.Dense(4, "relu"), L.Dropout(0.3), L.Dense(3, "softmax")])


@model
def sequential_nested():
    inner = keras.Sequential([keras.Input((4,)), L.Dense(3, "relu"), L.BatchNormalization(), L.Dense(4)])
    return keras.Sequential([keras.Input((5,)), L.Dense(4), inner, L.Dense(2)])


@model
def nested_twice():
    i = keras.Input((4,))
    inner = keras.Model(i, L.Dense(4, "relu", name="within")(L.BatchNormalization()(i)), name="inner")
    j = keras.Input((4,))
    middle = keras.Model(j, [inner(j), L.Dense(3)(inner(L.Dense(4)(j)))], name="middle")
    x = keras.Input((4,))
    first, second = middle(x)
    third = inner(first)
    return keras.Model(x, [L.Dense(2)(third), second, L.Concatenate()([third, second])])


@model
def shared():
    a, b = keras.Input((4,)), keras.Input((4,))
    layer, relu = L.Dense(4, "tanh"), L.ReLU()
    return keras.Model([a, b], [L.Add()([layer(a), layer(b)]), relu(layer(layer(b)))])


@model
def residual():
    x = y = keras.Input((6, 4))
    for _ in range(3):
        h = L.Dense(4, "relu")(L.LayerNormalization()(y))
        y = L.Add()([y, L.Dense(4)(h)])
    return keras.Model(x, [L.Dense(3, "softmax")(L.GlobalAveragePooling1D()(y)), L.Dense(1, "sigmoid")(L.Flatten()(y))])


@model
def residual_convolution():
    x = keras.Input((6, 6, 2))
    y = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    for _ in range(2):
        h = L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(y))
        y = L.ReLU()(L.Add()([y, h]))
    return keras.Model(x, L.Dense(3)(L.GlobalAveragePooling2D()(L.MaxPooling2D()(y))))


@model
def heads_by_name():
    x = keras.Input((5,), name="jets")
    h = L.Dense(6, "relu")(x)
    outputs = {"mass": L.Dense(1)(h), "flavour": L.Dense(4, "softmax")(h)}
    return keras.Model(x, outputs) if VERSION == 3 else keras.Model(x, [outputs["flavour"], outputs["mass"]])


@model
def attention():
    x = keras.Input((4, 6))
    y = L.MultiHeadAttention(2, 3)(x, x)
    return keras.Model(x, L.Add()([x, y]))


@model
def attention_cross():
    x, z = keras.Input((4, 6)), keras.Input((5, 3))
    return keras.Model([x, z], L.MultiHeadAttention(3, 2, value_dim=4, output_shape=5)(x, z))


@model
def operations():
    x, z = keras.Input((4, 3)), keras.Input((4, 3))
    y = (x + z) * 2.0 - 1.0
    y = y / 3.0 + (1.0 - x)
    return keras.Model([x, z], [y[:, 0], y[:, 1:3, ::2], -y])


def deepsets(width, depth, seed):
    def make():
        x = keras.Input((5, 3))
        y = x
        for i in range(depth):
            y = L.Dense(width + i, ["relu", "elu", "tanh", "swish"][(seed + i) % 4])(y)
        pooled = [L.GlobalAveragePooling1D, L.GlobalMaxPooling1D][seed % 2]()(y)
        h = L.Dense(width, "relu")(pooled)
        return keras.Model(x, [L.Dense(3, "softmax")(h), L.Dense(1)(L.Concatenate()([h, pooled]))])
    return make


def random_dense(seed):
    """Random graphs of dense layers with sums, products and several heads."""
    def make():
        random = np.random.default_rng(seed)
        inputs = [keras.Input((int(random.integers(2, 7)),)) for _ in range(random.integers(1, 4))]
        values = [L.Dense(5, "relu")(x) for x in inputs]
        layer = L.Dense(5, "tanh")
        for _ in range(random.integers(3, 8)):
            a, b = values[random.integers(len(values))], values[random.integers(len(values))]
            kind = random.integers(7)
            if kind == 0: values.append(L.Add()([a, b]))
            elif kind == 1: values.append(L.Multiply()([a, b]))
            elif kind == 2: values.append(L.Maximum()([a, b]))
            elif kind == 3: values.append(L.Dense(5, str(random.choice(["elu", "sigmoid", "softplus"])))(a))
            elif kind == 4: values.append(L.BatchNormalization()(L.Subtract()([a, b])))
            elif kind == 5: values.append(L.Dense(5)(L.Concatenate()([a, b])))
            else: values.append(layer(a))
        heads = [L.Dense(int(random.integers(1, 4)), "softmax" if i else None)(values[-1 - i]) for i in range(2)]
        last = L.Add()(values) if len(values) > 1 else values[0]
        return keras.Model(inputs, heads + [last])
    return make


for i in range(4):
    models[f"deepsets_{i}"] = deepsets(4 + i, 1 + i % 3, i)
for i in range(25):
    models[f"random_{i}"] = random_dense(i)


# ---- QKeras ----

try:
    import qkeras
except ImportError:
    qkeras = None


def quantised(name, shape, *build):
    if qkeras:
        layers("qkeras_" + name, shape, *build)


def q(*arguments):
    return lambda: qkeras.QActivation(*arguments)


for i, text in enumerate(["quantized_bits(6,0,alpha=1)", "quantized_bits(8,3,1)", "quantized_bits(4,2,0,False)",
                          "quantized_bits(5,1,alpha=0.5)", "quantized_bits(1,0)", "quantized_bits(7,-1)",
                          "quantized_relu(6)", "quantized_relu(4,2)", "quantized_relu(6,2,0,0.25)",
                          "quantized_relu(8,3,relu_upper_bound=6.0,is_quantized_clip=False)",
                          "quantized_relu(5,1,use_sigmoid=1)", "quantized_sigmoid(5)",
                          "quantized_sigmoid(6,symmetric=True)", "quantized_tanh(5)", "quantized_tanh(6,symmetric=True)",
                          "quantized_hswish(8,2)", "binary", "binary(use_01=True)", "binary(alpha=0.5)", "ternary",
                          "ternary(threshold=0.6,alpha=2.0)", "stochastic_binary(alpha=1.0)",
                          "stochastic_ternary(alpha=1.0,threshold=0.5)", "hard_tanh", "hard_sigmoid", "smooth_sigmoid",
                          "smooth_tanh", "quantized_sigmoid(6,use_real_sigmoid=True)",
                          "quantized_tanh(6,use_real_tanh=True)", "quantized_po2(4)", "quantized_po2(4,1)",
                          "quantized_relu_po2(4)", "quantized_relu_po2(4,2)", "quantized_po2(4,quadratic_approximation=True)"]):
    quantised(f"value_{i}", (9,), q(text))
for i, (kernel, bias) in enumerate([("quantized_bits(6,0,alpha=1)", "quantized_bits(6,0,alpha=1)"),
                                    ("quantized_bits(4,0)", "quantized_bits(8,2)"),
                                    ("quantized_bits(5,0,alpha='auto')", None),
                                    ("quantized_bits(3,0,1,alpha='auto_po2')", "quantized_bits(4,0,1)"),
                                    ("quantized_po2(4,1)", "quantized_bits(2,0,1)"), ("quantized_po2(5)", "quantized_po2(4)"),
                                    ("binary(alpha=1)", None), ("binary", "ternary(alpha=1.0)"), ("ternary(alpha=1.0)", None),
                                    ("ternary", None), ("ternary(alpha='auto')", None), ("binary(alpha='auto')", None),
                                    ("stochastic_ternary('auto')", None), ("stochastic_binary('auto_po2')", None),
                                    ("quantized_bits(1,0,alpha=1)", "quantized_bits(8,0,alpha=0.25)"),
                                    ("quantized_bits(8,2,keep_negative=False,alpha=1)", "quantized_relu_po2(4)")]):
    quantised(f"dense_{i}", (7,), q("quantized_bits(8,2)"),
              lambda k=kernel, b=bias: qkeras.QDense(6, kernel_quantizer=k, bias_quantizer=b),
              q("quantized_relu(6,2)"),
              lambda k=kernel, b=bias: qkeras.QDense(5, kernel_quantizer=k, bias_quantizer=b, activation="quantized_bits(8,3)"))
K, B = "quantized_bits(6,0,alpha=1)", "quantized_bits(6,1,alpha=1)"
quantised("conv1d", (8, 3), q("quantized_bits(8,2)"),
          lambda: qkeras.QConv1D(4, 3, padding="causal", kernel_quantizer=K, bias_quantizer=B, activation="quantized_relu(5,1)"))
quantised("conv2d", (6, 6, 2), q("quantized_bits(8,2)"),
          lambda: qkeras.QConv2D(4, 3, strides=2, padding="same", kernel_quantizer=K, bias_quantizer=B))
quantised("conv2d_po2", (5, 5, 2), q("quantized_bits(8,2)"), lambda: qkeras.QConv2D(4, 3, kernel_quantizer="quantized_bits(4)"))
quantised("conv2d_transpose", (4, 4, 2), q("quantized_bits(8,2)"),
          lambda: qkeras.QConv2DTranspose(3, 3, strides=2, kernel_quantizer=K, bias_quantizer=B))
quantised("depthwise_conv2d", (6, 6, 3), q("quantized_bits(8,2)"),
          lambda: qkeras.QDepthwiseConv2D(3, depthwise_quantizer=K, bias_quantizer=B))
quantised("separable_conv2d", (6, 6, 3), q("quantized_bits(8,2)"),
          lambda: qkeras.QSeparableConv2D(4, 3, depthwise_quantizer=K, pointwise_quantizer=K, bias_quantizer=B))
quantised("batch_normalization", (6,), q("quantized_bits(8,2)"), lambda: qkeras.QBatchNormalization())
quantised("batch_normalization_bits", (6,), q("quantized_bits(8,2)"),
          lambda: qkeras.QBatchNormalization(gamma_quantizer="quantized_bits(8,2,alpha=1)", beta_quantizer=B, mean_quantizer=B,
                                             variance_quantizer="quantized_bits(8,2,keep_negative=False,alpha=1)"))
quantised("conv2d_batchnorm", (6, 6, 2), q("quantized_bits(8,2)"),
          lambda: qkeras.QConv2DBatchnorm(4, 3, kernel_quantizer="quantized_bits(8,2,alpha=1)", bias_quantizer=B))
quantised("average_pooling", (4, 4, 3), q("quantized_bits(8,2)"),
          lambda: qkeras.QAveragePooling2D(2, average_quantizer="quantized_bits(8,0,alpha=1)", activation="quantized_bits(8,2)"))
quantised("global_average_pooling", (4, 4, 3), q("quantized_bits(8,2)"),
          lambda: qkeras.QGlobalAveragePooling2D(average_quantizer="quantized_bits(8,0,alpha=1)"))


def spread_weights(model, seed):
    """Every weight a number of its own, variances above 0."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        value = random.normal(0, 0.5, weight.shape)
        if "variance" in weight.name: value = np.abs(value) + 0.2
        if np.issubdtype(np.dtype(str(weight.dtype).replace("<dtype: '", "").rstrip("'>")), np.floating):
            weight.assign(value.astype("float32"))


def save(model, path, seed):
    kind = seed % 3
    if VERSION == 3 and kind == 2 or VERSION == 2 and kind == 1:
        with open(path + ".json", "w") as file: file.write(model.to_json())
        model.save_weights(path + (".weights.h5" if VERSION == 3 or seed % 2 else "_weights.h5"))
    elif VERSION == 2 and kind == 2 or VERSION == 3 and kind == 1:
        model.save(path + ".h5")
    else:
        model.save(path + ".keras")


def main(folder, words):
    os.makedirs(folder, exist_ok=True)
    for seed, (name, make) in enumerate(models.items()):
        if words and not any(word in name for word in words): continue
        keras.backend.clear_session()
        try:
            made = make()
            spread_weights(made, seed)
            random = np.random.default_rng(1000 + seed)
            shapes = [(8,) + tuple(x.shape[1:]) for x in made.inputs]
            x = [random.normal(0, 1.5, shape).astype("float32") for shape in shapes]
            if "embedding" in name: x = [random.integers(0, 7, shape).astype("float32") for shape in shapes]
            y = made.predict(x if len(x) > 1 else x[0], verbose=0)
            y = list(y.values()) if isinstance(y, dict) else y if isinstance(y, (list, tuple)) else [y]
            path = os.path.join(folder, f"{name}.v{VERSION}")
            save(made, path, seed)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
            continue
        for i, each in enumerate(x): np.save(f"{path}.x{i}={made.inputs[i]._keras_history[0].name}.npy", each)
        for i, each in enumerate(y): np.save(f"{path}.y{i}.npy", np.asarray(each))


main(sys.argv[1], sys.argv[2:])
