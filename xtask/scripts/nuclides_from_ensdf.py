"""Makes data/nuclides.csv, data/nuclide_photons.csv and data/nuclide_electrons.csv from ENSDF decay data.

    pip install paceENSDF==0.6.3 xraydb==4.5.8
    python3 xtask/scripts/nuclides_from_ensdf.py data/

Method, per decay of one nuclide alone and in keV:

* Particles. Beta, positron and alpha intensities of a data set are scaled so that they sum to the
  branching ratio of that data set. Electrons take the mean beta energy that ENSDF gives for each
  branch; where it gives none, or one that is more than 2.5 % off for an allowed branch (67Cu), the mean
  of an allowed spectrum with the relativistic Fermi function.
* Alpha recoil is E_alpha * 4 / (A - 4), alpha by alpha.
* Gammas: relative intensity * NR * BR * energy.
* Internal conversion: gamma intensity * total conversion coefficient * transition energy. All of
  it leaves the atom, as conversion electron, Auger electron or X ray; the X-ray part is moved to
  the photons. Binding energies therefore cancel except in the X rays.
  Transitions below the L3 edge without a coefficient count as electrons.
* Vacancies come from conversion (K and L coefficients) and electron capture (K, L, M fractions);
  fluorescence yields, Coster-Kronig probabilities, line energies and binding energies are those of
  Elam, Ravel and Sieber (2002) through xraydb. Of 100 K Auger electrons 64 are taken as KLL, 32 as
  KLM and 4 as KMM. M X rays (below 4 keV, some percent of M vacancies) are left with the electrons.
* Annihilation: 2 * 511 keV per positron.
* nuclide_photons.csv lists gammas and X-ray groups of at least 0.1 % per decay, and the weaker ones
  as one group at their mean energy.
* In alpha decay, excitation energy that is fed but carried off by no listed transition (almost fully
  converted ones have no gamma intensity) goes to the electrons; `note` says how much.
* nuclide_electrons.csv lists beta and positron branches by end point, with the order of forbiddenness
  that ENSDF gives where it is unique, conversion electrons by shell (transition energy less the mean
  binding energy of the shell), and what is left of the electron energy (Auger electrons, weak
  branches) as electrons of 5 keV, which stay where they arise. Rows that carry less than 0.1 % of the
  electron energy are in that rest.
* Isomers that are members of their own (Xe-131m, Tc-99m, Lu-177m) do not count in their parent;
  other isomeric levels (Y-89m, 15.7 s; Cd-111m, 5e-5 of the decays of In-111) are prompt.
* Where ENSDF is older than better measurements by more than half a percent of the half-life, or its
  intensities release more than the alphas feed, HALF_LIVES and ELECTRONS below hold the value and its
  source; nuclide_peers.py compares the result with ICRP 107 and ENDF/B-VIII.1.
* Isomeric transitions are cascades through the level scheme of another data set of the daughter.

What ENSDF leaves out (beta spectra of branches below 1e-4, gammas without intensity) is left out.
"""

import csv
import json
import math
import os
import sys

import paceENSDF
import xraydb

HERE = os.path.join(os.path.dirname(paceENSDF.__file__), "ENSDF_JSON")
FILES = sorted(os.listdir(HERE))
ME = 510.99895
VERSION = "ENSDF through paceENSDF 0.6.3"


def dataset(parent, daughter, level="0"):
    """The data set of one decay; `level` is the energy of the parent level as ENSDF writes it."""
    for name in FILES:
        if name.startswith(f"j_input_{parent}_{daughter}_") and name.endswith(f"_{level}keV.json"):
            with open(os.path.join(HERE, name), encoding="utf-8") as file:
                return json.load(file)
    raise SystemExit(f"no ENSDF data set {parent} -> {daughter} of level {level}")


def hyphen(ensdf):
    letters = "".join(c for c in ensdf if c.isalpha())
    return f"{letters}-{ensdf[len(letters):]}"


