#!/usr/bin/env python3
"""Reference outputs of models from onnxruntime and qonnx, for tests/unit/oracle.c.

    reference.py MODEL.onnx ...

writes tests/oracle/data/NAME-in.npy and NAME-out.npy for each. Events are seeded: normal, or
uniform in [0, 1) for images. Needs numpy, onnx, onnxruntime and qonnx; bxc needs none of them.
"""
import pathlib
import sys

import numpy
import onnx
import onnxruntime

FOLDER = pathlib.Path(__file__).parent / "data"
QUANTISERS = {"Quant", "IntQuant", "BipolarQuant", "Trunc"}


def events_for(shape):
    size = int(numpy.prod(shape))
    random = numpy.random.default_rng(20240601)
    if size > 100:
        return random.random((16, *shape)).astype(numpy.float32)
    return (1.5 * random.standard_normal((64, *shape))).astype(numpy.float32)


def single_event_shape(model):
    known = {tensor.name for tensor in model.graph.initializer}
    (graph_input,) = [i for i in model.graph.input if i.name not in known]
    dims = graph_input.type.tensor_type.shape.dim
    for output in list(model.graph.output) + [graph_input]:
        output.type.tensor_type.shape.dim[0].dim_value = 1
    return graph_input.name, [d.dim_value for d in dims[1:]]


def run_float(model, name, events):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return [session.run(None, {name: event[None]})[0] for event in events]


def make_older_models():
    """qonnx runs nodes as models of their own, newer than onnxruntime reads."""
    make_model = onnx.helper.make_model

    def make_model_10(*arguments, **options):
        model = make_model(*arguments, **options)
        model.ir_version = 10
        return model

    onnx.helper.make_model = make_model_10


def run_quantised(model, name, events):
    make_older_models()
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.general import GiveUniqueNodeNames
    from qonnx.transformation.infer_shapes import InferShapes

    for node in model.graph.node:
        if node.op_type in QUANTISERS:
            node.domain = "qonnx.custom_op.general"
    wrapper = ModelWrapper(model).transform(GiveUniqueNodeNames()).transform(InferShapes())
    output = model.graph.output[0].name
    return [execute_onnx(wrapper, {name: event[None]})[output] for event in events]


def main():
    FOLDER.mkdir(exist_ok=True)
    for path in map(pathlib.Path, sys.argv[1:]):
        model = onnx.load(path)
        name, shape = single_event_shape(model)
        events = events_for(shape)
        quantised = any(node.op_type in QUANTISERS for node in model.graph.node)
        outputs = (run_quantised if quantised else run_float)(model, name, events)
        numpy.save(FOLDER / f"{path.stem}-in.npy", events)
        numpy.save(FOLDER / f"{path.stem}-out.npy", numpy.concatenate(outputs).astype(numpy.float32))
        print(path.stem, events.shape, "qonnx" if quantised else "onnxruntime")


main()
