#!/usr/bin/env python3
"""Random ONNX networks, by bxc's float engine and by onnxruntime: onnx_random.py BXC [COUNT [SEED]]

Needs onnx, onnxruntime and numpy (a throw-away environment). Every network is a chain of a few operators with random
attributes and shapes, some of its values read again, with one or two outputs. What bxc refuses is counted by its
diagnosis; what it reads must give onnxruntime's numbers. FIRMWARE=1 also compiles those that are small and verifies
them in the emulator, the datapath and C. KEEP: a folder for the networks that differ.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

BXC = pathlib.Path(sys.argv[1]).resolve()
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 200
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
KEEP = pathlib.Path(os.environ["KEEP"]) if "KEEP" in os.environ else None
FIRMWARE = os.environ.get("FIRMWARE")
EVENTS = 20


class Network:
    """Nodes and constants; values are (name, shape without the batch)."""

    def __init__(self, random):
        self.random, self.nodes, self.constants, self.counter = random, [], [], 0
        self.values = []
        self.opset = int(random.choice([11, 13, 17, 18, 20, 23]))

    def name(self):
        self.counter += 1
        return "v%d" % self.counter

    def constant(self, array):
        name = "c%d" % len(self.constants)
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def reals(self, *shape):
        return self.constant((self.random.normal(size=shape) * 0.7).astype(np.float32))

    def whole(self, numbers):
        return self.constant(np.array(numbers, dtype=np.int64))

    def node(self, op, inputs, outputs=1, **attributes):
        made = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, made, **attributes))
        return made[0] if outputs == 1 else made

    def pick(self):
        return self.values[int(self.random.integers(len(self.values)))]

    def chance(self, share):
        return self.random.random() < share

    def number(self, low, high):
        return int(self.random.integers(low, high + 1))

    def choice(self, items):
        return items[int(self.random.integers(len(items)))]


ONE_NUMBER = ["Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Erf", "Softplus", "Softsign",
              "LeakyRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Shrink", "HardSigmoid", "HardSwish", "Mish",
              "Gelu", "Exp", "Clip", "Identity"]


def unary(net, x, shape):
    op = net.choice(ONE_NUMBER)
    since = {"HardSwish": 14, "Mish": 18, "Gelu": 20, "Celu": 12}
    if net.opset < since.get(op, 0):
        op = "Tanh"
    attributes = {}
    if op in ("LeakyRelu", "Elu", "Celu", "ThresholdedRelu") and net.chance(0.7):
        attributes["alpha"] = float(net.random.uniform(0.1, 1.5))
    if op == "Shrink":
        attributes = {"lambd": 0.4, "bias": float(net.random.uniform(0, 0.5))}
    if op == "HardSigmoid" and net.chance(0.5):
        attributes = {"alpha": 0.3, "beta": 0.4}
    if op == "Gelu" and net.chance(0.5):
        attributes["approximate"] = "tanh"
    inputs = [x]
    if op == "Clip":
        low = float(net.random.uniform(-1, 0))
        inputs = [x, net.constant(np.float32(low)), net.constant(np.float32(low + 1))]
        if net.chance(0.3):
            inputs[1] = ""
    return net.node(op, inputs, **attributes), shape


def binary(net, x, shape):
    op = net.choice(["Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean", "Where", "Less", "Greater", "Equal", "PRelu",
                     "LessOrEqual", "GreaterOrEqual", "Mod", "Pow", "Div"])
    same = [value for value in net.values if value[1] == shape]
    if net.chance(0.5) and op not in ("PRelu", "Mod", "Pow", "Div"):
        other = net.choice(same)[0]
    else:
        dims = [dim if net.chance(0.6) else 1 for dim in shape]
        other = net.reals(*dims)
    if op in ("Less", "Greater", "Equal", "LessOrEqual", "GreaterOrEqual"):
        return net.node("Cast", [net.node(op, [x, other])], to=TensorProto.FLOAT), shape
    if op == "Where":
        return net.node("Where", [net.node("Less", [x, net.reals(1)]), x, other]), shape
    if op == "Mod":
        return net.node("Mod", [x, net.constant(np.float32(0.75))], fmod=1), shape
    if op == "Pow":
        return net.node("Pow", [x, net.constant(np.float32(net.choice([2, 3])))]), shape
    if op == "Div":
        return net.node("Div", [x, net.constant(np.float32(net.random.uniform(0.5, 3)))]), shape
    return net.node(op, [x, other]), shape


def reduce(net, x, shape):
    op = net.choice(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare",
                     "ReduceLogSumExp", "ReduceProd", "Softmax", "LogSoftmax", "ArgMax", "ArgMin", "Hardmax", "CumSum"])
    axis = net.number(1, len(shape))
    given = axis if net.chance(0.5) else axis - len(shape) - 1
    keep = net.number(0, 1)
    left = [1 if i + 1 == axis else dim for i, dim in enumerate(shape)]
    if not keep:
        left = [dim for i, dim in enumerate(shape) if i + 1 != axis]
    if op in ("Softmax", "LogSoftmax", "Hardmax"):
        if net.opset < 13:
            axis = given = len(shape)
        return net.node(op, [x], axis=given), shape
    if op == "CumSum":
        return net.node(op, [x, net.constant(np.int64(given))], exclusive=net.number(0, 1),
                        reverse=net.number(0, 1)), shape
    if op.startswith("Arg"):
        made = net.node(op, [x], axis=given, keepdims=keep, select_last_index=net.number(0, 1) if net.opset > 11 else 0)
        return net.node("Cast", [made], to=TensorProto.FLOAT), left
    as_input = net.opset >= (13 if op == "ReduceSum" else 18)
    if as_input:
        return net.node(op, [x, net.whole([given])], keepdims=keep), left
    return net.node(op, [x], axes=[given], keepdims=keep), left


def move(net, x, shape):
    kind = net.choice(["Reshape", "Transpose", "Flatten", "Slice", "Concat", "Gather", "Pad", "Split", "Tile",
                       "Expand", "Unsqueeze", "GatherElements", "DepthToSpace", "TopK", "Trilu", "ScatterND"])
    rank = len(shape)
    if kind == "Reshape":
        whole = int(np.prod(shape))
        part = net.choice([d for d in range(1, whole + 1) if whole % d == 0])
        return net.node("Reshape", [x, net.whole([0 if False else -1, part, whole // part])]), [part, whole // part]
    if kind == "Flatten":
        return net.node("Flatten", [x], axis=1), [int(np.prod(shape))]
    if kind == "Transpose":
        order = list(net.random.permutation(rank))
        return net.node("Transpose", [x], perm=[0] + [int(i) + 1 for i in order]), [shape[i] for i in order]
    axis = net.number(1, rank)
    size = shape[axis - 1]
    left = list(shape)
    if kind == "Slice":
        step = net.choice([1, 1, 2, -1])
        start, end = (0, size) if step > 0 else (-1, -size - 1)
        if net.chance(0.5) and size > 2:
            start, end = (1, size - 1) if step > 0 else (-2, -size)
        left[axis - 1] = len(range(size)[start:end:step])
        return net.node("Slice", [x, net.whole([start]), net.whole([end]), net.whole([axis]), net.whole([step])]), left
    if kind == "Concat":
        left[axis - 1] += 2
        extra = [2 if i + 1 == axis else dim for i, dim in enumerate(shape)]
        return net.node("Concat", [x, net.reals(1, *extra)], axis=axis), left
    if kind == "Gather":
        indices = [net.number(-size, size - 1) for _ in range(net.number(1, 4))]
        left[axis - 1] = len(indices)
        return net.node("Gather", [x, net.whole(indices)], axis=axis), left
    if kind == "Pad":
        mode = net.choice(["constant", "edge", "reflect"])
        if mode == "reflect" and size < 3:
            mode = "edge"
        before, after = net.number(0, 2), net.number(0, 2)
        if mode == "constant" and net.chance(0.2) and size > 2:
            before = -1
        pads = [0] * (2 * rank + 2)
        pads[axis], pads[rank + 1 + axis] = before, after
        left[axis - 1] = size + before + after
        inputs = [x, net.whole(pads)] + ([net.constant(np.float32(0.5))] if mode == "constant" else [])
        return net.node("Pad", inputs, mode=mode), left
    if kind == "Split":
        if size < 2:
            return x, shape
        first = net.number(1, size - 1)
        sizes = [first, size - first]
        if net.opset >= 13:
            made = net.node("Split", [x, net.whole(sizes)], outputs=2, axis=axis)
        else:
            made = net.node("Split", [x], outputs=2, axis=axis, split=sizes)
        left[axis - 1] = sizes[1]
        other = list(shape)
        other[axis - 1] = first
        net.values.append((made[0], other))
        return made[1], left
    if kind == "Tile":
        times = [1] * (rank + 1)
        times[axis] = 2
        left[axis - 1] *= 2
        return net.node("Tile", [x, net.whole(times)]), left
    if kind == "Expand":
        if rank >= 4:
            return x, shape
        made = net.node("Unsqueeze", [x, net.whole([2])]) if net.opset >= 13 else net.node("Unsqueeze", [x], axes=[2])
        left = [shape[0], 3] + list(shape[1:])
        return net.node("Expand", [made, net.whole([1] + left)]), left
    if kind == "Unsqueeze":
        if rank >= 4:
            return x, shape
        made = (net.node("Unsqueeze", [x, net.whole([axis])]) if net.opset >= 13
                else net.node("Unsqueeze", [x], axes=[axis]))
        return made, list(shape[:axis - 1]) + [1] + list(shape[axis - 1:])
    if kind == "GatherElements":
        indices = net.random.integers(-size, size, size=[1] + list(shape))
        return net.node("GatherElements", [x, net.constant(indices.astype(np.int64))], axis=axis), shape
    if kind == "TopK":
        count = net.number(1, size)
        made = net.node("TopK", [x, net.whole([count])], outputs=2, axis=axis, largest=net.number(0, 1))
        left[axis - 1] = count
        return made[0], left
    if kind == "Trilu" and rank >= 2 and net.opset >= 14:
        return net.node("Trilu", [x, net.constant(np.int64(net.number(-1, 1)))], upper=net.number(0, 1)), shape
    if kind == "DepthToSpace" and rank == 3 and shape[0] % 4 == 0:
        made = net.node("DepthToSpace", [x], blocksize=2, mode=net.choice(["DCR", "CRD"]))
        return made, [shape[0] // 4, shape[1] * 2, shape[2] * 2]
    return x, shape


def linear(net, x, shape):
    if len(shape) == 1 and net.chance(0.5):
        out = net.number(1, 6)
        transposed = net.number(0, 1)
        kernel = net.reals(out, shape[0]) if transposed else net.reals(shape[0], out)
        return net.node("Gemm", [x, kernel, net.reals(out)], transB=transposed,
                        alpha=net.choice([1.0, 0.5]), beta=net.choice([1.0, 2.0])), [out]
    if len(shape) == 1 or net.chance(0.4):
        out = net.number(1, 5)
        return net.node("MatMul", [x, net.reals(shape[-1], out)]), list(shape[:-1]) + [out]
    if net.chance(0.2) and len(shape) == 2:
        turned = net.node("Transpose", [x], perm=[0, 2, 1])
        return net.node("MatMul", [x, turned]), [shape[0], shape[0]]
    if len(shape) == 2 and net.chance(0.5) and net.opset >= 12:
        out = net.number(1, 4)
        return net.node("Einsum", [x, net.reals(shape[0], out)], equation="bnc,nk->bkc"), [out, shape[1]]
    return window(net, x, shape)


def window(net, x, shape):
    if len(shape) not in (2, 3):
        return x, shape
    space = len(shape) - 1
    channels, sizes = shape[0], shape[1:]
    op = net.choice(["Conv", "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool",
                     "GlobalMaxPool", "LRN", "InstanceNormalization", "BatchNormalization", "Resize",
                     "LayerNormalization"])
    if op.startswith("Global"):
        return net.node(op, [x]), [channels] + [1] * space
    if op == "LRN":
        return net.node(op, [x], size=3, alpha=0.1, beta=0.75, bias=1.0), shape
    if op == "InstanceNormalization":
        return net.node(op, [x, net.reals(channels), net.reals(channels)]), shape
    if op == "BatchNormalization":
        variance = net.constant(net.random.uniform(0.3, 2, size=channels).astype(np.float32))
        return net.node(op, [x, net.reals(channels), net.reals(channels), net.reals(channels), variance]), shape
    if op == "LayerNormalization":
        if net.opset < 17:
            return x, shape
        return net.node(op, [x, net.reals(shape[-1]), net.reals(shape[-1])], axis=-1), shape
    if op == "Resize":
        scales = net.constant(np.array([1, 1] + [2] * space, dtype=np.float32))
        mode = net.choice(["nearest", "linear"])
        coordinates = net.choice(["asymmetric", "half_pixel", "align_corners"])
        return net.node("Resize", [x, "", scales], mode=mode, coordinate_transformation_mode=coordinates,
                        nearest_mode=net.choice(["floor", "round_prefer_floor"])), [channels] + [2 * s for s in sizes]
    kernel = [net.number(1, min(3, size)) for size in sizes]
    strides = [net.number(1, 2) for _ in sizes]
    dilations = [net.number(1, 2) if net.chance(0.3) else 1 for _ in sizes]
    attributes = {"kernel_shape": kernel, "strides": strides}
    dilated = op in ("Conv", "ConvTranspose") or (op == "MaxPool") or (op == "AveragePool" and net.opset >= 19)
    if dilated:
        attributes["dilations"] = dilations
    else:
        dilations = [1] * space
    auto = net.choice(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
    if auto == "NOTSET":
        pads = [net.number(0, max(0, k - 1)) for k in kernel * 2]
        attributes["pads"] = pads
    elif not (op == "ConvTranspose" and auto.startswith("SAME")) and max(dilations) == 1:
        attributes["auto_pad"] = auto
    if op in ("MaxPool", "AveragePool") and net.chance(0.3):
        attributes["ceil_mode"] = 1
    if op == "AveragePool":
        attributes["count_include_pad"] = net.number(0, 1)
    if op == "LpPool":
        attributes["p"] = net.number(1, 2)
    if op == "MaxPool" and net.chance(0.3):
        _, indices = net.node(op, [x], 2, storage_order=net.number(0, 1), **attributes)
        return net.node("Cast", [indices], to=TensorProto.FLOAT), None
    if not op.startswith("Conv"):
        return net.node(op, [x], **attributes), None
    groups = net.choice([g for g in range(1, channels + 1) if channels % g == 0])
    out = groups * net.number(1, 2)
    weights = [out, channels // groups] if op == "Conv" else [channels, out // groups]
    inputs = [x, net.reals(*weights, *kernel)] + ([net.reals(out)] if net.chance(0.6) else [])
    if op == "ConvTranspose" and net.chance(0.3):
        attributes["output_padding"] = [net.number(0, max(0, s - 1)) for s in strides]
    return net.node(op, inputs, group=groups, **attributes), None


def attention(net, x, shape):
    """Queries from the network's value; keys and values from it or constants."""
    if len(shape) not in (2, 3) or net.opset < 23:
        return x, shape
    steps, features = shape[-2:]
    attributes = {"is_causal": net.number(0, 1)}
    shared = net.number(1, 2)
    if len(shape) == 2:
        heads = net.choice([h for h in range(1, features + 1) if features % h == 0])
        kept = net.choice([h for h in range(1, heads + 1) if heads % h == 0])
        attributes.update(q_num_heads=heads, kv_num_heads=kept)
        width = features // heads * kept
        keys = net.node("MatMul", [x, net.reals(features, width)])
        values = net.node("MatMul", [x, net.reals(features, 2 * kept)])
        left = [steps, 2 * heads]
    else:
        heads = shape[0] * shared
        queries = net.node("Tile", [x, net.whole([1, shared, 1, 1])])
        keys, values, x, left = x, net.node("Tanh", [x]), queries, [heads, steps, features]
    if net.chance(0.3):
        attributes["scale"] = float(net.random.uniform(0.1, 1))
    if net.chance(0.3):
        attributes["softcap"] = float(net.random.uniform(0.5, 2))
    inputs = [x, keys, values]
    if net.chance(0.5):
        mask = net.random.random(size=[steps, steps]) < 0.7
        mask[:, 0] = True
        if net.chance(0.5):
            inputs.append(net.constant(mask))
        else:
            numbers = np.where(mask, net.random.normal(size=mask.shape), -np.inf)
            inputs.append(net.constant(numbers.astype(np.float32)))
    return net.node("Attention", inputs, **attributes), left


