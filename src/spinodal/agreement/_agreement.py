"""A test of a forecast against observed trajectories, with a known error rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinodal._errors import RequestError
from spinodal.agreement._aspects import ASPECTS, aspects, farness, sampled_step
from spinodal.agreement._forecast import Forecast
from spinodal.response import FloatArray
from spinodal.theory import Trace


@dataclass(frozen=True)
class StartAgreement:
    """Observation and forecast of the trajectories from one start."""

    m0: float
    runs: int
    p_value: float
    """Of these trajectories alone."""
    observed_m: tuple[float, ...]
    """Mean magnetization at the sweeps 0..T, as observed."""
    predicted_m: tuple[float, ...]
    """As forecast."""

    @property
    def observed_final_m(self) -> float:
        """Mean magnetization at the end, as observed."""
        return self.observed_m[-1]

    @property
    def predicted_final_m(self) -> float:
        """As forecast."""
        return self.predicted_m[-1]


@dataclass(frozen=True)
class Aspect:
    """One way in which trajectories may differ from a forecast: see `ASPECTS`."""

    p_value: float
    """Of this aspect alone."""
    mean: float
    """Its sum, by trajectory and sweep: of *levels* a distance, of the others as many standard deviations as
    the forecast has for a sweep, 0 expected. A positive *pace* is slower than forecast."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well a forecast agrees with what was observed."""

    p_value: float
    """Probability, were the forecast right, of trajectories at least as far from it; in (0, 1]."""
    repeats: int
    """Sets of trajectories drawn from the forecast: the p-value is no smaller than 1/(repeats + 1)."""
    runs: int
    """R, the trajectories observed."""
    aspects: Mapping[str, Aspect]
    """Each way to differ, by its name in `ASPECTS`."""
    known: bool
    """Whether the response was taken as known, so that the error rate is exact."""
    by_start: tuple[StartAgreement, ...]
    """By magnetization at the start, ascending."""
    surprise: FloatArray
    """Of each trajectory, shape (R,): the forecast probability of a final state at most as likely as its."""
    in_band: float
    """Share of (trajectory, sweep) inside the central 90% of the forecast, sweeps 1..T."""
    in_band_predicted: float
    """What the forecast puts there: 0.9 or more, for numbers of agents are whole."""

    def rejects(self, level: float = 0.05) -> bool:
        """Whether the forecast is rejected at a level in (0, 1): the share of right ones that would be."""
        return self.p_value <= level

    def to_dict(self) -> dict[str, Any]:
        return {
            "p_value": self.p_value,
            "repeats": self.repeats,
            "runs": self.runs,
            "aspects": {name: asdict(aspect) for name, aspect in self.aspects.items()},
            "known": self.known,
            "by_start": [
                {
                    **asdict(start),
                    "observed_m": list(start.observed_m),
                    "predicted_m": list(start.predicted_m),
                    "observed_final_m": start.observed_final_m,
                    "predicted_final_m": start.predicted_final_m,
                }
                for start in self.by_start
            ],
            "surprise": self.surprise.tolist(),
            "in_band": self.in_band,
            "in_band_predicted": self.in_band_predicted,
        }


