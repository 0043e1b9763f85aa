"""The package against the command line, bit for bit. Prints "ok NAME" and "not ok NAME: why"."""

import gc
import os
import subprocess
import sys
import threading
import traceback
import warnings
from pathlib import Path

import numpy as np

import bxc

ROOT, WORK = Path(os.environ["ROOT"]), Path(os.environ["WORK"])
JETS = ROOT / "examples" / "jets"
BXC = os.environ["BXC"]
MODEL, EVENTS, LABELS = JETS / "jets_6bit.onnx", JETS / "events.npy", JETS / "labels.npy"
CLOCK = "360MHz"


def command(*arguments):
    done = subprocess.run([BXC, *map(str, arguments)], capture_output=True, text=True, cwd=WORK)
    assert done.returncode == 0, done.stderr
    return done.stdout


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


def same_bits(a, b):
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def events():
    return np.load(EVENTS)[:2000]


def predicts_what_the_command_runs():
    x = events()
    np.save(WORK / "x.npy", x)
    firmware = quietly(bxc.compile, MODEL, clock=CLOCK, calibrate=EVENTS)
    command("compile", MODEL, "--clock", CLOCK, "--calibrate", EVENTS, "-o", "fw", "-q")
    command("run", "fw", "x.npy", "-o", "fixed.npy", "-q")
    command("run", MODEL, "x.npy", "--engine", "float", "-o", "float.npy", "-q")
    fixed, real = firmware.predict(x), bxc.load(MODEL).predict(x)
    assert same_bits(fixed, np.load(WORK / "fixed.npy").reshape(fixed.shape))
    assert same_bits(real, np.load(WORK / "float.npy").astype(np.float32).reshape(real.shape))
    assert same_bits(firmware.evaluate(x), real)
    assert not same_bits(fixed, real.astype(np.float64))
    opened = bxc.open(WORK / "fw")
    assert same_bits(opened.predict(x), fixed)
    assert opened.report == firmware.report and opened.files == {}


def compiles_the_same_files():
    firmware = quietly(bxc.compile, MODEL, clock=CLOCK, calibrate=EVENTS)
    firmware.write(WORK / "written")
    command("compile", MODEL, "--clock", CLOCK, "--calibrate", EVENTS, "-o", "fw", "-q")
    there = {str(p.relative_to(WORK / "fw")): p.read_bytes() for p in (WORK / "fw").rglob("*") if p.is_file()}
    written = {str(p.relative_to(WORK / "written")): p.read_bytes() for p in (WORK / "written").rglob("*") if p.is_file()}
    assert there == written
    made = firmware.files
    assert all(there[path] == data for path, data in made.items()) and set(made) <= set(there)


def calibrates_with_arrays():
    x = events()
    np.save(WORK / "c.npy", x.astype(np.float64))
    one = quietly(bxc.compile, JETS / "jets.onnx", precision=10, calibrate=x)
    two = quietly(bxc.compile, JETS / "jets.onnx", precision=10, calibrate=WORK / "c.npy")
    none = quietly(bxc.compile, JETS / "jets.onnx", precision=10)
    assert one.report.content_hash == two.report.content_hash != none.report.content_hash
    assert str(WORK) not in "".join(d.decode("utf-8", "replace") for d in one.files.values())


def traces_every_layer():
    x = events()[:100]
    firmware = quietly(bxc.compile, MODEL, clock=CLOCK)
    values = firmware.trace(x)
    assert list(values) == [layer.name for layer in firmware.layers] and "dense1" in values
    assert same_bits(values["softmax"], firmware.predict(x))
    for layer in firmware.layers:
        codes = values[layer.name].reshape(len(x), -1) * np.array([2.0**f.fraction for f in layer.formats])
        assert (codes == np.rint(codes)).all(), layer.name


def runs_stored_integers():
    x = events()[:100]
    firmware = quietly(bxc.compile, MODEL, input={"features": "fixed<16,6>"})
    (port,) = firmware.inputs
    assert str(port.formats[0]) == "s16f10"
    codes = np.clip(np.rint(x * 2.0**10), -(2**15), 2**15 - 1).astype(np.int64)
    (output,) = firmware.outputs
    scale = 2.0 ** -np.array([f.fraction for f in output.formats])
    assert same_bits(firmware.run(codes).reshape(len(x), -1) * scale, firmware.predict(codes * 2.0**-10).reshape(len(x), -1))
    try:
        firmware.run(x)
    except TypeError:
        return
    raise AssertionError("real numbers were taken for stored integers")


