"""Fits the scans of data/pet with SciPy: makes crates/lutetia-pet/tests/peers/scipy.csv.

    pip install numpy scipy
    python3 xtask/scripts/pet_peers.py data/pet crates/lutetia-pet/tests/peers/scipy.csv

Two tissue compartments with delay and blood fraction. The input is put on a grid of half a second, convolved with each
exponential by the recurrence of a line, and averaged over the frames by the trapezoid rule; the weighted sum of squares is
minimised from several starts with derivatives by differences. Nothing of Lutetia is used.
"""

import csv
import sys

import numpy as np
from scipy.optimize import least_squares
from scipy.signal import lfilter

STEP = 0.5 / 60
LOWER, UPPER = [1e-6] * 4 + [0, -0.5], [10] * 4 + [0.3, 0.5]
STARTS = [[0.1, 0.1, k, k, 0.05, d] for k in (0.1, 0.03) for d in (0.0, 0.25, -0.25)]


def table(path, columns):
    rows = {}
    with open(path, encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            rows.setdefault((row["scan"], row.get("region")), []).append([float(row[c]) for c in columns])
    return {key: np.array(values) for key, values in rows.items()}


def means(x, blood, start, end):
    k1, k2, k3, k4, fraction, delay = x
    t = np.arange(0, end[-1] + STEP, STEP)
    late = t - delay
    whole, plasma = (np.where(late < blood[0, 0], 0, np.interp(late, blood[:, 0], blood[:, c])) for c in (1, 2))
    total = k2 + k3 + k4
    root = np.sqrt(total**2 - 4 * k2 * k4)
    rates = (total + root) / 2, (total - root) / 2
    amplitudes = k1 * (rates[0] - k3 - k4) / root, -k1 * (rates[1] - k3 - k4) / root
    tissue = 0
    for amplitude, rate in zip(amplitudes, rates):
        decay = np.exp(-rate * STEP)
        first = (1 - decay) / (rate * STEP)
        second = (1 - first) / (rate * STEP)
        drive = STEP * (plasma[:-1] * (first - second) + plasma[1:] * second)
        tissue = tissue + amplitude * np.concatenate([[0], lfilter([1], [1, -decay], drive)])
    seen = (1 - fraction) * tissue + fraction * whole
    area = np.concatenate([[0], np.cumsum(STEP * (seen[1:] + seen[:-1]) / 2)])
    return (np.interp(end, t, area) - np.interp(start, t, area)) / (end - start)


def main():
    folder, out = sys.argv[1:3]
    frames = table(f"{folder}/tacs.csv", ["start (s)", "duration (s)", "activity (kBq/mL)", "weight"])
    blood = table(f"{folder}/blood.csv", ["time (s)", "whole_blood (kBq/mL)", "parent_plasma (kBq/mL)"])
    with open(out, "w", newline="", encoding="utf-8") as stream:
        stream.write("# SciPy fits of data/pet by xtask/scripts/pet_peers.py: two tissue compartments, means over frames.\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["scan", "region", "K1", "k2", "k3", "k4", "vB", "delay", "VT", "wrss"])
        for (scan, region), rows in frames.items():
            if region not in ("FC", "THA"):
                continue
            start, end = rows[:, 0] / 60, (rows[:, 0] + rows[:, 1]) / 60
            samples = blood[(scan, None)] / [60, 1, 1]
            root = np.sqrt(rows[:, 3])

            def miss(x):
                return root * (means(x, samples, start, end) - rows[:, 2])

            scale = [0.1, 0.1, 0.1, 0.1, 0.05, 0.1]
            fits = [least_squares(miss, x, bounds=(LOWER, UPPER), x_scale=scale, xtol=1e-10, ftol=1e-12) for x in STARTS]
            best = min(fits, key=lambda fit: fit.cost)
            k1, k2, k3, k4, *_ = best.x
            volume = k1 / k2 * (1 + k3 / k4)
            writer.writerow([scan, region, *(f"{v:.6g}" for v in [*best.x, volume, 2 * best.cost])])


if __name__ == "__main__":
    main()