class Atom:
    """X rays that fill one vacancy of an element: groups of (label, energy keV, photons)."""

    def __init__(self, z):
        self.z = z
        self.edges = {k: v.energy / 1e3 for k, v in xraydb.xray_edges(z).items()}
        self.omega = {k: v.fyield for k, v in xraydb.xray_edges(z).items()}
        lines = xraydb.xray_lines(z).values()
        self.lines = {}
        for line in lines:
            self.lines.setdefault(line.initial_level, []).append(
                (line.final_level, line.energy / 1e3, line.intensity)
            )

    def binding(self, shell):
        if shell == "K":
            return self.edges.get("K", 0.0)
        values = [e for k, e in self.edges.items() if k.startswith(shell)]
        return sum(values) / len(values) if values else 0.0

    def ck(self, a, b):
        try:
            return xraydb.ck_probability(self.z, a, b)
        except Exception:
            return 0.0

    def l_subshells(self, start):
        """Photons and mean energy of an L vacancy spread as `start` over L1, L2, L3."""
        f12, f13, f23 = self.ck("L1", "L2"), self.ck("L1", "L3"), self.ck("L2", "L3")
        one, two, three = start
        if f12 == 0.0 and f13 == 0.0 and "L1" in self.lines:
            f13 = 0.3
        two += one * f12
        three += one * f13 + two * f23
        photons = energy = 0.0
        for shell, n in (("L1", one), ("L2", two), ("L3", three)):
            lines = self.lines.get(shell, [])
            total = sum(i for _, _, i in lines)
            if total <= 0.0:
                continue
            p = n * self.omega.get(shell, 0.0)
            photons += p
            energy += p * sum(e * i for _, e, i in lines) / total
        return photons, energy

    def k_vacancy(self):
        """K alpha, K beta photons and energies, and what a K vacancy adds to L1, L2, L3."""
        omega = self.omega.get("K", 0.0)
        lines = self.lines.get("K", [])
        total = sum(i for _, _, i in lines) or 1.0
        alpha = [(e, i) for f, e, i in lines if f.startswith("L")]
        beta = [(e, i) for f, e, i in lines if not f.startswith("L")]
        out = {}
        for label, group in (("Ka", alpha), ("Kb", beta)):
            photons = omega * sum(i for _, i in group) / total
            mean = sum(e * i for e, i in group) / (sum(i for _, i in group) or 1.0)
            out[label] = (photons, photons * mean)
        auger = (1.0 - omega) * (2 * 0.64 + 0.32)
        share = {f: omega * i / total for f, _, i in lines if f.startswith("L")}
        l = [
            share.get("L1", 0.0) + auger / 4,
            share.get("L2", 0.0) + auger * 3 / 8,
            share.get("L3", 0.0) + auger * 3 / 8,
        ]
        return out, l

    def xrays(self, k, l):
        """Groups of photons of `k` K vacancies and `l` = (L1, L2, L3) vacancies."""
        groups = {}
        if k > 0.0:
            first, add = self.k_vacancy()
            l = [a + k * b for a, b in zip(l, add)]
            for label, (photons, energy) in first.items():
                groups[label] = (k * photons, k * energy)
        if sum(l) > 0.0:
            groups["L"] = self.l_subshells(l)
        return groups


def mean_beta(z_daughter, endpoint, positron=False):
    """Mean energy of an allowed spectrum, keV, with the point-charge Fermi function."""
    q = endpoint / ME
    z = -z_daughter if positron else z_daughter
    c = z / 137.036
    num = den = 0.0
    n = 400
    for i in range(n):
        t = (i + 0.5) / n * q
        w = t + 1
        p = math.sqrt(w * w - 1)
        eta = c * w / p
        # Fermi function with the relativistic factor of Bethe and Bacher.
        fermi = (2 * math.pi * eta / (1 - math.exp(-2 * math.pi * eta))
                 * (w * w * (1 + 4 * c * c) - 1) ** (math.sqrt(1 - c * c) - 1))
        s = fermi * p * w * (q - t) ** 2
        num += s * t
        den += s
    return num / den * ME


def unique(x):
    """Suffix of a unique forbidden transition: ` unique 1`."""
    degree = x.get("forbiddennessDegree") or ""
    return f" unique {degree[0]}" if degree.endswith("UF") else ""


