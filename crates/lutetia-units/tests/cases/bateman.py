"""Golden amounts of a six-member chain for `val_high_precision` in src/chain.rs.

Sixty-digit partial fractions with mpmath (PyPI): python3 bateman.py
"""

from mpmath import exp, mp, mpf

mp.dps = 60
LAMBDAS = [mpf(x) for x in ("1e-6", "2.4e-3", "21", "2.5e-4", "1.6e5", "6e-5")]

for t in ("1", "1e3", "1e6", "3e7"):
    row = []
    for k in range(1, len(LAMBDAS) + 1):
        chain = LAMBDAS[:k]
        total = mpf(0)
        for i, a in enumerate(chain):
            product = exp(-a * mpf(t))
            for j, b in enumerate(chain):
                if i != j:
                    product /= b - a
            total += product
        for b in chain[:-1]:
            total *= b
        row.append(mp.nstr(total, 17))
    print(f"({t}.0_f64, [{', '.join(row)}])," if "e" not in t else f"({t}, [{', '.join(row)}]),")
