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
# PyTheranostics: its fit alone. Importing the package would bring the image stack with it, so its folder is entered
# without its __init__. The release on PyPI is called `doodle` inside; `pip install --no-deps pytheranostics` is enough.
import importlib, importlib.util, types
fit_tac = None
for name in ("pytheranostics", "doodle"):
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations:
        package = types.ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = package
        try:
            fit_tac = importlib.import_module(name + ".fits.fits").fit_tac
            break
        except Exception as e:
            print("PyTheranostics is not beside it:", e)
if fit_tac is None:
    print("PyTheranostics is not beside it (pip install --no-deps pytheranostics)")
else:
    # Unweighted: a test of its `weights` asks an array for its truth and raises.
    fits = 0
    start = time.perf_counter()
    for y in rows:
        y = np.array(y)
        k = max(math.log(y[0] / y[-1]) / (times[-1] - times[0]), lam + 1e-4)
        fit_tac(times, y, decayconst=lam, exp_order=1, param_init=(y[0], k))
        fits += 1
    seconds = time.perf_counter() - start
    from importlib.metadata import version
    print("pytheranostics", version("pytheranostics"), seconds / fits * 1e6)
