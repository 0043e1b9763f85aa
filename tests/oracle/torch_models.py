#!/usr/bin/env python3
"""Archives of torch.export with what PyTorch computes, for tests/unit/foreign.c.

    torch_models.py [FOLDER]

writes FAMILY.pt2 with FAMILY.in0.npy, ... and FAMILY.out.npy, all outputs one after the other (FOLDER:
tests/oracle/torch). Where the code stood and sample inputs are taken out of the archives. Events are seeded. Needs numpy
and torch 2.8 or newer; bxc needs neither.
"""
import json
import pathlib
import sys
import zipfile

import numpy
import torch
import torch.nn.functional as F
from torch import nn

EVENTS = 5
FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "torch")
torch.manual_seed(20261130)


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(12, 8), nn.Linear(8, 5, bias=False)
        self.norm, self.layer = nn.BatchNorm1d(8), nn.LayerNorm(8)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        self.drop, self.rectify = nn.Dropout(0.3), nn.ReLU(inplace=True)
        self.table = nn.Parameter(torch.randn(12, 3).t())
        self.register_buffer("offset", torch.randn(3))

    def forward(self, x):
        h = self.drop(self.rectify(self.norm(self.first(x))))
        items = self.layer(h.view(-1, 1, 8).expand(-1, 2, 8))
        return (torch.softmax(self.second(h), -1), items, torch.addmm(self.offset, x, self.table.t()),
                torch.matmul(x.reshape(x.shape[0], 3, 4), x.reshape(x.shape[0], 4, 3)))


class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.plain, self.groups = nn.Conv2d(4, 6, 3, padding=1), nn.Conv2d(6, 6, (2, 3), stride=2, groups=3)
        self.same, self.line = nn.Conv2d(4, 2, 3, padding="same", dilation=2), nn.Conv1d(4, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)

    def forward(self, x):  # 4 8 6
        h = torch.relu(self.norm(self.plain(x)))
        return (self.groups(h), self.same(x), self.line(x[:, :, 2]), F.max_pool2d(h, 2),
                F.avg_pool2d(h, 3, stride=2, padding=1), F.adaptive_avg_pool2d(h, (4, 2)),
                torch.flatten(F.adaptive_avg_pool2d(h, 1), 1), h.mean((2, 3)))


class Shapes(nn.Module):
    def forward(self, x):  # 4 6
        return (x.permute(0, 2, 1), x.transpose(1, 2).flatten(1), x.unsqueeze(1).squeeze(1) + 1, torch.cat([x, 2 * x], -1),
                torch.stack([x, -x], 1), x[:, 1:4:2, ::2], x[:, 2], x.select(2, -1), x.sum(-1, keepdim=True), x.amax(1),
                x.amin((1, 2)), x.argmax(2).float())


class Functions(nn.Module):
    def forward(self, x, y):  # 7, 7
        positive = x.abs() + 0.5
        return (torch.sigmoid(x), torch.tanh(x), F.gelu(x), F.gelu(x, approximate="tanh"), F.silu(x), F.elu(x), F.selu(x),
                F.leaky_relu(x, 0.2), F.hardtanh(x), F.relu6(3 * x), x.clamp(-0.5, 0.75), x.clamp(min=0.1),
                F.softplus(x), F.mish(x), F.hardswish(x), F.hardsigmoid(x), torch.exp(x), torch.log(positive),
                torch.sqrt(positive), torch.rsqrt(positive), torch.erf(x), torch.floor(x), torch.ceil(x), torch.round(x),
                x + y, torch.add(x, y, alpha=0.5), x - y, torch.sub(x, 1), x * y, x / positive, x / 3, positive ** 1.5,
                torch.maximum(x, y), torch.minimum(x, y), torch.reciprocal(positive), torch.sign(x), -x)


