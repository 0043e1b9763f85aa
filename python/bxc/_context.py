"""A context of the library: diagnoses become warnings and exceptions, progress a bar, options a table."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _library, _tensors
from ._library import lib

_WARNING, _ERROR = 1, 2


@dataclass(frozen=True)
class Diagnosis:
    """One thing that bxc has to say, and where."""

    message: str
    help: str | None
    file: str | None
    node: str | None
    text: str  #: all of it, as the command line prints it

    def __str__(self) -> str:
        return self.text.rstrip()


class Warning(UserWarning):  # noqa: A001 - bxc.Warning
    """Something that was done, but perhaps not as meant."""


class Error(Exception):
    """Something that was refused: the first diagnosis' node, all of them in `diagnoses`."""

    def __init__(self, diagnoses: list[Diagnosis]):
        super().__init__("\n".join(map(str, diagnoses)) or "bxc failed without a diagnosis")
        self.diagnoses = diagnoses
        self.node = next((d.node for d in diagnoses if d.node), None)
        self.help = next((d.help for d in diagnoses if d.help), None)


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


class _Bar:
    """A bar of tqdm, where it is installed and somebody looks."""

    def __init__(self, wanted: bool | None):
        self.bar, self.stage = None, None
        self.tqdm = None
        if wanted is None:
            wanted = "ipykernel" in sys.modules or sys.stderr.isatty()
        if wanted:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return
            self.tqdm = tqdm

    def step(self, stage: str, done: int, total: int) -> None:
        if stage != self.stage:
            self.close()
            self.stage = stage
            self.bar = self.tqdm(total=total or None, desc=stage, leave=False)
        self.bar.n = done
        self.bar.refresh()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
        self.bar = self.stage = None


class Context:
    """What one model or firmware hangs on."""

    def __init__(self) -> None:
        self.handle = lib.bxc_context_new()
        if not self.handle:
            raise MemoryError("bxc")

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            lib.bxc_context_free(self.handle)
            self.handle = None

    def tell(self, failed: bool, stacklevel: int = 4) -> None:
        """Warnings as Python's, errors as an exception."""
        listed = ctypes.POINTER(_library.Diagnosis)()
        count = lib.bxc_context_take(self.handle, ctypes.byref(listed))
        errors = []
        for item in listed[:count]:
            diagnosis = Diagnosis(_text(item.message) or "", _text(item.help), _text(item.file), _text(item.node), _text(item.text) or "")
            if item.severity == _ERROR:
                errors.append(diagnosis)
            elif item.severity == _WARNING:
                warnings.warn(str(diagnosis).replace("warning: ", "", 1), Warning, stacklevel=stacklevel)
        if failed:
            raise Error(errors)

    def call(self, path: str, name: str) -> None:
        """From now on diagnoses call a file or folder of ours by what the user passed."""
        lib.bxc_context_call(self.handle, os.fsencode(path), name.encode())

    def progress(self, wanted: bool | None) -> "_Progress":
        return _Progress(self, wanted)


class _Progress:
    """While something long runs: `with context.progress(None): ...`."""

    def __init__(self, context: Context, wanted: bool | None):
        self.context, self.bar = context, _Bar(wanted)

    def __enter__(self) -> None:
        if self.bar.tqdm is None:
            return
        self.callback = _library.PROGRESS(lambda _, stage, done, total: self.bar.step(_text(stage) or "", done, total))
        lib.bxc_context_progress(self.context.handle, self.callback, None)

    def __exit__(self, *_: object) -> None:
        if self.bar.tqdm is not None:
            lib.bxc_context_progress(self.context.handle, _library.PROGRESS(), None)
            self.bar.close()


class Options:
    """Options by their names on the command line, with underscores; arrays where it takes a file of events."""

    EVENTS = ("calibrate", "events", "labels")
    REPEATED = ("beats", "calibrate", "dump-after", "events", "input", "shape")  # of all others a list is one value, with commas

    def __init__(self, context: Context, given: Mapping[str, Any]):
        self.context = context
        self.handle = lib.bxc_options_new(context.handle)
        self.files: list[str] = []
        if not self.handle:
            raise MemoryError("bxc")
        try:
            for key, value in given.items():
                self._add(key.replace("_", "-"), value)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self.handle:
            lib.bxc_options_free(self.handle)
            self.handle = None
        for path in self.files:
            os.unlink(path)
        self.files = []

    def __enter__(self) -> "Options":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _set(self, key: str, value: str) -> None:
        if lib.bxc_options_set(self.handle, key.encode(), os.fsencode(value)) < 0:
            self.context.tell(True)

    def _add_array(self, key: str, name: str | None, array: Any) -> None:
        numbers = _tensors.doubles(array, name or key)
        events = numbers.shape[0] if numbers.ndim else 1
        elements = numbers.size // events if events else 0
        pointer = numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        if lib.bxc_options_events(self.handle, key.encode(), name.encode() if name else None, events, elements, pointer) < 0:
            self.context.tell(True)

    def _add_config(self, config: Mapping[str, Any]) -> None:
        handle, path = tempfile.mkstemp(suffix=".json", prefix="bxc-")
        self.files.append(path)
        with os.fdopen(handle, "w") as file:
            json.dump(config, file)
        self.context.call(path, "config")
        self._set("config", path)

    def _add(self, key: str, value: Any) -> None:
        if value is None or value is False:
            return
        if value is True:
            self._set(key, "yes")
        elif key == "config" and isinstance(value, Mapping):
            self._add_config(value)
        elif key in self.EVENTS and isinstance(value, Mapping):
            for name, array in value.items():
                if isinstance(array, (str, os.PathLike)):
                    self._set(key, f"{name}={os.fspath(array)}")
                else:
                    self._add_array(key, name, array)
        elif isinstance(value, Mapping):
            for name, setting in value.items():
                self._set(key, f"{name}={setting}")
        elif isinstance(value, (str, os.PathLike)):
            self._set(key, os.fspath(value))
        elif key in self.EVENTS:
            self._add_array(key, None, value)
        elif isinstance(value, Iterable) and key in self.REPEATED:
            for item in value:
                self._add(key, item)
        elif isinstance(value, Iterable):
            self._set(key, ",".join(map(str, value)))
        else:
            self._set(key, str(value))
