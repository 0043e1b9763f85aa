"""What a compilation and a verification came to, as attributes, and as a page in a notebook."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from . import _library


@dataclass(frozen=True)
class Resources:
    """Estimated."""

    lut: float
    ff: float
    dsp: float
    bram18: float


@dataclass(frozen=True)
class Layer:
    name: str
    op: str
    format: str  #: of its result, in words
    resources: Resources
    first_cycle: int
    last_cycle: int


def _resources(item: _library.Resources) -> Resources:
    return Resources(item.lut, item.ff, item.dsp, item.bram18)


@dataclass(frozen=True)
class Report:
    """Latency and resources of a firmware; in a notebook, the page report.html."""

    name: str
    part: str
    content_hash: str
    clock_ns: float
    stage_delay_ns: float
    latency_ns: float
    latency_cycles: int
    interval_cycles: int
    resources: Resources
    available: Resources
    layers: tuple[Layer, ...]
    data: dict[str, Any] = field(repr=False)  #: report.json
    html: str = field(repr=False)

    @classmethod
    def _of(cls, summary: _library.Summary) -> "Report":
        layers = tuple(
            Layer(i.name.decode(), i.op.decode(), (i.format or b"").decode(), _resources(i.resources), i.first_cycle, i.last_cycle)
            for i in summary.layers[: summary.layer_count]
        )
        return cls(
            summary.name.decode(), summary.part.decode(), summary.content_hash.decode(), summary.clock_ns, summary.stage_delay_ns,
            summary.latency_ns, summary.latency_cycles, summary.interval_cycles, _resources(summary.resources),
            _resources(summary.available), layers, json.loads(summary.json), summary.html.decode(),
        )

    def _repr_html_(self) -> str:
        return _framed(self.html)


def _framed(page: str) -> str:
    """A page of its own inside a notebook's."""
    quoted = page.replace("&", "&amp;").replace('"', "&quot;")
    return f'<iframe srcdoc="{quoted}" style="width: 100%; height: 50em; border: 0"></iframe>'


@dataclass(frozen=True)
class Engine:
    name: str
    variant: str
    ran: bool
    equal: bool | None  #: bits of the emulator; False also if it failed before; None: not compared, as float, or what did not run
    why: str | None  #: it did not run, or what differs
    events: int
    events_per_second: float
    latency: int  #: measured, in cycles; 0: the engine has none
    interval: int  #: measured, cycles between events; 0: the engine has none


@dataclass(frozen=True)
class Verdict:
    """The two answers: do all engines agree, and is it still the trained network?"""

    positive: bool  #: all engines ran and agree, no latency or interval was measured that is not the one told, and every gate passed
    equal: bool
    compared: bool  #: with the network as trained
    as_trained: bool
    events: int
    decisions: int
    flipped: int
    max_error: float
    mean_error: float
    accuracy_float: float
    accuracy_fixed: float
    engines: tuple[Engine, ...]
    data: dict[str, Any] = field(repr=False)  #: verdict.json
    text: str = field(repr=False)

    @classmethod
    def _of(cls, verdict: _library.Verdict) -> "Verdict":
        engines = tuple(
            Engine(i.name.decode(), i.variant.decode(), i.ran, i.equal if i.compared else None,
                   i.why.decode() if i.why else None, i.events, i.events_per_second, i.latency, i.interval)
            for i in verdict.engines[: verdict.engine_count]
        )
        return cls(
            verdict.positive, verdict.equal, verdict.compared, verdict.as_trained, verdict.events, verdict.decisions, verdict.flipped,
            verdict.max_error, verdict.mean_error, verdict.accuracy_float, verdict.accuracy_fixed, engines,
            json.loads(verdict.json), verdict.text.decode(),
        )

    def __bool__(self) -> bool:
        return self.positive

    def __str__(self) -> str:
        return self.text
