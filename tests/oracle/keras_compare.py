"""What bxc evaluates of the models of keras_models.py, against what the trainer gave: python3 keras_compare.py BXC FOLDER."""
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np


def outputs_of(bxc, model, inputs, folder):
    """Lists of outputs, or None and why the model is refused."""
    for old in glob.glob(os.path.join(folder, "*")): os.remove(old)
    named = [f"{path[path.rindex('=') + 1:-len('.npy')]}={path}" for path in inputs]
    command = [bxc, "run", model, *named, "--engine", "float", "-o", os.path.join(folder, "out.npy")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode: return None, done.stderr.strip().split("\n")
    files = [line.split(": ")[0] for line in done.stdout.strip().split("\n")]
    return [np.load(file) for file in files], None


def main(bxc, folder):
    worst, refused, count, unequal = {2: 0, 3: 0}, 0, 0, 0
    models = [path for end in ("keras", "h5", "json") for path in glob.glob(os.path.join(folder, f"*.v?.{end}"))]
    with tempfile.TemporaryDirectory() as scratch:
        for model in sorted(models):
            if model.endswith(".weights.h5"): continue
            stem = model[:model.rindex(".")]
            inputs = sorted(glob.glob(stem + ".x*.npy"))
            given, why = outputs_of(bxc, model, inputs, scratch)
            name = os.path.basename(model)
            if given is None:
                refused += 1
                print(f"{name:44} refused: {why[0][-90:]}")
                continue
            wanted = [np.load(path) for path in sorted(glob.glob(stem + ".y*.npy"))]
            wanted = np.concatenate([each.reshape(len(each), -1) for each in wanted], 1)
            given = np.concatenate([each.reshape(len(each), -1) for each in given], 1)
            if given.shape != wanted.shape:
                print(f"{name:44} has the shape {given.shape} and not {wanted.shape}")
                unequal += 1
                continue
            scale = max(1.0, float(np.abs(wanted).max()))
            far = float(np.abs(given - wanted).max()) / scale
            count += 1
            version = int(name.split(".v")[1][0])
            worst[version] = max(worst[version], far)
            same = np.array_equal(given, wanted)
            if far > 1e-5 or ("qkeras" in name and not same):
                unequal += 1
                print(f"{name:44} {far:.3g} off {'' if far > 1e-5 else '(not the same bits)'}")
    print(f"{count} models, {refused} refused, {unequal} wrong; largest difference: Keras 2 {worst[2]:.3g}, "
          f"Keras 3 {worst[3]:.3g} of the largest output (or of 1)")


main(sys.argv[1], sys.argv[2])
