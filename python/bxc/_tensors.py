"""Arrays in and out: one array, or one by name for each input."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from . import _library

Arrays = Union[np.ndarray, Sequence[np.ndarray], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Format:
    """A stored integer m stands for m * 2**-fraction."""

    signed: bool
    width: int
    fraction: int

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}f{self.fraction}"


@dataclass(frozen=True)
class Tensor:
    """An input, an output or a layer: its name, the shape of one event, and, in a firmware, a format an element."""

    name: str
    shape: tuple[int, ...]
    formats: tuple[Format, ...] | None = None

    @property
    def elements(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))


def tensors(function: Any, handle: int) -> list[Tensor]:
    """What a function like bxc_model_inputs lists. The model's batch axis, 1 in an event, is left out."""
    listed = ctypes.POINTER(_library.Tensor)()
    count = function(handle, ctypes.byref(listed))
    result = []
    for item in listed[:count]:
        shape = tuple(item.shape[: item.rank])
        formats = None
        if item.formats:
            formats = tuple(Format(f.is_signed, f.width, f.fraction) for f in item.formats[: item.elements])
        result.append(Tensor(item.name.decode(), shape[1:] if shape and shape[0] == 1 else shape, formats))
    return result


def doubles(array: Any, name: str) -> np.ndarray:
    """In binary64, where that holds them."""
    given = np.asarray(array)
    if given.dtype.kind in "iu" and given.size and (int(given.max()) > 2**53 or int(given.min()) < -(2**53)):
        raise ValueError(f"{name!r} has integers beyond 2**53: save them with numpy.save and give the path")
    return np.ascontiguousarray(given, dtype=np.float64)


def taken(wanted: list[Tensor], given: Arrays, kind: type) -> tuple[int, list[np.ndarray]]:
    """Contiguous arrays (events, elements), one for each of `wanted`, and how many events they have."""
    if isinstance(given, Mapping):
        strange = set(given) - {t.name for t in wanted}
        if strange:
            raise ValueError(f"no input is called {sorted(strange)[0]!r}; they are {[t.name for t in wanted]}")
        missing = [t.name for t in wanted if t.name not in given]
        if missing:
            raise ValueError(f"input {missing[0]!r} is missing")
        given = [given[t.name] for t in wanted]
    elif len(wanted) == 1 and not isinstance(given, (list, tuple)):
        given = [given]
    if len(given) != len(wanted):
        if len(wanted) != 1:
            raise ValueError(f"{len(given)} arrays for {len(wanted)} inputs")
        given = [given]  # a list of events
    arrays, counts = [], set()
    for tensor, array in zip(wanted, given):
        array = np.asarray(array)
        if array.ndim == 0 or array.size != len(array) * tensor.elements:
            raise ValueError(f"input {tensor.name!r} takes (events, {', '.join(map(str, tensor.shape))}), not {array.shape}")
        if kind is np.int64 and array.dtype.kind not in "iub":
            raise TypeError(f"input {tensor.name!r} takes stored integers, not {array.dtype}")
        array = doubles(array, tensor.name) if kind is np.float64 else array
        arrays.append(np.ascontiguousarray(array, dtype=kind).reshape(len(array), tensor.elements))
        counts.add(len(array))
    if len(counts) > 1:
        raise ValueError(f"the inputs have different numbers of events: {sorted(counts)}")
    return (counts.pop() if counts else 0), arrays


def room(wanted: list[Tensor], events: int, kind: type) -> list[np.ndarray]:
    return [np.empty((events, *t.shape), dtype=kind) for t in wanted]


def pointers(arrays: list[np.ndarray], kind: Any) -> Any:
    return (ctypes.POINTER(kind) * max(len(arrays), 1))(*[a.ctypes.data_as(ctypes.POINTER(kind)) for a in arrays])


def given_back(wanted: list[Tensor], arrays: list[np.ndarray]) -> Any:
    """One array, or a dictionary by name where there are several."""
    return arrays[0] if len(wanted) == 1 else {t.name: a for t, a in zip(wanted, arrays)}
