#!/usr/bin/env python3
"""Random torch.export archives, by bxc's float engine and by PyTorch: torch_random.py BXC [COUNT [SEED]]

Needs torch 2.8 or newer and numpy (a throw-away environment). Every network is a chain of a few layers and functions with
random sizes, with residuals, heads and modules that are used twice; every second archive is decomposed to core ATen. What
bxc refuses is counted by its diagnosis; what it reads must give PyTorch's numbers within 2e-5 of theirs. FIRMWARE=1 also
compiles and verifies them in the datapath and C. KEEP: a folder for the archives that differ.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

BXC = pathlib.Path(sys.argv[1]).resolve()
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 100
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
KEEP = pathlib.Path(os.environ["KEEP"]) if "KEEP" in os.environ else None
FIRMWARE = os.environ.get("FIRMWARE")
EVENTS = 20
ANY_SHAPE = [torch.relu, torch.sigmoid, torch.tanh, F.gelu, F.silu, F.elu, F.selu, F.leaky_relu, F.hardtanh, F.relu6,
             F.softplus, F.mish, F.hardswish, F.hardsigmoid, F.logsigmoid, F.softsign, F.tanhshrink, F.softshrink,
             F.hardshrink, torch.floor, torch.round, torch.trunc, torch.abs, torch.sign, torch.neg, torch.square,
             lambda x: x.clamp(-0.5, 0.75), lambda x: torch.where(x > 0.1, x, -x), lambda x: (x > 0) * x,
             lambda x: torch.maximum(x, x * 0.3), lambda x: 1 - x, lambda x: x / 3, lambda x: x % 0.75,
             lambda x: F.celu(x, 0.5), lambda x: F.threshold(x, 0.1, 2.0), lambda x: x.masked_fill(x < 0, 0.25)]


def along(pick, rank):
    axis = pick(range(1, rank))
    return pick([lambda x: torch.softmax(x, axis), lambda x: F.log_softmax(x, axis), lambda x: x.cumsum(axis),
                 lambda x: x.flip(axis), lambda x: x.roll(1, axis), lambda x: x.repeat_interleave(2, axis),
                 lambda x: x - x.mean(axis, keepdim=True), lambda x: F.normalize(x, dim=axis),
                 lambda x: torch.cat([x, x.amax(axis, keepdim=True)], axis), lambda x: x.unbind(axis)[-1],
                 lambda x: x.chunk(2, axis)[0], lambda x: x.sum(axis), lambda x: x.max(axis)[0],
                 lambda x: x.argmax(axis).float(), lambda x: x.sort(axis)[0], lambda x: x.logsumexp(axis),
                 lambda x: x.std(axis) if x.shape[axis] > 1 else x.sum(axis), lambda x: x.transpose(1, -1)])


class Recurrent(nn.Module):
    def __init__(self, kind, inputs, units, layers, both):
        super().__init__()
        self.layer = kind(inputs, units, layers, batch_first=True, bidirectional=both)

    def forward(self, x):
        return self.layer(x)[0]


class Heads(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.layer = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x):
        return self.layer(x, x, x, need_weights=False)[0]


def normal(layer):
    for name in ("running_mean", "running_var"):
        if getattr(layer, name, None) is not None:
            getattr(layer, name).uniform_(0.5, 1.5)
    return layer


def layer(pick, shape):
    """A module or function for x of that shape, without the batch."""
    width, rank = shape[-1], len(shape) + 1
    kinds = [lambda: pick(ANY_SHAPE), lambda: along(pick, rank), lambda: nn.Linear(width, pick([2, 3, 4, 6])),
             lambda: nn.LayerNorm(width), lambda: lambda x: x.flatten(1)]
    if len(shape) == 1:
        kinds += [lambda: normal(nn.BatchNorm1d(width)), lambda: nn.Linear(width, pick([3, 5])),
                  lambda: nn.Unflatten(1, (1, width))]
    if len(shape) == 2:
        kinds += [lambda: Recurrent(pick([nn.LSTM, nn.GRU, nn.RNN]), width, pick([2, 3]), pick([1, 1, 2]),
                                    pick([False, True])),
                  lambda: Heads(width, pick([h for h in range(1, width + 1) if width % h == 0])),
                  lambda: nn.Conv1d(shape[0], pick([2, 4]), pick([1, 3]), padding=1, stride=pick([1, 2])),
                  lambda: nn.ConvTranspose1d(shape[0], 2, 2, stride=2), lambda: nn.AdaptiveAvgPool1d(pick([1, 2, 3])),
                  lambda: nn.MaxPool1d(2, 1, ceil_mode=pick([False, True])), lambda: nn.GroupNorm(1, shape[0]),
                  lambda: nn.Upsample(scale_factor=2, mode=pick(["nearest", "linear"])),
                  lambda: nn.PReLU(shape[0]), lambda: lambda x: F.pad(x, (1, 1), "replicate"), lambda: lambda x: F.pad(x, (1, 2)),
                  lambda: lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
                  lambda: lambda x: torch.einsum("bij,bkj->bik", x, x)]
    if len(shape) == 3:
        kinds += [lambda: nn.Conv2d(shape[0], pick([2, 4]), pick([1, 2, 3]), padding=1, dilation=pick([1, 2])),
                  lambda: nn.Conv2d(shape[0], shape[0] * 2, 3, padding="same", groups=shape[0]),
                  lambda: nn.ConvTranspose2d(shape[0], 2, 3, 2, 1, output_padding=1), lambda: normal(nn.BatchNorm2d(shape[0])),
                  lambda: nn.InstanceNorm2d(shape[0]), lambda: nn.MaxPool2d(2, 2, ceil_mode=pick([False, True])),
                  lambda: nn.AvgPool2d(2, 1, padding=pick([0, 1]), count_include_pad=pick([False, True])),
                  lambda: nn.AdaptiveMaxPool2d(pick([1, 2])), lambda: nn.Upsample(scale_factor=2, mode="bilinear")]
    return pick(kinds)()


class Network(nn.Module):
    """Steps with the value that each reads; residuals where shapes agree; one or two outputs."""

    def __init__(self, random):
        super().__init__()
        pick = lambda items: list(items)[int(random.integers(len(list(items))))]
        self.shape = [int(random.integers(2, 6)) for _ in range(int(random.integers(1, 4)))]
        self.steps, self.residual, self.kept = [], [], nn.ModuleList()
        values = [torch.randn(3, *self.shape)]
        for _ in range(int(random.integers(2, 7))):
            read = len(values) - 1 if random.random() < 0.7 else int(random.integers(len(values)))
            again = [step for step, source in self.steps if isinstance(step, nn.Module) and random.random() < 0.2
                     and list(values[source].shape) == list(values[read].shape)]
            step = again[0] if again else layer(pick, list(values[read].shape[1:]))
            with torch.no_grad():
                made = step.eval()(values[read]) if isinstance(step, nn.Module) else step(values[read])
            if made.dim() < 2 or made.dim() > 4 or made[0].numel() > 400 or not made.numel():
                continue
            if isinstance(step, nn.Module):
                self.kept.append(step)
            self.steps.append((step, read))
            self.residual.append(random.random() < 0.3 and made.shape == values[read].shape)
            values.append(made)
        self.second = int(random.integers(len(values))) if random.random() < 0.4 and len(values) > 2 else None

    def forward(self, x):
        values = [x]
        for (step, read), residual in zip(self.steps, self.residual):
            made = step(values[read])
            values.append(made + values[read] if residual else made)
        return values[-1] if self.second in (None, len(values) - 1, 0) else {"last": values[-1], "head": values[self.second]}


def bxc(*words):
    run = subprocess.run([BXC, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=300, check=False)
    return run.returncode, run.stdout.decode(errors="replace")


def first_error(text):
    errors, where = re.findall(r"error: (.*)", text), re.findall(r"at: node '[^']*' \(([^)]*)\)", text)
    return "%s: %s" % (where[0] if where else "", re.sub(r"'[^']*'|\d+", "*", errors[0] if errors else text[-200:]))


def differs(wanted, said):
    files = re.findall(r"^(.*\.npy): \d+ events? of", said, re.MULTILINE)
    if len(files) != len(wanted):
        return "%d outputs, not %d" % (len(files), len(wanted))
    for file, right in zip(files, wanted):
        mine, right = np.load(file).astype(np.float64).reshape(EVENTS, -1), right.reshape(EVENTS, -1)
        if mine.shape != right.shape:
            return "%s numbers, not %s" % (mine.shape, right.shape)
        if np.any(~(np.abs(mine - right) <= 2e-5 * np.maximum(1, np.abs(right)))):
            return "%.3g from PyTorch" % np.nanmax(np.abs(mine - right))
    return None


def firmware(work):
    code, said = bxc("compile", "-q", work / "m.pt2", "-o", work / "fw", "--calibrate", work / "x.npy")
    if code:
        return first_error(said), None
    code, said = bxc("verify", work / "fw", "--engines", "datapath,c", "--count", "2000")
    return None, None if "equal in every bit" in said else "firmware: " + said.strip()[-300:]


def main():
    counts, refusals, wrong = collections.Counter(), collections.Counter(), 0
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for number in range(SEED, SEED + COUNT):
            torch.manual_seed(number)
            random = np.random.default_rng(number)
            try:
                model = Network(random).eval()
                x = torch.tensor(np.round(random.normal(size=[EVENTS] + model.shape) * 64) / 64, dtype=torch.float32)
                with torch.no_grad():
                    archive = torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("batch", min=2)},))
                    if number % 2:
                        archive = archive.run_decompositions()
                    wanted = torch.utils._pytree.tree_leaves(model(x))
                torch.export.save(archive, work / "m.pt2")
            except Exception as error:  # PyTorch cannot do it: no network
                counts["no network: " + type(error).__name__] += 1
                continue
            np.save(work / "x.npy", x.numpy())
            code, said = bxc("run", "--engine", "float", work / "m.pt2", work / "x.npy", "-o", work / "y.npy")
            if code:
                refusals[first_error(said)] += 1
                gap = None if code == 1 else "exit code %d: %s" % (code, said.strip()[-300:])
            else:
                counts["read"] += 1
                gap = differs([value.numpy().astype(np.float64) for value in wanted], said)
                if not gap and FIRMWARE:
                    refused, gap = firmware(work)
                    counts["firmware"] += not refused
                    refusals["firmware " + refused if refused else ""] += bool(refused)
            if gap:
                wrong += 1
                print("seed %d: %s (%s)" % (number, gap, " ".join(str(n.target) for n in archive.graph.nodes
                                                                   if n.op == "call_function")), flush=True)
                if KEEP:
                    shutil.copy(work / "m.pt2", KEEP / ("%d.pt2" % number))
                    shutil.copy(work / "x.npy", KEEP / ("%d.npy" % number))
    for text, count in refusals.most_common():
        if count:
            print("%5d refused: %s" % (count, text))
    print("%s; %d wrong" % (", ".join("%d %s" % (count, what) for what, count in counts.items()), wrong))
    return wrong > 0


sys.exit(main())