def agreement(
    forecast: Forecast,
    m0: ArrayLike,
    counts: ArrayLike,
    repeats: int = 999,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Agreement:
    """Test a forecast against R >= 1 trajectories, by Monte Carlo (Barnard 1963, J. R. Stat. Soc. B 25:294).

    Trajectories may differ from the forecast in several ways: in where they are, summed over the sweeps 1..T
    and over the starts, and in how they step from sweep to sweep (`ASPECTS`). What is usual, were the
    forecast right, is told by `repeats` whole sets of R trajectories drawn from it, each set from one draw of
    the response, so that the uncertainty of the measurement, idle updates and the stop at consensus are all
    in it. A set is as far from the forecast as in the aspect in which it is furthest, in units of what 95% of
    all sets, the observed one included, keep within (`farness`); p = (1 + sets drawn that are as far) /
    (repeats + 1).

    The error rate: were the forecast right, P(p <= a) <= a for any a and any R, with equality but for ties
    where a (repeats + 1) is whole. That is exact where the response is known, the law computed or sampled
    (a sampled law is made of all sets, the observed among them, so that no set is special). With draws of a
    measured response it is exact on average over responses distributed as the draws are, and approximate for
    any one true response: as good as the draws are as a statement of the measurement's error (6% to 8% of
    right forecasts rejected at 5%, where 220 replies were measured and 20 to 300 trajectories observed).

    Args:
        forecast: What is tested.
        m0: Magnetization that each trajectory started from, shape (R,).
        counts: Regular agents for A at the sweeps 0..T, shape (R, T + 1).
        repeats: Sets drawn; fewer, but 99 at least, where a sampled forecast would take too long.
        seed: Of the sets.
        progress: Called now and then with the share done, in [0, 1].

    Raises:
        RequestError: shapes that do not fit the forecast, impossible counts, or fewer than 19 repeats.
    """
    starts_of, seen = _checked(forecast, m0, counts)
    if repeats < _FEWEST:
        raise RequestError(f"{repeats} repeats; give {_FEWEST} or more, for a test at level 0.05")
    if not forecast.exact:
        repeats = min(repeats, max(_MOST_SAMPLED // len(seen), _FEWEST_SAMPLED))
    starts, place, runs = np.unique(starts_of, return_inverse=True, return_counts=True)
    observed = [seen[place == number] for number in range(starts.size)]
    sums = np.zeros((starts.size, len(ASPECTS), repeats + 1))  # of each set, the observed first
    laws = np.zeros((starts.size, forecast.sweeps + 1, forecast.agents + 1))
    laws[np.arange(starts.size), 0, [forecast.start(start) for start in starts]] = 1.0
    exact = forecast.laws(starts.tolist()) if forecast.exact else None
    sets = forecast.sets(starts.tolist(), runs.tolist(), repeats, seed)
    before = _together(observed, next(sets), 0)
    for sweep, drawn in enumerate(sets, start=1):
        after = _together(observed, drawn, sweep)
        if exact is not None:
            laws[:, sweep], step = next(exact)
            references = laws[:, sweep]
        else:
            laws[:, sweep] = [_law_of(one, forecast.agents) for one in drawn]
            references = np.array([_law_of(one, forecast.agents) for one in after])
            all_before, all_after = np.concatenate(before, axis=1), np.concatenate(after, axis=1)
            step = sampled_step(all_before, all_after, forecast.agents)
        for number, law in enumerate(references):
            sums[number] += aspects(before[number], after[number], law, step)
        before = after
        if progress:
            progress(sweep / forecast.sweeps)
    p_values, p_value = _p_values(sums.sum(axis=0))
    means = sums[:, :, 0].sum(axis=0) / (len(seen) * forecast.sweeps)
    times = np.arange(forecast.sweeps + 1.0)
    traces = [Trace(forecast.agents, tuple(forecast.stages), times, of_start) for of_start in laws]
    bands = [_in_band(trace, of_start) for trace, of_start in zip(traces, observed, strict=True)]
    surprise = np.empty(len(seen))
    for number, of_start in enumerate(laws):
        surprise[place == number] = _surprise(of_start[-1], seen[place == number, -1])
    return Agreement(
        p_value=p_value,
        repeats=repeats,
        runs=len(seen),
        aspects={
            name: Aspect(p, float(mean)) for name, p, mean in zip(ASPECTS, p_values, means, strict=True)
        },
        known=forecast.known,
        by_start=tuple(
            StartAgreement(
                m0=float(start),
                runs=int(runs[number]),
                p_value=_p_values(sums[number])[1],
                observed_m=tuple((2.0 * observed[number].mean(axis=0) / forecast.agents - 1.0).tolist()),
                predicted_m=tuple(traces[number].mean.tolist()),
            )
            for number, start in enumerate(starts)
        ),
        surprise=surprise,
        in_band=float(np.average([band[0] for band in bands], weights=runs)),
        in_band_predicted=float(np.average([band[1] for band in bands], weights=runs)),
    )


_FEWEST = 19
_FEWEST_SAMPLED = 99
_MOST_SAMPLED = 50_000
"""Trajectories drawn from a forecast that is sampled, where the fewest sets do not need more."""
_ROUNDING = 1e-9
"""Differences of distances and of probabilities below this share are rounding: ties."""


def _checked(forecast: Forecast, m0: ArrayLike, counts: ArrayLike) -> tuple[FloatArray, NDArray[np.int64]]:
    starts, seen = np.asarray(m0, dtype=np.float64), np.asarray(counts)
    wanted = (starts.size, forecast.sweeps + 1)
    if starts.ndim != 1 or starts.size == 0 or seen.shape != wanted:
        raise RequestError(
            f"starts of shape {starts.shape} and counts of shape {seen.shape} for {forecast.sweeps} sweeps; "
            f"give R >= 1 starts and R by {wanted[1]} counts"
        )
    whole = seen.astype(np.int64)
    if (whole != seen).any() or whole.min() < 0 or whole.max() > forecast.agents:
        raise RequestError(
            f"counts from {seen.min()} to {seen.max()} of {forecast.agents} agents; "
            "give whole numbers of them"
        )
    for start, first in zip(starts.tolist(), whole[:, 0].tolist(), strict=True):
        # of several kinds each start is rounded for itself, and others may round the whole
        if abs(first - forecast.start(start)) >= len(forecast.populations[0].kinds):
            raise RequestError(
                f"a trajectory from m0 = {start:g} starts with {first} agents for A, but the forecast with "
                f"{forecast.start(start)}; give the magnetization it started from"
            )
    return starts, whole


def _law_of(counts: NDArray[np.int64], agents: int) -> FloatArray:
    return np.asarray(np.bincount(counts.ravel(), minlength=agents + 1) / counts.size)


def _together(
    observed: list[NDArray[np.int64]], drawn: list[NDArray[np.int64]], sweep: int
) -> list[NDArray[np.int64]]:
    """The observed set before those drawn, for each start, shape (1 + sets, runs)."""
    return [
        np.concatenate([one[None, :, sweep], of_start]) for one, of_start in zip(observed, drawn, strict=True)
    ]


def _p_values(sums: FloatArray) -> tuple[list[float], float]:
    """Of the first set: the p-value in each aspect, and that of all together.

    A p-value is the share of all sets at least as far from what is usual, itself included; together, a set
    is as far as in the aspect in which it is furthest. No set is special in any of that, so the p-values are
    uniform but for ties.
    """
    far = farness(sums)
    return [_share_as_far(of_sets) for of_sets in far], _share_as_far(far.max(axis=0))


def _share_as_far(far: FloatArray) -> float:
    return float(np.mean(far >= far[0] * (1.0 - _ROUNDING)))


def _surprise(law: FloatArray, seen: NDArray[np.int64]) -> FloatArray:
    """Probability of a state at most as likely as each of those seen."""
    return np.array([law[law <= law[k] * (1.0 + _ROUNDING)].sum() for k in seen])


def _in_band(trace: Trace, seen: NDArray[np.int64]) -> tuple[float, float]:
    """Share of (trajectory, sweep) in the central 90%, as seen and as forecast, from the first sweep on."""
    low, high = (trace.quantile(level)[1:, None] - _ROUNDING for level in (0.05, 0.95))
    high = high + 2.0 * _ROUNDING
    within = (trace.magnetization >= low) & (trace.magnetization <= high)
    m = 2.0 * seen[:, 1:].T / trace.agents - 1.0
    return float(np.mean((m >= low) & (m <= high))), float(np.sum(trace.laws[1:] * within, axis=1).mean())
