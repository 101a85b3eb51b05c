"""Writes the reference figures that crates/herd-analysis/tests/statistics.rs is held against.

Data come from a fixed seed; figures from scipy and statsmodels, or from the formula in numpy where neither has the statistic (marked
"formula"). With --check it computes them again and fails when the committed file differs by more than 1e-9 of a figure.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import optimize, special, stats
from statsmodels.stats import diagnostic, multitest, proportion, rates
from statsmodels.stats.stattools import durbin_watson

OUT = Path(__file__).resolve().parents[2] / "crates/herd-analysis/tests/reference/statistics.json"
TOLERANCE = 1e-9


def tails():
    normal = [{"z": z, "upper": stats.norm.sf(z), "ln_upper": stats.norm.logsf(z)} for z in (-6.0, -1.5, 0.0, 0.3, 1.96, 5.0, 12.0, 30.0)]
    quantiles = [{"p": p, "z": stats.norm.ppf(p)} for p in (1e-12, 0.001, 0.025, 0.4, 0.5, 0.8, 0.975, 0.999999)]
    chi = [{"x": x, "df": df, "upper": stats.chi2.sf(x, df)} for x, df in ((0.1, 1), (3.84, 1), (12.0, 5), (80.0, 60), (400.0, 100))]
    t = [{"t": t, "df": df, "upper": stats.t.sf(t, df)} for t, df in ((-2.0, 3), (0.0, 9), (1.0, 1), (2.2, 17.5), (9.0, 40), (3.0, 1e6))]
    tq = [{"p": p, "df": df, "t": stats.t.ppf(p, df)} for p, df in ((0.025, 4), (0.975, 17.5), (0.9, 1), (0.995, 200), (0.5001, 9))]
    f = [{"f": f, "above": a, "below": b, "upper": stats.f.sf(f, a, b)} for f, a, b in ((0.4, 2, 9), (4.1, 2, 37), (60.0, 3, 12))]
    binomial = []
    for y, n, p in ((0, 10, 0.3), (3, 10, 0.3), (10, 10, 0.3), (60, 200, 0.2), (5100, 10000, 0.5), (1200, 10**6, 0.001), (900, 10**6, 0.001), (50, 60, 1e-3)):
        binomial.append({"y": y, "n": n, "p": p, "ln_lower": stats.binom.logcdf(y, n, p), "ln_upper": ln_binomial_upper(y, n, p)})
    poisson = []
    for y, mean in ((0, 2.5), (7, 2.5), (140, 100.0), (60, 100.0), (10200, 10000.0)):
        poisson.append({"y": y, "mean": mean, "ln_lower": stats.poisson.logcdf(y, mean), "ln_upper": stats.poisson.logsf(y - 1, mean)})
    beta = [{"a": a, "b": b, "x": x, "lower": special.betainc(a, b, x)} for a, b, x in ((0.5, 3.0, 0.2), (12.3, 7.9, 0.5), (250.5, 1000.25, 0.21))]
    gammas = [{"x": x, "ln": special.gammaln(x)} for x in (0.1, 0.5, 1.0, 2.0, 3.7, 15.5, 171.3, 1e6)]
    return {"normal": normal, "normal_quantile": quantiles, "chi_squared": chi, "t": t, "t_quantile": tq, "f": f, "binomial": binomial,
            "poisson": poisson, "beta": beta, "ln_gamma": gammas}


def ln_binomial_upper(y, n, p):
    """The tail summed in logarithms: scipy's logsf takes the logarithm of a rounded tail."""
    return 0.0 if y == 0 else float(special.logsumexp(stats.binom.logpmf(np.arange(y, n + 1), n, p)))


