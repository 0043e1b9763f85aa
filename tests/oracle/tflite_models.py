#!/usr/bin/env python3
"""TFLite models with what TFLite's interpreter computes, for tests/unit/foreign.c.

    tflite_models.py [FOLDER]

writes FAMILY.tflite for each family of operators below, one output a case, with FAMILY.in0.npy, ... and
FAMILY.out.npy, all outputs one after the other (FOLDER: tests/oracle/tflite): in float, then families of int8 as the
reference kernels compute them (BUILTIN_REF), codes in and out; and models that are refused, NAME.refused. Events are
seeded. Needs numpy and tensorflow; bxc needs neither.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy
import tensorflow as tf

EVENTS = 5
FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "tflite")
numbers = numpy.random.default_rng(20261130)


def constant(*shape, scale=1.0):
    return tf.constant((scale * numbers.standard_normal(shape)).astype(numpy.float32))


def dense(x):  # 12
    h = tf.nn.relu(tf.matmul(x, constant(12, 8)) + constant(8))
    yield "relu", h
    yield "relu6", tf.nn.relu6(3 * (tf.matmul(h, constant(8, 5)) + constant(5)))
    yield "tanh", tf.nn.tanh(tf.matmul(h, constant(8, 5, scale=0.2)) + constant(5))
    yield "sigmoid", tf.nn.sigmoid(tf.matmul(h, constant(8, 5, scale=0.2)))
    yield "softmax", tf.nn.softmax(tf.matmul(h, constant(8, 5, scale=0.2)) + constant(5))
    yield "leaky", tf.nn.leaky_relu(tf.matmul(h, constant(8, 5)), 0.3)
    yield "items", tf.nn.relu(tf.matmul(tf.reshape(x, [-1, 3, 4]), constant(4, 6)) + constant(6))
    yield "product", tf.matmul(tf.reshape(x, [-1, 3, 4]), tf.reshape(x, [-1, 4, 3]))


def convolution(x):  # 8 6 3
    yield "same", tf.nn.relu(tf.nn.conv2d(x, constant(3, 3, 3, 4), 1, "SAME") + constant(4))
    yield "valid", tf.nn.conv2d(x, constant(3, 2, 3, 4), [2, 1], "VALID")
    yield "dilated", tf.nn.conv2d(x, constant(3, 2, 3, 2), 1, "VALID", dilations=2)
    yield "depthwise", tf.nn.relu6(tf.nn.depthwise_conv2d(x, constant(3, 3, 3, 2), [1, 2, 2, 1], "SAME") + constant(6))
    yield "transposed", tf.nn.conv2d_transpose(x, constant(3, 2, 2, 3), [tf.shape(x)[0], 16, 12, 2], 2, "SAME")
    yield "max", tf.nn.max_pool2d(x, [3, 2], 2, "SAME")
    yield "average", tf.nn.avg_pool2d(x, [3, 2], [2, 1], "SAME")
    yield "mean", tf.reduce_mean(x, [1, 2])
    yield "line", tf.nn.conv1d(x[:, 2], constant(3, 3, 4), 1, "SAME")


def shapes(x):  # 4 6
    yield "concatenation", tf.concat([x, 2 * x], -1)
    yield "pack", tf.stack([x, 2 * x], 1)
    yield "split", tf.split(x, 3, 2)[1] + tf.split(x, 3, 2)[2]
    yield "split_v", tf.split(x, [1, 2, 3], 2)[2]
    yield "unpack", tf.unstack(x, axis=1)[3] - tf.unstack(x, axis=1)[1]
    yield "strided", x[:, 1:4:2, ::-1]
    yield "shrink", x[:, 2]
    yield "transpose", tf.transpose(x, [0, 2, 1])
    yield "gather", tf.gather(x, [3, 0, 1], axis=1)
    yield "squeeze", tf.squeeze(tf.reshape(x, [-1, 24, 1]), [2]) * 2
    yield "pad", tf.pad(x, [[0, 0], [1, 2], [0, 1]])
    yield "sum", tf.reduce_sum(x, -1, keepdims=True)
    yield "largest", tf.reduce_max(x, 1)
    yield "least", tf.reduce_min(x, 1)
    yield "arg", tf.cast(tf.argmax(x, 2), tf.float32)


def arithmetic(x, y):  # 6, 6
    yield "add", tf.nn.relu(x + y)
    yield "sub", x - y
    yield "mul", x * y
    yield "div", x / (tf.abs(y) + 0.5)
    yield "maximum", tf.maximum(x, y)
    yield "minimum", tf.minimum(x, 0.25)
    yield "difference", tf.math.squared_difference(x, y)
    yield "roots", tf.sqrt(tf.abs(x)) + tf.math.rsqrt(tf.abs(y) + 1)
    yield "exp", tf.exp(x) - tf.math.log(tf.abs(y) + 1)
    yield "rounded", tf.round(3 * x) + tf.floor(3 * y) + tf.math.ceil(2 * x)
    yield "elu", tf.nn.elu(x) - y


def choices(x, y):  # 6, 6
    yield "less", tf.cast(x < y, tf.float32)
    yield "less_equal", tf.cast(x <= y, tf.float32)
    yield "greater", tf.cast(x > 0.5, tf.float32)
    yield "greater_equal", tf.cast(x >= y, tf.float32)
    yield "equal", tf.cast(tf.round(x) == tf.round(y), tf.float32)
    yield "not_equal", tf.cast(tf.not_equal(tf.round(x), tf.round(y)), tf.float32)
    yield "and", tf.cast(tf.logical_and(x > 0, y > 0), tf.float32)
    yield "or", tf.cast(tf.logical_or(x > 0, tf.logical_not(y > 0)), tf.float32)
    yield "select", tf.where(x > y, 2 * x, y)
    yield "log_softmax", tf.nn.log_softmax(x)
    yield "gelu_tanh", tf.nn.gelu(x, approximate=True)
    yield "l2", tf.nn.l2_normalize(x, -1, 1e-12)
    yield "prod", tf.reduce_prod(x, 1)
    yield "swish", y * tf.nn.relu6(y + 3) * (1 / 6)


def blocks(x):  # 4 4 4
    yield "depth", tf.nn.depth_to_space(x, 2)
    yield "space", tf.nn.space_to_depth(x, 2)
    yield "reflect", tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]], "REFLECT")
    yield "prelu", tf.maximum(x, 0) + constant(4) * tf.minimum(x, 0)


def integers(x):  # 12
    h = tf.nn.relu(tf.matmul(x, constant(12, 8)) + constant(8))
    yield "relu6", tf.nn.relu6(tf.matmul(h, constant(8, 5)) + constant(5))
    yield "tanh", tf.nn.tanh(tf.matmul(h, constant(8, 5, scale=0.2)))
    yield "sigmoid", tf.nn.sigmoid(tf.matmul(h, constant(8, 5, scale=0.2)))
    yield "leaky", tf.nn.leaky_relu(tf.matmul(h, constant(8, 5)), 0.3)
    yield "residual", tf.nn.relu(h + tf.matmul(h, constant(8, 8)))
    yield "difference", h - 0.4 * tf.matmul(h, constant(8, 8))
    yield "product", h * tf.matmul(h, constant(8, 8))
    yield "matrices", tf.matmul(tf.reshape(x, [-1, 3, 4]), tf.reshape(x, [-1, 4, 3]))
    yield "joined", tf.concat([h, tf.matmul(h, constant(8, 3))], -1)
    yield "slice", tf.transpose(tf.reshape(x, [-1, 3, 4])[:, 1:], [0, 2, 1])
    yield "largest", tf.maximum(h, tf.matmul(h, constant(8, 8)))


def integers_spatial(x):  # 6 5 2
    h = tf.nn.relu(tf.nn.conv2d(x, constant(3, 3, 2, 4), 1, "SAME") + constant(4))
    yield "valid", tf.nn.conv2d(h, constant(3, 2, 4, 3), [2, 1], "VALID")
    yield "depthwise", tf.nn.relu6(tf.nn.depthwise_conv2d(h, constant(3, 3, 4, 1), [1, 1, 1, 1], "SAME") + constant(4))
    yield "max", tf.nn.max_pool2d(h, [3, 2], 2, "SAME")
    yield "average", tf.nn.avg_pool2d(x, [3, 2], [2, 1], "SAME")
    yield "mean", tf.reduce_mean(h, [1, 2])
    yield "pad", tf.pad(x, [[0, 0], [1, 0], [0, 1], [0, 0]])


def sum_of_codes(x):
    yield "sum", tf.reduce_sum(x, 1)


def softmax_of_codes(x):
    yield "softmax", tf.nn.softmax(x)


def weights_alone(x):
    yield "y", tf.matmul(x, constant(32, 64))


LATER = {"choices": (choices, [(6,), (6,)]), "blocks": (blocks, [(4, 4, 4)])}
INTEGERS = {"integers": (integers, (12,), 30), "integers_spatial": (integers_spatial, (6, 5, 2), 10)}
REFUSED = {"int8_sum": (sum_of_codes, (4, 3), True), "int8_softmax": (softmax_of_codes, (4,), True),
           "int8_weights": (weights_alone, (32,), False)}

FAMILIES = {
    "dense": (dense, [(12,)]),
    "convolution": (convolution, [(8, 6, 3)]),
    "shapes": (shapes, [(4, 6)]),
    "arithmetic": (arithmetic, [(6,), (6,)]),
}


def function_of(family, shapes):
    signature = [tf.TensorSpec((None, *shape), tf.float32, "x%d" % i) for i, shape in enumerate(shapes)]

    @tf.function(input_signature=signature)
    def model(*inputs):
        return tuple(tf.identity(value, case) for case, value in family(*inputs))

    return model.get_concrete_function()


def run(content, events, **options):
    interpreter = tf.lite.Interpreter(model_content=content, **options)
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    rows = []
    for event in range(len(events[0])):
        for i, detail in enumerate(inputs):
            interpreter.resize_tensor_input(detail["index"], [1, *events[i].shape[1:]])
        interpreter.allocate_tensors()
        for i, detail in enumerate(inputs):
            interpreter.set_tensor(detail["index"], events[i][event:event + 1])
        interpreter.invoke()
        rows.append(numpy.concatenate([interpreter.get_tensor(o["index"]).astype(numpy.float32).ravel() for o in outputs]))
    return numpy.stack(rows)


def save(name, content, events, outputs):
    (FOLDER / (name + ".tflite")).write_bytes(content)
    for i, values in enumerate(events):
        numpy.save(FOLDER / ("%s.in%d.npy" % (name, i)), values.astype(numpy.float32))
    numpy.save(FOLDER / (name + ".out.npy"), outputs)


def make(name, family, shapes):
    concrete = function_of(family, shapes)
    content = tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()
    events = [numbers.standard_normal((EVENTS, *shape)).astype(numpy.float32) for shape in shapes]
    save(name, content, events, run(content, events))


def quantised(family, shape, activations=True):
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function_of(family, [shape])])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if activations:
        converter.representative_dataset = lambda: ([constant(1, *shape)] for _ in range(50))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def make_integers(name, family, shape, count):
    content = quantised(family, shape)
    events = [numbers.integers(-128, 128, (count, *shape)).astype(numpy.int8)]
    reference = tf.lite.experimental.OpResolverType.BUILTIN_REF
    save(name, content, events, run(content, events, experimental_op_resolver_type=reference))


FOLDER.mkdir(exist_ok=True)
for family_name, (family, shapes) in FAMILIES.items():
    make(family_name, family, shapes)
for family_name, (family, shape, count) in INTEGERS.items():
    make_integers(family_name, family, shape, count)
for refused, (family, shape, activations) in REFUSED.items():
    (FOLDER / (refused + ".refused")).write_bytes(quantised(family, shape, activations))
for family_name, (family, shapes) in LATER.items():
    make(family_name, family, shapes)
