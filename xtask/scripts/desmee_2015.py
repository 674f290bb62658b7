"""Survival at 735 days in the simulation study of Desmée 2015 (AAPS J 17:691), from its equations.

    python3 xtask/scripts/desmee_2015.py [patients]

Nothing of this repository is used. PSA has a closed form: with cells counted by the PSA they make,
S = p C, S grows with g1 = r (1 - eps) - d until T_esc and with g2 = r - d after, and on a piece
PSA(t) = PSA_0 exp(-delta t) + S_0 (exp(g t) - exp(-delta t)) / (g + delta). The cumulative hazard
H = integral of exp(beta PSA) d((t/lambda)^k) is summed by midpoints that are even in t^k.

Two readings of "about 25 %" are printed for each pair (beta, lambda): the survival of the median
patient, whose random effects are 0, and the mean over patients, which is what a trial would show.
Only the first gives a quarter for the three pairs that were made to: lambda was tuned with the
median patient (figure 2 of the publication, and the article on it of nlmixr2lib). The second, with
the deviations omega as standard deviations and once as variances, shows how far a cohort is away.
"""

import math
import random
import sys

R, D, DELTA, PSA0, EPS, T_ESC, K, END = 0.05, 0.046, 0.23, 80.0, 0.3, 140.0, 1.5, 735.0
PAIRS = [(0.0, 580.0), (0.005, 765.0), (0.02, 2150.0), (0.02, 580.0)]
OMEGA = {"r": 0.1, "PSA0": 0.6, "eps": 1.5, "T_esc": 0.6}


def psa_at(t, r, psa0, eps, t_esc):
    def piece(source, growth, start, t):
        fall = math.exp(-DELTA * t)
        rise = math.exp(min(growth * t, 600.0))
        return start * fall + source * (rise - fall) / (growth + DELTA)

    first = r * (1.0 - eps) - D
    if t <= t_esc:
        return piece(DELTA * psa0, first, psa0, t)
    at_escape = piece(DELTA * psa0, first, psa0, t_esc)
    source = DELTA * psa0 * math.exp(first * t_esc)
    return piece(source, r - D, at_escape, t - t_esc)


def grid(n):
    """Midpoints in t^k, so that every piece has the same share of t^k."""
    return [END * ((i + 0.5) / n) ** (1.0 / K) for i in range(n)]


def survivals(patient, times):
    curve = [psa_at(t, *patient) for t in times]
    weight = 1.0 / len(times)
    out = []
    for beta, scale in PAIRS:
        mean = sum(math.exp(min(beta * x, 50.0)) for x in curve) * weight
        out.append(math.exp(-min(mean * (END / scale) ** K, 700.0)))
    return out


def draw(law, omega):
    logit = math.log(EPS / (1.0 - EPS)) + law.gauss(0.0, omega["eps"])
    return (
        R * math.exp(law.gauss(0.0, omega["r"])),
        PSA0 * math.exp(law.gauss(0.0, omega["PSA0"])),
        1.0 / (1.0 + math.exp(-logit)),
        T_ESC * math.exp(law.gauss(0.0, omega["T_esc"])),
    )


def cohort(n, omega, seed):
    law, times = random.Random(seed), grid(100)
    rows = [survivals(draw(law, omega), times) for _ in range(n)]
    for j in range(len(PAIRS)):
        column = [row[j] for row in rows]
        mean = sum(column) / n
        spread = math.sqrt(sum((x - mean) ** 2 for x in column) / (n - 1) / n)
        yield 100.0 * mean, 100.0 * spread


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    median = survivals((R, PSA0, EPS, T_ESC), grid(20000))
    deviations = list(cohort(n, OMEGA, 1))
    variances = list(cohort(n, {k: math.sqrt(v) for k, v in OMEGA.items()}, 2))
    print(f"survival at {END:.0f} d in %, {n} patients")
    print("  beta  lambda   median patient   mean of patients   with variances omega")
    for (beta, scale), m, a, b in zip(PAIRS, median, deviations, variances):
        print(f"{beta:6.3f} {scale:7.0f} {100 * m:16.4f} {a[0]:11.2f} ± {a[1]:.2f} {b[0]:14.2f} ± {b[1]:.2f}")


if __name__ == "__main__":
    main()