def counts(rng):
    pairs = []
    for x, y, k1, k2 in ((10, 25, 1.0, 1.0), (100, 80, 3000.0, 2900.0), (400, 620, 1000.0, 1100.0), (3, 0, 1.0, 2.0), (5000, 5200, 1e6, 1e6)):
        p = k2 / (k1 + k2)
        more = stats.binomtest(y, x + y, p, alternative="greater")
        less = stats.binomtest(y, x + y, p, alternative="less").pvalue
        bounds = stats.binomtest(y, x + y, p).proportion_ci(0.95, "exact")
        ratio = [bound / (1 - bound) * k1 / k2 if bound < 1 else math.inf for bound in (bounds.low, bounds.high)]
        pair = {"x": x, "y": y, "k1": k1, "k2": k2, "p_more": more.pvalue, "p_less": less, "p": min(1.0, 2 * min(more.pvalue, less)),
                "ratio_low": ratio[0], "ratio_high": ratio[1]}
        # statsmodels' first sample is the numerator.
        exact = rates.test_poisson_2indep(y, k2, x, k1, method="exact-cond", compare="ratio", alternative="larger").pvalue
        assert abs(exact - more.pvalue) < 1e-9
        if x and y:
            wald = rates.test_poisson_2indep(y, k2, x, k1, method="wald-log", compare="ratio")
            pair["wald_z"], pair["wald_p"] = wald.statistic, wald.pvalue
        pairs.append(pair)
    # Over-dispersed counts by the continuous form of the tail, which is what quasi-likelihood divides.
    spread = [{"x": x, "y": y, "k1": 1.0, "k2": 1.5, "dispersion": d, "p_more": special.betainc(y / d, x / d + 1, 1.5 / 2.5)}
              for x, y, d in ((100, 190, 1.7), (30, 61, 3.2))]
    exposures = rng.uniform(50, 150, 12)
    runs = rng.negative_binomial(20, 20 / (20 + 0.8 * exposures)).astype(float)
    model = sm.GLM(runs, np.ones(12), family=sm.families.Poisson(), exposure=exposures).fit()
    p = np.concatenate([rng.uniform(0, 1, 20), rng.uniform(0, 0.002, 5), [0.5, 0.5]])
    size, rate, n = np.array([16.0, 512.0, 8192.0, 3e6]), 524288.0, np.array([1e6, 2e4, 900.0, 3.0])
    share = 1 - np.exp(-size / rate)
    heap = [{"count": c, "size": s, "rate": rate, "variance": v} for c, s, v in zip(n, size, n * share * (1 - share) * (size / share) ** 2)]
    return {"pairs": pairs, "spread": spread, "exposures": exposures, "runs": runs, "dispersion": model.pearson_chi2 / model.df_resid,
            "p": p, "adjusted": multitest.multipletests(p, method="fdr_bh")[1], "heap_formula": heap}


def shares():
    fisher = [{"table": t, "p": stats.fisher_exact([t[:2], t[2:]]).pvalue}
              for t in ([8, 2, 1, 5], [3, 5997, 15, 5985], [0, 12, 4, 9], [120, 80, 90, 110], [10, 0, 0, 10])]
    z = []
    for counted, of in (([45, 60], [100, 110]), ([3, 15], [6000, 6100])):
        statistic, p = proportion.proportions_ztest(counted, of)
        z.append({"successes": counted, "of": of, "z": statistic, "p": p})
    sizes = [{"first": a, "second": b, "n": proportion.samplesize_proportions_2indep_onetail(a - b, b, 0.8, alpha=0.05, alternative="two-sided")}
             for a, b in ((0.9992, 0.9987), (0.5, 0.4))]
    quantiles = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    means = [{"difference": d, "sd": s, "n": 2 * (s * quantiles / d) ** 2} for d, s in ((30.0, 80.0), (1.0, 7.0))]
    return {"fisher": fisher, "z": z, "sizes": sizes, "means_formula": means}


def model(y, regressors):
    """Everything of one ordinary least-squares fit, in the row order given."""
    design = sm.add_constant(np.column_stack(regressors))
    fit = sm.OLS(y, design).fit()
    influence = fit.get_influence()
    r = influence.resid_studentized_internal
    bp, bp_p, _, bp_f_p = diagnostic.het_breuschpagan(fit.resid, design, robust=True)
    original, original_p, _, _ = diagnostic.het_breuschpagan(fit.resid, design, robust=False)
    scale = sm.OLS(np.sqrt(np.abs(r)), sm.add_constant(fit.fittedvalues)).fit()
    (normal, ordered), (_, _, correlation) = stats.probplot(r)
    return {
        "coefficients": fit.params, "errors": fit.bse, "r_squared": fit.rsquared, "ssr": fit.ssr, "aic": fit.aic,
        "leverage": influence.hat_matrix_diag, "studentised": r, "left_out": fit.resid / (1 - influence.hat_matrix_diag),
        "durbin_watson": durbin_watson(fit.resid), "g1": stats.skew(fit.resid), "G1": stats.skew(fit.resid, bias=False),
        "koenker": bp, "koenker_p": bp_p, "koenker_f_p": bp_f_p, "original": original, "original_p": original_p,
        "scale_slope": scale.params[1], "scale_p": scale.pvalues[1], "qq_normal": normal, "qq_values": ordered, "qq_correlation": correlation,
    }, fit


