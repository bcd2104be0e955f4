"""Prediction against observation: whether a society of real agents did what its measured response says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.agreement import Agreement, Forecast, agreement
from spinodal.agreement._forecast import MOST_DRAWS
from spinodal.fitting import CurveFit, InLoopFit, Interval, draw_responses, fit_in_loop
from spinodal.response import ByPeersResponse, ResponseFunction
from spinodal.simulate import Kind, Population
from spinodal.society_runs import SocietyRun

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.simulate.graphs import Graph

LEVEL = 0.05
"""The theory is said not to hold where its p-value is at most this: of right forecasts one in twenty."""


@dataclass(frozen=True, eq=False)
class SocietyVerdict:
    """A society's forecast, how it agrees with what was observed, and what may be why not."""

    forecast: Forecast | None
    """From each group's measured response, on the society's own structure; None without a measurement."""
    agreement: Agreement | None
    """Of the forecast with the complete trajectories; None without a forecast or such trajectories."""
    well_mixed: Forecast | None
    """Of a society on a graph: the same, were all to see all."""
    in_loop: Mapping[str, InLoopFit]
    """The response in the loop of each group that has updates to fit."""
    retried_forecast: Forecast | None
    """From the responses in the loop instead; None where a group has none."""
    retried: Agreement | None
    """Of that forecast with trajectories that it was not fitted to."""
    retried_apart: bool
    """Whether it was fitted to every second trajectory and tested on the others; with fewer than four it was
    fitted to and tested on all, and agrees too easily."""
    sentence: str
    """The verdict, in one plain sentence."""
    reasons: tuple[str, ...]
    """What may break the memoryless theory here, one plain sentence each."""

    @property
    def holds(self) -> bool | None:
        """Whether the forecast is not rejected; None where nothing could be tested."""
        return None if self.agreement is None else not self.agreement.rejects(LEVEL)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: infinities and gaps are null."""
        found: dict[str, Any] = _plain(
            {
                "holds": self.holds,
                "sentence": self.sentence,
                "reasons": list(self.reasons),
                "agreement": None if self.agreement is None else self.agreement.to_dict(),
                "in_loop": {group: fit.to_dict() for group, fit in self.in_loop.items()},
                "retried": None if self.retried is None else self.retried.to_dict(),
                "retried_apart": self.retried_apart,
            }
        )
        return found


def judge_society(run: SocietyRun, repeats: int = 999) -> SocietyVerdict:
    """Compare a society with the forecast of its measured responses; `repeats` as in `agreement`.

    The forecast takes draws of each group's preferred response, at as many peers as it sees, and the
    society's own structure: kinds, peers shown, graph, zealots and their places, the stop at consensus, the
    share of updates that decided. With peers shown at random the response was measured at so many, and is
    averaged over what may be seen. Persuaders are forecast as the silent zealots that they outdo.
    """
    measured = run.fits_by_peers
    in_loop = _fits_in_loop(run, run.updates)
    forecast = well_mixed = None
    if set(measured) == set(run.groups):
        draws = {
            group: _draws_by_peers(measured[group], _MOST_MEASURED * number)
            for number, group in enumerate(run.groups)
        }
        forecast = _forecast(run, draws, run.graph)
        well_mixed = None if run.graph is None else _forecast(run, draws, None)
    found = None
    if forecast is not None and len(run.counts):
        found = agreement(forecast, run.m0, run.counts, repeats)
    retried_forecast, retried, apart = _retry(run, in_loop, repeats)
    return SocietyVerdict(
        forecast=forecast,
        agreement=found,
        well_mixed=well_mixed,
        in_loop=in_loop,
        retried_forecast=retried_forecast,
        retried=retried,
        retried_apart=apart,
        sentence=_sentence(run, forecast, found, retried if apart else None),
        reasons=tuple(_reasons(run, measured, in_loop, forecast, well_mixed)),
    )


_FEWEST_APART = 4
"""Trajectories from which on the response in the loop is tested on others than it was fitted to."""


_MOST_MEASURED = 1_000
"""Measurements of a group, each of which takes a seed: more than there are."""


def _draws_by_peers(measured: Mapping[int, CurveFit], seed: int) -> list[ResponseFunction]:
    """Equally likely draws of a response measured at one number of peers, or at several."""
    draws = [draw_responses(fit, MOST_DRAWS, seed + at) for at, fit in enumerate(measured.values())]
    if len(draws) == 1:
        return draws[0]
    return [ByPeersResponse(dict(zip(measured, drawn, strict=True))) for drawn in zip(*draws, strict=True)]


def _fits_in_loop(run: SocietyRun, updates: pd.DataFrame) -> dict[str, InLoopFit]:
    fits = {}
    for group in run.groups:
        try:
            fits[group] = fit_in_loop(updates[updates["group"] == group])
        except RequestError:  # none of its agents was asked, saw a peer and decided
            continue
    return fits


def _forecast(
    run: SocietyRun, draws: Mapping[str, Sequence[ResponseFunction]], graph: Graph | None
) -> Forecast:
    populations = [
        Population(
            [Kind(response, run.groups[group], group) for group, response in zip(draws, drawn, strict=True)],
            shown=run.shown,
            graph=graph,
        )
        for drawn in zip(*draws.values(), strict=True)
    ]
    return Forecast(
        populations,
        run.stages,
        stop_at_consensus=run.stop_at_consensus,
        placement=None if graph is None else run.placement,
        pace=run.decided_share,
    )


def _retry(
    run: SocietyRun, in_loop: Mapping[str, InLoopFit], repeats: int
) -> tuple[Forecast | None, Agreement | None, bool]:
    """The forecast with the responses in the loop, its agreement, and whether that was tested on others."""
    apart = len(run.counts) >= _FEWEST_APART
    tested = np.ones(len(run.counts), dtype=bool)
    if apart:
        numbers = run.trajectories.loc[run.complete, "trajectory"].to_numpy()
        tested = _every_second(run.m0, numbers)
        in_loop = _fits_in_loop(run, run.updates[run.updates["trajectory"].isin(numbers[~tested])])
    if set(in_loop) != set(run.groups):
        return None, None, apart
    draws = {
        group: in_loop[group].draws(MOST_DRAWS, 2 * number)  # each takes two seeds
        for number, group in enumerate(run.groups)
    }
    forecast = _forecast(run, draws, run.graph)
    if not tested.any():
        return forecast, None, apart
    return forecast, agreement(forecast, run.m0[tested], run.counts[tested], repeats), apart


def _every_second(m0: NDArray[np.float64], numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Every second trajectory in the order of their starts, so that both halves have all of them."""
    chosen = np.zeros(len(m0), dtype=bool)
    chosen[np.lexsort((numbers, m0))[::2]] = True
    return chosen


