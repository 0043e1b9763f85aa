#!/usr/bin/env python3
"""How many outputs of QONNX models differ between qonnx's own executor and bxc's float and integer engines.

    qonnx_equality.py BXC EVENTS MODEL.onnx ...

Events are uniform over twice the range of the input's quantiser. Where there is none behind it they are multiples of
2^-10 between -4 and 4, as the default port takes them: of other numbers the order of the first sums decides the last bits,
and qonnx differs from itself, events in batches and one by one, of which 1,000 are shown. A last softmax is cut off:
exponentials differ from library to library. Needs numpy, onnx, onnxruntime and qonnx; bxc needs none of them.
"""
import subprocess
import sys
import tempfile

import numpy
import onnx

make_model = onnx.helper.make_model


def make_older_model(*arguments, **options):
    """qonnx runs nodes as models of their own, newer than onnxruntime reads."""
    model = make_model(*arguments, **options)
    model.ir_version = 10
    return model


onnx.helper.make_model = make_older_model
from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.core.onnx_exec import execute_onnx  # noqa: E402
from qonnx.transformation.infer_shapes import InferShapes  # noqa: E402
from qonnx.util.cleanup import cleanup_model  # noqa: E402


def constants(model):
    known = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            known[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
    return known


def reach(model, name):
    """Twice what the quantiser behind the input can hold."""
    known = constants(model)
    for node in model.graph.node:
        if node.op_type in ("Quant", "IntQuant") and node.input[0] == name:
            scale, _, bits = (known[i] for i in node.input[1:4])
            return float(2 * numpy.max(scale * 2.0 ** (bits - 1)))
    return None


def without_softmax(model):
    """The model up to the operand of its last node, where that is a Softmax."""
    last = model.graph.node[-1]
    if last.op_type == "Softmax" and last.output[0] == model.graph.output[0].name:
        model.graph.output[0].name = last.input[0]
        model.graph.node.remove(last)
    return model


def prepared(model):
    """Constants folded, then shapes: those that the file has may be none."""
    return cleanup_model(ModelWrapper(model)).transform(InferShapes())


def run_qonnx(model, name, shape, events):
    """All events at once, where the model can; else one by one."""
    out = []
    wrapper = prepared(model)
    for event in events:
        got = execute_onnx(wrapper, {wrapper.graph.input[0].name: event.reshape([1, *shape])})
        out.append(next(iter(got.values())))
    return numpy.concatenate(out)


def run_bxc(bxc, engine, path, events):
    with tempfile.TemporaryDirectory() as folder:
        numpy.save(f"{folder}/x.npy", events)
        done = subprocess.run([bxc, "run", path, f"{folder}/x.npy", f"--engine={engine}", "-q", "-o", f"{folder}/y.npy"],
                              capture_output=True, text=True)
        if done.returncode:
            return next((line for line in done.stderr.splitlines() if "error" in line), "failed")
        return numpy.load(f"{folder}/y.npy").astype(numpy.float32)


def batched(model, size):
    """The model for events at once: of the batch and of nothing else the size may change."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = {t.name for t in copy.graph.initializer}
    for value in copy.graph.input:
        if value.name not in known:
            value.type.tensor_type.shape.dim[0].dim_value = size
    for value in copy.graph.output:
        value.type.tensor_type.ClearField("shape")
    del copy.graph.value_info[:]
    return copy


def reference(model, name, shape, events):
    size = 1000
    try:
        wrapper = prepared(batched(model, size))
        parts = [execute_onnx(wrapper, {wrapper.graph.input[0].name: events[i:i + size]}) for i in range(0, len(events), size)]
        numbers = numpy.concatenate([next(iter(part.values())) for part in parts])
        if len(numbers) == len(events):
            return numbers, len(events)
    except Exception:
        pass
    few = min(len(events), 1000)
    return run_qonnx(model, name, shape, events[:few]), few


def main(bxc, count, paths):
    for path in paths:
        model = without_softmax(onnx.load(path))
        known = {t.name for t in model.graph.initializer}
        (source,) = [i for i in model.graph.input if i.name not in known]
        shape = [d.dim_value for d in source.type.tensor_type.shape.dim[1:]]
        half = reach(model, source.name)
        events = numpy.random.default_rng(5).uniform(-1, 1, size=[count, *shape])
        events = numpy.round(4096 * events) / 1024 if half is None else half * events
        events = events.astype(numpy.float32)
        half = half or 4
        try:
            wanted, used = reference(batched(model, 1), source.name, shape, events)
        except Exception as problem:
            print(path, f"qonnx: {str(problem).splitlines()[0]}")
            continue
        alone = run_qonnx(batched(model, 1), source.name, shape, events[:1000])
        itself = int((alone != wanted[:1000].reshape(alone.shape)).sum())
        print(path, f"{used} events over +-{half:g}, {wanted.size} outputs; qonnx from itself: {itself}", end="", flush=True)
        cut = f"{tempfile.gettempdir()}/qonnx_equality.onnx"
        onnx.save(model, cut)
        for engine in ("float", "emulator"):
            got = run_bxc(bxc, engine, cut, events[:used])
            if isinstance(got, str):
                print(f"; {engine}: {got}", end="")
                continue
            error = numpy.abs(got.reshape(wanted.shape).astype(float) - wanted)
            print(f"; {engine}: {int((error != 0).sum())} differ, by {error.max():.3g} at most", end="")
        print(flush=True)


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