class Tally:
    """Energies per decay, keV, and photon lines."""

    def __init__(self):
        self.alpha = self.recoil = self.electron = self.photon = 0.0
        self.lines = []
        self.spectrum = []
        self.vacancies = {}
        self.closed = 0.0
        self.own_means = False
        self.notes = []

    def emit(self, z, gamma, intensity):
        """One transition of a level scheme: its gammas and what is converted."""
        energy = gamma["gammaEnergy"]
        if coefficients(gamma)[0] is None and energy < Atom(z).edges.get("L3", 0.0):
            # So low a transition is almost fully converted; ENSDF lists its whole intensity.
            self.electron += energy * intensity
            return
        if (gamma.get("multipolarity") or "") != "E0":
            self.gamma(energy, intensity)
        self.convert(z, gamma, intensity)

    def gamma(self, energy, intensity, what="gamma"):
        self.photon += energy * intensity
        self.lines.append((energy, intensity, what))

    def convert(self, z, gamma, intensity):
        """Conversion of one transition with `intensity` gammas per decay."""
        energy = gamma["gammaEnergy"]
        if (gamma.get("multipolarity") or "") == "E0":
            # No photon: what ENSDF lists is the conversion electrons and pairs.
            self.electron += energy * intensity
            return
        alpha, k, l = coefficients(gamma)
        if alpha is None:
            return
        self.electron += energy * intensity * alpha
        outer = max(alpha - k - l, 0.0)
        for shell, part in (("K", k), ("L", l), ("M", outer)):
            left = energy - Atom(z).binding(shell)
            if part > 0.0 and left > 0.0:
                self.spectrum.append(("conversion", left, intensity * part, z, left))
        kind = gamma.get("multipolarity") or ""
        if "E2" in kind and "M1" not in kind:
            share = (0.1, 0.5, 0.4)
        elif "E1" in kind or "M1+E2" in kind:
            share = (0.5, 0.25, 0.25)
        else:
            share = (0.9, 0.07, 0.03)
        vacancy = self.vacancies.setdefault(z, [0.0, 0.0, 0.0, 0.0])
        vacancy[0] += intensity * k
        for i in range(3):
            vacancy[i + 1] += intensity * l * share[i]

    def capture(self, z, intensity, fractions):
        """Electron capture: the binding energies of the vacancies go to X rays and Auger electrons."""
        atom = Atom(z)
        k, l, m = fractions
        total = k + l + m or 1.0
        if k + l + m == 0.0:
            k, total = 0.0, 1.0
        k, l, m = (intensity * f / total for f in (k, l, m))
        self.electron += (
            k * atom.binding("K") + l * atom.edges.get("L1", 0.0) + m * atom.edges.get("M1", 0.0)
        )
        vacancy = self.vacancies.setdefault(z, [0.0, 0.0, 0.0, 0.0])
        vacancy[0] += k
        vacancy[1] += 0.95 * l
        vacancy[2] += 0.05 * l

    def relax(self):
        for z, (k, *l) in self.vacancies.items():
            for label, (photons, energy) in Atom(z).xrays(k, l).items():
                if photons > 0.0:
                    self.gamma(energy / photons, photons, f"X {xraydb.atomic_symbol(z)} {label}")
                    self.electron -= energy
        self.vacancies = {}

    def electrons(self):
        """Rows of the electron table: kind, energy and mean energy keV, yield, Z of the daughter."""
        merged = {}
        for kind, energy, n, z, mean in self.spectrum:
            key = (kind, round(energy, 1), z, round(mean, 1))
            merged[key] = merged.get(key, 0.0) + n
        rows, told = [], 0.0
        for (kind, energy, z, mean), n in merged.items():
            if n * mean >= 1e-3 * self.electron:
                rows.append((kind, energy, mean, n, z))
                told += n * mean
        rest = self.electron - told
        if rest > 1e-3 * self.electron:
            rows.append(("rest", 5.0, 5.0, rest / 5.0, 0))
        return sorted(rows)