def body(net, name, inputs, make, outputs):
    """A subgraph: `make` appends its nodes, which may read the network's values, and gives its outputs' names."""
    outside, net.nodes = net.nodes, []
    made = make()
    nodes, net.nodes = net.nodes, outside
    return helper.make_graph(nodes, name, [helper.make_tensor_value_info(*one) for one in inputs],
                             [helper.make_tensor_value_info(one, kind, None) for one, kind in zip(made, outputs)])


def control(net, x, shape):
    whole = [1] + list(shape)
    real = TensorProto.FLOAT

    def step(state, item):
        left = net.node(net.choice(["Tanh", "Relu", "Identity"]), [state])
        return net.node(net.choice(["Add", "Mul", "Sub"]), [left, item])

    def branch(name):
        return body(net, name, [], lambda: [net.node("Identity", [step(x, net.reals(1))])], [real])

    kind = net.choice(["If", "Loop", "Scan"])
    if kind == "If":
        truth = net.constant(np.array(net.chance(0.5)))
        return net.node("If", [truth], then_branch=branch("then"), else_branch=branch("else")), shape
    if kind == "Loop":
        number, again, state = net.name(), net.name(), net.name()
        weight, least = net.reals(*shape), net.whole(net.number(0, 2))

        def trip():
            on = net.node("Less", [number, least]) if net.chance(0.5) else net.node("Identity", [again])
            nested = net.node("If", [again], then_branch=branch("then"), else_branch=branch("else"))
            moved = step(state, weight)
            return [on, moved, net.node("Add", [moved, nested]), net.node("Cast", [number], to=real)]

        graph = body(net, "trip", [(number, TensorProto.INT64, []), (again, TensorProto.BOOL, []), (state, real, whole)],
                     trip, [TensorProto.BOOL, real, real, real])
        count = net.number(1, 4)
        made = net.node("Loop", [net.whole(count), net.constant(np.array(True)), x], outputs=3, body=graph)
        last = net.node("ReduceSum", [made[1], net.whole([0])] if net.opset >= 13 else [made[1]], keepdims=0,
                        **({} if net.opset >= 13 else {"axes": [0]}))
        return net.node("Add", [last, made[0]]), shape
    axis = net.number(1, len(shape))
    item = [dim for i, dim in enumerate(whole) if i != axis]
    state, read, first = net.name(), net.name(), net.reals(*item)

    def turn():
        moved = step(state, read)
        return [moved, net.node("Sigmoid", [moved])]

    graph = body(net, "turn", [(state, real, item), (read, real, item)], turn, [real, real])
    made = net.node("Scan", [first, x], outputs=2, body=graph, num_scan_inputs=1, scan_input_axes=[axis],
                    scan_input_directions=[net.number(0, 1)], scan_output_axes=[axis - len(shape) - 1],
                    scan_output_directions=[net.number(0, 1)])
    if net.chance(0.5):
        return made[1], shape
    return made[0], item[1:]


