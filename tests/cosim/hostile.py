"""Makes small files that claim much, for hostile.sh: hostile.py FOLDER."""
import json
import os
import struct
import sys
import zipfile

DEEP = 100000
BOMB = 600 << 20


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def node(name, op, inputs=(), **attributes):
    out = field(1, name) + field(2, op) + b"".join(field(3, i) for i in inputs)
    return out + b"".join(field(5, field(1, key) + field(2, value)) for key, value in attributes.items())


def graph(*nodes):
    return b"".join(field(1, n) for n in nodes)


def shape(*dims):
    return b"".join(field(2, field(1, d)) for d in dims)


FLOAT = field(6, 1)


def constant(name, dims, content):
    return node(name, "Const", dtype=FLOAT, value=field(8, field(1, 1) + field(2, shape(*dims)) + field(4, content)))


def placeholder(*dims):
    return node("x", "Placeholder", dtype=FLOAT, shape=field(7, shape(*dims)))


def frozen_graphs():
    x = placeholder(1, 4)
    nan = struct.pack("<4f", 1, float("nan"), 3, 4)
    product = node("y", "MatMul", ["x", "w"], T=FLOAT)
    yield "cycle.pb", graph(x, node("a", "Relu", ["b"], T=FLOAT), node("b", "Relu", ["a"], T=FLOAT),
                            node("y", "Relu", ["b"], T=FLOAT))
    yield "itself.pb", graph(x, node("a", "Relu", ["a"], T=FLOAT), node("y", "Relu", ["a"], T=FLOAT))
    yield "twice.pb", graph(x, x, node("y", "Relu", ["x"], T=FLOAT))
    yield "overflow.pb", graph(placeholder(1, 1 << 40, 1 << 40), node("y", "Relu", ["x"], T=FLOAT))
    yield "claim.pb", graph(x, constant("w", [1 << 20, 1 << 20], b"\0\0\0\0"), product)
    yield "negative.pb", graph(x, constant("w", [-4, 1], b"\0\0\0\0"), product)
    yield "nan.pb", graph(x, constant("w", [4, 1], nan), product)
    yield "large.pb", graph(placeholder(1, 4000000), node("y", "Relu", ["x"], T=FLOAT))
    yield "large_in_part.pb", graph(placeholder(1, 4000000), node("a", "Tanh", ["x"], T=FLOAT),
                                    node("y", "Unheard", ["a"], T=FLOAT))
    inner = b""
    for _ in range(2000):
        inner = field(1, inner)
    yield "deep.pb", inner


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for name, content in members.items():
            with out.open(name.replace("__", "/").replace("_json", ".json").replace("_h5", ".weights.h5"), "w") as member:
                if isinstance(content, int):
                    for _ in range(content >> 20):
                        member.write(b" " * (1 << 20))
                else:
                    member.write(content.encode())


def keras(layer):
    layers = [{"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}}, layer]
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": layers}})


def deep(opening, closing):
    return opening * DEEP + closing * DEEP


def archives(folder):
    dense = keras({"class_name": "Dense", "config": {"name": "d", "units": 1 << 40, "activation": "linear"}})
    archive(f"{folder}/bomb.keras", metadata_json="{}", config_json=BOMB, model_h5="")
    archive(f"{folder}/bomb_weights.keras", metadata_json="{}", config_json=dense, model_h5=BOMB)
    archive(f"{folder}/deep.keras", metadata_json="{}", config_json=deep("[", "]"), model_h5="")
    archive(f"{folder}/bomb.pt2", m__archive_format="pt2", m__models__model_json=BOMB)
    archive(f"{folder}/deep.pt2", m__archive_format="pt2", m__models__model_json=deep('{"a":', "}"))
    with open(f"{folder}/deep.pt2", "rb") as source:
        data = bytearray(source.read())
    at = data.rindex(b"PK\1\2")
    data[at + 20 : at + 28] = struct.pack("<2I", 0xFFFFFFF0, 0xFFFFFFF0)
    with open(f"{folder}/claim.pt2", "wb") as out:
        out.write(data)
    units = {"class_name": "Dense", "config": {"name": "d", "units": 1 << 62, "activation": "linear"}}
    with open(f"{folder}/units.json", "w", encoding="ascii") as out:
        out.write(keras(units))


def lwtnn(**layer):
    base = {"activation": "linear", "architecture": "dense", "bias": [0], "weights": [1]}
    inputs = [{"name": "x", "offset": 0, "scale": 1}]
    return json.dumps({"inputs": inputs, "layers": [base | layer], "outputs": ["y"], "defaults": {}})


def texts():
    yield "nan.lwtnn.json", lwtnn(weights=["nan"])
    yield "infinite.lwtnn.json", lwtnn(weights=["1e400"])
    yield "deep.lwtnn.json", '{"inputs":' + deep("[", "]") + "}"
    sequence = [{"name": "s", "variables": [{"name": "x", "offset": 0, "scale": 1}]}]
    nodes = [{"type": "feed_forward", "sources": [0], "layer_index": 0}]
    yield "cycle.lwtnn.json", json.dumps({
        "inputs": sequence, "input_sequences": [], "nodes": nodes,
        "layers": [{"activation": "linear", "architecture": "dense", "bias": [0], "weights": [1]}],
        "outputs": {"y": {"labels": ["y"], "node_index": 0}}})
    yield "source.lwtnn.json", json.dumps({
        "inputs": sequence, "input_sequences": [], "nodes": [{"type": "input", "sources": [7], "size": 1 << 60}],
        "layers": [], "outputs": {"y": {"labels": ["y"], "node_index": 0}}})
    yield "deep.xml", '<?xml version="1.0"?>' + deep("<a>", "</a>")
    yield "entities.xml", ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "' + "a" * 99 + '">'
                           + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(10))
                           + "]><MethodSetup Method=\"MLP::MLP\">&k;</MethodSetup>")
    yield "layers.xml", ('<?xml version="1.0"?><MethodSetup Method="MLP::MLP"><Variables NVar="4000000000"></Variables>'
                         '<Weights><Layout NLayers="4000000000"><Layer Index="0" NNeurons="4000000000"/>'
                         "</Layout></Weights></MethodSetup>")
    yield "deep.json", deep("[", "]")


def onnx_models():
    value = field(1, "x") + field(2, field(1, field(1, 1) + field(2, field(1, field(1, 1)) + field(1, field(1, 4)))))
    result = field(12, field(1, "y"))
    relu = field(1, field(1, "x") + field(2, "y") + field(4, "Relu"))
    version = field(1, 8) + field(8, field(2, 13))
    yield "twice.onnx", version + field(7, relu + field(11, value) + field(11, value) + result)


def flatbuffers():
    head = struct.pack("<I4s", 8, b"TFL3")
    yield "offset.tflite", head[:0] + struct.pack("<I4s", 0xFFFFFFF0, b"TFL3") + bytes(64)
    yield "itself.tflite", head + struct.pack("<i", 0) + bytes(64)
    table = struct.pack("<HHHHHHHH", 16, 8, 0, 0, 4, 0, 4, 0)
    yield "vectors.tflite", struct.pack("<I4s", 24, b"TFL3") + table + struct.pack("<iII", 16, 4, 0xFFFFFFFF) + bytes(64)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    archives(folder)
    for files in (frozen_graphs(), texts(), onnx_models(), flatbuffers()):
        for name, content in files:
            with open(f"{folder}/{name}", "wb") as out:
                out.write(content.encode() if isinstance(content, str) else content)


main(sys.argv[1])