def coefficients(gamma):
    """Total, K and L conversion coefficients; the total is None where ENSDF gives none."""
    total = gamma.get("calculatedTotalInternalConversionCoefficient") or gamma.get(
        "experimentalTotalInternalConversionCoefficient"
    )
    shells = gamma["calculatedAtomicShellConversionCoefficients"]
    shell = shells[0] if shells else {}
    key = "calculatedInternalConversionCoefficientAtomicShell"
    k, l = (shell.get(key + s) or 0.0 for s in "KL")
    outer = sum(shell.get(key + s) or 0.0 for s in "MNOPQ")
    plus = gamma["sumCalculatedAtomicShellConversionCoefficients"]
    plus = plus[0] if plus else {}
    key = "sumConversionCoefficientsAtomicShellPlus"
    for s in "LMNOP":
        outer += plus.get(key + s) or 0.0
    if k + l + outer > 0.0 and not total:
        total = k + l + outer
    if total and k + l + outer == 0.0:
        # Only the total is known: K where the transition can reach it.
        k, l = (0.75 * total, 0.2 * total) if gamma["gammaEnergy"] > 120 else (0.0, 0.75 * total)
    return total or None, k, l


def isomer_feed(data, level):
    """Feeding of one level per decay: particles and cascades from above."""
    norm = normalisation(data)
    feed = 0.0
    for l in data["levelScheme"]:
        for g in l["gammaDecay"]:
            if abs(g["levelEnergyFinal"] - level) < 0.05:
                a = coefficients(g)[0] or 0.0
                feed += (g["gammaIntensity"] or 0.0) * norm * (1 + a)
        if abs(l["levelEnergy"] - level) < 0.05:
            feed += sum(x["betaMinusIntensity"] or 0.0 for x in l.get("betaMinusDecay", [])) / 100
    return feed


def normalisation(data):
    record = data["decaySchemeNormalization"][0]["normalizationRecord"][0]
    br = record["multiplerBranchingRatio"]
    return record["multiplerPhotonIntensity"] * (1.0 if br is None else br) / 100


def add(tally, data, fraction, skip_levels=()):
    """Adds one data set that makes up `fraction` of the decays."""
    z, a = data["daughterAtomicNumber"], data["parentAtomicMass"]
    record = data["decaySchemeNormalization"][0]["normalizationRecord"][0]
    br = record["multiplerBranchingRatio"] or 1.0
    particles = []
    for level in data["levelScheme"]:
        for x in level.get("betaMinusDecay", []):
            particles.append(("b-", level, x, x["betaMinusIntensity"] or 0.0))
        for x in level.get("alphaDecay", []):
            particles.append(("a", level, x, x["alphaIntensity"] or 0.0))
        for x in level.get("betaPlusDecay", []):
            ec, plus = x["electronCaptureIntensity"] or 0.0, x["betaPlusIntensity"] or 0.0
            if ec + plus == 0.0:
                plus = 0.0
                ec = x["totalElectronCaptureBetaPlusIntensity"] or 0.0
            particles.append(("ec", level, x, ec + plus))
    scale = fraction / (sum(p[3] for p in particles) or 1.0)
    excitation = 0.0
    for kind, level, x, intensity in particles:
        excitation += intensity * scale * level["levelEnergy"]
        if kind == "b-":
            mean = x["averageBetaMinusEnergy"]
            if x["endPointBetaMinusEnergy"]:
                own = mean_beta(z, x["endPointBetaMinusEnergy"])
                if mean is None:
                    mean = own
                elif not unique(x) and abs(mean / own - 1) > 0.025 and intensity > 5:
                    # 67Cu alone: 3 to 4 % above what any allowed spectrum of its end points gives.
                    mean = own
                    tally.own_means = True
            tally.electron += intensity * scale * (mean or 0.0)
            if mean and x["endPointBetaMinusEnergy"]:
                tally.spectrum.append((f"beta-{unique(x)}", x["endPointBetaMinusEnergy"],
                                       intensity * scale, z, mean))
        elif kind == "a":
            tally.alpha += intensity * scale * x["alphaEnergy"]
            tally.recoil += intensity * scale * x["alphaEnergy"] * 4 / (a - 4)
        else:
            plus = (x["betaPlusIntensity"] or 0.0) * scale
            ec = intensity * scale - plus
            if plus > 0.0:
                mean = x["averageBetaPlusEnergy"] or mean_beta(z, x["endPointBetaPlusEnergy"], True)
                tally.electron += plus * mean
                if x["endPointBetaPlusEnergy"]:
                    end = x["endPointBetaPlusEnergy"]
                    tally.spectrum.append((f"beta+{unique(x)}", end, plus, z, mean))
                tally.gamma(ME, 2 * plus, "annihilation")
            shell = x["calculatedAtomicShellElectronCaptureFractions"][0]
            key = "calculatedElectronCaptureFractionAtomicShell"
            k, l, m = (shell.get(key + s) or 0.0 for s in "KLM")
            m += sum(shell.get(key + s) or 0.0 for s in "NOPQ")
            plus_key = "sumElectronCaptureFractionAtomicShellPlus"
            sums = x["sumCalculatedAtomicShellElectronCaptureFractions"][0]
            m += sum(sums.get(plus_key + s) or 0.0 for s in "MNOPQ")
            tally.capture(z, ec, (k, l, m))
    norm = normalisation(data) * fraction / br
    before = (tally.photon, tally.electron)
    for level in data["levelScheme"]:
        if any(abs(level["levelEnergy"] - s) < 0.05 for s in skip_levels):
            continue
        for g in level["gammaDecay"]:
            intensity = (g["gammaIntensity"] or 0.0) * norm
            if intensity > 0.0:
                tally.emit(z, g, intensity)
    released = tally.photon + tally.electron - sum(before)
    missing = excitation - released
    if data["decayMode"] == "alphaDecay" and missing > 0.0:
        # Alpha feedings are measured to a percent while the lowest, almost fully converted
        # transitions have no gamma intensity: what is missing leaves as electrons.
        tally.electron += missing
        released += missing
        tally.closed += missing / 1e3
    tally.notes.append((excitation / 1e3, released / 1e3))


