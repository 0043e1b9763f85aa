"""Prints how many events a second onnxruntime does on a model: python onnxruntime_rate.py MODEL EVENTS."""
import sys
import time

import numpy
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
shape = [size if isinstance(size, int) else 1 for size in given.shape]
batched = not isinstance(given.shape[0], int) or given.shape[0] != 1
batch = 1024 if batched and not isinstance(given.shape[0], int) else shape[0]
events = numpy.random.default_rng(1).normal(size=[batch] + shape[1:]).astype(numpy.float32)
session.run(None, {given.name: events})
turns = max(1, int(sys.argv[2]) // batch)
start = time.perf_counter()
for _ in range(turns):
    session.run(None, {given.name: events})
print(round(turns * batch / (time.perf_counter() - start)))