def _sentence(
    run: SocietyRun, forecast: Forecast | None, found: Agreement | None, retried: Agreement | None
) -> str:
    if forecast is None:
        return "Nothing was forecast, for the agents' response was not measured."
    if found is None:
        return "No trajectory was lived to its end, so there is nothing to compare with the forecast."
    trajectories = "the one trajectory" if found.runs == 1 else f"the {found.runs} trajectories"
    if not found.rejects(LEVEL):
        few = "; so few would show a gross error only" if found.runs < _FEWEST_APART else ""
        return (
            f"The theory holds: {trajectories} of {run.agents} agents {'lies' if found.runs == 1 else 'lie'} "
            f"where the measured response puts {'it' if found.runs == 1 else 'them'}, p = {_p(found)}{few}."
        )
    again = ""
    if retried is not None:
        does = "it does not hold either" if retried.rejects(LEVEL) else "it does hold"
        again = f"; with the response as it is in the loop {does}, p = {_p(retried)}"
    return f"The theory does not hold: {_difference(run, forecast, found)}, p = {_p(found)}{again}."


def _difference(run: SocietyRun, forecast: Forecast, found: Agreement) -> str:
    """In which way, above all, the observed trajectories differ from the forecast."""
    name = _foremost(found)
    more = found.aspects[name].mean > 0.0
    weights = [start.runs for start in found.by_start]
    observed = np.array([start.observed_m for start in found.by_start])
    predicted = np.array([start.predicted_m for start in found.by_start])
    if name == "feedback":
        traces = [forecast.trace(start.m0) for start in found.by_start]
        sizes = [float(trace.laws[-1] @ np.abs(trace.magnetization)) for trace in traces]
        ends = float(np.abs(2.0 * run.counts[:, -1] / run.agents - 1.0).mean())
        return (
            f"majorities reinforce themselves {'more' if more else 'less'} than forecast, and |m| ends at "
            f"{ends:.2f} on average instead of {np.average(sizes, weights=weights):.2f}"
        )
    if name == "pace":
        ways = np.sign(predicted[:, -1] - predicted[:, 0])
        seen, said = (np.average(ways * (m[:, -1] - m[:, 0]), weights=weights) for m in (observed, predicted))
        return (
            f"the society moves {'slower' if more else 'faster'} than forecast, by {seen:.2f} in m on "
            f"average instead of {said:.2f}"
        )
    seen, said = (np.average(m[:, -1], weights=weights) for m in (observed, predicted))
    ends_at = f"m ends at {seen:.2f} on average, forecast at {said:.2f}"
    if name == "drift":
        return f"the society goes further toward {'A' if more else 'B'} than forecast, and {ends_at}"
    if name == "scatter":
        return f"sweeps differ {'more' if more else 'less'} from each other than forecast, and {ends_at}"
    return f"its trajectories are not where they were forecast to be, and {ends_at}"


