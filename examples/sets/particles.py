"""Simulated jets as lists of particles, on the grids of a trigger.

    pip install pythia8mc fastjet numpy
    particles.py CLASS N SEED OUT.npy        CLASS: g q w z t

The jets are those of ../jets/generate.py. OUT is float32, (N, 32, 3): the 32 particles of highest
transverse momentum, falling; of each this momentum in GeV, in steps of 1/4 from 4 to 511.75, and its distance
from the axis of the jet in pseudorapidity and azimuth, in steps of 1/256. Where a jet has fewer, rows are zero.
"""
import itertools
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parent.parent / "jets"))
from generate import jets

NUMBER = 32
LOWEST, HIGHEST = 4, 511.75


def particles(jet):
    rows = [(p.pt(), p.eta() - jet.eta(), jet.delta_phi_to(p)) for p in jet.constituents()]
    rows = np.array(sorted(rows, reverse=True)[:NUMBER])
    momentum = np.minimum(np.floor(rows[:, :1] * 4) / 4, HIGHEST)
    angles = np.round(rows[:, 1:] * 256) / 256
    out = np.zeros((NUMBER, 3), np.float32)
    out[:len(rows)] = np.hstack([momentum, angles]) * (momentum >= LOWEST)
    return out


def main(kind, number, seed, path):
    np.save(path, np.array([particles(jet) for jet in itertools.islice(jets(kind, seed), number)]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