def isomeric(tally, data, level, fraction=1.0, shares=None):
    """A cascade from `level` down through the level scheme of `data`.

    `shares` gives the transition probabilities out of `level` by final level where the data set
    has no gamma intensities there.
    """
    z = data["daughterAtomicNumber"]
    feed = {level: fraction}
    scheme = sorted(data["levelScheme"], key=lambda l: -l["levelEnergy"])
    for l in scheme:
        n = sum(f for e, f in feed.items() if abs(e - l["levelEnergy"]) < 0.05)
        if n == 0.0 or not l["gammaDecay"]:
            continue
        weights = [
            (g, (g["gammaIntensity"] or 0.0) * (1 + (coefficients(g)[0] or 0.0)))
            for g in l["gammaDecay"]
        ]
        if shares and l["levelEnergy"] == level:
            weights = [(g, shares[round(g["levelEnergyFinal"])]) for g in l["gammaDecay"]]
        elif len(weights) == 1:
            weights = [(weights[0][0], 1.0)]
        total = sum(w for _, w in weights)
        if total == 0.0:
            raise SystemExit(f"no intensities out of the {l['levelEnergy']} keV level")
        for g, w in weights:
            alpha = coefficients(g)[0] or 0.0
            gammas = n * w / total / (1 + alpha)
            tally.emit(z, g, gammas)
            final = g["levelEnergyFinal"]
            feed[final] = feed.get(final, 0.0) + n * w / total


def half_life(data):
    h = data["parentDecay"][0]["halfLife"][0]
    return h["halfLifeBest"], h["unitHalfLifeBest"], h["dHalfLifeBest"]


# Parent, then (daughter, mode); the fraction is the branching ratio of the data set.
SIMPLE = """
Lu177 Hf177:B- | Y90 Zr90:B- | Tb161 Dy161:B- | Cu67 Zn67:B- | Cu64 Ni64:EC,Zn64:B- |
C11 B11:EC | O15 N15:EC | F18 O18:EC | Ga68 Zn68:EC | Zr89 Y89:EC |
In111 Cd111:EC | Re188 Os188:B- | Ho166 Er166:B- |
Tb149 Eu145:A,Gd149:EC | Gd149 Eu149:EC | Eu149 Sm149:EC | Eu145 Sm145:EC | Sm145 Pm145:EC |
Pm145 Nd145:EC | At211 Po211:EC,Bi207:A | Po211 Pb207:A | Bi207 Pb207:EC | Ra223 Rn219:A |
Rn219 Po215:A | Pb211 Bi211:B- | Tl207 Pb207:B- | Th227 Ra223:A | Ra224 Rn220:A | Rn220 Po216:A |
Po216 Pb212:A | Pb212 Bi212:B- | Bi212 Po212:B-,Tl208:A | Po212 Pb208:A | Tl208 Pb208:B- |
Ac225 Fr221:A | Ra221 Rn217:A | Rn217 Po213:A | Bi213 Po213:B-,Tl209:A | Po213 Pb209:A |
Tl209 Pb209:B- | Pb209 Bi209:B- | At215 Bi211:A | Bi211 Tl207:A,Po211:B- | Tc99 Ru99:B-
"""
# Rare branches whose spectra ENSDF does not give: the fraction is kept, the energy is not.
RARE = {"Fr221": ("At217", "Ra221"), "At217": ("Bi213", "Rn217"), "Po215": ("Pb211", "At215")}
STABLE = """B-11 N-15 Hf-177 Zr-90 Xe-131 Dy-161 Zn-67 Ni-64 Zn-64 Zn-68 O-18 Y-89 Cd-111 Ru-99 Os-188 Er-166
Sm-149 Nd-145 Bi-209 Pb-208 Pb-207""".split()