def curves(rng):
    c = np.sort(rng.uniform(1e3, 9e4, 48))
    m = 4e7 * (c / 1e4) ** 1.37 * np.exp(rng.normal(0, 0.06, 48))
    quadratic, fit = model(np.log(m), [c, c * c])
    at = 1.2e5
    frame = fit.get_prediction([[1.0, at, at * at]]).summary_frame(alpha=0.05)
    quadratic["predicted"] = [frame["mean"].iloc[0], frame["obs_ci_lower"].iloc[0], frame["obs_ci_upper"].iloc[0]]
    power, _ = model(np.log(m), [np.log(c)])
    centre = np.mean(np.log(c))

    def law(c, level, k):
        return np.exp(level + k * (np.log(c) - centre))

    def law_slopes(c, level, k):
        value = law(c, level, k)
        return np.column_stack([value, value * (np.log(c) - centre)])

    tight = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "maxfev": 100000}
    (level, k), covariance = optimize.curve_fit(law, c, m, p0=(math.log(m.mean()), 1.0), jac=law_slopes, **tight)
    value = law(at, level, k)
    slope = np.array([value, value * (math.log(at) - centre)])
    ssr = float(np.sum((m - law(c, level, k)) ** 2))
    half = stats.t.ppf(0.975, 46) * math.sqrt(ssr / 46 + slope @ covariance @ slope)
    nls = {"factor": math.exp(level - k * centre), "exponent": k, "errors": np.sqrt(np.diag(covariance)), "ssr": ssr, "predicted": [value, value - half, value + half]}

    n = np.array([float(n) for n in range(5, 205, 5)])
    x = 995.6 * n / (1 + 0.0267 * (n - 1) + 7.69e-5 * n * (n - 1)) * np.exp(rng.normal(0, 0.01, len(n)))

    def scalability(n, rate, alpha, beta):
        return rate * n / (1 + alpha * (n - 1) + beta * n * (n - 1))

    def scalability_slopes(n, rate, alpha, beta):
        slowed = 1 + alpha * (n - 1) + beta * n * (n - 1)
        value = rate * n / slowed
        return np.column_stack([n / slowed, -value * (n - 1) / slowed, -value * n * (n - 1) / slowed])

    found = optimize.curve_fit(scalability, n, x, p0=(900, 0.02, 1e-4), jac=scalability_slopes, **tight)
    (rate, alpha, beta), usl_covariance = found
    usl = {"lambda": rate, "alpha": alpha, "beta": beta, "errors": np.sqrt(np.diag(usl_covariance)), "peak": math.sqrt((1 - alpha) / beta)}
    return {"c": c, "m": m, "at": at, "quadratic": quadratic, "power": power, "power_nls": nls, "usl_n": n, "usl_x": x, "usl": usl}


def jumps(rng):
    """The formula by brute force; ruptures has no noise estimate to compare with."""
    step = np.concatenate([rng.normal(100, 3, 120), rng.normal(108, 3, 120)])
    noise = stats.median_abs_deviation(np.diff(step), scale=1 / 1.482602218505602) / math.sqrt(2)
    whole = np.sum((step - step.mean()) ** 2)
    gains = {at: (whole - np.sum((step[:at] - step[:at].mean()) ** 2) - np.sum((step[at:] - step[at:].mean()) ** 2)) / noise**2 for at in range(5, 236)}
    at = max(gains, key=gains.get)
    return {"series": step, "noise": noise, "at": at, "gain": gains[at]}


def looks(rng):
    """mSPRT by numerical mixing: the likelihood ratio of a normal difference averaged over N(0, tau²)."""
    rows = []
    for d, variance, tau in ((3.0, 4.0, 2.0), (0.0005, 1e-8, 0.00033), (30.0, 120.0, 20.0)):
        grid = np.linspace(-12, 12, 400001) * tau
        weights = stats.norm.pdf(grid, 0, tau) * np.exp((grid * d - grid**2 / 2) / variance)
        rows.append({"d": d, "variance": variance, "tau": tau, "ln_ratio": math.log(np.trapezoid(weights, grid))})
    ln_ratios = np.cumsum(rng.normal(0, 1.0, 30))
    return {"mixtures": rows, "ln_ratios": ln_ratios, "p": np.minimum.accumulate(np.minimum(1.0, np.exp(-ln_ratios)))}


def means():
    pairs = (([1.22, 1.31, 1.53], [0.48, 0.43, 0.53]), ([1.0, 1.1], [1.05, 1.3, 0.9, 1.2]), ([95.5, 91.5, 98.3], [95.9, 92.0, 99.0]),
             ([5.0, 5.0, 5.0], [5.1, 5.2, 5.3]))
    return [{"first": a, "second": b, "p": stats.ttest_ind(a, b, equal_var=False).pvalue} for a, b in pairs]


def plain(value):
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(part) for part in value]
    if isinstance(value, (bool, str)):
        return value
    value = float(value)
    # JSON has no infinity.
    return value if math.isfinite(value) else None


def differences(found, expected, at=""):
    if isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        return [line for key in expected for line in differences(found[key], expected[key], f"{at}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        return [line for index, part in enumerate(expected) for line in differences(found[index], part, f"{at}[{index}]")]
    if isinstance(expected, float) and isinstance(found, float) and abs(found - expected) <= TOLERANCE * max(abs(expected), 1e-300):
        return []
    return [] if found == expected else [f"{at}: computed {found}, committed {expected}"]


def main():
    rng = np.random.default_rng(20260714)
    figures = plain({"tails": tails(), "counts": counts(rng), "shares": shares(), "curves": curves(rng), "jumps": jumps(rng), "looks": looks(rng), "means": means()})
    if "--check" not in sys.argv:
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(figures, indent=1) + "\n")
        return
    wrong = differences(figures, json.loads(OUT.read_text()))
    if wrong:
        sys.exit("\n".join([f"{len(wrong)} figures differ from {OUT.name}; run `cargo xtask reference`", *wrong[:20]]))


main()
