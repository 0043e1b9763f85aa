#!/usr/bin/env python3
"""What bxc makes of every published model under a folder: published_models.py BXC MODELS [FILTER]

A line a model: how far the float evaluation is from the model's own tools on the events that lie beside it (the
largest difference over the largest output), then whether its firmware equals in every engine on EVENTS (20000 by
default) events, or the first line of the diagnosis at the step that ended it. STEP=float: no firmware.
SECONDS (600) is what a step may take. WORK keeps the firmware, where it is set.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

import numpy

BXC = pathlib.Path(sys.argv[1]).resolve()
MODELS = pathlib.Path(sys.argv[2]).resolve()
FILTER = sys.argv[3] if len(sys.argv) > 3 else ""
EVENTS = os.environ.get("EVENTS", "20000")
SECONDS = int(os.environ.get("SECONDS", "600"))
ENGINES = os.environ.get("ENGINES", "")
KINDS = (".onnx", ".keras", ".h5", ".json", ".pb", ".xml", ".txt", ".gz", ".tflite", ".pt2")


def bxc(*words):
    """Exit code and what is printed; -1: out of time."""
    try:
        run = subprocess.run([BXC, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return -1, "not done in %d s" % SECONDS
    return run.returncode, run.stdout.decode(errors="replace")


def diagnosis(text):
    for line in text.splitlines():
        found = re.search(r"error: (.*)", line)
        if found:
            return found.group(1)
    lines = text.strip().splitlines()
    return lines[-1] if lines else "(nothing said)"


def load(path):
    return numpy.load(path).astype(numpy.float64)


def outputs_told(said):
    """Events x numbers, the outputs joined in the order in which 'bxc run' tells its files."""
    files = re.findall(r"^(.*\.npy): \d+ events? of", said, re.MULTILINE)
    parts = [load(file) for file in files]
    return numpy.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def farthest(mine, reference):
    if mine.size != reference.size:
        return "%s numbers an event, not %s" % (mine.size // len(reference), reference.size // len(reference))
    reference = reference.reshape(len(reference), -1)
    mine = mine.reshape(reference.shape)
    scale = max(numpy.max(numpy.abs(reference)), 1e-30)
    return "%.1e" % (numpy.max(numpy.abs(mine - reference)) / scale)


def weights_of(model):
    """Words that name the weights, where they lie beside a description of the network by another name."""
    described = model.name in ("model.json", "architecture.json", "arch.json")
    found = sorted(model.parent.glob("*weights.h5")) if described else []
    return ["--weights", found[0]] if found else []


def reading(model, work):
    """Words with which the model is read: its weights, and the sizes of axes that it leaves open, as the events have
    them; then what reading it said, if anything is wrong."""
    words = weights_of(model)
    while True:
        code, said = bxc("convert", model, work / "graph.bxc", *words)
        open_axis = re.search(r"input '([^']*)' leaves the size of axis (\d+) open", said)
        events = [load(path) for path in sorted(model.parent.glob("x*.npy"))]
        size = "%s.%s=%d" % (*open_axis.groups(), events[0].shape[int(open_axis[2])]) if open_axis and events else None
        if code == 0 or size is None or size in words:
            return words, diagnosis(said) if code else None
        words += ["--shape", size]


def events_of(model):
    """One word a file, NAME=FILE where there are several; a frozen graph's inputs are called as their nodes."""
    files = sorted(model.parent.glob("x*.npy"))
    meta = json.loads((model.parent / "meta.json").read_text()) if (model.parent / "meta.json").exists() else {}
    names = [name[:-2] if model.suffix == ".pb" and name.endswith(":0") else name for name, _ in meta.get("inputs", [])]
    return [("%s=%s" % (names[i], file) if len(files) > 1 else str(file)) for i, file in enumerate(files)]


def compare_float(model, events, work):
    code, said = bxc("run", "--engine", "float", *model, *events, "-o", work / "y.npy")
    if code:
        return False, "not run: " + diagnosis(said)
    reference = model[0].parent / "y.npy"
    if not reference.exists():
        return True, "no reference"
    return True, farthest(outputs_told(said), load(reference))


def compile_and_verify(model, events, work):
    calibration = [word for file in events for word in ("--calibrate", file)]
    code, said = bxc("compile", "-q", *model, "-o", work / "fw", *calibration)
    if code:
        return "not compiled: " + diagnosis(said)
    words = ["--engines", ENGINES] if ENGINES else []
    words += [word for file in events for word in ("--events", file)]
    code, said = bxc("verify", work / "fw", "--count", EVENTS, *words)
    told = [line for line in said.splitlines() if line.startswith("verdict:")]
    return (told[0].strip() if told else diagnosis(said)) + ("" if code == 0 else " (exit code %d)" % code)


def row(name, model, work):
    words, wrong = reading(model, work)
    if wrong:
        print("%-48s not read: %s" % (name, wrong), flush=True)
        return False
    events = events_of(model)
    right, distance = compare_float([model, *words], events, work) if events else (True, "no events")
    firmware = ""
    if right and os.environ.get("STEP") != "float":
        firmware = compile_and_verify([model, *words], events, work)
    print("%-48s %-14s %s" % (name, distance, firmware), flush=True)
    return right


def models_of(work):
    """Every file that may be a model; archives of lwtnn are unpacked."""
    for archive in sorted(MODELS.rglob("*.tgz")):
        folder = work / archive.stem
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        for path in sorted(folder.rglob("*.json")):
            yield "%s:%s" % (archive.relative_to(MODELS), path.name), path
    for path in sorted(MODELS.rglob("*")):
        if path.suffix in KINDS and path.name not in ("meta.json", "README.md"):
            if path.parent.name.startswith("test_data") or "weights.h5" in path.name or "-out.json" in path.name:
                continue
            yield str(path.relative_to(MODELS)), path


def main():
    read = total = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(os.environ.get("WORK", folder))
        for name, model in models_of(pathlib.Path(folder) / "archives"):
            if FILTER not in name:
                continue
            work = root / re.sub(r"[^A-Za-z0-9_.]", "_", name)
            work.mkdir(parents=True, exist_ok=True)
            total += 1
            read += row(name, model, work)
    print("%d of %d files are read" % (read, total))


main()
