"""What measured responses predict of populations: exact chains, nothing fitted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal.figures._curves import Curve
from spinodal.response import EmpiricalResponse, FloatArray
from spinodal.results import Results
from spinodal.theory import Side, Stage, Trace, follow_protocol, swept_means

if TYPE_CHECKING:
    import pandas as pd

Pace = tuple[float, int, float]
"""Of a loop, at each step: sweeps settled, records whose mean is kept, and sweeps between these."""

SLOW: Final[Pace] = (25.0, 25, 1.0)
"""Where nothing is known: slow enough to remember little, as the conformity study's text says."""
STUDY: Final[Pace] = (1.0, 25, 0.02)
"""As its script does, and its loops confirm (docs/verification.md): 50 updates of 50 agents, 25 recorded."""


def pace_of(results: Results, rows: pd.DataFrame) -> Pace:
    """How long the population of these rows of `loops` stayed at each step.

    By a column `sweeps` where the table has one: the sweeps of a step, of which the second half is kept.
    """
    if "sweeps" in rows and rows["sweeps"].notna().all():
        whole = int(rows["sweeps"].iloc[0])
        return float(whole // 2), whole - whole // 2, 1.0
    return STUDY if "imported" in results.meta else SLOW


def paces_in_words(paces: Iterable[Pace]) -> str:
    """As captions say it: each once."""
    told = []
    for pace in dict.fromkeys(paces):
        if pace == STUDY:
            told.append("50 updates settled and 25 recorded a step, as the conformity study's script does")
        elif pace == SLOW:
            told.append("25 sweeps settled and 25 recorded a step, as the rate is not known")
        else:
            told.append(f"{pace[0]:g} sweeps settled and {pace[1]} recorded a step")
    return "; ".join(told)


def expected_loop(
    response: EmpiricalResponse,
    agents: int,
    zealots: Sequence[int],
    pace: Pace,
    start_m: float,
) -> tuple[FloatArray, FloatArray]:
    """Expected mean m at each number of signed zealots (ascending) on the way up and back, exactly."""
    settle, window, every = pace
    path = [*zealots, *reversed(zealots)]
    means = swept_means(
        response,
        agents,
        path,
        start=round(agents * (1.0 + start_m) / 2.0),
        settle=round(settle * agents),
        window=window,
        every=max(1, round(every * agents)),
        first=0,
    )
    half = len(zealots)
    return means[:half], means[half:][::-1]


def expected_path(
    curve: Curve, agents: int, m0: float, stages: Sequence[Stage], *, stop_at_consensus: bool, every: float
) -> Trace:
    """The exact law over time of a population that starts at m0."""
    start = np.zeros(agents + 1)
    start[round(agents * (1.0 + m0) / 2.0)] = 1.0
    return follow_protocol(
        curve.in_a_population, agents, start, stages, every=every, stop_at_consensus=stop_at_consensus
    )


def mean_field_thresholds(m: FloatArray, p: FloatArray, toward: Side) -> FloatArray:
    """Zealots per agent at which the other side's state disappears, of many measured responses at once.

    `p` (..., K) at the knots `m` (K,), linear between and constant beyond; the answer has shape (...), NaN
    where there is no threshold. Between knots the zealots needed to hold mu, (mu - g)/(1 - mu), rise or fall
    throughout, so that folds lie on knots alone: as `theory.tipping_threshold`, over arrays.
    """
    if toward == "B":
        m, p = -m[::-1], 1.0 - p[..., ::-1]
    short = m < 1.0  # at mu = 1 no finite number of zealots is needed
    mu = np.concatenate([[-1.0], m[short], [1.0 - 1e-9]])
    held = np.concatenate([p[..., :1], p[..., short], p[..., -1:]], axis=-1)
    z = (mu - (2.0 * held - 1.0)) / (1.0 - mu)
    rounding = 1e-13 * (1.0 + np.abs(z[..., :-1]))
    highest = np.maximum.accumulate(z, axis=-1)[..., :-1]
    folds = (
        (z[..., :-1] >= highest - rounding) & (z[..., 1:] < z[..., :-1] - rounding) & (held[..., :-1] < 0.5)
    )
    last = folds.shape[-1] - 1 - np.argmax(folds[..., ::-1], axis=-1)
    found = np.take_along_axis(z, last[..., None], axis=-1)[..., 0]
    return np.asarray(np.where(folds.any(axis=-1) & (found > 0.0), found, np.nan))
