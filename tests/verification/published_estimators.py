"""Five estimators of one published response curve (arXiv 2605.10721), side by side.

What is estimated are the conformity beta and the bias h, P(m) = sigmoid(2 beta (m + h)), and whether a
population of such agents has two stable states. Each estimator is a function from the curves to `Estimates`.
Uncertainty is that of the replies (100 a point): every estimator but the authors' comes with draws.

- `authors`: the study's own fits, as published; they come without draws.
- `least_squares`: least squares on P with every point the same weight, as the study fitted, redone here.
- `logistic`: binomial likelihood with Jeffreys prior, what `spinodal.fitting` gives as beta and h.
- `lapse`: the same between a floor and a ceiling.
- `empirical`: any monotone response; it has no beta and no h, and its phase is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from spinodal.fitting import Counts, estimate_tanh
from spinodal.fitting._lapse import fit_lapse
from spinodal.fitting._monotone import count_stable, fit_monotone
from spinodal.fitting._observations import Tally
from spinodal.response import FloatArray
from spinodal.theory import is_bistable

CURVE = ["model", "option_a", "option_b"]

PUBLISHED = {
    "Llama-3.1-8B-Instruct": (1.90, 0.51, 0.32),
    "Qwen3-32B": (2.60, 0.40, 0.46),
    "gemini-2.5-flash-lite": (1.99, 0.23, 0.56),
    "gemma-3-27b-it": (3.77, 0.46, 0.63),
    "gpt-5-mini": (2.26, 0.50, 0.28),
}
"""Median beta, median |h| and share inside the spinodal, as the study reports them."""

STEEPEST = 400.0
"""Largest |2 beta| that least squares may reach: a step between two of the study's magnetizations."""


@dataclass(frozen=True)
class Curves:
    """The study's curves of its main set, C of them, all asked at the same K magnetizations."""

    names: pd.DataFrame
    """A row a curve: `model, option_a, option_b`."""
    m: FloatArray
    """Shape (K,), ascending."""
    a: FloatArray
    """Replies for A, shape (C, K)."""
    b: FloatArray
    """Replies for B, shape (C, K)."""
    theirs: FloatArray
    """The authors' (beta, h), shape (C, 2)."""

    @property
    def models(self) -> NDArray[np.str_]:
        """Shape (C,)."""
        return self.names["model"].to_numpy(str)

    @property
    def topics(self) -> NDArray[np.int64]:
        """Number of the pair of options, shape (C,): the same pair in several models has one number."""
        return self.names.groupby(["option_a", "option_b"]).ngroup().to_numpy()

    def drawn(self, draws: int) -> FloatArray:
        """Shares for A drawn from their Jeffreys posteriors, shape (draws, C, K)."""
        random = np.random.default_rng(7)
        return random.beta(self.a + 0.5, self.b + 0.5, size=(draws, *self.a.shape))


@dataclass(frozen=True)
class Estimates:
    """What one estimator says of C curves, and of D draws of each."""

    beta: FloatArray
    """Shape (C,); NaN of an estimator without one."""
    h: FloatArray
    bistable: NDArray[np.bool_]
    draws: tuple[FloatArray, FloatArray, NDArray[np.bool_]] | None = None
    """The same three, each of shape (D, C); None without."""


def published_curves(folder: Path) -> Curves:
    """Read the main set from the folder of the published tables."""
    points = pd.read_csv(folder / "response_curves.csv").query("main_set").sort_values([*CURVE, "m"])
    theirs = pd.read_csv(folder / "fits.csv").query("main_set")
    names = points[CURVE].drop_duplicates().reset_index(drop=True)
    m = np.unique(points["m"])
    a, b = (points[name].to_numpy(np.float64).reshape(len(names), m.size) for name in ("count_a", "count_b"))
    fits = names.merge(theirs, on=CURVE, how="left", validate="one_to_one")
    return Curves(names, m, a, b, fits[["beta", "h"]].to_numpy())


def authors(curves: Curves, draws: int = 0) -> Estimates:
    beta, h = curves.theirs.T
    return Estimates(beta, h, np.asarray(is_bistable(beta, h)))


def least_squares(curves: Curves, draws: int = 0) -> Estimates:
    found = _of_line(*_least_squares(curves.m, curves.a / (curves.a + curves.b)))
    drawn = _of_line(*_least_squares(curves.m, curves.drawn(draws))) if draws else None
    return Estimates(*found, draws=drawn)


def logistic(curves: Curves, draws: int = 0) -> Estimates:
    found = [estimate_tanh(Counts(curves.m, a, b)) for a, b in zip(curves.a, curves.b, strict=True)]
    line = np.array([[one.b0, one.beta] for one in found]).T
    drawn = None
    if draws:
        # a fit's draws come in the order of the grid: shuffled, so that curves do not move together
        random = np.random.default_rng(8)
        chosen = [random.choice(one.draws, draws, replace=draws > len(one.draws)) for one in found]
        b0, beta = np.array(chosen).transpose(2, 1, 0)
        drawn = _of_line(b0, 2.0 * beta)
    return Estimates(*_of_line(line[0], 2.0 * line[1]), draws=drawn)


