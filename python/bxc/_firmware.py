"""Firmwares: compiled in memory, or opened from a folder."""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from . import _library, _tensors
from ._context import Context, Options
from ._library import lib
from ._model import Model
from ._report import Report, Verdict
from ._tensors import Arrays, Tensor


class Firmware:
    """What `bxc.compile` made, or `bxc.open` found. `folder` is where it lies, or None: in memory alone."""

    def __init__(self, context: Context, handle: int, folder: str | None):
        self._context, self._handle, self.folder = context, handle, folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.inputs: list[Tensor] = _tensors.tensors(lib.bxc_firmware_inputs, handle)
        self.outputs: list[Tensor] = _tensors.tensors(lib.bxc_firmware_outputs, handle)
        self.layers: list[Tensor] = _tensors.tensors(lib.bxc_firmware_layers, handle)
        self.report: Report = Report._of(lib.bxc_firmware_summary(handle).contents)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            lib.bxc_firmware_free(self._handle)
            self._handle = None

    def __repr__(self) -> str:
        r = self.report
        memories = f", {r.resources.bram18:.0f} of BRAM18" if r.resources.bram18 else ""
        return f"<bxc.Firmware {r.name!r}: {r.latency_cycles} cycles, {r.latency_ns:.1f} ns, about {r.resources.lut:.0f} LUT{memories}>"

    @property
    def name(self) -> str:
        return self.report.name

    @property
    def files(self) -> dict[str, bytes]:
        """What lies in fw/, by path; of a firmware that was opened, see its folder."""
        listed = ctypes.POINTER(_library.File)()
        count = lib.bxc_firmware_files(self._handle, ctypes.byref(listed))
        return {f.path.decode(): ctypes.string_at(f.data, f.length) for f in listed[:count]}

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Puts the files there, all or none; an earlier firmware is exchanged, keeping its verify/."""
        code = lib.bxc_firmware_write(self._handle, os.fsencode(folder))
        self._context.tell(code < 0, stacklevel=3)
        self.folder = os.fspath(folder)

    def _numbers(self, function: Any, wanted: list[Tensor], x: Arrays, numpy_kind: type, kind: Any) -> list[np.ndarray]:
        events, arrays = _tensors.taken(self.inputs, x, numpy_kind)
        out = _tensors.room(wanted, events, numpy_kind)
        code = function(self._handle, events, _tensors.pointers(arrays, kind), _tensors.pointers(out, kind))
        self._context.tell(code < 0, stacklevel=5)
        return out

    def predict(self, x: Arrays) -> Any:
        """The firmware's numbers, bit for bit.

        x: (events, *shape) as the model takes them, or a dictionary or list of such; they become port integers by the
        ports' rules. Returns (events, *shape) in binary64, or a dictionary by output.
        """
        return _tensors.given_back(self.outputs, self._numbers(lib.bxc_firmware_predict, self.outputs, x, np.float64, ctypes.c_double))

    def run(self, codes: Arrays) -> Any:
        """The same for stored integers at the ports: int64 in, int64 out."""
        return _tensors.given_back(self.outputs, self._numbers(lib.bxc_firmware_run, self.outputs, codes, np.int64, ctypes.c_int64))

    def trace(self, x: Arrays) -> dict[str, np.ndarray]:
        """Every layer's numbers by name, each (events, *shape): `firmware.layers` has their formats."""
        out = self._numbers(lib.bxc_firmware_trace, self.layers, x, np.float64, ctypes.c_double)
        return {layer.name: numbers for layer, numbers in zip(self.layers, out)}

    def evaluate(self, x: Arrays) -> Any:
        """The network as it was trained, in binary32, for comparison; refused for a model that came quantised."""
        return _tensors.given_back(self.outputs, self._numbers(lib.bxc_firmware_evaluate, self.outputs, x, np.float32, ctypes.c_float))

    def verify(self, events: Any = None, labels: Any = None, *, progress: bool | None = None, **options: Any) -> Verdict:
        """Builds and runs every engine: `bxc verify`.

        events, labels: arrays, or paths; a dictionary by input (labels: by output) where there are several.
        Other options as on the command line, with underscores: count=100000, engines="c,rtl", max_flips=0.001.
        A firmware in memory is verified in a temporary folder that lives as long as it does.
        """
        if self.folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="bxc-")
            self._context.call(self._temporary.name + "/fw", f"firmware '{self.name}'")
            self.write(Path(self._temporary.name) / "fw")
        with Options(self._context, {"events": events, "labels": labels, **options}) as given, self._context.progress(progress):
            verdict = lib.bxc_firmware_verify(self._context.handle, os.fsencode(self.folder or ""), given.handle)
        self._context.tell(not verdict, stacklevel=3)
        try:
            return Verdict._of(verdict.contents)
        finally:
            lib.bxc_verdict_free(verdict)


def compile(  # noqa: A001 - bxc.compile
    model: Model | str | os.PathLike[str], folder: str | os.PathLike[str] | None = None, *, calibrate: Any = None,
    progress: bool | None = None, **options: Any,
) -> Firmware:
    """Compiles a model, in memory, and to `folder` where one is given.

    model: what bxc.load gave, or a path.
    calibrate: events like those of the experiment, (events, *shape); a dictionary by input where there are several.
    Other options as on the command line, with underscores: clock="360MHz", part="xcvu13p-flga2577-2-e", precision=10,
    input={"x": "fixed<16,6>"}, config={...} or a path.
    """
    context = Context()
    path = model.path if isinstance(model, Model) else os.fspath(model)
    if isinstance(model, Model):
        options = {**model.options, **options}
    with Options(context, {"calibrate": calibrate, **options}) as given, context.progress(progress):
        handle = lib.bxc_firmware_compile(context.handle, os.fsencode(path), given.handle)
    context.tell(not handle, stacklevel=3)
    firmware = Firmware(context, handle, None)
    if folder is not None:
        firmware.write(folder)
    return firmware


def open(folder: str | os.PathLike[str]) -> Firmware:  # noqa: A001 - bxc.open
    """A firmware folder that `bxc compile` wrote; one that was edited where a verdict rests on it is refused."""
    context = Context()
    handle = lib.bxc_firmware_open(context.handle, os.fsencode(folder))
    context.tell(not handle, stacklevel=3)
    return Firmware(context, handle, os.fspath(folder))
