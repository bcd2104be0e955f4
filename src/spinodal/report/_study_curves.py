"""The response curves of a study, judged; and what they say of each agent, with its uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.fitting import CurveFit, Interval, fit_curves
from spinodal.report._outcomes import Look, look_of
from spinodal.report._words import title
from spinodal.theory import spinodal_h
from spinodal.verdict import Verdict, judge

if TYPE_CHECKING:
    from spinodal.results import Results

MAIN: Final = "main"
_REPEATS: Final = 2000
"""Bootstrap samples behind an interval."""
_AT_RISK: Final = ("misaligned only", "misaligned can persist")
_NO_SUCH_SIZE: Final = 50
"""Population judged where a folder does not say for which it was measured: the study's."""


@dataclass(frozen=True)
class StudyCurve:
    """One curve: an agent, a pair, a condition."""

    agent: str
    condition: str
    pair: str
    verdict: Verdict

    @property
    def name(self) -> str:
        """The pair as a heading."""
        return title(self.pair)

    @property
    def fit(self) -> CurveFit:
        """The fitted curve."""
        return self.verdict.fit

    @property
    def look(self) -> Look:
        """How its outcome is shown."""
        return look_of(self.verdict)

    @property
    def inside(self) -> bool:
        """Whether two majorities are stable, by the response that carries the verdict."""
        return self.verdict.outlook.phase == "bistable"

    @property
    def can_last(self) -> bool:
        """Whether a misaligned majority lasts."""
        return self.verdict.outcome in _AT_RISK


@dataclass(frozen=True)
class AgentSummary:
    """What the curves of an agent under one condition say together; intervals are 95%."""

    agent: str
    condition: str
    curves: int
    determined: int
    """Of them, curves whose beta and h the data determine: the medians are theirs."""
    beta: float
    """Median conformity; NaN where no curve is determined."""
    beta_ci: Interval | None
    abs_h: float
    abs_h_ci: Interval | None
    inside: float
    """Share of all curves inside the spinodal."""
    inside_ci: Interval | None
    metastable: int
    """Curves with a misaligned majority that lasts beside another."""
    alone: int
    """Curves whose only lasting majority is misaligned."""
    undecided: int

    @property
    def at_risk(self) -> float:
        """Share of curves in which a misaligned majority lasts."""
        return (self.metastable + self.alone) / self.curves


def study_curves(
    results: Results, progress: Callable[[float], None] = lambda share: None
) -> list[StudyCurve]:
    """The curves of a study, or of an imported folder; fits and verdicts are made anew.

    Args:
        results: the folder, read.
        progress: told the share done, in [0, 1].
    """
    meta = results.meta
    if "study" in meta:
        return _of_parts(results.path, meta["study"]["parts"], progress)
    return _of_table(results, progress)


def _of_parts(
    folder: Path, parts: Sequence[Mapping[str, Any]], progress: Callable[[float], None]
) -> list[StudyCurve]:
    from spinodal._errors import RequestError
    from spinodal.runs import read_run

    found = []
    assessed = [part for part in parts if part["kind"] == "assess"]
    for at, part in enumerate(assessed):
        try:
            run = read_run(folder / part["folder"])
        except RequestError:  # nothing measured yet
            continue
        condition = str(part.get("condition") or MAIN)
        found += [
            StudyCurve(str(part["agent"]), condition, str(verdict.fit.keys["pair"]), verdict)
            for verdict in run.verdicts
        ]
        progress((at + 1) / len(assessed))
    return found


def _of_table(results: Results, progress: Callable[[float], None]) -> list[StudyCurve]:
    table = results.observations
    if not len(table):
        return []
    found = []
    groups = list(table.groupby(["agent", "pair"], sort=False, dropna=False))
    for at, ((agent, pair), rows) in enumerate(groups):
        for fit in fit_curves(rows):
            known = results.pairs.get(str(pair))
            agents = int(fit.keys.get("n_peers") or _NO_SUCH_SIZE)
            verdict = judge(
                fit,
                agents=max(agents, 2),
                aligned=bool(known and known.aligned),
                option_a=known.option_a if known else None,
                option_b=known.option_b if known else None,
            )
            found.append(StudyCurve(str(agent), _condition_of(fit.keys), str(pair), verdict))
        progress((at + 1) / len(groups))
    return found


def _condition_of(keys: Mapping[str, Any]) -> str:
    """What a curve's columns say of how it was asked; "main" is the set that its study's figures are of."""
    told = str(keys.get("set") or "")
    if told in ("", MAIN):
        return MAIN
    return f"{told}, {keys.get('n_peers')} peers, T {keys.get('temperature')}"


def summaries(curves: Sequence[StudyCurve]) -> list[AgentSummary]:
    """One for each agent and condition, in the order of the curves."""
    grouped: dict[tuple[str, str], list[StudyCurve]] = {}
    for curve in curves:
        grouped.setdefault((curve.agent, curve.condition), []).append(curve)
    return [_summary(agent, condition, some) for (agent, condition), some in grouped.items()]


def _summary(agent: str, condition: str, curves: Sequence[StudyCurve]) -> AgentSummary:
    sound = [curve.fit for curve in curves if curve.fit.identifiable]
    rng = np.random.default_rng(0)
    medians, inside = _bootstrap(curves, rng)
    outcomes = [curve.verdict.outcome for curve in curves]
    return AgentSummary(
        agent=agent,
        condition=condition,
        curves=len(curves),
        determined=len(sound),
        beta=float(np.median([fit.beta for fit in sound])) if sound else float("nan"),
        beta_ci=_ends(medians[0]),
        abs_h=float(np.median([abs(fit.h) for fit in sound])) if sound else float("nan"),
        abs_h_ci=_ends(medians[1]),
        inside=float(np.mean([curve.inside for curve in curves])),
        inside_ci=_ends(inside),
        metastable=outcomes.count("misaligned can persist"),
        alone=outcomes.count("misaligned only"),
        undecided=outcomes.count("undecided"),
    )


def _bootstrap(
    curves: Sequence[StudyCurve], rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Medians of beta and |h|, and the share inside, over samples of pairs with a draw of each pair's fit.

    A curve that the data do not determine is inside with the probability that its verdict gives.
    """
    number = len(curves)
    drawn = np.full((_REPEATS, number, 2), np.nan)
    inside = np.zeros((_REPEATS, number), dtype=bool)
    for at, curve in enumerate(curves):
        fit = curve.fit
        if fit.identifiable:
            rows = fit.draws[rng.integers(len(fit.draws), size=_REPEATS)]
            beta = rows[:, 1]
            with np.errstate(divide="ignore", invalid="ignore"):
                h = rows[:, 0] / (2.0 * beta)
            drawn[:, at, 0], drawn[:, at, 1] = beta, np.abs(h)
            edge = np.where(beta > 1.0, spinodal_h(np.maximum(beta, 1.0)), -1.0)
            inside[:, at] = np.abs(h) < edge
        else:
            chance = curve.verdict.p_bistable
            inside[:, at] = rng.random(_REPEATS) < (float(curve.inside) if chance is None else chance)
    picked = rng.integers(number, size=(_REPEATS, number))
    sampled = np.take_along_axis(drawn, picked[:, :, None], axis=1)
    known = ~np.isnan(sampled[:, :, 0]).all(axis=1)
    if known.any():
        median = np.nanmedian(sampled[known], axis=1)
        medians = (median[:, 0], median[:, 1])
    else:
        medians = (np.array([]), np.array([]))
    return medians, np.take_along_axis(inside, picked, axis=1).mean(axis=1)


def _ends(values: np.ndarray) -> Interval | None:
    if not len(values):
        return None
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
