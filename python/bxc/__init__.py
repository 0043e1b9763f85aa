"""bxc, the bunch-crossing compiler: trained networks to firmware for hardware triggers.

>>> import bxc
>>> model = bxc.load("jets.onnx")
>>> firmware = bxc.compile(model, clock="360MHz", calibrate=events)
>>> firmware.predict(events)          # the firmware's numbers, bit for bit
>>> firmware.trace(events)["dense1"]  # every layer's
>>> firmware.report                   # latency and resources; in a notebook, the page
>>> firmware.verify(events)           # builds and runs every engine

Pure Python over libbxc.so (ctypes, numpy).
"""

from ._context import Diagnosis, Error, Warning  # noqa: A004
from ._firmware import Firmware, compile, open  # noqa: A004
from ._model import Model, load
from ._report import Engine, Layer, Report, Resources, Verdict
from ._tensors import Format, Tensor
from ._version import __version__  # noqa: F401
__all__ = [
    "Diagnosis", "Engine", "Error", "Firmware", "Format", "Layer", "Model", "Report", "Resources", "Tensor", "Verdict", "Warning",
    "compile", "load", "open",
]