def tells_what_is_wrong():
    for wrong in (lambda: bxc.load(WORK / "none.onnx"), lambda: bxc.compile(MODEL, clock="never"), lambda: bxc.compile(MODEL, clok=1),
                  lambda: bxc.open(WORK)):
        try:
            quietly(wrong)
        except bxc.Error as error:
            assert error.diagnoses and str(error)
        else:
            raise AssertionError("it was taken")
    text = 'bxc graph 1\ngraph "g"\n%0 = input() "x" : [1,2] real\n%1 = div(%0, %0) "quotient" : [1,2] real\noutput "y" %1\n'
    (WORK / "refused.bxc").write_text(text)
    try:
        quietly(bxc.compile, WORK / "refused.bxc", input={"x": "fixed<8,4>"})
    except bxc.Error as error:
        assert error.node == "quotient", error.node
    else:
        raise AssertionError("a division of variables was compiled")


def names_what_was_passed():
    x = events()[:50].astype(np.float64)
    hole = x.copy()
    hole[1, 2] = np.nan
    firmware = quietly(bxc.compile, JETS / "jets_hgq.keras")
    for wrong, name in ((lambda: bxc.compile(MODEL, calibrate=hole), "calibrate: error: NaN at event 1, column 2"),
                        (lambda: bxc.compile(MODEL, calibrate={"features": hole}), "calibrate['features']: error: NaN at event 1"),
                        (lambda: bxc.compile(MODEL, calibrate=x[:0]), "calibrate: error: it holds no event"),
                        (lambda: bxc.compile(MODEL, config={"clok": "360MHz"}), "config: error: this key is unknown"),
                        (lambda: firmware.verify(x, np.zeros(7), engines="c"), "labels: error: 7 labels for 50 events"),
                        (lambda: firmware.verify(engines="c", max_flips=0.1, count=1), f"firmware '{firmware.name}': error: there is nothing to hold")):
        try:
            quietly(wrong)
        except bxc.Error as error:
            assert str(error).startswith(name), f"{error} is not {name}"
            assert os.environ["TMPDIR"] not in str(error), error
        else:
            raise AssertionError(f"{name} was taken")


def warns():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bxc.compile(JETS / "jets.onnx", precision=10)
    assert any(issubclass(w.category, bxc.Warning) and "calibrat" in str(w.message) for w in caught), [str(w.message) for w in caught]
    assert not any("warning:" in str(w.message) for w in caught), [str(w.message) for w in caught]
    assert all(w.filename == __file__ for w in caught), {w.filename for w in caught}


def refuses_odd_arrays():
    firmware = quietly(bxc.compile, MODEL)
    x = events()[:4]
    for wrong in (x[:, :3], x[0, 0], {"features": x, "more": x}, {"other": x}):
        try:
            firmware.predict(wrong)
        except ValueError:
            continue
        raise AssertionError(f"{np.shape(wrong)} was taken")
    x[1, 2] = np.nan
    try:
        firmware.predict(x)
    except bxc.Error as error:
        assert "NaN" in str(error)
    else:
        raise AssertionError("NaN was taken")
    assert firmware.predict(events()[:0]).shape == (0, 5)
    assert same_bits(firmware.predict({"features": events()}), firmware.predict([events()]))


def several_inputs_and_outputs():
    text = ('bxc graph 1\ngraph "two"\n%0 = input() "a" : [1,2] real\n%1 = input() "b" : [1,2] real\n'
            '%2 = add(%0, %1) "sum" : [1,2] real\n%3 = sub(%0, %1) "difference" : [1,2] real\noutput "s" %2\noutput "d" %3\n')
    (WORK / "two.bxc").write_text(text)
    a, b = np.array([[1.0, 2.0], [0.5, -3.0]]), np.array([[0.25, 7.0], [-1.0, 1.0]])
    firmware = quietly(bxc.compile, WORK / "two.bxc", input={"a": "fixed<8,4>", "b": "fixed<9,5>"}, calibrate={"a": a, "b": b})
    out = firmware.predict({"a": a, "b": b})
    assert (out["s"] == a + b).all() and (out["d"] == a - b).all()
    assert all((u == v).all() for u, v in zip(firmware.predict([a, b]).values(), out.values()))
    verdict = quietly(firmware.verify, {"a": a, "b": b}, {"d": np.array([0, 0]), "s": np.array([1, 1])}, engines="c", count=2)
    assert [verdict.data["labels"]["output"], verdict.data["other_labels"][0]["output"]] == ["s", "d"]
    assert verdict.accuracy_fixed == 0.5 and verdict.data["other_labels"][0]["accuracy_fixed"] == 1


