"""Models as they were trained."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import numpy as np

from . import _tensors
from ._context import Context, Options
from ._library import lib
from ._tensors import Arrays, Tensor


class Model:
    """A model file as bxc read it: `bxc.load(path)`."""

    def __init__(self, path: str | os.PathLike[str], **options: Any):
        self.path = os.fspath(path)
        self.options = options
        self._context = Context()
        with Options(self._context, options) as given:
            self._handle = lib.bxc_model_load(self._context.handle, os.fsencode(self.path), given.handle)
        self._context.tell(not self._handle)
        self.inputs: list[Tensor] = _tensors.tensors(lib.bxc_model_inputs, self._handle)
        self.outputs: list[Tensor] = _tensors.tensors(lib.bxc_model_outputs, self._handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            lib.bxc_model_free(self._handle)
            self._handle = None

    def __repr__(self) -> str:
        ports = ", ".join(f"{t.name} {list(t.shape)}" for t in self.inputs)
        return f"<bxc.Model {self.name!r}: {ports} -> {', '.join(f'{t.name} {list(t.shape)}' for t in self.outputs)}>"

    @property
    def name(self) -> str:
        return lib.bxc_model_name(self._handle).decode()

    @property
    def text(self) -> str:
        """The graph in bxc's own form (doc/ir.md)."""
        text = lib.bxc_model_text(self._handle)
        self._context.tell(text is None)
        return text.decode()

    def predict(self, x: Arrays) -> Any:
        """The trained network's numbers, in binary32.

        x: (events, *shape), or a dictionary or list of such for several inputs.
        Returns (events, *shape) of the output, or a dictionary of them.
        """
        events, arrays = _tensors.taken(self.inputs, x, np.float32)
        out = _tensors.room(self.outputs, events, np.float32)
        kind = ctypes.c_float
        code = lib.bxc_model_evaluate(self._handle, events, _tensors.pointers(arrays, kind), _tensors.pointers(out, kind))
        self._context.tell(code < 0)
        return _tensors.given_back(self.outputs, out)


def load(path: str | os.PathLike[str], **options: Any) -> Model:
    """Reads a model file: every format that `bxc compile` takes.

    Options as on the command line, with underscores; these count: shape={"steps": 16} for axes that the model leaves
    open, weights for a Keras model in JSON, config. `bxc.compile` takes them over.
    """
    return Model(path, **options)
