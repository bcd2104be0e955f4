"""Calls needed to know (beta, h) as well as the conformity study's protocol does.

    python benchmarks/calls_to_accuracy.py [--every 4]

The study (arXiv 2605.10721) samples 1,000 replies a curve on a ten-point grid. For each of its published fits
the accuracy of that protocol follows from the Fisher information: standard errors of beta and of h. The
question is how many calls reach *both* of them:

- at least, by any fixed design of samples that knows the answer beforehand (an information bound: the best
  two points and split);
- with our adaptive design and fit, by sampling;
- with our adaptive design and fit, reading log-probabilities with shuffle noise of standard deviation 1, once
  with the default estimator and once with the fractional logit alone.

"Reached" means that both reported 95% intervals are as narrow as the study's, on synthetic agents with the
published (beta, h); that the intervals cover is shown by `benchmarks/recovery.py`.

Published fits are read from `$SPINODAL_SHARED_DATA/published/fits.csv`, or `../shared/data` beside the
repository; where they are absent the benchmark says so and does nothing. Fits outside 0.3 < beta < 15 or
|h| < 1.5 are left out: on saturated curves least squares ran away, and the protocol has no accuracy to match.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from pathlib import Path

import numpy as np
from scipy.special import expit

from _picture import step_picture
from _results import RESULTS, write_results
from _synthetic import agent, follow
from spinodal.fitting import Estimator, estimate_tanh
from spinodal.measure.designs import AdaptiveDesign, Readout, magnetization
from spinodal.response import FloatArray

N_PEERS = 20
STUDY_GRID = magnetization(np.array([48, 45, 40, 30, 27, 23, 20, 10, 5, 2]), 50)
STUDY_CALLS = 1000
TARGET: dict[Readout, int] = {"sample": 350, "logprob": 60}
MOST: dict[Readout, int] = {"sample": 2000, "logprob": 200}


def published_fits() -> FloatArray | None:
    """(beta, h) of the study's main pairs, shape (n, 2); None where the file is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    file = Path(os.environ.get("SPINODAL_SHARED_DATA", beside)) / "published" / "fits.csv"
    if not file.is_file():
        return None
    with file.open(newline="") as stream:
        fits = np.array(
            [
                (float(row["beta"]), float(row["h"]))
                for row in csv.DictReader(stream)
                if row["main_set"] == "True"
            ]
        )
    return fits[(fits[:, 0] > 0.3) & (fits[:, 0] < 15.0) & (np.abs(fits[:, 1]) < 1.5)]


def variances(beta: float, h: float, information: FloatArray) -> FloatArray:
    """Asymptotic variances of (beta, h), shape (..., 2), from the information (..., 2, 2) on (b0, 2 beta)."""
    covariance = np.linalg.inv(information)
    b0, b1 = 2.0 * beta * h, 2.0 * beta
    gradient = np.array([1.0 / b1, -b0 / b1**2])
    of_h = np.einsum("i,...ij,j->...", gradient, covariance, gradient)
    return np.stack([covariance[..., 1, 1] / 4.0, of_h], axis=-1)


def information(beta: float, h: float, m: FloatArray, calls: FloatArray) -> FloatArray:
    """Information on (b0, 2 beta) of `calls` (..., K) samples at `m` (K,) or (..., K)."""
    p = expit(2.0 * beta * (m + h))
    weight = calls * p * (1.0 - p)
    cross = (weight * m).sum(axis=-1)
    diagonal = weight.sum(axis=-1), (weight * m * m).sum(axis=-1)
    return np.stack([np.stack([diagonal[0], cross], -1), np.stack([cross, diagonal[1]], -1)], -2)


def study_accuracy(beta: float, h: float) -> FloatArray:
    """Standard errors of (beta, h) under the study's protocol."""
    calls = np.full(STUDY_GRID.size, STUDY_CALLS / STUDY_GRID.size)
    return np.sqrt(variances(beta, h, information(beta, h, STUDY_GRID, calls)))