# Half-lives measured so much better since the ENSDF evaluation that half a percent moved: value, unit,
# standard uncertainty, where it was read.
HALF_LIVES = {
    "Ac-225": (9.920, "d", 0.003, "Pomme 2012, Appl Radiat Isot 70:2608; NUBASE2020 (2021) has 9.9190(21) d; "
               "ENSDF 10.0(1) d"),
    "Ra-224": (3.6313, "d", 0.0014, "Bergeron 2021, Appl Radiat Isot 170:109572; DDEP (2013) has 3.631(2) d; "
               "ENSDF 3.66(4) d"),
    "Tb-161": (6.934, "d", 0.014, "mean recommended in 2024, read at chemlin.org; measured 6.953(2) d (2020) and "
               "6.9637(29) d (Collins 2022, PubMed 35158282); ENSDF 6.89(2) d"),
}
# Electron energies, MeV, of alpha emitters whose ENSDF intensities release clearly more than the alphas feed:
# value and standard uncertainty of conversion and Auger electrons in the evaluated file.
ELECTRONS = {
    "Ra-221": (0.0603, 0.0109, "ENDF/B-VIII.1 (2024)"),
    "Th-227": (0.0583, 0.0030, "ENDF/B-VIII.1 (2024)"),
}


def row(name, half, branches, tally, source, note):
    tally.relax()
    value, unit, sd = half
    if name in ELECTRONS:
        mev, uncertainty, where = ELECTRONS[name]
        # The spectrum keeps its shape.
        scale = mev * 1e3 / tally.electron
        tally.spectrum = [(k, e, n * scale, z, m) for k, e, n, z, m in tally.spectrum]
        note += (f"; electrons {mev} +- {uncertainty} MeV of {where}, {tally.electron / 1e3:.4f}"
                 " by the intensities of ENSDF")
        source += f"; electron energy {where}"
        tally.electron = mev * 1e3
    if name in HALF_LIVES:
        value, unit, sd, where = HALF_LIVES[name]
        source += f"; half-life {where}"
    return {
        "nuclide": name,
        "half_life": repr(value),
        "unit": unit,
        "half_life_sd": repr(sd),
        "branches": ";".join(f"{d}:{f:.9g}:{m}" for d, f, m in branches),
        "alpha_MeV": f"{tally.alpha / 1e3:.5f}",
        "alpha_recoil_MeV": f"{tally.recoil / 1e3:.5f}",
        "electron_MeV": f"{tally.electron / 1e3:.5f}",
        "photon_MeV": f"{tally.photon / 1e3:.5f}",
        "source": source,
        "note": note,
    }, tally


def balance(tally):
    """What the level scheme holds and what was tallied, for the note."""
    held, told = (sum(n[i] for n in tally.notes) for i in (0, 1))
    text = f"de-excitation {told:.4f} MeV where {held:.4f} MeV is fed" if held > 5e-4 else ""
    if tally.own_means:
        text += "; " if text else ""
        text += "mean beta energies of the allowed shape; those of ENSDF are 3 to 4 % above it"
    if tally.closed > 1e-4:
        text += "; " if text else ""
        text += f"{tally.closed:.4f} MeV fed without listed transitions is given to electrons"
    return text