def verifies():
    x, labels = events(), np.load(LABELS)[:2000]
    firmware = quietly(bxc.compile, MODEL, clock=CLOCK)
    verdict = quietly(firmware.verify, x, labels, engines="c", count=1000)
    assert verdict and verdict.equal and verdict.as_trained
    engines = {e.name: e for e in verdict.engines if not e.variant}
    assert engines["c"].equal and not engines["rtl"].ran and engines["rtl"].why == "not asked for"
    assert engines["rtl"].equal is None and engines["float"].equal is None and verdict.data["latency_right"] is None
    assert 0.3 < verdict.accuracy_fixed < 0.9 and verdict.data["equal"] is True
    assert verdict.events >= 1000 and "verdict: " in str(verdict)
    assert "<html" in firmware.report._repr_html_().replace("&lt;", "<")


def takes_lists():
    text = 'bxc graph 1\ngraph "g"\n%0 = input() "x" : [1,2] real\n%1 = relu(%0) "r" : [1,2] real\noutput "y" %1\n'
    (WORK / "lists.bxc").write_text(text)
    firmware = bxc.compile(WORK / "lists.bxc", input=["x=fixed<8,4>"], precision=(8, 9))
    x = np.linspace(-2, 2, 100).reshape(50, 2)
    verdict = quietly(firmware.verify, x, np.arange(50) % 2, engines=["emulator", "c"], class_names=["a", "b"], count=50)
    ran = {e.name for e in verdict.engines if e.ran}
    assert "c" in ran and verdict.data["labels"]["class_names"] == ["a", "b"]
    for take in (firmware.predict, firmware.verify):
        try:
            quietly(take, np.full((4, 2), 2**53 + 1))
        except ValueError as error:
            assert "2**53" in str(error)
        else:
            raise AssertionError("integers were rounded without a word")


def sizes_open_axes():
    folder = ROOT / "tests" / "oracle" / "open_axes"
    x, wanted = np.loadtxt(folder / "events.csv", delimiter=","), np.loadtxt(folder / "named.onnx.csv", delimiter=",")
    model = quietly(bxc.load, folder / "named.onnx", shape={"steps": 7})
    assert np.abs(model.predict(x.reshape(-1, 7, 4)).reshape(wanted.shape) - wanted).max() < 1e-5
    assert quietly(bxc.compile, model).inputs[0].shape == (7, 4)
    try:
        bxc.load(folder / "named.onnx", shape=["steps=7", "other=3"])
        raise AssertionError("nothing is refused")
    except bxc.Error as error:
        assert "open are 'steps', 'x.1'" in str(error), error


def works_in_threads():
    x = events()
    wanted = quietly(bxc.compile, JETS / "jets_hgq.keras").predict(x)
    failures = []

    def work():
        try:
            for _ in range(3):
                assert same_bits(bxc.compile(JETS / "jets_hgq.keras").predict(x), wanted)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures, failures


def leaves_nothing_behind():
    before = set(os.listdir(os.environ.get("TMPDIR", "/tmp")))
    firmware = quietly(bxc.compile, MODEL, calibrate=events())
    quietly(firmware.verify, engines="c", count=100)
    del firmware
    gc.collect()
    left = {n for n in set(os.listdir(os.environ.get("TMPDIR", "/tmp"))) - before if n.startswith("bxc-") or n.startswith("bxc.")}
    assert not left, left


def main():
    (WORK / "tmp").mkdir()
    os.environ["TMPDIR"] = str(WORK / "tmp")
    failed = False
    for test in (predicts_what_the_command_runs, compiles_the_same_files, calibrates_with_arrays, traces_every_layer,
                 runs_stored_integers, tells_what_is_wrong, names_what_was_passed, warns, refuses_odd_arrays, several_inputs_and_outputs, verifies, takes_lists,
                 sizes_open_axes, works_in_threads, leaves_nothing_behind):
        try:
            test()
        except BaseException as error:  # noqa: BLE001
            traceback.print_exc()
            print(f"not ok python_{test.__name__}: {error}".replace("\n", " "))
            failed = True
        else:
            print(f"ok python_{test.__name__}")
        sys.stdout.flush()
    return failed


sys.exit(main())