def fewest_samples(beta: float, h: float) -> float:
    """Samples that the best two-point design, knowing (beta, h), needs for both standard errors."""
    levels = np.linspace(-1.0, 1.0, 41)
    first, second = np.triu_indices(levels.size, 1)
    split = np.linspace(0.05, 0.95, 19)
    m = np.stack([levels[first], levels[second]], axis=-1)[:, None, :]
    share = np.stack([split, 1.0 - split], axis=-1)[None, :, :]
    one = information(beta, h, m, share)
    regular = np.linalg.det(one) > 1e-12
    needed = variances(beta, h, one[regular]) / study_accuracy(beta, h) ** 2
    return float(needed.max(axis=-1).min())


def calls_reached(
    beta: float, h: float, readout: Readout, estimator: Estimator, generator: np.random.Generator
) -> float:
    """Calls until both intervals are as narrow as the study's; infinite if never."""
    most = MOST[readout]
    design = AdaptiveDesign(beta_width=1e-9, max_samples=most, max_prompts=most)  # never narrow enough
    widths = 2.0 * 1.96 * study_accuracy(beta, h)
    for curve in follow(design, readout, agent(beta, h, readout, 1.0, generator), N_PEERS):
        found = estimate_tanh(curve.observations, estimator, n_draws=400)
        got = np.array([high - low for low, high in (found.beta_ci, found.h_ci)])
        if curve.n_asked >= 20 and np.all(got <= widths):
            return float(curve.n_asked)
    return float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(description="Calls to reach the accuracy of the study's protocol.")
    parser.add_argument("--every", type=int, default=4, help="use every n-th published fit")
    every = parser.parse_args().every
    fits = published_fits()
    if fits is None:
        print("skipped: no published fits here; set SPINODAL_SHARED_DATA to the folder that holds them")
        return
    fits = fits[::every]
    rows: list[dict[str, object]] = []
    pictures: dict[str, FloatArray] = {}

    def report(method: str, calls: FloatArray, target: str, seconds: float) -> None:
        quarter, median, three = np.quantile(calls, [0.25, 0.5, 0.75], method="nearest")
        rows.append(
            {
                "method": method,
                "calls (median)": round(float(median)),
                "quartiles": f"{quarter:.0f} to {three:.0f}",
                "target": target,
                "seconds": round(seconds, 1),
            }
        )
        pictures[method] = calls
        print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)

    started = time.perf_counter()
    bound = np.array([fewest_samples(beta, h) for beta, h in fits])
    report("information bound, samples", bound, "", time.perf_counter() - started)
    methods: list[tuple[str, Readout, Estimator]] = [
        ("adaptive, samples", "sample", "auto"),
        ("adaptive, log-probabilities", "logprob", "auto"),
        ("adaptive, log-probabilities, fractional logit only", "logprob", "fractional"),
    ]
    for method, readout, estimator in methods:
        started = time.perf_counter()
        generator = np.random.default_rng(20_26)
        calls = np.array([calls_reached(beta, h, readout, estimator, generator) for beta, h in fits])
        target = f"at most {TARGET[readout]}" if estimator == "auto" else ""
        report(method, calls, target, time.perf_counter() - started)
    write(rows, pictures, len(fits), every)


def write(rows: list[dict[str, object]], pictures: dict[str, FloatArray], count: int, every: int) -> None:
    """The table as CSV and Markdown, and the share of curves that are as accurate after so many calls."""
    (RESULTS / "calls_to_accuracy.svg").write_text(
        step_picture(
            pictures,
            title="Curves known as well as by the study's 1,000 samples",
            x_label="calls a curve",
            y_label="share of published fits",
            x_range=(10.0, 2000.0),
            marks=[float(target) for target in TARGET.values()],
        )
    )
    write_results(
        "calls_to_accuracy",
        "Calls to reach the accuracy of the study's protocol",
        command=f"python benchmarks/calls_to_accuracy.py --every {every}",
        about="Calls a curve until both 95% intervals, of beta and of h, are as narrow as 1,000 samples on "
        f"the study's ten points give. Over {count} published fits, {N_PEERS} peers, shuffle noise 1 in "
        "log-odds.",
        rows=rows,
        after=[
            "The bound is what no fixed design of samples can beat on average, even one that knows (beta, h) "
            "beforehand: a target below it cannot be met by sampling.",
            "![share of curves against calls](calls_to_accuracy.svg)",
        ],
    )


if __name__ == "__main__":
    main()
