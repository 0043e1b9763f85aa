#!/usr/bin/env python3
"""Frozen graphs of TensorFlow with what TensorFlow computes, for tests/unit/foreign.c.

    tensorflow_graphs.py [FOLDER]

writes FAMILY.pb for each family of operators below, one output a case, with FAMILY.in0.npy, ... and
FAMILY.out.npy, all outputs one after the other (FOLDER: tests/oracle/tensorflow). Events are seeded. Needs numpy and tensorflow; bxc needs neither.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
import numpy
import tensorflow as tf

v1 = tf.compat.v1
raw = tf.raw_ops
EVENTS = 5
FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "tensorflow")
numbers = numpy.random.default_rng(20261130)


def constant(*shape, scale=1.0):
    return tf.constant((scale * numbers.standard_normal(shape)).astype(numpy.float32))


def positive(x):
    return tf.abs(x) + 0.25


def fuse(x, version, data_format="NHWC"):
    channels = 3
    kind = [raw.FusedBatchNorm, raw.FusedBatchNormV2, raw.FusedBatchNormV3][version - 1]
    return kind(x=x, scale=constant(channels), offset=constant(channels), mean=constant(channels),
                variance=tf.abs(constant(channels)) + 0.5, epsilon=0.001, is_training=False,
                data_format=data_format)[0]


def functions(x):
    for name in ("Sigmoid", "Tanh", "Neg", "Abs", "Square", "Exp", "Floor", "Ceil", "Round", "Rint", "Sign", "Erf", "Erfc"):
        yield name, getattr(raw, name)(x=x)
    for name in ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign"):
        yield name, getattr(raw, name)(features=3 * x)
    for name in ("Sqrt", "Rsqrt", "Log", "Reciprocal", "Inv"):
        yield name, getattr(raw, name)(x=positive(x))
    yield "LeakyRelu", raw.LeakyRelu(features=x, alpha=0.3)
    yield "Softmax", raw.Softmax(logits=x)
    yield "LogSoftmax", raw.LogSoftmax(logits=x)
    yield "ClipByValue", raw.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=0.75)
    yield "Cast", raw.Cast(x=raw.Cast(x=3 * x, DstT=tf.int32), DstT=tf.float32)
    yield "ZerosLike", x + raw.ZerosLike(x=x)
    yield "OnesLike", x + raw.OnesLike(x=x)
    yield "FakeQuantArgs", raw.FakeQuantWithMinMaxArgs(inputs=x, min=-1.3, max=1.1, num_bits=5, narrow_range=True)
    yield "FakeQuantVars", raw.FakeQuantWithMinMaxVars(inputs=x, min=-0.9, max=1.7, num_bits=8)
    yield "IdentityN", raw.IdentityN(input=[x, 2 * x])[1]


def arithmetic(x, y):
    for name in ("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference"):
        yield name, getattr(raw, name)(x=x, y=y)
    yield "RealDiv", raw.RealDiv(x=x, y=positive(y))
    yield "FloorDiv", raw.FloorDiv(x=x, y=positive(y))
    yield "Pow", raw.Pow(x=positive(x), y=1.5)
    yield "AddN", raw.AddN(inputs=[x, y, x])
    yield "MaximumConstant", raw.Maximum(x=0.25, y=x)
    yield "MinimumRow", raw.Minimum(x=x, y=constant(6))
    for name in ("Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual"):
        yield name, tf.cast(getattr(raw, name)(x=tf.round(x), y=tf.round(y)), tf.float32)
    yield "LogicalAnd", tf.cast(raw.LogicalAnd(x=x > 0, y=y > 0), tf.float32)
    yield "LogicalOr", tf.cast(raw.LogicalOr(x=x > 0, y=y > 0), tf.float32)
    yield "LogicalNot", tf.cast(raw.LogicalNot(x=x > 0), tf.float32)
    yield "Select", raw.Select(condition=x > y, x=x, y=y)
    yield "SelectV2", raw.SelectV2(condition=x > 0, t=x, e=0.5)


def linear(x):  # ? 4 6
    row = x[:, 0]
    yield "MatMul", raw.MatMul(a=row, b=constant(6, 3))
    yield "MatMulTransposed", raw.MatMul(a=row, b=constant(3, 6), transpose_b=True)
    yield "BatchMatMul", raw.BatchMatMul(x=x, y=x, adj_y=True)
    yield "BatchMatMulV2", raw.BatchMatMulV2(x=x, y=constant(6, 2))
    yield "BatchMatMulV2Turned", raw.BatchMatMulV2(x=x, y=constant(5, 4), adj_x=True, adj_y=True)
    yield "BatchMatMulV3", raw.BatchMatMulV3(x=x, y=constant(6, 2), Tout=tf.float32)
    yield "BiasAdd", raw.BiasAdd(value=x, bias=constant(6))
    yield "BiasAddFirst", raw.BiasAdd(value=tf.reshape(x, [-1, 4, 3, 2]), bias=constant(4), data_format="NCHW")
    yield "Einsum", raw.Einsum(inputs=[x, constant(6, 2, 3)], equation="abc,cde->abde")
    yield "EinsumBoth", raw.Einsum(inputs=[x, x], equation="abc,adc->abd")
    image = tf.reshape(x, [-1, 4, 2, 3])
    for version in (1, 2, 3):
        yield "FusedBatchNormV%d" % version, fuse(image, version)
    yield "FusedBatchNormFirst", raw.FusedBatchNormV3(
        x=tf.reshape(x, [-1, 4, 2, 3]), scale=constant(4), offset=constant(4), mean=constant(4),
        variance=tf.abs(constant(4)) + 0.5, is_training=False, data_format="NCHW")[0]


def convolution(x):  # ? 7 6 4
    for padding in ("SAME", "VALID"):
        for stride in (1, 2):
            name = "%s%d" % (padding, stride)
            strides = [1, stride, stride, 1]
            yield "Conv2D" + name, raw.Conv2D(input=x, filter=constant(3, 2, 4, 3), strides=strides, padding=padding)
            yield "Depthwise" + name, raw.DepthwiseConv2dNative(input=x, filter=constant(3, 3, 4, 2), strides=strides,
                                                                padding=padding)
            for pool, op in (("Max", raw.MaxPool), ("Avg", raw.AvgPool)):
                value = {"input": x} if pool == "Max" else {"value": x}
                yield pool + name, op(**value, ksize=[1, 3, 2, 1], strides=strides, padding=padding)
    yield "Conv2DDilated", raw.Conv2D(input=x, filter=constant(3, 2, 4, 3), strides=[1, 1, 1, 1], padding="SAME",
                                      dilations=[1, 2, 2, 1])
    yield "Conv2DExplicit", raw.Conv2D(input=x, filter=constant(3, 2, 4, 3), strides=[1, 1, 2, 1], padding="EXPLICIT",
                                       explicit_paddings=[0, 0, 1, 0, 2, 1, 0, 0])
    yield "Conv2DGroups", raw.Conv2D(input=x, filter=constant(2, 2, 2, 6), strides=[1, 1, 1, 1], padding="VALID")
    for padding in ("SAME", "VALID"):
        rows = 14 if padding == "SAME" else 15
        columns = 12
        yield "Conv2DBackpropInput" + padding, raw.Conv2DBackpropInput(
            input_sizes=tf.stack([tf.shape(x)[0], rows, columns, 2]), filter=constant(3, 2, 2, 4), out_backprop=x,
            strides=[1, 2, 2, 1], padding=padding)
    volume = tf.reshape(x, [-1, 7, 3, 2, 4])
    yield "Conv3D", raw.Conv3D(input=volume, filter=constant(2, 2, 1, 4, 2), strides=[1, 1, 2, 1, 1], padding="SAME")
    yield "MaxPool3D", raw.MaxPool3D(input=volume, ksize=[1, 2, 2, 1, 1], strides=[1, 2, 1, 1, 1], padding="SAME")
    yield "AvgPool3D", raw.AvgPool3D(input=volume, ksize=[1, 2, 2, 1, 1], strides=[1, 2, 1, 1, 1], padding="SAME")
    line = tf.reshape(x, [-1, 42, 4])
    yield "Conv1D", tf.nn.conv1d(line, constant(3, 4, 2), stride=2, padding="SAME")
    yield "DepthToSpace", raw.DepthToSpace(input=x, block_size=2)
    yield "SpaceToDepth", raw.SpaceToDepth(input=x[:, :6], block_size=2)


def reduction(x):  # ? 3 4 5
    for name in ("Mean", "Sum", "Max", "Min", "Prod", "EuclideanNorm"):
        yield name, getattr(raw, name)(input=x, axis=[2, 3])
        yield name + "Kept", getattr(raw, name)(input=x, axis=-2, keep_dims=True)
    yield "SumNone", raw.Sum(input=x, axis=tf.constant([], tf.int32))
    yield "ArgMax", tf.cast(raw.ArgMax(input=x, dimension=2), tf.float32)
    yield "ArgMaxInt32", tf.cast(raw.ArgMax(input=x, dimension=-1, output_type=tf.int32), tf.float32)
    yield "ArgMin", tf.cast(raw.ArgMin(input=x, dimension=1), tf.float32)


def movement(x):  # ? 4 6
    yield "Reshape", raw.Reshape(tensor=x, shape=[-1, 8, 3])
    yield "Flatten", tf.reshape(x, tf.stack([tf.shape(x)[0], -1]))
    yield "FlattenProduct", tf.reshape(x, [tf.shape(x)[0], tf.reduce_prod(tf.shape(x)[1:])])
    yield "ExpandDims", raw.ExpandDims(input=x, axis=-2)
    yield "Squeeze", raw.Squeeze(input=tf.reshape(x, [-1, 1, 24, 1]), axis=[-1])
    yield "Transpose", raw.Transpose(x=x, perm=[0, 2, 1])
    yield "ConcatV2", raw.ConcatV2(values=[x, x * 2], axis=-1)
    yield "Concat", raw.Concat(concat_dim=1, values=[x, x * 2])
    yield "Pack", raw.Pack(values=[x, x * 2], axis=1)
    yield "Unpack", raw.Unpack(value=x, num=4, axis=1)[2]
    yield "Split", raw.Split(axis=2, value=x, num_split=3)[1]
    parts = raw.SplitV(value=x, size_splits=[1, -1, 2], axis=2, num_split=3)
    yield "SplitV", parts[0] + parts[2][:, :, 1:]
    yield "SplitVMiddle", parts[1]
    yield "Pad", raw.Pad(input=x, paddings=[[0, 0], [1, 2], [0, 3]])
    yield "PadV2", raw.PadV2(input=x, paddings=[[0, 0], [2, 0], [1, 1]], constant_values=0.5)
    yield "MirrorPad", raw.MirrorPad(input=x, paddings=[[0, 0], [2, 1], [1, 0]], mode="REFLECT")
    yield "Tile", raw.Tile(input=x, multiples=[1, 2, 3])
    yield "BroadcastTo", raw.BroadcastTo(input=x[:, :1], shape=tf.concat([tf.shape(x)[:1], [5, 6]], 0))
    yield "Fill", x + raw.Fill(dims=tf.shape(x), value=0.5)
    yield "Range", x * tf.cast(raw.Range(start=1, limit=12, delta=2), tf.float32)
    yield "RankSize", x * tf.cast(raw.Rank(input=x) + raw.Size(input=constant(4, 2)), tf.float32)


def indexing(x):  # ? 4 6
    yield "Slice", raw.Slice(input=x, begin=[0, 1, 2], size=[-1, 2, 3])
    yield "Strided", x[:, 1:4:2, ::-1]
    yield "StridedShrink", x[:, 2]
    yield "StridedShrinkLast", x[..., -1]
    yield "StridedNewAxis", x[:, tf.newaxis, 1:, 3]
    yield "StridedEllipsis", x[:, ..., tf.newaxis, 1::2]
    yield "StridedDown", x[:, 3:0:-1, -1:1:-2]
    yield "GatherV2", raw.GatherV2(params=x, indices=[[3, 0], [1, 1]], axis=1)
    yield "Gather", raw.Gather(params=constant(4), indices=[2, 0, 3, 1, 1, 0]) * x


def resize(x):  # ? 5 3 2
    for name in ("ResizeBilinear", "ResizeNearestNeighbor"):
        for manner, corners, centres in (("", False, False), ("Corners", True, False), ("Centres", False, True)):
            for rows, columns in ((9, 4), (2, 7)):
                yield "%s%s%d" % (name, manner, rows), getattr(raw, name)(
                    images=x, size=[rows, columns], align_corners=corners, half_pixel_centers=centres)


def pick(x):  # ? 4 6
    yield "TopKV2", raw.TopKV2(input=x, k=3)[0]
    yield "TopKV2Places", tf.cast(raw.TopKV2(input=x, k=2)[1], tf.float32)
    whole = tf.cast(tf.round(2 * x[:, 0]), tf.int32)
    yield "OneHot", raw.OneHot(indices=whole, depth=3, on_value=2.5, off_value=-0.5)
    yield "OneHotFirst", raw.OneHot(indices=whole, depth=4, on_value=1.0, off_value=0.0, axis=1)
    yield "Cumsum", raw.Cumsum(x=x, axis=1)
    yield "CumsumBack", raw.Cumsum(x=x, axis=-1, exclusive=True, reverse=True)
    yield "ReverseV2", raw.ReverseV2(tensor=x, axis=[1, -1])
    yield "GatherNd", raw.GatherNd(params=constant(3, 4), indices=[[2, 1], [0, 3]]) + x[:, 0, :2]
    yield "Any", tf.cast(raw.Any(input=x > 1, axis=[1]), tf.float32)
    yield "All", tf.cast(raw.All(input=x > -1, axis=[-1], keep_dims=True), tf.float32)
    yield "LogicalXor", tf.cast(tf.math.logical_xor(x > 0, x[:, ::-1] > 0), tf.float32)
    yield "Log1p", raw.Log1p(x=positive(x))
    yield "Expm1", raw.Expm1(x=x)
    yield "Div", raw.Div(x=x, y=positive(x[:, ::-1]))
    yield "Conv3DBackpropInputV2", raw.Conv3DBackpropInputV2(
        input_sizes=tf.stack([tf.shape(x)[0], 4, 6, 4, 3]), filter=constant(2, 3, 2, 3, 2),
        out_backprop=tf.reshape(x, [-1, 2, 3, 2, 2]), strides=[1, 2, 2, 2, 1], padding="SAME")


def phase(x):
    learning = v1.placeholder_with_default(False, shape=(), name="keras_learning_phase")
    taken = v1.cond(learning, lambda: tf.nn.dropout(x, rate=0.5), lambda: tf.identity(x) * 2)
    yield "Cond", taken


@tf.function(autograph=False)
def halves(a, b):
    first, second = tf.split(tf.nn.relu(a) + b, 2, axis=1)
    return second, first, raw.TopKV2(input=a, k=2)[0]


@tf.function(autograph=False)
def twice(a):
    second, first, most = halves(a, 2 * a)
    chosen = tf.cond(tf.constant(True), lambda: first * 2, lambda: first * 3)
    other = tf.cond(tf.constant(False), lambda: most * 2, lambda: most - a[:, :1])
    return halves(second, first)[0] + tf.reduce_sum(chosen, axis=1, keepdims=True), other


def calls(x):  # ? 4
    second, first, most = halves(x, x * x)
    yield "Halves", second - first
    yield "Most", most
    deep, other = twice(x - 1)
    yield "Twice", deep
    yield "Branches", other


FAMILIES = {
    "functions": (functions, [(3, 7)]),
    "arithmetic": (arithmetic, [(2, 6), (2, 6)]),
    "linear": (linear, [(4, 6)]),
    "convolution": (convolution, [(7, 6, 4)]),
    "reduction": (reduction, [(3, 4, 5)]),
    "movement": (movement, [(4, 6)]),
    "indexing": (indexing, [(4, 6)]),
    "resize": (resize, [(5, 3, 2)]),
    "pick": (pick, [(4, 6)]),
    "calls": (calls, [(4,)]),
    "phase": (phase, [(6,)]),
}


def make(name, family, shapes):
    with tf.Graph().as_default() as graph:
        v1.disable_control_flow_v2()
        inputs = [v1.placeholder(tf.float32, (None, *shape), "x%d" % i) for i, shape in enumerate(shapes)]
        outputs = [tf.identity(value, case) for case, value in family(*inputs)]
        events = [numbers.standard_normal((EVENTS, *shape)).astype(numpy.float32) for shape in shapes]
        with v1.Session(graph=graph) as session:
            results = session.run(outputs, dict(zip(inputs, events)))
        frozen = v1.graph_util.extract_sub_graph(graph.as_graph_def(), [output.op.name for output in outputs])
        (FOLDER / (name + ".pb")).write_bytes(frozen.SerializeToString())
    for i, values in enumerate(events):
        numpy.save(FOLDER / ("%s.in%d.npy" % (name, i)), values)
    joined = numpy.concatenate([values.astype(numpy.float32).reshape(EVENTS, -1) for values in results], axis=1)
    numpy.save(FOLDER / (name + ".out.npy"), joined)


FOLDER.mkdir(exist_ok=True)
for family_name, (family, shapes) in FAMILIES.items():
    make(family_name, family, shapes)