def rows():
    for entry in SIMPLE.replace("\n", " ").split("|"):
        parent, ways = entry.split()
        tally = Tally()
        found = []
        for way in ways.split(","):
            daughter, mode = way.split(":")
            data = dataset(parent, daughter)
            br = data["decaySchemeNormalization"][0]["normalizationRecord"][0]
            found.append((data, daughter, mode, br["multiplerBranchingRatio"] or 1.0))
        total = sum(f[3] for f in found)
        branches = []
        for data, daughter, mode, br in found:
            fraction = 1.0 if len(found) == 1 else br / total
            add(tally, data, fraction)
            if mode == "EC" and any(w == "annihilation" for _, _, w in tally.lines):
                mode = "EC/B+"
            branches.append((hyphen(daughter), fraction, mode))
        yield row(hyphen(parent), half_life(found[0][0]), branches, tally, VERSION, balance(tally))
    for parent, (main, rare) in RARE.items():
        data = dataset(parent, main)
        record = data["decaySchemeNormalization"][0]["normalizationRecord"][0]
        fraction = record["multiplerBranchingRatio"]
        tally = Tally()
        add(tally, data, fraction)
        branches = [(hyphen(main), fraction, "A"), (hyphen(rare), 1 - fraction, "B-")]
        note = balance(tally) + "; the beta spectrum of the rare branch is left out"
        yield row(hyphen(parent), half_life(data), branches, tally, VERSION, note.lstrip("; "))

    # I-131: what feeds the 163.9 keV level is Xe-131m.
    data = dataset("I131", "Xe131")
    tally = Tally()
    isomer = next(l["levelEnergy"] for l in data["levelScheme"] if abs(l["levelEnergy"] - 163.93) < 0.05)
    add(tally, data, 1.0, skip_levels=(isomer,))
    feed = isomer_feed(data, isomer)
    branches = [("Xe-131m", round(feed, 5), "B-"), ("Xe-131", 1 - round(feed, 5), "B-")]
    yield row("I-131", half_life(data), branches, tally, VERSION,
              "Xe-131m is a member of its own; its fraction is the feeding of the 163.9 keV level")
    level = next(l for l in data["levelScheme"] if l["levelEnergy"] == isomer)
    h = level["isomerDecay"][0]
    tally = Tally()
    isomeric(tally, data, isomer)
    half = (h["halfLifeBest"], h["unitHalfLifeBest"], h["dHalfLifeBest"])
    yield row("Xe-131m", half, [("Xe-131", 1.0, "IT")], tally, VERSION, "level scheme of 131I decay")

    # Tc-99m: the cascade is in the level scheme of 99Mo decay, the beta branch in its own data set.
    beta = dataset("Tc99", "Ru99", "142.6836")
    rare = beta["decaySchemeNormalization"][0]["normalizationRecord"][0]["multiplerBranchingRatio"]
    data = dataset("Mo99", "Tc99")
    isomer = next(l["levelEnergy"] for l in data["levelScheme"] if abs(l["levelEnergy"] - 142.68) < 0.05)
    tally = Tally()
    add(tally, beta, rare)
    # 0.92 % of the decays go straight to the ground state: 2.2249e-4 gammas of 142.6 keV with a total conversion
    # coefficient of 40.314 in ENDF/B-VIII.1 (2024), dec-043_Tc_099m1.
    isomeric(tally, data, isomer, 1 - rare, {141: 0.9908, 0: 0.0092})
    branches = [("Tc-99", 1 - rare, "IT"), ("Ru-99", rare, "B-")]
    yield row("Tc-99m", half_life(beta), branches, tally, VERSION, "cascade through the level scheme of 99Mo decay; "
              "0.92 % of direct transitions to the ground state as in ENDF/B-VIII.1 (2024)")

    # Lu-177m: the beta branch from its data set; the isomeric branch from published intensities.
    data = dataset("Lu177", "Hf177", "970.1757")
    br = data["decaySchemeNormalization"][0]["normalizationRecord"][0]["multiplerBranchingRatio"]
    tally = Tally()
    add(tally, data, br)
    it_branch(tally, 1 - br)
    branches = [("Hf-177", br, "B-"), ("Lu-177", 1 - br, "IT")]
    yield row("Lu-177m", half_life(data), branches, tally, VERSION,
              "isomeric branch: cascade through the ground-state band of 177Lu with the gamma intensities of "
              "ENDF/B-VIII.1 (2024) and the rest of 970.18 keV as electrons")