def _foremost(found: Agreement) -> str:
    """The aspect that is least like the forecast: of those with the least p-value the longest step.

    Levels and scatter come last, for whatever else is wrong shows in them too.
    """
    said_last = ("scatter", "levels")
    return min(
        found.aspects,
        key=lambda name: (found.aspects[name].p_value, name in said_last, -abs(found.aspects[name].mean)),
    )


def _reasons(
    run: SocietyRun,
    measured: Mapping[str, Mapping[int, CurveFit]],
    in_loop: Mapping[str, InLoopFit],
    forecast: Forecast | None,
    well_mixed: Forecast | None,
) -> list[str]:
    request = run.meta["request"]
    said = []
    if request["memory"] != "nothing":
        said.append(f"Agents remember ({request['memory']}), and the theory's do not.")
    if request["arguments"]:
        said.append("Agents read each other's arguments, and the theory's see opinions alone.")
    if request["adversaries"] == "persuaders":
        said.append("Zealots argue, and are forecast as silent ones.")
    if forecast is not None and well_mixed is not None:
        said.append(_of_graph(run, forecast, well_mixed))
    for group, fit in in_loop.items():
        said += _of_group(group, fit, measured.get(group, {}))
    if run.decided_share < 1.0:
        said.append(
            f"{1.0 - run.decided_share:.1%} of the replies took neither option and changed nothing; "
            "the forecast has as many such updates, whatever the agent saw."
        )
    left_out = int((~run.complete).sum())
    if left_out:
        said.append(
            f"{left_out} of {len(run.complete)} trajectories did not come to their end and are left out."
        )
    return said


def _of_graph(run: SocietyRun, forecast: Forecast, well_mixed: Forecast) -> str:
    ends = [
        (m0, float(forecast.trace(m0).mean[-1]), float(well_mixed.trace(m0).mean[-1]))
        for m0 in sorted(run.meta["request"]["m0"])
    ]
    m0, here, mixed = max(ends, key=lambda end: abs(end[1] - end[2]))
    return (
        f"Agents see their neighbours on a graph: from m0 = {m0:g} the forecast ends at m = {here:.2f}, "
        f"and at {mixed:.2f} were all to see all."
    )


def _of_group(group: str, fit: InLoopFit, measured: Mapping[int, CurveFit]) -> list[str]:
    pooled = fit.pooled
    said = [f"In the loop {group} has {_parameters(pooled)}; its response was not measured."]
    if len(measured) == 1:
        [one] = measured.values()
        apart = _disjoint(pooled.beta_ci, one.beta_ci) or _disjoint(pooled.b0_ci, one.b0_ci)
        said = [
            f"In the loop {group} has {_parameters(pooled)}, measured it has {_parameters(one)}: "
            f"{'they differ' if apart else 'the intervals overlap'}."
        ]
    elif measured:
        by_peers = "; ".join(f"among {peers} peers {_parameters(one)}" for peers, one in measured.items())
        said = [f"In the loop {group} has {_parameters(pooled)}; measured it has {by_peers}."]
    inertia = f"{fit.inertia:+.2f} {_interval(fit.inertia_ci)} in log-odds"
    if fit.remembers:
        keeps = "keeps to" if fit.inertia > 0.0 else "turns from"
        said.append(f"An agent of {group} {keeps} what it holds itself, by {inertia}, whatever it sees.")
    else:
        said.append(f"What an agent of {group} holds itself does not show in what it chooses: {inertia}.")
    if fit.argued is not None and fit.argued_ci is not None:
        low, high = fit.argued_ci
        shows = "do not show" if low <= 0.0 <= high else f"move it toward {'A' if fit.argued > 0.0 else 'B'}"
        said.append(f"Peers' arguments {shows} in {group}: {fit.argued:+.2f} {_interval(fit.argued_ci)}.")
    return said


def _parameters(fit: CurveFit) -> str:
    if not fit.identifiable:
        return f"a response whose beta and h cannot be told ({fit.note.rstrip('.')})"
    return f"beta = {fit.beta:.2f} {_interval(fit.beta_ci)} and h = {fit.h:+.2f} {_interval(fit.h_ci)}"


def _disjoint(one: Interval, other: Interval) -> bool:
    return one[1] < other[0] or other[1] < one[0]


def _interval(interval: Interval) -> str:
    return f"[{interval[0]:.2f}, {interval[1]:.2f}]".replace("inf", "∞")


def _p(found: Agreement) -> str:
    return f"{found.p_value:.3f}" if found.p_value < 0.1 else f"{found.p_value:.2f}"


def _plain(value: Any) -> Any:
    """`value` with infinities and NaN as None, which JSON has no words for."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
