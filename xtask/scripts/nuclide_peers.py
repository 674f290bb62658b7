"""Makes the tables that the nuclides are compared with: crates/lutetia-data/tests/peers/*.csv.

    pip install radioactivedecay==0.6.1
    # ENDF/B-VIII.1, decay sublibrary (National Nuclear Data Center, 30 August 2024), unpacked:
    python3 xtask/scripts/nuclide_peers.py data/nuclides.csv DECAY_FOLDER crates/lutetia-data/tests/peers

icrp107.csv: half-lives and branches as PyPI radioactivedecay (MIT) carries them, which are those of ICRP
Publication 107 (2008). endf_b_viii_1.csv: half-lives and mean energies per decay from the energy balance
at the head of each evaluated file; ENDF/B is in the public domain. Both are read with the nuclides of our
table only, and are facts that a test compares; nothing is computed from them.
"""

import csv
import os
import re
import sys

import radioactivedecay

SECONDS = {"Y": 365.2422 * 86400, "D": 86400, "H": 3600, "M": 60, "S": 1, "MS": 1e-3, "US": 1e-6}


def mean(text, kind):
    """Energy and standard uncertainty in MeV; zero where the file has none."""
    found = re.search(rf"Mean {re.escape(kind)} Energy:\s+(\S+) \+- (\S+) keV", text)
    return (float(found[1]) / 1e3, float(found[2]) / 1e3) if found else (0.0, 0.0)


def endf(folder, name):
    symbol, a = name.split("-")
    mass, isomer = int(a.rstrip("m")), "m1" if a.endswith("m") else ""
    pattern = re.compile(rf"dec-\d+_{symbol}_{mass:03d}{isomer}\.endf$")
    file = next(f for f in os.listdir(folder) if pattern.match(f))
    with open(os.path.join(folder, file), encoding="utf-8") as stream:
        text = stream.read()
    half = re.search(r"Parent half-life: (\S+) (\w+)", text)
    kinds = (("Alpha", "Recoil"), ("CE+Auger", "B-", "B+"), ("Gamma", "X-Ray+511"))
    values = [[mean(text, k) for k in group] for group in kinds]
    cells = [f"{sum(v for v, _ in group):.5f}" for group in values]
    sd = sum(s * s for _, s in values[1]) ** 0.5
    seconds = f"{float(half[1]) * SECONDS[half[2]]:.9g}" if half else ""
    return [name, seconds, cells[0], cells[1], f"{sd:.5f}", cells[2]]


def main():
    table, folder, out = sys.argv[1:4]
    with open(table, encoding="utf-8") as stream:
        names = [r["nuclide"] for r in csv.DictReader(stream) if r["half_life"] != "stable"]
    known = set(radioactivedecay.DEFAULTDATA.nuclides)
    with open(os.path.join(out, "icrp107.csv"), "w", newline="", encoding="utf-8") as stream:
        stream.write(f"# ICRP Publication 107 as carried by radioactivedecay {radioactivedecay.__version__} (MIT),"
                     " by xtask/scripts/nuclide_peers.py. For comparison only.\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["nuclide", "half_life_s", "branches"])
        for name in names:
            if name in known:
                n = radioactivedecay.Nuclide(name)
                branches = zip(n.progeny(), n.branching_fractions(), n.decay_modes())
                text = ";".join(f"{d}:{f:.6g}:{m}" for d, f, m in branches)
                writer.writerow([name, f"{n.half_life('s'):.9g}", text])
    with open(os.path.join(out, "endf_b_viii_1.csv"), "w", newline="", encoding="utf-8") as stream:
        stream.write("# ENDF/B-VIII.1 decay sublibrary (NNDC, 2024; public domain), energy balance at the head of each"
                     " file, by xtask/scripts/nuclide_peers.py. MeV per decay; alpha with recoil.\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["nuclide", "half_life_s", "alpha", "electron", "electron_sd", "photon"])
        writer.writerows(endf(folder, name) for name in names)


if __name__ == "__main__":
    main()
