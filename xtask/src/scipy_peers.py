import sys, time, csv, math
try:
    import numpy as np
    from scipy.optimize import curve_fit
    import scipy
except ImportError as e:
    print("skipped:", e, "(pip install scipy; LUTETIA_PYTHON names another interpreter)")
    sys.exit(0)
times = np.array([float(t) for t in sys.argv[2].split(",")])
lam = float(sys.argv[3])
rows = []
with open(sys.argv[1]) as f:
    for r in csv.DictReader(f):
        rows.append([float(r["a%d" % i]) for i in range(len(times))])
def mono(t, a, l):
    return a * np.exp(-(l + lam) * t)
tia = []
start = time.perf_counter()
for y in rows:
    y = np.array(y)
    k = max(math.log(y[0] / y[-1]) / (times[-1] - times[0]) - lam, 1e-4)
    p, cov = curve_fit(mono, times, y, p0=[y[0], k], sigma=0.1 * y, absolute_sigma=True, bounds=([0, 0], [np.inf, np.inf]))
    tia.append(p[0] / (p[1] + lam))
seconds = time.perf_counter() - start
print("scipy", scipy.__version__, seconds / len(rows) * 1e6)
print("tia", ",".join("%.9g" % v for v in tia))
try:
    import pytheranostics
    print("pytheranostics", getattr(pytheranostics, "__version__", "?"))
except Exception as e:
    print("PyTheranostics is not beside it:", e, "(its fits need the image stack of the whole package)")