class Categories(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(6, 3)

    def forward(self, x):  # 4 of 0 to 5
        return (self.table(x), self.table(x).flatten(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.both = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)
        self.gru, self.simple = nn.GRU(3, 4, batch_first=True), nn.RNN(3, 4, batch_first=True, nonlinearity="relu")
        self.cell, self.gru_cell = nn.LSTMCell(3, 4), nn.GRUCell(3, 4)

    def forward(self, x):  # 4 3
        state = None
        for step in x.unbind(1)[:2]:
            state = self.cell(step, state)
        all_steps, (hidden, _) = self.both(x)
        return (all_steps, hidden[-1], self.gru(x)[1][0], self.simple(x)[0], state[0], state[1], self.gru_cell(x[:, 0]))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):  # 5 8
        mask = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
        scores = (x @ x.mT).masked_fill(mask, float("-inf"))
        seen = F.scaled_dot_product_attention(x, x, x, is_causal=True)
        y, weights = self.heads(x, x, x, attn_mask=nn.Transformer.generate_square_subsequent_mask(5))
        return self.layer(x), y, weights, torch.softmax(scores, -1), seen


class Choices(nn.Module):
    def forward(self, x):  # 4 3
        top, places = x.topk(2, -1)
        most, at = x.max(1)
        return {"logic": ((x > 0).float(), (x <= 0.1) * x, ((x != 0) & (x < 1)).float(), (~(x > 0)).float(),
                          torch.where(x > 0.5, 1.0, x), (x > 0).any(1).float(), (x > -1).all(-1, keepdim=True).float()),
                "rank": (top, places.float(), most, at.float(), x.sort(1)[0], x.cumsum(1), x.argmin(2).float()),
                "parts": (x.split([1, 3], 1)[1], x.chunk(2, 1)[0], x.unbind(2)[1], x[:, [3, 0]], x.roll(1, 1), x.flip(2),
                          x[:, torch.tensor([1, 0]), torch.tensor([2, 1])], x.repeat(1, 2, 1), x.repeat_interleave(2, 1),
                          x.movedim(1, 2), x.unflatten(1, (2, -1)), x.tril(-1), torch.einsum("bij,bkj->bik", x, x)),
                "numbers": (x % 0.3, torch.fmod(x, 0.3), torch.div(x, 0.3, rounding_mode="trunc"), 1 - x, F.glu(x, 1),
                            torch.arange(3) + x, x.std(1), x.norm(dim=1), x.logsumexp(1), x.prod(1), F.logsigmoid(x),
                            F.celu(x, 0.5), F.softplus(x, 2), F.softshrink(x, 0.3), F.threshold(x, 0.1, 2), x.trunc())}


class Picture(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.slope = nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1), nn.PReLU(4)
        self.instance, self.group = nn.InstanceNorm2d(4, affine=True), nn.GroupNorm(2, 4)
        self.mirrored = nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect")

    def forward(self, x):  # 4 6 5
        return (self.up(x), self.slope(x), self.instance(x), self.group(x), self.mirrored(x), F.rms_norm(x, (5,)),
                F.max_pool2d(x, 3, 2, 1, ceil_mode=True), F.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
                F.adaptive_avg_pool2d(x, (4, 2)), F.adaptive_max_pool2d(x, 3), F.interpolate(x, scale_factor=2),
                F.interpolate(x, size=(7, 9), mode="bilinear"), F.pad(x, (1, 1, 2, 0), "circular"),
                F.pad(x, (2, 1, 0, 0), "replicate"), F.pixel_shuffle(x, 2), F.channel_shuffle(x, 2))


def strip(path):
    """Without traces of the code, which name this machine's files, and sample inputs."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            if "sample_inputs" in name:
                continue
            if name.endswith("models/model.json"):
                model = json.loads(content)
                for node in model["graph_module"]["graph"]["nodes"]:
                    node["metadata"] = {}
                model["graph_module"]["module_call_graph"] = []
                content = json.dumps(model, separators=(",", ":")).encode()
            archive.writestr(zipfile.ZipInfo(name), content)


def make(name, model, shapes, categories=0, decomposed=False):
    model.eval()
    events = [torch.randn(EVENTS, *shape) for shape in shapes]
    if categories:
        events = [torch.randint(categories, (EVENTS, *shape)) for shape in shapes]
    batch = torch.export.Dim("batch", min=2)
    with torch.no_grad():
        exported = torch.export.export(model, tuple(events), dynamic_shapes=tuple({0: batch} for _ in events))
        if decomposed:
            exported = exported.run_decompositions()
        results = torch.utils._pytree.tree_leaves(model(*events))
    torch.export.save(exported, FOLDER / (name + ".pt2"))
    strip(FOLDER / (name + ".pt2"))
    for i, values in enumerate(events):
        numpy.save(FOLDER / ("%s.in%d.npy" % (name, i)), values.numpy().astype(numpy.float32))
    joined = numpy.concatenate([value.detach().numpy().reshape(EVENTS, -1) for value in results], axis=1)
    numpy.save(FOLDER / (name + ".out.npy"), joined.astype(numpy.float32))


FOLDER.mkdir(exist_ok=True)
make("dense", Dense(), [(12,)])
make("image", Image(), [(4, 8, 6)])
make("shapes", Shapes(), [(4, 6)])
make("functions", Functions(), [(7,), (7,)])
make("categories", Categories(), [(4,)], categories=6)
make("recurrent", Recurrent(), [(4, 3)])
make("attention", Attention(), [(5, 8)])
make("attention_core", Attention(), [(5, 8)], decomposed=True)
make("choices", Choices(), [(4, 3)])
make("choices_core", Choices(), [(4, 3)], decomposed=True)
make("picture", Picture(), [(4, 6, 5)])