def lapse(curves: Curves, draws: int = 0, each: Callable[[], None] = lambda: None) -> Estimates:
    """`each` is called after each draw of all curves."""
    n = curves.a + curves.b
    found = _lapses(curves.m, curves.a, curves.b)
    if not draws:
        return Estimates(*found)
    many = []
    for p in curves.drawn(draws):
        many.append(_lapses(curves.m, n * p, n * (1.0 - p)))
        each()
    beta, h, bistable = (np.array(column) for column in zip(*many, strict=True))
    return Estimates(*found, draws=(beta, h, bistable))


def empirical(curves: Curves, draws: int = 0) -> Estimates:
    fits = [fit_monotone(curves.m, a, b) for a, b in zip(curves.a, curves.b, strict=True)]
    two = count_stable(curves.m, np.array([fit.p for fit in fits])) >= 2
    none = np.full(len(fits), np.nan)
    drawn = None
    if draws:
        random = np.random.default_rng(9)
        chosen = [random.choice(fit.draws, draws, replace=draws > len(fit.draws)) for fit in fits]
        many = count_stable(curves.m, np.array(chosen).transpose(1, 0, 2)) >= 2
        drawn = (np.full(many.shape, np.nan), np.full(many.shape, np.nan), many)
    return Estimates(none, none, two, draws=drawn)


ESTIMATORS: dict[str, Callable[[Curves, int], Estimates]] = {
    "the authors' least squares": authors,
    "least squares": least_squares,
    "binomial likelihood": logistic,
    "tanh with floor and ceiling": lapse,
    "any monotone response": empirical,
}


def place_of(reported: float, values: Sequence[float]) -> tuple[float, str]:
    """How far a number reported to two digits lies outside the range of `values`, and that in words.

    NaN among the values does not count. 0 where some value within the range rounds to it.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    off = max(low - 0.005 - reported, reported - high - 0.005, 0.0)
    where = "inside" if off == 0.0 else f"outside by {max(low - reported, reported - high):.3f}"
    return off, f"{low:.2f} to {high:.2f}, {where}"


def _of_line(b0: FloatArray, b1: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    with np.errstate(divide="ignore", invalid="ignore"):
        h = b0 / b1
    return b1 / 2.0, h, np.asarray(is_bistable(b1 / 2.0, h))


_FINE = np.linspace(-1.0, 1.0, 801)


def _lapses(m: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    rows, fine = [], []
    for of_a, of_b in zip(a, b, strict=True):
        found = fit_lapse(Tally(m, of_a, of_b))
        assert found is not None
        rows.append((found.beta, found.h))
        fine.append(found(_FINE))
    beta, h = np.array(rows).T
    return beta, h, count_stable(_FINE, np.array(fine)) >= 2


def _least_squares(m: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(b0, b1) that minimise the sum of (share - sigmoid(b0 + b1 m))^2, for shares of shape (..., K).

    Levenberg's method, all curves at once, from three slopes; the best of the three stays.
    """
    p = share.reshape(-1, m.size)
    best = np.full(len(p), np.inf)
    kept = np.zeros((2, len(p)))
    # where the response passes one half, if it rises: the mean of its steps
    middle = -np.clip((p * np.gradient(m)).sum(axis=1) - 1.0, -1.0, 1.0)
    for slope in (2.0, 6.0, 30.0):
        b0, b1 = -slope * middle, np.full(len(p), slope)
        damping = np.full(len(p), 1e-2)
        loss = ((p - expit(b0[:, None] + b1[:, None] * m)) ** 2).sum(axis=1)
        for _ in range(80):
            q = expit(b0[:, None] + b1[:, None] * m)
            g = q * (1.0 - q)
            residual = p - q
            u, v = (residual * g).sum(axis=1), (residual * g * m).sum(axis=1)
            s, t, w = (g * g).sum(axis=1), (g * g * m).sum(axis=1), (g * g * m * m).sum(axis=1)
            s, w = s * (1.0 + damping) + 1e-14, w * (1.0 + damping) + 1e-14
            determinant = s * w - t * t
            step0, step1 = (w * u - t * v) / determinant, (s * v - t * u) / determinant
            bound = np.minimum(1.0, 10.0 / np.maximum(np.maximum(np.abs(step0), np.abs(step1)), 1e-300))
            new0, new1 = b0 + bound * step0, np.clip(b1 + bound * step1, -STEEPEST, STEEPEST)
            new = ((p - expit(new0[:, None] + new1[:, None] * m)) ** 2).sum(axis=1)
            better = new <= loss
            b0, b1 = np.where(better, new0, b0), np.where(better, new1, b1)
            loss = np.where(better, new, loss)
            damping = np.clip(np.where(better, damping / 5.0, damping * 5.0), 1e-9, 1e9)
        won = loss < best - 1e-12
        best = np.where(won, loss, best)
        kept = np.where(won, np.array([b0, b1]), kept)
    shape = share.shape[:-1]
    return kept[0].reshape(shape), kept[1].reshape(shape)
