"""Makes the reference values of the statistics: one CSV a table beside this file.

    pip install -r requirements.txt && python make_reference.py
"""

import pathlib

import numpy as np
from scipy import stats

HERE = pathlib.Path(__file__).parent
DEGREES = [1, 2, 3, 4, 7, 9, 29, 99, 1000]


def write(name, rows):
    text = "\n".join(",".join(f"{value:.15g}" for value in row) for row in rows)
    (HERE / name).write_text(text + "\n")


# degrees of freedom, t, P(|T| >= t)
write("t_probabilities.csv", [
    (nu, t, 2 * stats.t.sf(t, nu))
    for nu in DEGREES for t in (1e-6, 0.01, 0.3, 1, 2, 4.5, 20, 200)
    if stats.t.sf(t, nu) > 1e-300])

# degrees of freedom, probability, the t that |T| exceeds with it
write("t_quantiles.csv", [
    (nu, p, stats.t.isf(p / 2, nu)) for nu in DEGREES for p in (0.5, 0.1, 0.05, 0.01, 1e-4, 1e-8)])

# mean, standard deviation, interval (low, high), p of the mean being 0, then the sample
rows = []
generator = np.random.default_rng(1)
for count in (2, 3, 5, 12):
    for shift in (0, 0.5, 5):
        sample = np.round(generator.normal(shift, 1, count), 6)
        low, high = stats.t.interval(0.95, count - 1, sample.mean(), stats.sem(sample))
        rows.append((sample.mean(), sample.std(ddof=1), low, high, stats.ttest_1samp(sample, 0).pvalue, *sample))
write("samples.csv", rows)