def known_shape(net, name):
    """What onnx's shape inference says, where the formula is not repeated here."""
    graph = helper.make_graph(net.nodes, "g", net.inputs, [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
                              net.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", net.opset)])
    inferred = onnx.shape_inference.infer_shapes(model)
    for info in list(inferred.graph.value_info) + list(inferred.graph.output):
        if info.name == name:
            return [dim.dim_value for dim in info.type.tensor_type.shape.dim][1:]
    return None


def make(random):
    net = Network(random)
    rank = net.number(1, 3)
    shape = [net.number(2, 5) for _ in range(rank)]
    if rank == 3:
        shape[0] = net.choice([1, 2, 4])
    net.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1] + shape)]
    net.values.append(("x", shape))
    for _ in range(net.number(1, 5)):
        name, shape = net.pick() if net.chance(0.3) else net.values[-1]
        name, shape = net.choice([unary, binary, reduce, move, linear, window, control, attention])(net, name, shape)
        if shape is None:
            shape = known_shape(net, name)
        if not shape or min(shape) < 1:
            return None
        if np.prod(shape) <= 600:
            net.values.append((name, shape))
    made = [value for value in net.values if value[0] != "x"]
    if not made:
        return None
    last = [made[-1][0]] + ([net.choice(made)[0]] if net.chance(0.3) else [])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in dict.fromkeys(last)]
    graph = helper.make_graph(net.nodes, "random", net.inputs, outputs, net.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", net.opset)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def reference(path, x):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    rows = [session.run(None, {"x": x[i:i + 1]}) for i in range(len(x))]
    return [np.stack([np.asarray(row[o], dtype=np.float64).reshape(-1) for row in rows]) for o in range(len(rows[0]))]


def bxc(*words):
    run = subprocess.run([BXC, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=300, check=False)
    return run.returncode, run.stdout.decode(errors="replace")


def first_error(text):
    errors = re.findall(r"error: (.*)", text)
    where = re.findall(r"at: node '[^']*' \(([^)]*)\)", text)
    return "%s: %s" % (where[0] if where else "", re.sub(r"'[^']*'|\d+", "*", errors[0] if errors else text[-200:]))


def differs(wanted, said):
    files = re.findall(r"^(.*\.npy): \d+ events? of", said, re.MULTILINE)
    if len(files) != len(wanted):
        return "%d outputs, not %d" % (len(files), len(wanted))
    for file, right in zip(files, wanted):
        mine = np.load(file).astype(np.float64).reshape(len(right), -1)
        if mine.shape != right.shape:
            return "%s numbers, not %s" % (mine.shape, right.shape)
        finite = np.isfinite(right) & (np.abs(right) < 1e30)
        gap = np.abs(mine - right)[finite]
        bound = 2e-5 * np.maximum(1, np.abs(right))[finite]
        if gap.size and np.any(~(gap <= bound)):
            return "%.3g from onnxruntime" % np.nanmax(gap)
    return None


def main():
    counts, refusals, wrong = collections.Counter(), collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for number in range(SEED, SEED + COUNT):
            random = np.random.default_rng(number)
            try:
                model = make(random)
                if model is None:
                    continue
                onnx.save(model, work / "m.onnx")
                shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
                x = (np.round(random.normal(size=[EVENTS] + shape) * 64) / 64).astype(np.float32)
                wanted = reference(work / "m.onnx", x)
            except Exception as error:  # onnxruntime cannot do it: no network
                counts["no network: " + type(error).__name__] += 1
                continue
            np.save(work / "x.npy", x)
            code, said = bxc("run", "--engine", "float", work / "m.onnx", work / "x.npy", "-o", work / "y.npy")
            if code:
                refusals[first_error(said)] += 1
                if code != 1:
                    print("seed %d: exit code %d: %s" % (number, code, said.strip()[-300:]), flush=True)
                    wrong += 1
                continue
            gap = differs(wanted, said)
            counts["read"] += 1
            if not gap and FIRMWARE:
                code, said = bxc("compile", "-q", work / "m.onnx", "-o", work / "fw", "--calibrate", work / "x.npy")
                if code:
                    refusals["firmware " + first_error(said)] += 1
                    if KEEP:
                        onnx.save(model, KEEP / ("%d.onnx" % number))
                        np.save(KEEP / ("%d.npy" % number), x)
                else:
                    code, said = bxc("verify", work / "fw", "--engines", "datapath,c", "--count", "2000")
                    counts["firmware"] += 1
                    gap = None if "equal in every bit" in said else "firmware: " + said.strip()[-300:]
            if gap:
                wrong += 1
                print("seed %d: %s (%s)" % (number, gap, " ".join(node.op_type for node in model.graph.node)), flush=True)
                if KEEP:
                    onnx.save(model, KEEP / ("%d.onnx" % number))
                    np.save(KEEP / ("%d.npy" % number), x)
    for text, count in refusals.most_common():
        print("%5d refused: %s" % (count, text))
    print("%s; %d wrong" % (", ".join("%d %s" % (count, what) for what, count in counts.items()), wrong))
    return wrong > 0


sys.exit(main())
