"""libbxc.so as ctypes sees it: the declarations of bxc.h, and nothing else."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from ctypes import POINTER, Structure, c_bool, c_char_p, c_double, c_float, c_int, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path


class Diagnosis(Structure):
    _fields_ = [
        ("severity", c_int), ("message", c_char_p), ("help", c_char_p), ("file", c_char_p), ("path", c_char_p),
        ("node", c_char_p), ("op", c_char_p), ("attribute", c_char_p), ("line", c_int), ("text", c_char_p),
    ]


class Format(Structure):
    _fields_ = [("is_signed", c_bool), ("width", c_int), ("fraction", c_int)]


class Tensor(Structure):
    _fields_ = [
        ("name", c_char_p), ("rank", c_int), ("shape", POINTER(c_int64)), ("elements", c_size_t), ("formats", POINTER(Format)),
    ]


class File(Structure):
    _fields_ = [("path", c_char_p), ("data", c_void_p), ("length", c_size_t)]


class Resources(Structure):
    _fields_ = [("lut", c_double), ("ff", c_double), ("dsp", c_double), ("bram18", c_double)]


class Layer(Structure):
    _fields_ = [
        ("name", c_char_p), ("op", c_char_p), ("format", c_char_p), ("resources", Resources), ("first_cycle", c_int),
        ("last_cycle", c_int),
    ]


class Summary(Structure):
    _fields_ = [
        ("name", c_char_p), ("part", c_char_p), ("content_hash", c_char_p), ("clock_ns", c_double),
        ("stage_delay_ns", c_double), ("latency_ns", c_double), ("latency_cycles", c_int), ("interval_cycles", c_int),
        ("resources", Resources), ("available", Resources), ("layers", POINTER(Layer)), ("layer_count", c_size_t),
        ("json", c_char_p), ("html", c_char_p),
    ]


class EngineVerdict(Structure):
    _fields_ = [
        ("name", c_char_p), ("variant", c_char_p), ("ran", c_bool), ("compared", c_bool), ("equal", c_bool), ("why", c_char_p),
        ("events", c_uint64), ("events_per_second", c_double), ("latency", c_int),
        ("interval", c_int),
    ]


class Verdict(Structure):
    _fields_ = [
        ("positive", c_bool), ("equal", c_bool), ("compared", c_bool), ("as_trained", c_bool), ("events", c_uint64),
        ("decisions", c_uint64), ("flipped", c_uint64), ("max_error", c_double), ("mean_error", c_double),
        ("accuracy_float", c_double), ("accuracy_fixed", c_double), ("engines", POINTER(EngineVerdict)),
        ("engine_count", c_size_t), ("json", c_char_p), ("text", c_char_p),
    ]


PROGRESS = ctypes.CFUNCTYPE(None, c_void_p, c_char_p, c_uint64, c_uint64)
TENSORS = POINTER(POINTER(Tensor))
DOUBLES, FLOATS, INTEGERS = (POINTER(POINTER(kind)) for kind in (c_double, c_float, c_int64))

# Name, result, arguments.
FUNCTIONS = [
    ("bxc_context_new", c_void_p, []),
    ("bxc_context_free", None, [c_void_p]),
    ("bxc_context_threads", None, [c_void_p, c_int]),
    ("bxc_context_progress", None, [c_void_p, PROGRESS, c_void_p]),
    ("bxc_context_cancel", None, [c_void_p]),
    ("bxc_context_take", c_size_t, [c_void_p, POINTER(POINTER(Diagnosis))]),
    ("bxc_context_call", c_int, [c_void_p, c_char_p, c_char_p]),
    ("bxc_options_new", c_void_p, [c_void_p]),
    ("bxc_options_free", None, [c_void_p]),
    ("bxc_options_set", c_int, [c_void_p, c_char_p, c_char_p]),
    ("bxc_options_events", c_int, [c_void_p, c_char_p, c_char_p, c_size_t, c_size_t, POINTER(c_double)]),
    ("bxc_model_load", c_void_p, [c_void_p, c_char_p, c_void_p]),
    ("bxc_model_free", None, [c_void_p]),
    ("bxc_model_name", c_char_p, [c_void_p]),
    ("bxc_model_text", c_char_p, [c_void_p]),
    ("bxc_model_inputs", c_size_t, [c_void_p, TENSORS]),
    ("bxc_model_outputs", c_size_t, [c_void_p, TENSORS]),
    ("bxc_model_evaluate", c_int, [c_void_p, c_size_t, FLOATS, FLOATS]),
    ("bxc_firmware_compile", c_void_p, [c_void_p, c_char_p, c_void_p]),
    ("bxc_firmware_open", c_void_p, [c_void_p, c_char_p]),
    ("bxc_firmware_free", None, [c_void_p]),
    ("bxc_firmware_files", c_size_t, [c_void_p, POINTER(POINTER(File))]),
    ("bxc_firmware_write", c_int, [c_void_p, c_char_p]),
    ("bxc_firmware_inputs", c_size_t, [c_void_p, TENSORS]),
    ("bxc_firmware_outputs", c_size_t, [c_void_p, TENSORS]),
    ("bxc_firmware_layers", c_size_t, [c_void_p, TENSORS]),
    ("bxc_firmware_predict", c_int, [c_void_p, c_size_t, DOUBLES, DOUBLES]),
    ("bxc_firmware_run", c_int, [c_void_p, c_size_t, INTEGERS, INTEGERS]),
    ("bxc_firmware_trace", c_int, [c_void_p, c_size_t, DOUBLES, DOUBLES]),
    ("bxc_firmware_evaluate", c_int, [c_void_p, c_size_t, FLOATS, FLOATS]),
    ("bxc_firmware_summary", POINTER(Summary), [c_void_p]),
    ("bxc_firmware_verify", POINTER(Verdict), [c_void_p, c_char_p, c_void_p]),
    ("bxc_verdict_free", None, [POINTER(Verdict)]),
]


def _find() -> str:
    """BXC_LIBRARY, the wheel's own, or the system's."""
    given = os.environ.get("BXC_LIBRARY")
    own = Path(__file__).with_name("libbxc.so")
    found = given or (str(own) if own.exists() else ctypes.util.find_library("bxc"))
    if not found:
        raise ImportError("libbxc.so is not found: install bxc, or set BXC_LIBRARY to its path")
    return found


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(_find())
    for name, result, arguments in FUNCTIONS:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


lib = _load()