LU177M_SOURCE = "gamma of the isomeric branch, ENDF/B-VIII.1 (2024; Kondev)"

# Gammas of the isomeric branch of 177mLu, per 100 decays of the isomer: ENDF/B-VIII.1 (2024), dec-071_Lu_177m1.
LU177M = [(115.868, 0.653), (121.621, 5.953), (147.164, 3.533), (171.857, 4.846), (195.560, 0.853),
          (218.104, 3.303), (268.785, 3.442), (319.021, 10.527), (367.417, 3.176), (413.664, 17.484)]


def it_branch(tally, fraction):
    photons = 0.0
    for energy, percent in LU177M:
        tally.gamma(energy, percent / 100, LU177M_SOURCE)
        photons += energy * percent / 100
    tally.electron += fraction * 970.1757 - photons
    # K vacancies: intensity and alpha_K of 115.9 to 218.1 keV, the same file;
    # L vacancies: the 115.87 keV E3 (alpha_L 21.5), nearly all of the branch.
    vacancy = tally.vacancies.setdefault(71, [0.0, 0.0, 0.0, 0.0])
    vacancy[0] += (0.00653 * 2.09 + 0.05953 * 1.5 + 0.03533 * 0.88 + 0.04846 * 0.56 + 0.00853 * 0.42
                   + 0.03303 * 0.296)
    vacancy[2] += 0.5 * 0.7 * fraction
    vacancy[3] += 0.5 * 0.7 * fraction


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else "data"
    table, photons, electrons = [], [], []
    for record, tally in rows():
        table.append(record)
        for kind, energy, mean, n, z in tally.electrons():
            cells = (f"{energy:.1f}", f"{mean:.1f}", f"{n:.5g}", z or "")
            electrons.append((record["nuclide"], kind, *cells))
        grouped = {}
        for energy, intensity, what in tally.lines:
            key = (what, round(energy, 3)) if what.startswith("gamma") else (what, 0)
            n, e = grouped.get(key, (0.0, 0.0))
            grouped[key] = (n + intensity, e + energy * intensity)
        weak = [g for k, g in grouped.items() if g[0] < 1e-3]
        grouped = {k: g for k, g in grouped.items() if g[0] >= 1e-3}
        if weak and sum(e for _, e in weak) > 1e-3 * 1e3 * max(float(record["photon_MeV"]), 1e-3):
            # Together they carry more than 0.1 % of the photon energy: one group at their mean.
            grouped["gammas below 0.1 % together", 0] = tuple(map(sum, zip(*weak)))
        for (what, _), (n, e) in sorted(grouped.items(), key=lambda g: g[1][1] / g[1][0]):
            if n > 0.0:
                source = f"{VERSION}: {what}"
                if what.startswith("X "):
                    source = f"{VERSION} and xraydb 4.5.8: {what}"
                elif what == LU177M_SOURCE:
                    source = what
                photons.append((record["nuclide"], f"{e / n:.3f}", f"{n:.5g}", source))
    for name in STABLE:
        note = "ENSDF gives 2.01e19 y, here stable" if name == "Bi-209" else ""
        table.append({"nuclide": name, "half_life": "stable", "source": "ENSDF", "note": note})
    table.sort(key=lambda r: r["nuclide"])
    columns = ["nuclide", "half_life", "unit", "half_life_sd", "branches", "alpha_MeV",
               "alpha_recoil_MeV", "electron_MeV", "photon_MeV", "source", "note"]
    with open(os.path.join(out, "nuclides.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    with open(os.path.join(out, "nuclide_photons.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["nuclide", "energy_keV", "yield_per_decay", "source"])
        writer.writerows(sorted(photons, key=lambda p: (p[0], float(p[1]))))
    with open(os.path.join(out, "nuclide_electrons.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        file.write(f"# Electrons per decay: {VERSION} and xraydb 4.5.8, by xtask/scripts/nuclides_from_ensdf.py,"
                   " which says how. energy_keV is the end point of a beta branch.\n")
        writer.writerow(["nuclide", "kind", "energy_keV", "mean_keV", "yield_per_decay", "z_daughter"])
        writer.writerows(sorted(electrons, key=lambda e: e[0]))


if __name__ == "__main__":
    main()
